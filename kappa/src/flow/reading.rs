//! Answers out of the sums: every view of one request at the same complete version.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::cmp::Ordering;
use std::ops::RangeInclusive;

use differential_dataflow::difference::Semigroup;
use serde::{Deserialize, Serialize};
use workloads::{Name, Rows, Terms};

use crate::flow::fold::{SteadyMap, Update};
use crate::flow::keys::Key;
use crate::flow::shelf::Shelf;
use crate::flow::sums::{Changes, PastOf, ShelfOf};
use crate::views::{Grouping, Question, Sum};

/// Rows that are made at once: to have another thread make them would take longer.
const FEW: usize = 256;

/// As of when rows are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Moment {
    /// The version.
    pub(crate) time: u64,
    /// The first version whose changes count: of whole views only what has changed since is asked for, and a row that
    /// has gone is an empty one. All is asked for without it.
    pub(crate) since: Option<u64>,
}

/// What one worker finds for a query: rows, or what any thread can make them of.
pub enum Found {
    Rows(Rows),
    Sums(Box<dyn FnOnce() -> Rows + Send>),
}

impl Found {
    pub(crate) fn rows(self) -> Rows {
        match self {
            Found::Rows(rows) => rows,
            Found::Sums(rows) => rows(),
        }
    }

    /// Whether its rows are still to be made.
    pub(crate) fn is_long(&self) -> bool {
        matches!(self, Found::Sums(_))
    }
}

impl Default for Found {
    fn default() -> Self {
        Found::Rows(Rows::new())
    }
}

impl From<u64> for Moment {
    fn from(time: u64) -> Self {
        Moment { time, since: None }
    }
}

/// The sums of a grouping as of one version.
pub struct Reader<'a, G: Grouping> {
    time: u64,
    newest: &'a ShelfOf<G>,
    past: &'a PastOf<G>,
    later: &'a Changes<G>,
    /// What must be added to the newest sums, in the order of keys, once all keys were asked for.
    beside: OnceCell<Vec<Update<G::Key, G::Sum>>>,
}

impl<'a, G: Grouping> Reader<'a, G> {
    /// The newest sums, less what came after `time`, and with what of the changes to come is of `time` or before.
    pub(crate) fn new(time: u64, newest: &'a ShelfOf<G>, past: &'a PastOf<G>, later: &'a Changes<G>) -> Self {
        Reader { time, newest, past, later, beside: OnceCell::new() }
    }

    /// The sum of a key, which is nothing if there never was one or if it has had its day.
    pub fn sum(&self, key: &G::Key) -> G::Sum {
        let mut sum = self.newest.get(key).copied().unwrap_or_default();
        self.past.take_back(key, self.time, &mut sum);
        let more = self.more().filter(|(held, _)| held == key);
        more.for_each(|(_, difference)| sum.plus_equals(difference));
        sum
    }

    /// What is to come, as far as it is asked for.
    fn more(&self) -> impl Iterator<Item = &Update<G::Key, G::Sum>> {
        self.later.range(..=self.time).flat_map(|(_, some)| some.iter().flatten())
    }

    fn beside(&self) -> &[Update<G::Key, G::Sum>] {
        self.beside.get_or_init(|| self.differences(None))
    }

    /// What must be added to the newest sums of some keys, or of all without any, in the order of keys.
    fn differences(&self, keys: Option<&RangeInclusive<G::Key>>) -> Vec<Update<G::Key, G::Sum>> {
        let mut beside = SteadyMap::<G::Key, G::Sum>::default();
        let mut add = |key, difference: &G::Sum| beside.entry(key).or_default().plus_equals(difference);
        self.past.each_back(keys, self.time, |key, back| add(key, &back));
        let more = self.more().filter(|(key, _)| keys.is_none_or(|keys| keys.contains(key)));
        more.for_each(|(key, difference)| add(*key, difference));
        let mut beside: Vec<_> = beside.into_iter().collect();
        beside.sort_unstable_by_key(|(key, _)| *key);
        beside
    }

    /// Keys and their sums from `first` on (all of them without one), in the order of keys. A sum may be nothing.
    pub fn from<'b>(&'b self, first: Option<&G::Key>) -> impl Iterator<Item = (G::Key, G::Sum)> + 'b {
        let beside = self.beside();
        let from = first.map_or(0, |first| beside.partition_point(|(key, _)| key < first));
        together(self.newest.from(first), Cow::Borrowed(&beside[from..]))
    }

    /// The same of some keys alone, for which nothing is gone through but what concerns them.
    pub fn within<'b>(&'b self, keys: RangeInclusive<G::Key>) -> impl Iterator<Item = (G::Key, G::Sum)> + 'b {
        let beside = match self.beside.get() {
            Some(all) => {
                let from = all.partition_point(|(key, _)| key < keys.start());
                let upto = all.partition_point(|(key, _)| key <= keys.end());
                Cow::Borrowed(&all[from..upto.max(from)])
            }
            None => Cow::Owned(self.differences(Some(&keys))),
        };
        let newest = self.newest.from(Some(keys.start()));
        together(newest.take_while(move |(key, _)| key <= keys.end()), beside)
    }
}

/// Sums and what must be added to them, both in the order of keys.
fn together<'a, K: Key, S: Sum>(
    newest: impl Iterator<Item = (K, &'a S)> + 'a,
    beside: Cow<'a, [Update<K, S>]>,
) -> impl Iterator<Item = (K, S)> + 'a {
    let (mut newest, mut at) = (newest.peekable(), 0);
    std::iter::from_fn(move || {
        let more = beside.get(at);
        let order = match (newest.peek(), more) {
            (Some((one, _)), Some((other, _))) => one.cmp(other),
            (Some(_), None) => Ordering::Less,
            (None, _) => Ordering::Greater,
        };
        at += usize::from(order != Ordering::Less);
        if order == Ordering::Greater {
            return more.copied();
        }
        let (key, mut sum) = newest.next().map(|(key, sum)| (key, *sum))?;
        if order == Ordering::Equal {
            more.into_iter().for_each(|(_, more)| sum.plus_equals(more));
        }
        Some((key, sum))
    })
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

/// Every row. Many are not made here: what they are of is copied, and nobody waits for their text.
pub(crate) fn every<G: Grouping>(question: &Question<'_>, reader: &Reader<'_, G>) -> Found {
    let sums: Vec<(G::Key, G::Sum)> = reader.from(None).collect();
    if sums.len() <= FEW {
        return Found::Rows(rows::<G>(&sums, question.view, question.names.all(), question.terms));
    }
    let (view, names, terms) =
        (question.view.to_owned(), question.names.all().to_vec(), question.terms.clone());
    Found::Sums(Box::new(move || rows::<G>(&sums, &view, &names, &terms)))
}

fn rows<G: Grouping>(sums: &[(G::Key, G::Sum)], view: &str, names: &[Name], terms: &Terms) -> Rows {
    let rows = sums.iter().filter_map(|(key, sum)| Some((key.print(names), G::row(view, sum, terms)?)));
    rows.collect()
}

/// The rows of each of some queries, of which every worker has found a share. A key has one home, so that no row comes
/// twice.
pub(crate) fn joined(shares: Vec<Vec<Found>>, queries: usize) -> Vec<Rows> {
    let mut all = vec![Rows::new(); queries];
    for share in shares {
        for (rows, found) in all.iter_mut().zip(share) {
            if rows.is_empty() {
                *rows = found.rows();
            } else {
                rows.extend(found.rows());
            }
        }
    }
    all
}
