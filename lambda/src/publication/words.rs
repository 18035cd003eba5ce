//! What the batch publishes about words, as files and as they are asked.

use workloads::Name;

use super::names::{self, Names};
use super::ordered::{self, Ordered};
use super::{Files, Loaded, ranked};
use crate::batch::words::Answers;
use crate::error::LambdaError;

/// A publication about words.
pub(crate) struct WordsBase {
    names: Names,
    totals: Ordered<1>,
    windows: Ordered<1>,
}

/// The answers as files.
pub(crate) fn files(names: &[Name], answers: &Answers) -> Files {
    let (sorted, ranks) = ranked(names);
    let mut totals: Vec<_> = ranks.iter().zip(&answers.totals).map(|(rank, n)| ((*rank, 0), [*n])).collect();
    let mut windows: Vec<_> =
        answers.windows.iter().map(|((word, at), n)| ((ranks[*word as usize], *at), [*n])).collect();
    totals.sort_unstable();
    windows.sort_unstable();
    vec![
        ("names", names::bytes(sorted.iter().copied())),
        ("totals", ordered::bytes(totals.into_iter())),
        ("windows", ordered::bytes(windows.into_iter())),
    ]
}

impl WordsBase {
    /// A publication that was taken in.
    pub(crate) fn open(mut loaded: Loaded) -> Result<Self, LambdaError> {
        Ok(WordsBase {
            names: loaded.names()?,
            totals: loaded.ordered("totals")?,
            windows: loaded.ordered("windows")?,
        })
    }

    /// How often a word was said.
    pub(crate) fn total(&self, word: &str) -> u64 {
        self.count(&self.totals, word, 0)
    }

    /// How often in one of its windows.
    pub(crate) fn window(&self, word: &str, window: i64) -> u64 {
        self.count(&self.windows, word, window)
    }

    /// How often each word was said, by name.
    pub(crate) fn totals(&self) -> impl Iterator<Item = (Name, u64)> + '_ {
        self.totals.all().map(|((rank, _), [count])| (self.names.name(rank), count))
    }

    /// How often in each window.
    pub(crate) fn windows(&self) -> impl Iterator<Item = (Name, i64, u64)> + '_ {
        self.windows.all().map(|((rank, window), [count])| (self.names.name(rank), window, count))
    }

    fn count(&self, rows: &Ordered<1>, word: &str, at: i64) -> u64 {
        let row = self.names.rank(word).and_then(|rank| rows.get((rank, at)));
        row.map_or(0, |[count]| count)
    }
}
