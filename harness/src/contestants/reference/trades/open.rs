//! The trades that a mark can still name, as dense as they come.

use hashbrown::HashTable;
use workloads::{Millis, Origin, Place};

/// Neighbouring sequence numbers of one source that share a page: those of a frame, as a rule.
const PAGE: usize = 16;

/// No entry.
const NONE: u32 = u32::MAX;

/// What is in force of a trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) price: i64,
    pub(super) volume: i64,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Trade {
    pub(super) value: Value,
    pub(super) time: Millis,
    pub(super) place: Place,
}

/// A correction; ordered as corrections compete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Correction {
    pub(super) time: Millis,
    pub(super) place: Place,
    pub(super) price: i64,
    pub(super) volume: i64,
}

/// What an origin of a symbol refers to: one trade as a rule, more where resends count.
#[derive(Clone, Debug, Default)]
pub(super) struct Named {
    pub(super) first: Option<Trade>,
    pub(super) more: Option<Box<More>>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct More {
    pub(super) trades: Vec<Trade>,
    /// Earliest bust: with a horizon it is the one that acts on most.
    pub(super) busted: Option<Millis>,
    pub(super) corrections: Vec<Correction>,
}

/// Entries lie in the order of their coming and are found through pages of neighbouring sequence numbers, so that the
/// trades of one moment are looked up in one place.
#[derive(Clone, Debug, Default)]
pub(super) struct Open {
    entries: Vec<Entry>,
    numbers: HashTable<u32>,
    pages: Vec<Page>,
    /// The page used last.
    recent: u32,
}

#[derive(Clone, Debug)]
struct Entry {
    symbol: u32,
    /// Another symbol's entry under the same origin.
    next: u32,
    named: Named,
}

#[derive(Clone, Debug)]
struct Page {
    source: u32,
    number: u64,
    first: [u32; PAGE],
}

impl More {
    pub(super) fn in_force(&self, trade: Trade, horizon: Option<Millis>) -> Option<Value> {
        let limit = horizon.map_or(Millis::MAX, |horizon| trade.time.saturating_add(horizon));
        if self.busted.is_some_and(|time| time <= limit) {
            return None;
        }
        let holds = self.corrections.iter().filter(|correction| correction.time <= limit).max();
        Some(holds.map_or(trade.value, |it| Value { price: it.price, volume: it.volume }))
    }
}

impl Named {
    pub(super) fn push(&mut self, trade: Trade) {
        match self.first {
            None => self.first = Some(trade),
            Some(_) => self.more.get_or_insert_default().trades.push(trade),
        }
    }

    pub(super) fn values(&self, horizon: Option<Millis>) -> Vec<(Trade, Value)> {
        let trades = self.first.iter().chain(self.more.iter().flat_map(|more| &more.trades));
        trades.filter_map(|trade| Some((*trade, self.in_force(*trade, horizon)?))).collect()
    }

    pub(super) fn in_force(&self, trade: Trade, horizon: Option<Millis>) -> Option<Value> {
        self.more.as_ref().map_or(Some(trade.value), |more| more.in_force(trade, horizon))
    }
}

impl Open {
    /// What an origin of a symbol refers to; from now on there is an entry for it.
    pub(super) fn entry(&mut self, symbol: u32, origin: Origin) -> &mut Named {
        let page = self.page(origin.source, origin.sequence / PAGE as u64);
        let link = &mut self.pages[page as usize].first[origin.sequence as usize % PAGE];
        let (new, first) = (self.entries.len() as u32, *link);
        let mut found = first;
        while found != NONE && self.entries[found as usize].symbol != symbol {
            found = self.entries[found as usize].next;
        }
        if found == NONE {
            *link = new;
            found = new;
            self.entries.push(Entry { symbol, next: first, named: Named::default() });
        }
        &mut self.entries[found as usize].named
    }

    fn page(&mut self, source: u32, number: u64) -> u32 {
        let same = |page: &Page| page.source == source && page.number == number;
        if self.pages.get(self.recent as usize).is_some_and(same) {
            return self.recent;
        }
        let pages = &mut self.pages;
        let new = pages.len() as u32;
        let hash_of = |page: &u32| hash(pages[*page as usize].source, pages[*page as usize].number);
        let is = |page: &u32| same(&pages[*page as usize]);
        let page = *self.numbers.entry(hash(source, number), is, hash_of).or_insert(new).get();
        if page == new {
            pages.push(Page { source, number, first: [NONE; PAGE] });
        }
        self.recent = page;
        page
    }
}

/// Numbers in a row need no more than to be spread over all bits.
fn hash(source: u32, number: u64) -> u64 {
    let product = u128::from(number ^ u64::from(source) << 32) * 0x9e37_79b9_7f4a_7c15_u128;
    (product as u64) ^ ((product >> 64) as u64)
}
