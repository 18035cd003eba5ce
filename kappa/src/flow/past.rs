//! What the newest versions have changed, so that those before them can still be read.

use std::collections::VecDeque;

use differential_dataflow::difference::Abelian;

use crate::flow::fold::Update;
use crate::flow::keys::Key;
use crate::views::Sum;

/// Changes that are put in order at once: few enough to delay nothing, and many, so that a key is looked up in few
/// places.
const TOGETHER: usize = 4096;

/// Changes of the newest versions. Reading one key goes through little of it, whatever lies in it.
#[derive(Debug)]
pub(crate) struct Past<K, S> {
    /// Each of versions after those of the block before it.
    blocks: VecDeque<Block<K, S>>,
    /// The last changes, as they came.
    open: Vec<Change<K, S>>,
}

/// Changes in ascending order of their keys.
#[derive(Debug)]
struct Block<K, S> {
    /// The last version that some of them are of.
    last: u64,
    changes: Vec<Change<K, S>>,
}

#[derive(Debug)]
struct Change<K, S> {
    key: K,
    time: u64,
    difference: S,
}

impl<K, S> Default for Past<K, S> {
    fn default() -> Self {
        Past { blocks: VecDeque::new(), open: Vec::new() }
    }
}

impl<K: Key, S: Sum> Past<K, S> {
    /// Takes what a version has changed, which is younger than all before it.
    pub(crate) fn take(&mut self, time: u64, updates: Vec<Update<K, S>>) {
        self.open.extend(updates.into_iter().map(|(key, difference)| Change { key, time, difference }));
        if self.open.len() >= TOGETHER {
            let room = Vec::with_capacity(self.open.len());
            let mut changes = std::mem::replace(&mut self.open, room);
            changes.sort_unstable_by_key(|change| change.key);
            self.blocks.push_back(Block { last: time, changes });
        }
    }

    /// Versions up to `oldest` can be read no more but for it itself: most of what they changed is forgotten.
    pub(crate) fn forget(&mut self, oldest: u64) {
        while self.blocks.front().is_some_and(|block| block.last <= oldest) {
            self.blocks.pop_front();
        }
        if self.open.last().is_some_and(|change| change.time <= oldest) {
            self.open.clear();
        }
    }

    /// Takes back from the sum of a key what came after `time`.
    pub(crate) fn take_back(&self, key: &K, time: u64, sum: &mut S) {
        let same = |block: &'_ Block<K, S>| {
            let first = block.changes.partition_point(|change| change.key < *key);
            first..first + block.changes[first..].partition_point(|change| change.key == *key)
        };
        let packed = self.after(time).flat_map(|block| &block.changes[same(block)]);
        let open = self.open.iter().filter(|change| change.key == *key);
        for change in packed.chain(open).filter(|change| change.time > time) {
            sum.plus_equals(&change.back());
        }
    }

    /// Tells of every change after `time` what takes it back.
    pub(crate) fn each_back(&self, time: u64, mut each: impl FnMut(K, S)) {
        let all = self.after(time).flat_map(|block| &block.changes).chain(&self.open);
        all.filter(|change| change.time > time).for_each(|change| each(change.key, change.back()));
    }

    /// The keys that the versions from `since` up to `time` changed, some again and again.
    pub(crate) fn keys(&self, since: u64, time: u64) -> impl Iterator<Item = K> + '_ {
        let blocks = self.blocks.iter().filter(move |block| block.last >= since);
        let all = blocks.flat_map(|block| &block.changes).chain(&self.open);
        all.filter(move |change| (since..=time).contains(&change.time)).map(|change| change.key)
    }

    /// Those in which some change may come after `time`.
    fn after(&self, time: u64) -> impl Iterator<Item = &Block<K, S>> {
        let first = self.blocks.partition_point(|block| block.last <= time);
        self.blocks.range(first..)
    }
}

impl<K, S: Abelian + Copy> Change<K, S> {
    fn back(&self) -> S {
        let mut back = self.difference;
        back.negate();
        back
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use differential_dataflow::difference::Semigroup;
    use proptest::prelude::*;

    use super::*;
    use crate::flow::keys::Named;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn what_came_since_any_version_that_is_kept_is_taken_back(
            versions in proptest::collection::vec((0..600_usize, 0..40_u32), 1..60), oldest in 0..60_u64, asked in 0..60_u64,
        ) {
            let mut past = Past::<Named, i64>::default();
            let mut changes = Vec::new();
            for (time, (count, key)) in (1..).zip(versions) {
                let updates: Vec<_> = (0..count as u32).map(|n| (Named((key + n * n) % 50), i64::from(n) - 7)).collect();
                changes.extend(updates.iter().map(|(key, difference)| (*key, time, *difference)));
                past.take(time, updates);
            }
            past.forget(oldest);
            let time = oldest + asked;
            let mut truth = BTreeMap::<Named, i64>::new();
            for (key, _, difference) in changes.iter().filter(|(_, at, _)| *at > time) {
                truth.entry(*key).or_default().plus_equals(&-difference);
            }
            let mut all = BTreeMap::<Named, i64>::new();
            past.each_back(time, |key, back| all.entry(key).or_default().plus_equals(&back));
            prop_assert_eq!(&all, &truth);
            for key in (0..50).map(Named) {
                let mut sum = 3;
                past.take_back(&key, time, &mut sum);
                prop_assert_eq!(sum - 3, truth.get(&key).copied().unwrap_or_default());
            }
            let keys: BTreeSet<_> = past.keys(oldest + 1, time).collect();
            let changed = changes.iter().filter(|(_, at, _)| (oldest + 1..=time).contains(at));
            prop_assert_eq!(keys, changed.map(|(key, _, _)| *key).collect());
        }
    }
}
