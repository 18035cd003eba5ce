//! Trees by key, of which a snapshot can be taken.

use std::hash::Hash;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Home, Movable, Ordered, Table, Taken, Written};
use crate::error::KappaError;
use crate::fold::SteadyMap;

/// A tree for each key.
pub(crate) struct Nest<K, S, V> {
    trees: SteadyMap<K, Ordered<S, V>>,
    /// The keys whose trees are not written yet, the last of them first to come.
    unwritten: Vec<K>,
}

impl<K, S, V> Default for Nest<K, S, V> {
    fn default() -> Self {
        Nest { trees: SteadyMap::default(), unwritten: Vec::new() }
    }
}

impl<K: Copy + Eq + Hash, S: Copy + Ord, V: Clone> Nest<K, S, V> {
    /// The tree of a key, an empty one if it had none.
    #[inline]
    pub(crate) fn tree(&mut self, key: K) -> &mut Ordered<S, V> {
        self.trees.entry(key).or_default()
    }

    /// Keys with their trees, in no order.
    pub(crate) fn trees(&self) -> impl Iterator<Item = (&K, &Ordered<S, V>)> {
        self.trees.iter()
    }
}

impl<K, S, V> Table for Nest<K, S, V>
where
    K: Copy + Ord + Hash + Movable + Serialize + DeserializeOwned,
    S: Copy + Ord + Serialize + DeserializeOwned,
    V: Clone + Serialize + DeserializeOwned,
{
    fn begin(&mut self) {
        self.unwritten = self.trees.keys().copied().collect();
        // So that two snapshots of the same state are the same.
        self.unwritten.sort_unstable_by(|one, other| other.cmp(one));
        self.trees.values_mut().for_each(Ordered::begin);
    }

    fn write(&mut self, rows: &mut Written) -> bool {
        while let Some(key) = self.unwritten.last() {
            let mut room = true;
            let tree = self.trees.get_mut(key);
            let left = tree.is_some_and(|tree| {
                tree.write(|sub, value| {
                    room = rows.put(&(key, sub, value));
                    room
                })
            });
            if !left {
                self.unwritten.pop();
            }
            if !room {
                return true;
            }
        }
        false
    }

    fn take_up(&mut self, rows: &mut Taken<'_>, home: &Home) -> Result<(), KappaError> {
        while let Some((key, sub, value)) = rows.next::<(K, S, V)>()? {
            if let Some(key) = key.moved(home) {
                self.tree(key).change(&sub).insert(sub, value);
            }
        }
        Ok(())
    }
}
