//! What the newest versions have changed, so that those before them can still be read.

use std::collections::VecDeque;
use std::ops::{Range, RangeInclusive};

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
    /// The first version that some of them are of, and the last.
    versions: RangeInclusive<u64>,
    changes: Vec<Change<K, S>>,
    /// Of keys that changed more than once: whoever goes back before all of it need not go through each change.
    runs: Vec<Run<S>>,
}

/// Changes of one key that lie side by side.
#[derive(Debug)]
struct Run<S> {
    at: usize,
    length: usize,
    sum: S,
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
            self.blocks.push_back(Block::new(std::mem::replace(&mut self.open, room), time));
        }
    }

    /// Versions up to `oldest` can be read no more but for it itself: most of what they changed is forgotten.
    pub(crate) fn forget(&mut self, oldest: u64) {
        while self.blocks.front().is_some_and(|block| *block.versions.end() <= oldest) {
            self.blocks.pop_front();
        }
        if self.open.last().is_some_and(|change| change.time <= oldest) {
            self.open.clear();
        }
    }

    /// Takes back from the sum of a key what came after `time`.
    pub(crate) fn take_back(&self, key: &K, time: u64, sum: &mut S) {
        self.each_back(Some(&(*key..=*key)), time, |_, back| sum.plus_equals(&back));
    }

    /// Tells of the changes of some keys (of all without any) after `time` what takes them back, in one or in several.
    pub(crate) fn each_back(&self, keys: Option<&RangeInclusive<K>>, time: u64, mut each: impl FnMut(K, S)) {
        for block in self.after(time) {
            block.each_back(keys.map_or(0..block.changes.len(), |keys| block.places(keys)), time, &mut each);
        }
        let open = self.open.iter().filter(|change| keys.is_none_or(|keys| keys.contains(&change.key)));
        open.filter(|change| change.time > time)
            .for_each(|change| each(change.key, negated(change.difference)));
    }

    /// The keys that the versions from `since` up to `time` changed, some again and again.
    pub(crate) fn keys(&self, since: u64, time: u64) -> impl Iterator<Item = K> + '_ {
        let blocks = self.blocks.iter().filter(move |block| *block.versions.end() >= since);
        let all = blocks.flat_map(|block| &block.changes).chain(&self.open);
        all.filter(move |change| (since..=time).contains(&change.time)).map(|change| change.key)
    }

    /// Those in which some change may come after `time`.
    fn after(&self, time: u64) -> impl Iterator<Item = &Block<K, S>> {
        let first = self.blocks.partition_point(|block| *block.versions.end() <= time);
        self.blocks.range(first..)
    }
}

impl<K: Key, S: Sum> Block<K, S> {
    /// Of changes in the order of their versions, of which there is at least one, and the last of which this is.
    fn new(mut changes: Vec<Change<K, S>>, last: u64) -> Self {
        let first = changes.first().map_or(last, |change| change.time);
        changes.sort_unstable_by_key(|change| change.key);
        let (mut runs, mut at) = (Vec::new(), 0);
        for same in changes.chunk_by(|one, other| one.key == other.key) {
            if same.len() > 1 {
                let mut sum = same[0].difference;
                same[1..].iter().for_each(|change| sum.plus_equals(&change.difference));
                runs.push(Run { at, length: same.len(), sum });
            }
            at += same.len();
        }
        runs.shrink_to_fit();
        Block { versions: first..=last, changes, runs }
    }

    /// Where the changes of some keys lie.
    fn places(&self, keys: &RangeInclusive<K>) -> Range<usize> {
        let first = self.changes.partition_point(|change| change.key < *keys.start());
        first..first + self.changes[first..].partition_point(|change| change.key <= *keys.end())
    }

    /// Of `places`, which hold all changes of a key or none.
    fn each_back(&self, places: Range<usize>, time: u64, each: &mut impl FnMut(K, S)) {
        if *self.versions.start() <= time {
            let after = self.changes[places].iter().filter(|change| change.time > time);
            return after.for_each(|change| each(change.key, negated(change.difference)));
        }
        let mut runs = self.runs[self.runs.partition_point(|run| run.at < places.start)..].iter().peekable();
        let mut at = places.start;
        while at < places.end {
            let change = &self.changes[at];
            let (length, sum) = match runs.next_if(|run| run.at == at) {
                Some(run) => (run.length, run.sum),
                None => (1, change.difference),
            };
            each(change.key, negated(sum));
            at += length;
        }
    }
}

fn negated<S: Abelian>(mut difference: S) -> S {
    difference.negate();
    difference
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
            past.each_back(None, time, |key, back| all.entry(key).or_default().plus_equals(&back));
            prop_assert_eq!(&all, &truth);
            let keys = Named(13)..=Named(31);
            let mut some = BTreeMap::<Named, i64>::new();
            past.each_back(Some(&keys), time, |key, back| some.entry(key).or_default().plus_equals(&back));
            prop_assert!(some.iter().eq(truth.range(keys)));
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
