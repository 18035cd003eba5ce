//! Where sums lie by key: in a tree, or by number.

use std::ops::Bound;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::KappaError;
use crate::flow::fold::SteadyMap;
use crate::flow::keys::{Key, Named};
use crate::snapshot::{Home, Ordered, Table, Taken, Written};
use crate::views::Sum;

/// Numbers that lie side by side. What is held grows by so many at a time and never moves.
const SIDE_BY_SIDE: usize = 1 << 10;

/// Sums by key. A key whose sum is nothing need not be there.
pub trait Shelf<K: Copy, S>: Table + Default + 'static {
    /// Adds a difference to the sum of a key.
    fn add(&mut self, key: K, difference: &S);
    /// Adds differences to the sums of their keys, and may put them in order.
    fn add_all(&mut self, differences: &mut [(K, S)]) {
        differences.iter().for_each(|(key, difference)| self.add(*key, difference));
    }
    /// The sum of a key.
    fn get(&self, key: &K) -> Option<&S>;
    /// Keys from `first` on (all of them without one) in their order, with their sums.
    fn from<'a>(&'a self, first: Option<&K>) -> Box<dyn Iterator<Item = (K, &'a S)> + 'a>;
}

/// A tree: nothing of it is ever moved but a few neighbours, so that no version waits for its growth.
#[derive(Debug)]
pub(crate) struct Tree<K, S> {
    sums: Ordered<K, S>,
}

/// What is known of names, at their numbers, which are given out one after the other.
#[derive(Debug)]
pub(crate) struct Numbered<S> {
    rows: Vec<Vec<S>>,
    saving: Option<Box<Saving<S>>>,
}

/// How far a snapshot has come.
#[derive(Debug)]
struct Saving<S> {
    /// Numbers that there were when it began.
    length: u32,
    next: u32,
    /// What has changed from there on, as it was.
    aside: SteadyMap<u32, S>,
}

impl<K, S> Default for Tree<K, S> {
    fn default() -> Self {
        Tree { sums: Ordered::default() }
    }
}

impl<S> Default for Numbered<S> {
    fn default() -> Self {
        Numbered { rows: Vec::new(), saving: None }
    }
}

impl<K: Key, S: Sum> Shelf<K, S> for Tree<K, S> {
    fn add(&mut self, key: K, difference: &S) {
        let sums = self.sums.change(&key);
        let sum = sums.entry(key).or_default();
        sum.plus_equals(difference);
        if sum.is_zero() {
            sums.remove(&key);
        }
    }

    fn add_all(&mut self, differences: &mut [(K, S)]) {
        // Neighbours are quick to find one after the other.
        differences.sort_unstable_by_key(|(key, _)| *key);
        differences.iter().for_each(|(key, difference)| self.add(*key, difference));
    }

    fn get(&self, key: &K) -> Option<&S> {
        self.sums.get(key)
    }

    fn from<'a>(&'a self, first: Option<&K>) -> Box<dyn Iterator<Item = (K, &'a S)> + 'a> {
        let first = first.map_or(Bound::Unbounded, |first| Bound::Included(*first));
        Box::new(self.sums.range((first, Bound::Unbounded)).map(|(key, sum)| (*key, sum)))
    }
}

impl<K: Key, S: Sum> Table for Tree<K, S> {
    fn begin(&mut self) {
        self.sums.begin();
    }

    fn write(&mut self, rows: &mut Written) -> bool {
        self.sums.write(|key, sum| rows.put(&(key, sum)))
    }

    fn take_up(&mut self, rows: &mut Taken<'_>, home: &Home) -> Result<(), KappaError> {
        while let Some((key, sum)) = rows.next::<(K, S)>()? {
            if let Some(key) = key.moved(home) {
                // Keys without a name may be led here from several workers.
                self.add(key, &sum);
            }
        }
        Ok(())
    }
}

impl<S: Copy + Default> Numbered<S> {
    /// What is known of a name, to be changed; the default if nothing was.
    #[inline]
    pub(crate) fn entry(&mut self, number: u32) -> &mut S {
        if self.saving.is_some() {
            self.put_aside(number);
        }
        let (row, place) = place(number);
        if row >= self.rows.len() {
            self.rows.resize_with(row + 1, Vec::new);
        }
        let row = &mut self.rows[row];
        if place >= row.len() {
            row.reserve_exact(SIDE_BY_SIDE - row.len());
            row.resize(place + 1, S::default());
        }
        &mut row[place]
    }

    /// What is known of a name.
    #[inline]
    pub(crate) fn at(&self, number: u32) -> Option<&S> {
        let (row, place) = place(number);
        self.rows.get(row)?.get(place)
    }

