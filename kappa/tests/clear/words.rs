//! The clear form of words: two counts.

use workloads::calendar::Unit;
use workloads::{Event, Terms};

use super::forms::{Fact, Flow, Views, totals};

pub(super) fn forms<'scope>(facts: Flow<'scope, Fact>, _terms: &Terms) -> Views<'scope> {
    let words = facts.flat_map(|(event, _, _)| match event {
        Event::Word(event) => Some((event.word.to_string(), event.time)),
        _ => None,
    });
    let said = totals(words.clone(), |(word, _)| (word, 1_i128));
    let windows = totals(words, |(word, time)| {
        let window = time.div_euclid(2_000) * 2;
        (Unit::Second.key(&word, window), 1_i128)
    });
    vec![
        ("totals", said.map(|(word, count)| (word, vec![count]))),
        ("windows", windows.map(|(key, count)| (key, vec![count]))),
    ]
}
