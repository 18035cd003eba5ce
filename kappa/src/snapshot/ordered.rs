//! Keys in their order, of which a snapshot can be taken.

use std::collections::BTreeMap;
use std::ops::{Bound, Deref};

use super::Saving;

/// A tree that is read like any other; what is to change is asked for by its key.
#[derive(Clone, Debug)]
pub(crate) struct Ordered<K, V> {
    map: BTreeMap<K, V>,
    saving: Option<Box<Saving<K, V>>>,
}

impl<K, V> Default for Ordered<K, V> {
    fn default() -> Self {
        Ordered { map: BTreeMap::new(), saving: None }
    }
}

impl<K, V> Deref for Ordered<K, V> {
    type Target = BTreeMap<K, V>;

    fn deref(&self) -> &BTreeMap<K, V> {
        &self.map
    }
}

impl<K: Copy + Ord, V: Clone> Ordered<K, V> {
    /// The tree, of which nothing may be changed but what this key has.
    #[inline]
    pub(crate) fn change(&mut self, key: &K) -> &mut BTreeMap<K, V> {
        if self.saving.is_some() {
            self.put_aside(key);
        }
        &mut self.map
    }

    /// What a key has, or the default, to be changed.
    #[inline]
    pub(crate) fn entry(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        self.change(&key).entry(key).or_default()
    }

    #[cold]
    fn put_aside(&mut self, key: &K) {
        if let Some(saving) = &mut self.saving {
            saving.put_aside(*key, || self.map.get(key).cloned());
        }
    }

    /// From now on what changes is put aside as it is.
    pub(crate) fn begin(&mut self) {
        self.saving = Some(Box::default());
    }

    /// Hands on what there was when it began, until `more` has enough; false when nothing is left.
    pub(crate) fn write(&mut self, more: impl FnMut(&K, &V) -> bool) -> bool {
        let Some(saving) = &mut self.saving else { return false };
        let from = saving.after().map_or(Bound::Unbounded, Bound::Excluded);
        let now = self.map.range((from, Bound::Unbounded)).map(|(key, value)| (*key, value.clone()));
        let left = saving.write(now, more);
        if !left {
            self.saving = None;
        }
        left
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_what_there_was(
            before in proptest::collection::vec((0..60_u8, 0..5_u8), 0..80),
            after in proptest::collection::vec((0..60_u8, 0..5_u8, 1..9_usize), 0..80),
        ) {
            let put = |tree: &mut Ordered<u8, u8>, key: u8, value: u8| match value {
                0 => _ = tree.change(&key).remove(&key),
                _ => *tree.entry(key) = value,
            };
            let mut tree = Ordered::default();
            before.into_iter().for_each(|(key, value)| put(&mut tree, key, value));
            let then: Vec<(u8, u8)> = tree.iter().map(|(key, value)| (*key, *value)).collect();
            tree.begin();
            let mut written = Vec::new();
            let mut write = |tree: &mut Ordered<u8, u8>, rows: usize| {
                let mut left = rows;
                tree.write(|key, value| {
                    written.push((*key, *value));
                    left -= 1;
                    left > 0
                })
            };
            for (key, value, rows) in after {
                put(&mut tree, key, value);
                if value == 3 {
                    write(&mut tree, rows);
                }
            }
            while write(&mut tree, 7) {}
            prop_assert_eq!(written, then);
        }
    }
}
