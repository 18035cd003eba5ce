//! A large multimap that never grows all at once, is quick where neighbours are used together, and forgets what is old.
//!
//! A key is three numbers. Those that are alike but for the last bits of one of them share a page, which says the rest of
//! the key: so a value lies there with no more of its key than the page does not say. What few keys have is held aside,
//! in a tree, and outlives the page.

use std::marker::PhantomData;

use workloads::Millis;

use crate::snapshot::Ordered;

mod blocks;
mod pages;
mod saving;
mod settled;
#[cfg(test)]
mod tests;

use pages::{Item, PageKey, Pages, SLOTS};
use saving::Saving;
use settled::Settled;

/// Pages that are looked at in one turn of forgetting, and one more for so many values that came since the last turn: some
/// have fewer values than they have slots.
const LOOKS: (usize, usize) = (64, 4);

/// Pages whose places are at hand.
const RECENT: usize = 16;

/// A key as numbers. Keys that are used at about the same time should differ in the last bits of `number` alone. Nothing
/// is wrong if they do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Spot {
    pub(crate) lead: u32,
    pub(crate) number: u64,
    pub(crate) rest: u32,
}

/// A key of large state.
pub(crate) trait Near: Copy {
    /// The key as numbers, each key as others.
    fn spot(self) -> Spot;
    /// The key of these numbers.
    fn at(spot: Spot) -> Self;
}

/// Values by key, any number of them each, and of few keys something held aside.
pub(crate) struct Shards<K, V, A = ()> {
    pages: Pages<V>,
    aside: Ordered<Spot, A>,
    /// Keys that have `last` aside for ever.
    settled: Settled,
    last: A,
    /// Whether something may be held aside of a page that was closed.
    closed: bool,
    /// Pages used last, and their places: several, as neighbours in time may alternate between some pages.
    recent: [Option<(PageKey, u32)>; RECENT],
    saving: Option<Box<Saving<V>>>,
    sweep: Sweep,
    keys: PhantomData<K>,
}

/// How far the forgetting has come.
struct Sweep {
    /// Whether a round over the pages is under way.
    begun: bool,
    /// Where a round over what is held aside has come to, if one is under way.
    aside: Option<Spot>,
    /// How far time had come when the last round was begun.
    before: Millis,
    /// Values that came since the last turn.
    came: usize,
}

/// What is held of one key.
pub(crate) struct Leaf<'a, K, V, A> {
    all: &'a mut Shards<K, V, A>,
    spot: Spot,
    page: u32,
}

impl Spot {
    fn slot(&self) -> usize {
        self.number as usize % SLOTS
    }

    fn page(&self) -> PageKey {
        PageKey { lead: self.lead, beside: 0, number: self.number / SLOTS as u64 }
    }

    /// The page for it when that one is full, and the slot there.
    fn beside(&self) -> (PageKey, usize) {
        let beside = 1 + self.rest / SLOTS as u32;
        (PageKey { lead: self.lead, beside, number: self.number }, self.rest as usize % SLOTS)
    }

    /// Where a value lies.
    fn of(page: &PageKey, slot: usize, rest: u32) -> Self {
        let number = if page.beside == 0 { page.number * SLOTS as u64 + slot as u64 } else { page.number };
        Spot { lead: page.lead, number, rest }
    }
}

impl PageKey {
    /// Where its place is at hand. Numbers count up in their last bits, and some in their first too.
    fn turn(&self) -> usize {
        (self.number ^ self.number >> 54) as usize % RECENT
    }
}

impl<K: Near, V: Copy, A: Clone> Shards<K, V, A> {
    /// Nothing yet. `last` is what a key can have aside at last, when nothing else can come of it any more.
    pub(crate) fn new(last: A) -> Self {
        Shards {
            pages: Pages::new(),
            aside: Ordered::default(),
            settled: Settled::default(),
            last,
            closed: false,
            recent: [None; RECENT],
            saving: None,
            sweep: Sweep { begun: false, aside: None, before: Millis::MIN, came: 0 },
            keys: PhantomData,
        }
    }

