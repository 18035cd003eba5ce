//! A large hash map that never grows all at once.

use std::hash::Hash;

use hashbrown::HashTable;

use crate::fold::hash;

/// Enough that moving one shard into a larger table takes a few milliseconds where the whole would take a second.
const SHARDS: usize = 256;

/// A key of large state.
pub(crate) trait Near: Copy + Eq + Hash {
    /// The same for keys that are used at about the same time: they lie in one shard, which the processor then has at
    /// hand.
    fn stretch(&self) -> u64;
}

/// State by key. It doubles shard by shard, so that no version waits for the whole of it.
pub(crate) struct Shards<K, V> {
    shards: Vec<Shard<K, V>>,
}

/// Entries lie close together in the order of their coming; the table, which must keep room, holds only where.
struct Shard<K, V> {
    places: HashTable<u32>,
    entries: Vec<(K, V)>,
}

impl<K: Near, V: Default> Shards<K, V> {
    pub(crate) fn new() -> Self {
        let shard = || Shard { places: HashTable::new(), entries: Vec::new() };
        Shards { shards: (0..SHARDS).map(|_| shard()).collect() }
    }

    /// What is held of a key, the default if nothing was.
    #[inline]
    pub(crate) fn entry(&mut self, key: K) -> &mut V {
        let hash_of = hash(&key);
        let Shard { places, entries } = &mut self.shards[hash(&key.stretch()) as usize % SHARDS];
        let same = |place: &u32| entries[*place as usize].0 == key;
        let place = places.entry(hash_of, same, |place| hash(&entries[*place as usize].0));
        let new = u32::try_from(entries.len()).expect("a shard holds fewer than 2^32 entries");
        let place = *place.or_insert(new).get();
        if place == new {
            entries.push((key, V::default()));
        }
        &mut entries[place as usize].1
    }
}
