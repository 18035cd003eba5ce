//! A large map that never grows all at once, and is quick where neighbours are used together.

use std::hash::Hash;

use hashbrown::HashTable;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::KappaError;
use crate::flow::fold::{SteadyMap, hash};
use crate::snapshot::{Home, Movable, Table, Taken, Written};

/// Enough that moving one shard's table into a larger one takes a millisecond where the whole would take a second.
const SHARDS: usize = 256;

/// Keys side by side on one page.
pub(crate) const SLOTS: usize = 16;

/// Pages in a row that lie in one shard, which the processor then has at hand.
const ROW: u32 = 10;

/// Keys that may share a slot before the others are looked up one by one.
const CROWD: usize = 8;

/// No entry.
const NONE: u32 = u32::MAX;

/// A page's number: a part of its own for each tag.
pub(crate) type PageKey = (u32, u64);

/// A key of large state.
pub(crate) trait Near: Copy + Eq + Hash {
    /// Its page and its slot there, below [`SLOTS`]. Keys that are used at about the same time should have one page, or
    /// neighbouring ones, and slots of their own. Nothing is wrong if they have not.
    fn place(&self) -> (PageKey, usize);
}

/// State by key. It grows shard by shard, so that no version waits for the whole of it.
pub(crate) struct Shards<K, V> {
    shards: Vec<Shard<K, V>>,
    /// The page used last, its shard, and its place there.
    recent: Option<(PageKey, usize, usize)>,
    saving: Option<Box<Saving<V>>>,
}

/// How far a snapshot has come. Entries stay where they are, so that a place tells which are written.
struct Saving<V> {
    /// Entries that each shard had when it began.
    lengths: Vec<usize>,
    /// The shard and the entry to be written next.
    next: (usize, usize),
    /// What has changed beyond that, as it was.
    aside: SteadyMap<(usize, usize), V>,
}

/// Entries lie close together in the order of their coming.
struct Shard<K, V> {
    numbers: HashTable<u32>,
    pages: Vec<Page>,
    entries: Vec<Entry<K, V>>,
    /// Those for whom there was no room in their slot.
    crowded: HashTable<u32>,
}

struct Page {
    key: PageKey,
    first: [u32; SLOTS],
}

struct Entry<K, V> {
    key: K,
    /// The next in the same slot.
    next: u32,
    value: V,
}

impl<K: Near, V: Default + Clone> Shards<K, V> {
    pub(crate) fn new() -> Self {
        Shards { shards: (0..SHARDS).map(|_| Shard::new()).collect(), recent: None, saving: None }
    }

    /// What is held of a key, the default if nothing was.
    #[inline]
    pub(crate) fn entry(&mut self, key: K) -> &mut V {
        let (page, slot) = key.place();
        let (shard, page) = match self.recent {
            Some((recent, shard, place)) if recent == page => (shard, place),
            _ => self.turn_to(page),
        };
        let entry = self.shards[shard].entry(page, slot, key);
        if self.saving.is_some() {
            self.put_aside(shard, entry);
        }
        &mut self.shards[shard].entries[entry].value
    }

    #[cold]
    fn put_aside(&mut self, shard: usize, entry: usize) {
        let Some(saving) = &mut self.saving else { return };
        if entry < saving.lengths[shard] && (shard, entry) >= saving.next {
            let held = &self.shards[shard].entries[entry];
            saving.aside.entry((shard, entry)).or_insert_with(|| held.value.clone());
        }
    }

    fn turn_to(&mut self, page: PageKey) -> (usize, usize) {
        let shard = hash(&(page.0, page.1 >> ROW)) as usize % SHARDS;
        let place = self.shards[shard].page(page);
        self.recent = Some((page, shard, place));
        (shard, place)
    }
}

impl<K: Near, V: Default> Shard<K, V> {
    fn new() -> Self {
        let (numbers, crowded) = (HashTable::new(), HashTable::new());
        Shard { numbers, pages: Vec::new(), entries: Vec::new(), crowded }
    }

