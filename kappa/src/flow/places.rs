//! Where keys lie in a list that is filled, handed on, and filled again.

use std::marker::PhantomData;

use hashbrown::HashTable;

use crate::flow::fold::{Update, hash};
use crate::flow::keys::{Key, Named};

/// No place.
const NONE: u32 = u32::MAX;

/// Room for so many times the keys of one list is not kept: to empty a table is to go through all of its room.
const SPARE: usize = 64;

/// The places of keys in a list.
pub trait Places<K>: Default + 'static {
    /// The place of a key; that of the next one if it has none, which it then gets.
    fn place<S>(&mut self, key: &K, list: &[Update<K, S>]) -> usize;
    /// Forgets all of them.
    fn forget<S>(&mut self, list: &[Update<K, S>]);
}

/// By hash.
#[derive(Debug)]
pub(crate) struct Hashed<K> {
    places: HashTable<u32>,
    key: PhantomData<K>,
}

/// By hash, but first where the number of the same name was found last: what changes together is of about one time.
#[derive(Debug)]
pub(crate) struct Timed<K> {
    last: Vec<u32>,
    places: Hashed<K>,
}

/// By number.
#[derive(Debug, Default)]
pub(crate) struct ByNumber {
    places: Vec<u32>,
}

impl<K> Default for Hashed<K> {
    fn default() -> Self {
        Hashed { places: HashTable::new(), key: PhantomData }
    }
}

impl<K> Default for Timed<K> {
    fn default() -> Self {
        Timed { last: Vec::new(), places: Hashed::default() }
    }
}

impl<K: Key> Places<K> for Timed<K> {
    #[inline]
    fn place<S>(&mut self, key: &K, list: &[Update<K, S>]) -> usize {
        let number = key.number().map_or(0, |number| number as usize);
        if number >= self.last.len() {
            self.last.resize(number + 1, NONE);
        }
        // It may be that of another time, or of a list before this one.
        let last = self.last[number] as usize;
        if list.get(last).is_some_and(|(other, _)| other == key) {
            return last;
        }
        let place = self.places.place(key, list);
        self.last[number] = place as u32;
        place
    }

    fn forget<S>(&mut self, list: &[Update<K, S>]) {
        self.places.forget(list);
    }
}

impl<K: Key> Places<K> for Hashed<K> {
    #[inline]
    fn place<S>(&mut self, key: &K, list: &[Update<K, S>]) -> usize {
        let same = |place: &u32| list[*place as usize].0 == *key;
        let place = self.places.entry(hash(key), same, |place| hash(&list[*place as usize].0));
        *place.or_insert(next(list)).get() as usize
    }

    fn forget<S>(&mut self, list: &[Update<K, S>]) {
        self.places.clear();
        if self.places.capacity() > SPARE * (list.len() + 1) {
            self.places.shrink_to(2 * list.len(), |_| 0);
        }
    }
}

impl Places<Named> for ByNumber {
    #[inline]
    fn place<S>(&mut self, Named(number): &Named, list: &[Update<Named, S>]) -> usize {
        let number = *number as usize;
        if number >= self.places.len() {
            self.places.resize(number + 1, NONE);
        }
        let place = &mut self.places[number];
        if *place == NONE {
            *place = next(list);
        }
        *place as usize
    }

    fn forget<S>(&mut self, list: &[Update<Named, S>]) {
        list.iter().for_each(|(Named(number), _)| self.places[*number as usize] = NONE);
    }
}

fn next<T>(list: &[T]) -> u32 {
    u32::try_from(list.len()).expect("one version changes fewer than 2^32 keys")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::flow::keys::NamedDay;

    fn placed<K: Key, P: Places<K>>(lists: &[Vec<u32>], key: impl Fn(u32) -> K) -> Vec<Vec<Update<K, u32>>> {
        let mut places = P::default();
        let list = |keys: &Vec<u32>| {
            let mut list = Vec::new();
            for key in keys.iter().map(|number| key(*number)) {
                let place = places.place(&key, &list);
                match list.get_mut(place) {
                    Some((_, times)) => *times += 1,
                    None => list.push((key, 1)),
                }
            }
            places.forget(&list);
            list
        };
        lists.iter().map(list).collect()
    }

    proptest! {
        #[test]
        fn every_key_has_one_place_in_each_list(
            lists in proptest::collection::vec(proptest::collection::vec(0..300_u32, 0..400), 0..5),
        ) {
            let by_number = placed::<_, ByNumber>(&lists, Named);
            prop_assert_eq!(&placed::<_, Hashed<Named>>(&lists, Named), &by_number);
            // Some days of a few names.
            let day = |number| NamedDay(number % 7, i64::from(number / 7));
            prop_assert_eq!(placed::<_, Timed<NamedDay>>(&lists, day), placed::<_, Hashed<NamedDay>>(&lists, day));
            for (keys, list) in lists.iter().zip(by_number) {
                let mut met = Vec::new();
                keys.iter().for_each(|key| if !met.contains(key) { met.push(*key) });
                let times = |key: u32| keys.iter().filter(|other| **other == key).count() as u32;
                let expected: Vec<_> = met.into_iter().map(|key| (Named(key), times(key))).collect();
                prop_assert_eq!(list, expected);
            }
        }
    }
}
