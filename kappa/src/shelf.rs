//! Where sums lie by key: in a tree, or by number.

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::ops::Bound;

use crate::keys::Named;
use crate::views::Sum;

/// Numbers that lie side by side. What is held grows by so many at a time and never moves.
const SIDE_BY_SIDE: usize = 1 << 10;

/// Sums by key. A key whose sum is nothing need not be there.
pub trait Shelf<K, S>: Default + 'static {
    /// Adds a difference to the sum of a key.
    fn add(&mut self, key: K, difference: &S);
    /// The sum of a key.
    fn get(&self, key: &K) -> Option<&S>;
    /// Keys from `first` on (all of them without one) in their order, with their sums.
    fn from<'a>(&'a self, first: Option<&K>) -> Box<dyn Iterator<Item = (K, &'a S)> + 'a>;
}

/// A tree: nothing of it is ever moved but a few neighbours, so that no version waits for its growth.
#[derive(Debug)]
pub(crate) struct Tree<K, S> {
    sums: BTreeMap<K, S>,
}

/// Sums at their keys' numbers, which are given out one after the other.
#[derive(Debug)]
pub(crate) struct Numbered<K, S> {
    sums: Vec<Vec<S>>,
    key: PhantomData<K>,
}

impl<K, S> Default for Tree<K, S> {
    fn default() -> Self {
        Tree { sums: BTreeMap::new() }
    }
}

impl<K, S> Default for Numbered<K, S> {
    fn default() -> Self {
        Numbered { sums: Vec::new(), key: PhantomData }
    }
}

impl<K: Copy + Ord + 'static, S: Sum> Shelf<K, S> for Tree<K, S> {
    fn add(&mut self, key: K, difference: &S) {
        let sum = self.sums.entry(key).or_default();
        sum.plus_equals(difference);
        if sum.is_zero() {
            self.sums.remove(&key);
        }
    }

    fn get(&self, key: &K) -> Option<&S> {
        self.sums.get(key)
    }

    fn from<'a>(&'a self, first: Option<&K>) -> Box<dyn Iterator<Item = (K, &'a S)> + 'a> {
        let first = first.map_or(Bound::Unbounded, |first| Bound::Included(*first));
        Box::new(self.sums.range((first, Bound::Unbounded)).map(|(key, sum)| (*key, sum)))
    }
}

impl<S: Sum> Shelf<Named, S> for Numbered<Named, S> {
    #[inline]
    fn add(&mut self, Named(number): Named, difference: &S) {
        let (row, place) = (number as usize / SIDE_BY_SIDE, number as usize % SIDE_BY_SIDE);
        if row >= self.sums.len() {
            self.sums.resize_with(row + 1, Vec::new);
        }
        let row = &mut self.sums[row];
        if place >= row.len() {
            row.reserve_exact(SIDE_BY_SIDE - row.len());
            row.resize(place + 1, S::default());
        }
        row[place].plus_equals(difference);
    }

    fn get(&self, Named(number): &Named) -> Option<&S> {
        self.sums.get(*number as usize / SIDE_BY_SIDE)?.get(*number as usize % SIDE_BY_SIDE)
    }

    fn from<'a>(&'a self, first: Option<&Named>) -> Box<dyn Iterator<Item = (Named, &'a S)> + 'a> {
        let first = first.map_or(0, |first| first.0 as usize);
        let (row, mut skipped) = (first / SIDE_BY_SIDE, first % SIDE_BY_SIDE);
        let rows = self.sums.iter().enumerate().skip(row);
        let sums = rows.flat_map(move |(row, sums)| {
            let from = std::mem::take(&mut skipped).min(sums.len());
            let number = row * SIDE_BY_SIDE + from;
            (number as u32..).map(Named).zip(&sums[from..])
        });
        Box::new(sums.filter(|(_, sum)| !sum.is_zero()))
    }
}

#[cfg(test)]
mod tests {
    use differential_dataflow::difference::IsZero;
    use proptest::prelude::*;
    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::fold::additive;

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
