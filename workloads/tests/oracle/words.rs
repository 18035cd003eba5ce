//! The rules of words, one record at a time, as RULES.md says them.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use workloads::{Event, Origin, Record, Rows, Terms, WordEvent, words};

use crate::Rules;

pub(crate) const RULES: Rules =
    Rules { workload: &words::WORDS, event, rows, waiting: |_| 0, refused: |_, _| 0 };

/// Times, and the windows that they fall into.
const TIMES: [(i64, &str); 7] = [
    (-2_001, "1969-12-31T23:59:56"),
    (-1, "1969-12-31T23:59:58"),
    (0, "1970-01-01T00:00:00"),
    (1_999, "1970-01-01T00:00:00"),
    (2_000, "1970-01-01T00:00:02"),
    (3_999, "1970-01-01T00:00:02"),
    (86_400_000, "1970-01-02T00:00:00"),
];

fn event(dice: &mut ChaCha8Rng, _origins: &[Origin]) -> Event {
    let (time, _) = TIMES[dice.random_range(0..TIMES.len())];
    Event::Word(WordEvent { word: ["hello", "Hello", "zookeeper!"][dice.random_range(0..3)].into(), time })
}

fn rows(view: &str, all: &[&Record], _terms: &Terms) -> Rows {
    let mut rows = Rows::new();
    for record in all {
        let Event::Word(WordEvent { word, time }) = &record.event else {
            unreachable!("only words are generated")
        };
        let window = TIMES.iter().find(|(known, _)| known == time).map_or("", |(_, window)| window);
        let key = if view == "totals" { word.to_string() } else { format!("{word} {window}") };
        rows.entry(key).or_insert_with(|| vec![0])[0] += 1;
    }
    rows
}
