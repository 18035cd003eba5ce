//! Answers out of the sums: every view of one request at the same complete version.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::Bound;

use differential_dataflow::difference::Semigroup;
use serde::{Deserialize, Serialize};
use workloads::Rows;

use crate::flow::keys::Key;
use crate::flow::shelf::Shelf;
use crate::flow::sums::ShelfOf;
use crate::views::{Grouping, Question};

/// As of when rows are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Moment {
    /// The version.
    pub(crate) time: u64,
    /// The first version whose changes count: of whole views only what has changed since is asked for, and a row that
    /// has gone is an empty one. All is asked for without it.
    pub(crate) since: Option<u64>,
}

impl From<u64> for Moment {
    fn from(time: u64) -> Self {
        Moment { time, since: None }
    }
}

/// The sums of a grouping as of one version.
pub struct Reader<'a, G: Grouping> {
    newest: &'a ShelfOf<G>,
    /// What must be added: nothing for the newest version.
    beside: BTreeMap<G::Key, G::Sum>,
}

impl<'a, G: Grouping> Reader<'a, G> {
    pub(crate) fn new(newest: &'a ShelfOf<G>, beside: BTreeMap<G::Key, G::Sum>) -> Self {
        Reader { newest, beside }
    }

    /// The sum of a key, which is nothing if there never was one or if it has had its day.
    pub fn sum(&self, key: &G::Key) -> G::Sum {
        let mut sum = self.newest.get(key).copied().unwrap_or_default();
        self.beside.get(key).into_iter().for_each(|more| sum.plus_equals(more));
        sum
    }

    /// Keys and their sums from `first` on (all of them without one), in the order of keys. A sum may be nothing.
    pub fn from<'b>(&'b self, first: Option<&G::Key>) -> impl Iterator<Item = (G::Key, G::Sum)> + 'b {
        let mut newest = self.newest.from(first).peekable();
        let from = first.map_or(Bound::Unbounded, |first| Bound::Included(*first));
        let mut beside = self.beside.range((from, Bound::Unbounded)).peekable();
        std::iter::from_fn(move || {
            let order = match (newest.peek(), beside.peek()) {
                (Some((one, _)), Some((other, _))) => one.cmp(other),
                (Some(_), None) => Ordering::Less,
                (None, _) => Ordering::Greater,
            };
            if order == Ordering::Greater {
                return beside.next().map(|(key, sum)| (*key, *sum));
            }
            let (key, mut sum) = newest.next().map(|(key, sum)| (key, *sum))?;
            if order == Ordering::Equal {
                beside.next().into_iter().for_each(|(_, more)| sum.plus_equals(more));
            }
            Some((key, sum))
        })
    }
}

/// The row of the key that is asked for, if it has one.
pub(crate) fn one<G: Grouping>(question: &Question<'_>, reader: &Reader<'_, G>) -> Rows {
    let row = || {
        let text = question.key?;
        let key = G::Key::parse(text, question.names)?;
        Some((text.to_owned(), G::row(question.view, &reader.sum(&key), question.terms)?))
    };
    row().into_iter().collect()
}

/// Every row.
pub(crate) fn every<G: Grouping>(question: &Question<'_>, reader: &Reader<'_, G>) -> Rows {
    let rows = reader.from(None).filter_map(|(key, sum)| {
        let row = G::row(question.view, &sum, question.terms)?;
        Some((key.print(question.names), row))
    });
    rows.collect()
}
