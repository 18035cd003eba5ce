//! What all of history up to the cut says about words.

use hashbrown::HashMap;
use workloads::Millis;
use workloads::intake::Duplicates;

use crate::archive::Facts;

/// Milliseconds of a window.
const WINDOW: Millis = 2_000;

/// The batch's half of every answer.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    /// How often each word was said.
    pub(crate) totals: Vec<u64>,
    /// How often in each window, by the second in which it begins.
    pub(crate) windows: HashMap<(u32, i64), u64>,
}

/// Adds a stretch of the archive to the answers.
pub(crate) fn read(answers: &mut Answers, facts: &Facts, seen: &mut Duplicates) {
    let (words, times) = (facts.keys(), facts.numbers("time"));
    answers.totals.resize(facts.names().len(), 0);
    for row in 0..facts.len() {
        // rule: W4
        if !facts.first(row, seen) {
            continue;
        }
        let word = words[row];
        // rule: W1 W2
        answers.totals[word as usize] += 1;
        // rule: W3
        let window = times[row].div_euclid(WINDOW) * (WINDOW / 1_000);
        *answers.windows.entry((word, window)).or_default() += 1;
    }
}
