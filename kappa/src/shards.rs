//! A large hash map that never grows all at once.

use std::hash::Hash;

use hashbrown::HashTable;

use crate::fold::hash;

/// Enough that moving one shard into a larger table takes a few milliseconds where the whole would take a second.
const SHARDS: usize = 256;

/// State by key. It doubles shard by shard, so that no version waits for the whole of it.
pub(crate) struct Shards<K, V> {
    shards: Vec<HashTable<(K, V)>>,
}

impl<K: Copy + Eq + Hash, V: Default> Shards<K, V> {
    pub(crate) fn new() -> Self {
        Shards { shards: (0..SHARDS).map(|_| HashTable::new()).collect() }
    }

    /// What is held of a key, the default if nothing was.
    #[inline]
    pub(crate) fn entry(&mut self, key: K) -> &mut V {
        let hash_of = hash(&key);
        // The lowest bits choose a bucket and the highest tell its neighbours apart; these are free.
        let shard = &mut self.shards[(hash_of >> 40) as usize % SHARDS];
        let entry = shard.entry(hash_of, |(held, _)| *held == key, |(held, _)| hash(held));
        &mut entry.or_insert_with(|| (key, V::default())).into_mut().1
    }
}
