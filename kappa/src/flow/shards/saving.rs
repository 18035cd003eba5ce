//! Taking a snapshot of it, page by page, and taking one up.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::pages::SLOTS;
use super::{Near, Shards, Spot};
use crate::error::KappaError;
use crate::flow::fold::SteadyMap;
use crate::snapshot::{Home, Movable, Table, Taken, Written};

/// How far a snapshot has come. Nothing moves meanwhile and no gap is filled, so that a place tells what is written.
pub(super) struct Saving<V> {
    /// Places of pages and of values that there were when it began.
    lengths: (u32, u32),
    /// The page to be written next.
    next: u32,
    /// Values that have changed, as they were.
    changed: SteadyMap<u32, V>,
    /// The last key written of those that are settled. There come no others meanwhile.
    settled: Option<Spot>,
}

/// A row of a snapshot.
#[derive(Serialize, Deserialize)]
enum Held<V, A> {
    Value(V),
    Aside(A),
    Settled,
}

impl<K: Near, V, A> Shards<K, V, A> {
    /// Something is held aside of a key. Of many nothing else is held any more: no page is opened for them.
    fn mark(&mut self, key: K) -> Spot {
        self.closed = true;
        let spot = key.spot();
        if let Some(page) = self.pages.find(&spot.page()) {
            self.pages.pages[page].marked |= 1 << spot.slot();
        }
        spot
    }
}

impl<K, V: Copy, A> Shards<K, V, A> {
    /// A value is about to change.
    #[cold]
    pub(super) fn put_aside(&mut self, place: u32) {
        let Some(saving) = &mut self.saving else { return };
        // Whatever is held aside, all values were written before.
        if place < saving.lengths.1 && saving.next < saving.lengths.0 {
            saving.changed.entry(place).or_insert(self.pages.items[place].value);
        }
    }
}

impl<K, V, A> Shards<K, V, A>
where
    K: Near + Serialize,
    V: Copy + Serialize,
    A: Serialize,
{
    /// Writes some more of the keys that are settled; whether some are left.
    fn write_settled(&self, saving: &mut Saving<V>, rows: &mut Written) -> bool {
        for spot in self.settled.after(saving.settled) {
            saving.settled = Some(spot);
            if !rows.put(&(K::at(spot), Held::<V, A>::Settled)) {
                return true;
            }
        }
        false
    }

    /// Writes what a page had; whether there is room for more.
    fn write_page(&self, saving: &mut Saving<V>, page: u32, rows: &mut Written) -> bool {
        let (key, mut room) = (&self.pages.pages[page].key, true);
        for slot in 0..SLOTS {
            for (place, item) in self.pages.chain(page, slot).filter(|(place, _)| *place < saving.lengths.1) {
                let changed = if saving.changed.is_empty() { None } else { saving.changed.remove(&place) };
                let value = Held::<V, A>::Value(changed.unwrap_or(item.value));
                room = rows.put(&(K::at(Spot::of(key, slot, item.rest)), value));
            }
        }
        room
    }
}

impl<K, V, A> Table for Shards<K, V, A>
where
    K: Near + Movable + Serialize + DeserializeOwned,
    V: Copy + Serialize + DeserializeOwned,
    A: Clone + Default + Serialize + DeserializeOwned,
{
    fn begin(&mut self) {
        let lengths = (self.pages.pages.length(), self.pages.items.length());
        self.saving =
            Some(Box::new(Saving { lengths, next: 0, changed: SteadyMap::default(), settled: None }));
        self.aside.begin();
    }

    fn write(&mut self, rows: &mut Written) -> bool {
        let Some(mut saving) = self.saving.take() else { return false };
        while saving.next < saving.lengths.0 {
            let page = saving.next;
            saving.next += 1;
            if !self.write_page(&mut saving, page, rows) {
                self.saving = Some(saving);
                return true;
            }
        }
        let left = self.aside.write(|spot, aside| rows.put(&(K::at(*spot), Held::<V, _>::Aside(aside))));
        let left = left || self.write_settled(&mut saving, rows);
        self.saving = left.then_some(saving);
        left
    }

    fn take_up(&mut self, rows: &mut Taken<'_>, home: &Home) -> Result<(), KappaError> {
        // A value is one worker's; of what is aside all are told.
        let told = home.told();
        while let Some((key, held)) = rows.next::<(K, Held<V, A>)>()? {
            let home = if matches!(held, Held::Value(_)) { home } else { &told };
            let Some(key) = key.moved(home) else { continue };
            match held {
                Held::Value(value) => _ = self.at(key).push(value),
                Held::Aside(aside) => {
                    let spot = self.mark(key);
                    *self.aside.entry(spot) = aside;
                }
                Held::Settled => {
                    let spot = self.mark(key);
                    if !self.settled.insert(&spot) {
                        *self.aside.entry(spot) = self.last.clone();
                    }
                }
            }
        }
        Ok(())
    }
}
