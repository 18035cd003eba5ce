//! Trees by key, of which a snapshot can be taken.

use std::hash::Hash;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Home, Movable, Ordered, Table, Taken, Written};
use crate::error::KappaError;
use crate::flow::fold::SteadyMap;

/// What grows on a tree.
pub(crate) trait Rooted<S, V>: Default {
    fn root(&mut self) -> &mut Ordered<S, V>;
}

impl<S, V> Rooted<S, V> for Ordered<S, V> {
    fn root(&mut self) -> &mut Ordered<S, V> {
        self
    }
}

/// A tree for each key, with what grows on it.
pub(crate) struct Nest<K, S, V, T = Ordered<S, V>> {
    trees: SteadyMap<K, T>,
    rows: PhantomData<(S, V)>,
    /// The keys whose trees are not written yet, the last of them first to come.
    unwritten: Vec<K>,
}

impl<K, S, V, T> Default for Nest<K, S, V, T> {
    fn default() -> Self {
        Nest { trees: SteadyMap::default(), rows: PhantomData, unwritten: Vec::new() }
    }
}

impl<K: Copy + Eq + Hash, S, V, T: Rooted<S, V>> Nest<K, S, V, T> {
    /// The tree of a key, an empty one if it had none.
    #[inline]
    pub(crate) fn tree(&mut self, key: K) -> &mut T {
        self.trees.entry(key).or_default()
    }

    /// Fells the trees of other keys, unless a snapshot is being taken; whether it did.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&K) -> bool) -> bool {
        let free = self.unwritten.is_empty();
        if free {
            self.trees.retain(|key, _| keep(key));
        }
        free
    }

    /// Keys with their trees, in no order.
    pub(crate) fn trees(&mut self) -> impl Iterator<Item = (&K, &mut T)> {
        self.trees.iter_mut()
    }
}

impl<K, S, V, T> Table for Nest<K, S, V, T>
where
    T: Rooted<S, V>,
    K: Copy + Ord + Hash + Movable + Serialize + DeserializeOwned,
    S: Copy + Ord + Serialize + DeserializeOwned,
    V: Clone + Serialize + DeserializeOwned,
{
    fn begin(&mut self) {
        self.unwritten = self.trees.keys().copied().collect();
        // So that two snapshots of the same state are the same.
        self.unwritten.sort_unstable_by(|one, other| other.cmp(one));
        self.trees.values_mut().for_each(|tree| tree.root().begin());
    }

    fn write(&mut self, rows: &mut Written) -> bool {
        while let Some(key) = self.unwritten.last() {
            let mut room = true;
            let tree = self.trees.get_mut(key);
            let left = tree.is_some_and(|tree| {
                tree.root().write(|sub, value| {
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
                self.tree(key).root().change(&sub).insert(sub, value);
            }
        }
        Ok(())
    }
}
