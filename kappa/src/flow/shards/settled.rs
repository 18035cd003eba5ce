//! Keys of which nothing more need be known than that they are among these, in few bytes each.

use std::collections::BTreeMap;

use super::Spot;
use super::pages::SLOTS;

/// Numbers of one group differ in so many of their last bits.
const BITS: u32 = 8;

/// Keys that a group takes. It is put together anew for each of them.
const FULL: usize = 4096;

/// Room that is made at once: most of what is kept here is never added to again.
const ROOM: usize = 4;

/// The keys, in groups of neighbours.
#[derive(Default)]
pub(super) struct Settled {
    /// In each group in ascending order: the last bits of the number, and the rest.
    groups: BTreeMap<(u32, u64), Vec<u64>>,
}

fn split(spot: &Spot) -> ((u32, u64), u64) {
    let low = spot.number & ((1 << BITS) - 1);
    ((spot.lead, spot.number >> BITS), low << 32 | u64::from(spot.rest))
}

fn join((lead, group): (u32, u64), key: u64) -> Spot {
    Spot { lead, number: group << BITS | key >> 32, rest: key as u32 }
}

impl Settled {
    /// Takes a key; false when there is no room for it.
    pub(super) fn insert(&mut self, spot: &Spot) -> bool {
        let (group, key) = split(spot);
        let keys = self.groups.entry(group).or_default();
        match keys.binary_search(&key) {
            Ok(_) => true,
            Err(_) if keys.len() == FULL => false,
            Err(at) => {
                if keys.len() == keys.capacity() {
                    keys.reserve_exact(ROOM + keys.len() / ROOM);
                }
                keys.insert(at, key);
                true
            }
        }
    }

    pub(super) fn contains(&self, spot: &Spot) -> bool {
        let (group, key) = split(spot);
        self.groups.get(&group).is_some_and(|keys| keys.binary_search(&key).is_ok())
    }

    /// A bit for each slot of the page that begins at `first` of which a key is here.
    pub(super) fn slots(&self, first: &Spot) -> u16 {
        let (group, key) = split(first);
        let keys =
            self.groups.get(&group).map_or(&[][..], |keys| &keys[keys.partition_point(|it| *it < key)..]);
        let slots = keys.iter().map(|it| (it >> 32) - (key >> 32));
        slots.take_while(|slot| *slot < SLOTS as u64).fold(0, |slots, slot| slots | 1 << slot)
    }

    /// The keys after this one, all of them without one, in their order.
    pub(super) fn after(&self, last: Option<Spot>) -> impl Iterator<Item = Spot> + '_ {
        let groups = self.groups.range(last.map_or((0, 0), |last| split(&last).0)..);
        let all = groups.flat_map(|(group, keys)| keys.iter().map(|key| join(*group, *key)));
        all.skip_while(move |spot| last.is_some_and(|last| *spot <= last))
    }
}