    /// Names from `first` on, with what is known of them.
    pub(crate) fn iter(&self, first: u32) -> impl Iterator<Item = (u32, &S)> {
        let (row, mut skipped) = place(first);
        let rows = self.rows.iter().enumerate().skip(row);
        rows.flat_map(move |(row, held)| {
            let from = std::mem::take(&mut skipped).min(held.len());
            let number = row * SIDE_BY_SIDE + from;
            (number as u32..).zip(&held[from..])
        })
    }

    /// Numbers below it may be known.
    pub(crate) fn length(&self) -> u32 {
        let full = self.rows.len().saturating_sub(1) * SIDE_BY_SIDE;
        (full + self.rows.last().map_or(0, Vec::len)) as u32
    }

    #[cold]
    fn put_aside(&mut self, number: u32) {
        let held = self.at(number).copied();
        let Some(saving) = &mut self.saving else { return };
        if (saving.next..saving.length).contains(&number) {
            saving.aside.entry(number).or_insert(held.unwrap_or_default());
        }
    }
}

fn place(number: u32) -> (usize, usize) {
    (number as usize / SIDE_BY_SIDE, number as usize % SIDE_BY_SIDE)
}

impl<S: Copy + Default + PartialEq + Serialize + DeserializeOwned> Table for Numbered<S> {
    fn begin(&mut self) {
        let (length, aside) = (self.length(), SteadyMap::default());
        self.saving = Some(Box::new(Saving { length, next: 0, aside }));
    }

    fn write(&mut self, rows: &mut Written) -> bool {
        let Some(mut saving) = self.saving.take() else { return false };
        while saving.next < saving.length {
            let number = saving.next;
            saving.next += 1;
            let aside = if saving.aside.is_empty() { None } else { saving.aside.remove(&number) };
            let held = aside.or(self.at(number).copied()).unwrap_or_default();
            if held != S::default() && !rows.put(&(number, held)) {
                self.saving = Some(saving);
                return true;
            }
        }
        false
    }

    fn take_up(&mut self, rows: &mut Taken<'_>, home: &Home) -> Result<(), KappaError> {
        while let Some((number, held)) = rows.next::<(u32, S)>()? {
            if let Some(number) = home.number(number) {
                *self.entry(number) = held;
            }
        }
        Ok(())
    }
}

impl<S: Sum> Shelf<Named, S> for Numbered<S> {
    #[inline]
    fn add(&mut self, Named(number): Named, difference: &S) {
        self.entry(number).plus_equals(difference);
    }

    fn get(&self, Named(number): &Named) -> Option<&S> {
        self.at(*number)
    }

    fn from<'a>(&'a self, first: Option<&Named>) -> Box<dyn Iterator<Item = (Named, &'a S)> + 'a> {
        let sums = self.iter(first.map_or(0, |first| first.0));
        Box::new(sums.filter(|(_, sum)| !sum.is_zero()).map(|(number, sum)| (Named(number), sum)))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use differential_dataflow::difference::IsZero;
    use proptest::prelude::*;
    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::flow::fold::additive;

    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
    struct Counted {
        count: i64,
    }
    additive!(Counted { count });

    fn listed(shelf: &impl Shelf<Named, Counted>, first: Option<u32>) -> Vec<(u32, i64)> {
        let sums = shelf.from(first.map(Named).as_ref());
        sums.filter(|(_, sum)| !sum.is_zero()).map(|(key, sum)| (key.0, sum.count)).collect()
    }

    proptest! {
        #[test]
        fn both_hold_what_was_added(
            added in proptest::collection::vec((0..3_000_u32, -2..3_i64), 0..200), first in 0..3_100_u32,
        ) {
            let (mut tree, mut numbered) = (Tree::default(), Numbered::default());
            let mut truth = BTreeMap::new();
            for (key, count) in added {
                tree.add(Named(key), &Counted { count });
                numbered.add(Named(key), &Counted { count });
                *truth.entry(key).or_insert(0) += count;
            }
            let since = |first: u32| truth.range(first..).map(|(k, c)| (*k, *c)).filter(|(_, c)| *c != 0);
            prop_assert_eq!(listed(&tree, None), since(0).collect::<Vec<_>>());
            prop_assert_eq!(listed(&numbered, None), since(0).collect::<Vec<_>>());
            prop_assert_eq!(listed(&tree, Some(first)), since(first).collect::<Vec<_>>());
            prop_assert_eq!(listed(&numbered, Some(first)), since(first).collect::<Vec<_>>());
            let of = |sum: Option<&Counted>| sum.map_or(0, |sum| sum.count);
            prop_assert_eq!(of(tree.get(&Named(first))), truth.get(&first).copied().unwrap_or(0));
            prop_assert_eq!(of(numbered.get(&Named(first))), truth.get(&first).copied().unwrap_or(0));
        }
    }
}
