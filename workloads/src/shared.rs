//! Collections that the forks of an oracle share until one of them writes, a piece at a time.

use std::hash::Hash;
use std::sync::Arc;

use hashbrown::HashMap;

/// Items in a page: little to copy for one change, few pages to share.
const PAGE: usize = 512;

/// A list that only grows, in which items are replaced.
#[derive(Clone, Debug)]
pub(crate) struct Pages<T> {
    pages: Vec<Arc<Vec<T>>>,
    len: usize,
}

impl<T: Copy> Pages<T> {
    pub(crate) fn new() -> Self {
        Pages { pages: Vec::new(), len: 0 }
    }

    /// The number that the next item gets.
    pub(crate) fn next(&self) -> u32 {
        u32::try_from(self.len).expect("an oracle is fed fewer than four billion records")
    }

    pub(crate) fn push(&mut self, item: T) {
        if self.len.is_multiple_of(PAGE) {
            self.pages.push(Arc::new(Vec::with_capacity(PAGE)));
        }
        self.len += 1;
        Arc::make_mut(self.pages.last_mut().expect("a page was just made")).push(item);
    }

    pub(crate) fn get(&self, number: u32) -> T {
        self.pages[number as usize / PAGE][number as usize % PAGE]
    }

    pub(crate) fn set(&mut self, number: u32, item: T) {
        Arc::make_mut(&mut self.pages[number as usize / PAGE])[number as usize % PAGE] = item;
    }
}

/// Number of shards, as a power of two.
const SHARDS: u32 = 12;
/// Neighbouring numbers that share a shard, as a power of two: what comes together is found together.
const NEIGHBOURS: u32 = 8;

/// A map in shards. Keys are spread by a number that each of them has, such as its running number.
#[derive(Clone, Debug)]
pub(crate) struct Shards<K, V> {
    shards: Vec<Option<Arc<HashMap<K, V>>>>,
}

impl<K: Hash + Eq + Clone, V: Copy> Shards<K, V> {
    pub(crate) fn new() -> Self {
        Shards { shards: vec![None; 1 << SHARDS] }
    }

    /// The value of `key`, whose number is `number`; `new` if it had none.
    pub(crate) fn entry(&mut self, number: u64, key: K, new: V) -> &mut V {
        let shard = self.shards[place(number)].get_or_insert_default();
        Arc::make_mut(shard).entry(key).or_insert(new)
    }

    /// The value of `key`, whose number is `number`, if it has one.
    pub(crate) fn get(&self, number: u64, key: &K) -> Option<V> {
        self.shards[place(number)].as_ref()?.get(key).copied()
    }

    /// Every key and its value, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.shards.iter().flatten().flat_map(|shard| shard.iter())
    }
}

/// The shard of a number.
fn place(number: u64) -> usize {
    let mixed = (number >> NEIGHBOURS).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> (64 - SHARDS)) as usize
}
