//! What the events since the cut add to words.

use std::collections::BTreeMap;

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};
use workloads::{Name, WordEvent};

/// Seconds of a window.
const WINDOW: i64 = 2;

/// What was said since the cut.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    words: HashMap<Name, Word>,
}

/// A word that was said since the cut.
#[derive(Debug, Default)]
struct Word {
    count: u64,
    /// By the second in which they begin.
    windows: BTreeMap<i64, u64>,
}

/// The speed layer's half of an answer: how often each of the words asked for was said, or in each of the windows.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Partial {
    /// By word.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) totals: BTreeMap<Name, u64>,
    /// By word, and second in which the window begins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) windows: Vec<(Name, i64, u64)>,
}

/// One more event.
pub(crate) fn apply(changes: &mut Changes, event: &WordEvent) {
    let word = changes.words.entry_ref(&event.word).or_default();
    // rule: W1 W2
    word.count += 1;
    *word.windows.entry(window(event)).or_default() += 1;
}

/// The second in which the window of an event begins.
pub(crate) fn window(event: &WordEvent) -> i64 {
    // rule: W3
    let second = event.time.div_euclid(1_000);
    second - second.rem_euclid(WINDOW)
}

impl Changes {
    /// What one word was said, or every word.
    pub(crate) fn totals(&self, word: Option<&str>) -> Partial {
        let totals = self.of(word).map(|(name, word)| (name.clone(), word.count));
        Partial { totals: totals.collect(), windows: Vec::new() }
    }

    /// The same in one window of one word, or in every window of every word.
    pub(crate) fn windows(&self, key: Option<(&str, i64)>) -> Partial {
        let windows = self.of(key.map(|(word, _)| word)).flat_map(|(name, word)| {
            let asked =
                word.windows.iter().filter(move |(window, _)| key.is_none_or(|(_, key)| key == **window));
            asked.map(|(window, count)| (name.clone(), *window, *count))
        });
        Partial { totals: BTreeMap::new(), windows: windows.collect() }
    }

    /// One word, or all.
    fn of<'a>(&'a self, word: Option<&str>) -> impl Iterator<Item = (&'a Name, &'a Word)> {
        let one = word.and_then(|word| self.words.get_key_value(word));
        let all = word.is_none().then(|| self.words.iter());
        all.into_iter().flatten().chain(one)
    }
}