    /// What is held of a key.
    #[inline]
    pub(crate) fn at(&mut self, key: K) -> Leaf<'_, K, V, A> {
        let spot = key.spot();
        let key = spot.page();
        let page = match self.recent[key.turn()] {
            Some((recent, page)) if recent == key => page,
            _ => self.turn_to(key),
        };
        Leaf { all: self, spot, page }
    }

    fn turn_to(&mut self, key: PageKey) -> u32 {
        let (page, new) = self.pages.open(key, self.saving.is_none());
        if new && self.closed {
            let spot = |slot, rest| Spot::of(&key, slot, rest);
            let aside = self.aside.range(spot(0, 0)..=spot(SLOTS - 1, u32::MAX));
            let marked = aside.fold(0, |marked, (spot, _)| marked | 1 << spot.slot());
            self.pages.pages[page].marked = marked | self.settled.slots(&spot(0, 0));
        }
        self.recent[key.turn()] = Some((key, page));
        page
    }

    /// Forgets some of the values that `old` says are, unless a snapshot is being taken: whatever is old is gone some turns
    /// later. Of what is held aside, that of which `done` says so becomes what it can be at last.
    ///
    /// `before` says how far time has come; a new round is begun when it has come further by `stride`.
    pub(crate) fn forget(
        &mut self,
        (before, stride): (Millis, Millis),
        mut old: impl FnMut(K, &V) -> bool,
        done: impl Fn(&A) -> bool,
    ) {
        let Sweep { begun, before: then, came, aside } = &mut self.sweep;
        if self.saving.is_some() {
            return;
        }
        if before >= then.saturating_add(stride) {
            (*begun, *then) = (true, before);
            aside.get_or_insert(Spot { lead: 0, number: 0, rest: 0 });
        }
        let room = LOOKS.0 + std::mem::take(came) / LOOKS.1;
        if *begun {
            let mut old = |page: &PageKey, slot: usize, item: &Item<V>| {
                old(K::at(Spot::of(page, slot, item.rest)), &item.value)
            };
            let (looked, closed) = self.pages.forget(room, &mut old);
            self.closed |= closed;
            self.recent = [None; RECENT];
            *begun = looked == room;
        }
        self.settle(room, done);
    }

    /// Looks at so much of what is held aside, and settles what is done.
    fn settle(&mut self, room: usize, done: impl Fn(&A) -> bool) {
        let Some(from) = self.sweep.aside else { return };
        let some: Vec<(Spot, bool)> =
            self.aside.range(from..).take(room).map(|(spot, aside)| (*spot, done(aside))).collect();
        self.sweep.aside = some.last().map(|(last, _)| *last).filter(|_| some.len() == room);
        for (spot, _) in some.into_iter().filter(|(_, done)| *done) {
            if self.settled.insert(&spot) {
                self.aside.change(&spot).remove(&spot);
            }
        }
    }
}

impl<'a, K: Near, V: Copy, A: Clone> Leaf<'a, K, V, A> {
    /// What is held aside.
    #[inline]
    pub(crate) fn aside(&self) -> Option<&A> {
        let page = &self.all.pages.pages[self.page];
        if !page.is_marked(self.spot.slot()) {
            return None;
        }
        let settled = || self.all.settled.contains(&self.spot).then_some(&self.all.last);
        self.all.aside.get(&self.spot).or_else(settled)
    }

    /// What is held aside, to be changed; the default if nothing was.
    pub(crate) fn hold_aside(&mut self) -> &mut A
    where
        A: Default,
    {
        self.all.pages.pages[self.page].marked |= 1 << self.spot.slot();
        let Shards { aside, settled, last, .. } = &mut *self.all;
        let first = || if settled.contains(&self.spot) { last.clone() } else { A::default() };
        aside.change(&self.spot).entry(self.spot).or_insert_with(first)
    }

    /// The values, in no order.
    pub(crate) fn values(&self) -> impl Iterator<Item = V> + '_ {
        self.places().map(|(_, value)| *value)
    }

    /// The values and where they lie.
    fn places(&self) -> impl Iterator<Item = (u32, &V)> {
        let (pages, spot) = (&self.all.pages, self.spot);
        let here = pages.chain(self.page, spot.slot());
        let spilled = pages.pages[self.page].is_spilled(spot.slot());
        let (key, slot) = spot.beside();
        let beside = if spilled { pages.find(&key) } else { None };
        let beside = beside.into_iter().flat_map(move |page| pages.chain(page, slot));
        let all = here.chain(beside).filter(move |(_, item)| item.rest == spot.rest);
        all.map(|(place, item)| (place, &item.value))
    }

    /// Holds a further value; says where it lies.
    #[inline]
    pub(crate) fn push(&mut self, value: V) -> u32 {
        let (spot, fill) = (self.spot, self.all.saving.is_none());
        self.all.sweep.came += 1;
        let pages = &mut self.all.pages;
        if !pages.is_full(self.page, spot.slot()) {
            return pages.push(self.page, spot.slot(), (spot.rest, value), fill);
        }
        let (key, slot) = spot.beside();
        let (page, _) = pages.open(key, fill);
        pages.push(page, slot, (spot.rest, value), fill)
    }

    /// The value of a key that never has more than one, the default if it had none.
    #[inline]
    pub(crate) fn value(mut self) -> &'a mut V
    where
        V: Default,
    {
        let found = self.places().next().map(|(place, _)| place);
        let place = found.unwrap_or_else(|| self.push(V::default()));
        if self.all.saving.is_some() {
            self.all.put_aside(place);
        }
        let Leaf { all, .. } = self;
        &mut all.pages.items[place].value
    }
}
