//! Pages of slots, and in each slot a chain of what its keys have.

use std::collections::VecDeque;

use hashbrown::HashTable;

use super::blocks::Blocks;
use crate::flow::fold::hash;

/// Enough that moving the numbers of one into a larger table takes a fraction of a millisecond.
const SHARDS: usize = 256;

/// Pages in a row whose places one shard has, which the processor then has at hand.
const ROW: u32 = 10;

/// Keys side by side on one page.
pub(super) const SLOTS: usize = 16;

/// Values in a slot before further ones go to a page beside.
const CROWD: usize = 8;

/// Oldest pages that are looked at before the younger ones are taken to hold nothing to be forgotten either.
const LOOKS: usize = 4;

/// No place.
pub(super) const NONE: u32 = u32::MAX;

/// Which page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct PageKey {
    pub(super) lead: u32,
    /// 0 for the page of [`SLOTS`] numbers; above it a page beside, of one number and as many neighbours in `rest`.
    pub(super) beside: u32,
    /// What its numbers have in common, or the one number.
    pub(super) number: u64,
}

/// Pages by key. They and what lies there grow without being moved; their places are kept in shards.
pub(super) struct Pages<V> {
    /// With a part of each key's hash, so that no other page is looked at, and none when a shard grows.
    shards: Vec<HashTable<(u32, u32)>>,
    pub(super) pages: Blocks<Page>,
    pub(super) items: Blocks<Item<V>>,
    /// Pages in about the order in which they were opened.
    order: VecDeque<u32>,
}

pub(super) struct Page {
    pub(super) key: PageKey,
    /// A bit for each slot of which something is held aside.
    pub(super) marked: u16,
    /// A bit for each slot of which something may lie on pages beside.
    spilled: u16,
    pub(super) first: [u32; SLOTS],
}

/// A value, and of which key: the page and the slot say the rest.
pub(super) struct Item<V> {
    pub(super) rest: u32,
    /// The next in the same slot.
    pub(super) next: u32,
    pub(super) value: V,
}

/// What came of forgetting on one page.
struct Forgotten {
    some: bool,
    /// Nothing is left that needs the page.
    empty: bool,
}

impl PageKey {
    fn shard(&self) -> usize {
        hash(&(self.lead, self.number >> ROW, self.beside)) as usize % SHARDS
    }

    fn part(&self) -> u32 {
        hash(self) as u32
    }
}

/// The hash that a part of one stands for.
fn whole(part: u32) -> u64 {
    hash(&part)
}

impl<V> Pages<V> {
    pub(super) fn new() -> Self {
        let shards = (0..SHARDS).map(|_| HashTable::new()).collect();
        Pages { shards, pages: Blocks::default(), items: Blocks::default(), order: VecDeque::new() }
    }
}

impl Page {
    pub(super) fn is_spilled(&self, slot: usize) -> bool {
        self.spilled >> slot & 1 == 1
    }

    pub(super) fn is_marked(&self, slot: usize) -> bool {
        self.marked >> slot & 1 == 1
    }
}

impl<V> Pages<V> {
    /// A page, if there is one.
    pub(super) fn find(&self, key: &PageKey) -> Option<u32> {
        let part = key.part();
        let same = |(other, page): &(u32, u32)| *other == part && self.pages[*page].key == *key;
        self.shards[key.shard()].find(whole(part), same).map(|(_, page)| *page)
    }

    /// A page, which is opened if there is none; whether it was.
    pub(super) fn open(&mut self, key: PageKey, fill: bool) -> (u32, bool) {
        if let Some(page) = self.find(&key) {
            return (page, false);
        }
        let Pages { shards, pages, order, .. } = self;
        let page = pages.put(Page { key, marked: 0, spilled: 0, first: [NONE; SLOTS] }, fill);
        let part = key.part();
        shards[key.shard()].insert_unique(whole(part), (part, page), |(part, _)| whole(*part));
        order.push_back(page);
        (page, true)
    }

    /// What a slot has.
    pub(super) fn chain(&self, page: u32, slot: usize) -> impl Iterator<Item = (u32, &Item<V>)> {
        let mut next = self.pages[page].first[slot];
        std::iter::from_fn(move || {
            if next == NONE {
                return None;
            }
            let (place, item) = (next, &self.items[next]);
            next = item.next;
            Some((place, item))
        })
    }

    /// Whether a slot takes nothing more, and so what is to come goes to a page beside.
    #[inline]
    pub(super) fn is_full(&mut self, page: u32, slot: usize) -> bool {
        let full = self.pages[page].key.beside == 0 && self.chain(page, slot).take(CROWD).count() == CROWD;
        if full {
            self.pages[page].spilled |= 1 << slot;
        }
        full
    }

    /// Puts a value into a slot; says where it lies.
    #[inline]
    pub(super) fn push(&mut self, page: u32, slot: usize, (rest, value): (u32, V), fill: bool) -> u32 {
        let first = &mut self.pages[page].first[slot];
        *first = self.items.put(Item { rest, next: *first, value }, fill);
        *first
    }

    /// Forgets, on the oldest pages, what `old` says, and looks at no more than `room` pages. Says at how many it
    /// looked, and whether some page is gone of which something is held aside.
    pub(super) fn forget(
        &mut self,
        room: usize,
        old: &mut impl FnMut(&PageKey, usize, &Item<V>) -> bool,
    ) -> (usize, bool) {
        let (mut looks, mut idle, mut gaps, mut fresh) = (0, 0, false, self.order.len());
        while looks < room && idle < LOOKS.min(fresh) {
            let page = self.order[idle];
            looks += 1;
            let forgotten = self.forget_on(page, old);
            if !forgotten.some && !forgotten.empty {
                idle += 1;
                continue;
            }
            // Those before it hold something that is not old, and have had their turn.
            fresh -= idle + 1;
            self.order.rotate_left(idle);
            self.order.pop_front();
            idle = 0;
            if forgotten.empty {
                gaps |= self.close(page);
            } else {
                self.order.push_back(page);
            }
        }
        if idle == LOOKS {
            // So that some other stands first the next time.
            self.order.rotate_left(1);
        }
        (looks, gaps)
    }

    fn forget_on(&mut self, page: u32, old: &mut impl FnMut(&PageKey, usize, &Item<V>) -> bool) -> Forgotten {
        let Pages { pages, items, .. } = self;
        let page = &mut pages[page];
        let mut some = false;
        for slot in 0..SLOTS {
            let (mut place, mut before) = (page.first[slot], NONE);
            while place != NONE {
                let next = items[place].next;
                if old(&page.key, slot, &items[place]) {
                    match before {
                        NONE => page.first[slot] = next,
                        before => items[before].next = next,
                    }
                    items.give_up(place);
                    some = true;
                } else {
                    before = place;
                }
                place = next;
            }
        }
        Forgotten { some, empty: page.spilled == 0 && page.first == [NONE; SLOTS] }
    }

    /// Closes an empty page; whether something is held aside of it.
    fn close(&mut self, page: u32) -> bool {
        let Pages { shards, pages, .. } = self;
        let Page { key, marked, .. } = &pages[page];
        if let Ok(entry) = shards[key.shard()].find_entry(whole(key.part()), |held| held.1 == page) {
            entry.remove();
        }
        let marked = *marked != 0;
        pages.give_up(page);
        marked
    }
}