    fn page(&mut self, key: PageKey) -> usize {
        let Shard { numbers, pages, .. } = self;
        let same = |page: &u32| pages[*page as usize].key == key;
        let number = numbers.entry(hash(&key), same, |page| hash(&pages[*page as usize].key));
        let new = number_of(pages);
        let page = *number.or_insert(new).get();
        if page == new {
            pages.push(Page { key, first: [NONE; SLOTS] });
        }
        page as usize
    }

    #[inline]
    fn entry(&mut self, page: usize, slot: usize, key: K) -> usize {
        let first = self.pages[page].first[slot];
        let (mut found, mut passed) = (first, 0);
        while found != NONE && self.entries[found as usize].key != key {
            found = self.entries[found as usize].next;
            passed += 1;
        }
        if found == NONE && passed == CROWD {
            return self.crowded(key);
        }
        if found == NONE {
            found = number_of(&self.entries);
            self.pages[page].first[slot] = found;
            if self.entries.len() == self.entries.capacity() {
                // By half, not twofold: the entries are most of what a worker keeps.
                self.entries.reserve_exact((self.entries.len() / 2).max(SLOTS));
            }
            self.entries.push(Entry { key, next: first, value: V::default() });
        }
        found as usize
    }

    /// The entry of a key whose slot is full of others.
    fn crowded(&mut self, key: K) -> usize {
        let Shard { entries, crowded, .. } = self;
        let same = |entry: &u32| entries[*entry as usize].key == key;
        let place = crowded.entry(hash(&key), same, |entry| hash(&entries[*entry as usize].key));
        let new = number_of(entries);
        let place = *place.or_insert(new).get();
        if place == new {
            entries.push(Entry { key, next: NONE, value: V::default() });
        }
        place as usize
    }
}

impl<K, V> Table for Shards<K, V>
where
    K: Near + Movable + Serialize + DeserializeOwned,
    V: Default + Clone + Serialize + DeserializeOwned,
{
    fn begin(&mut self) {
        let lengths = self.shards.iter().map(|shard| shard.entries.len()).collect();
        self.saving = Some(Box::new(Saving { lengths, next: (0, 0), aside: SteadyMap::default() }));
    }

    fn write(&mut self, rows: &mut Written) -> bool {
        let Some(saving) = &mut self.saving else { return false };
        while let Some(length) = saving.lengths.get(saving.next.0) {
            let (shard, entry) = saving.next;
            if entry == *length {
                saving.next = (shard + 1, 0);
                continue;
            }
            saving.next = (shard, entry + 1);
            let held = &self.shards[shard].entries[entry];
            let aside = if saving.aside.is_empty() { None } else { saving.aside.remove(&(shard, entry)) };
            if !rows.put(&(held.key, aside.as_ref().unwrap_or(&held.value))) {
                return true;
            }
        }
        self.saving = None;
        false
    }

    fn take_up(&mut self, rows: &mut Taken<'_>, home: &Home) -> Result<(), KappaError> {
        while let Some((key, value)) = rows.next::<(K, V)>()? {
            if let Some(key) = key.moved(home) {
                *self.entry(key) = value;
            }
        }
        Ok(())
    }
}

fn number_of<T>(list: &[T]) -> u32 {
    u32::try_from(list.len()).expect("a shard holds fewer than 2^32 entries")
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    impl Near for (u8, u16) {
        fn place(&self) -> (PageKey, usize) {
            ((0, u64::from(self.1 >> 4)), usize::from(self.1) % SLOTS)
        }
    }

    proptest! {
        #[test]
        fn every_key_has_what_was_put_there(keys in proptest::collection::vec((0..40_u8, 0..50_u16), 0..2_000)) {
            let mut shards = Shards::new();
            let mut truth = HashMap::new();
            for (number, key) in (1..).zip(keys) {
                prop_assert_eq!(*shards.entry(key), truth.insert(key, number).unwrap_or(0));
                *shards.entry(key) = number;
            }
        }
    }
}
