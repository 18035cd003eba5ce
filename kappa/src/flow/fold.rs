//! Differences summed per key within one logical time, before they are handed on.

use std::hash::{BuildHasherDefault, Hash, Hasher};

use differential_dataflow::difference::{IsZero, Semigroup};
use hashbrown::HashMap;

use crate::flow::keys::Key;
use crate::flow::outlet::Way;
use crate::flow::places::Places;
use crate::views::Grouping;

/// A hash map whose iteration order is the same in every run: replays must be repeatable.
pub(crate) type SteadyMap<K, V> = HashMap<K, V, BuildHasherDefault<SteadyHasher>>;

/// What changes of a key.
pub(crate) type Update<K, D> = (K, D);

/// What the events of one logical time change in one grouping. Many events change few keys, so that summing them
/// first leaves little to hand on. Nobody can see the difference: within one logical time there is no order.
pub(crate) struct Fold<G: Grouping> {
    updates: Vec<Update<G::Key, G::Sum>>,
    places: <G::Key as Key>::Places,
    pub(crate) way: Way<G>,
}

impl<G: Grouping> Default for Fold<G> {
    fn default() -> Self {
        Fold { updates: Vec::new(), places: Default::default(), way: Way::None }
    }
}

impl<G: Grouping> Fold<G> {
    /// Adds a difference to a key.
    #[inline]
    pub(crate) fn add(&mut self, key: G::Key, difference: &G::Sum) {
        if !self.wanted() {
            return;
        }
        let place = self.places.place(&key, &self.updates);
        match self.updates.get_mut(place) {
            Some((_, sum)) => sum.plus_equals(difference),
            None => self.updates.push((key, *difference)),
        }
    }

    /// Whether anybody asks for it; what is added is forgotten otherwise.
    #[inline]
    pub(crate) fn wanted(&self) -> bool {
        !matches!(self.way, Way::None)
    }

    /// What was added so far, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Update<G::Key, G::Sum>> {
        self.updates.iter()
    }

    /// Empties it.
    pub(crate) fn drain(&mut self) -> Vec<Update<G::Key, G::Sum>> {
        self.places.forget(&self.updates);
        // The next time will change about as many keys.
        let room = Vec::with_capacity(self.updates.len());
        let mut updates = std::mem::replace(&mut self.updates, room);
        updates.retain(|(_, sum)| !sum.is_zero());
        updates
    }
}

/// The same number for the same key in every run and at every worker.
#[inline]
pub(crate) fn hash<K: Hash + ?Sized>(key: &K) -> u64 {
    let mut hasher = SteadyHasher::default();
    key.hash(&mut hasher);
    hasher.finish()
}

/// The same of a text, by its words: nothing is gone through byte by byte.
#[inline]
pub(crate) fn hash_text(text: &str) -> u64 {
    let bytes = text.as_bytes();
    // Spread over all bits, so that no difference of some byte makes up for one of length.
    let mut hasher = SteadyHasher { state: (bytes.len() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) };
    let mut rest = bytes;
    while let Some((word, after)) = rest.split_first_chunk() {
        hasher.mix(u64::from_le_bytes(*word));
        rest = after;
    }
    // The last word may overlap the one before: texts of one length that differ still differ in some word.
    if let (false, Some(word)) = (rest.is_empty(), bytes.last_chunk()) {
        hasher.mix(u64::from_le_bytes(*word));
    } else if let (Some(first), Some(last)) = (rest.first_chunk(), rest.last_chunk()) {
        hasher.mix(u64::from(u32::from_le_bytes(*first)) << 32 | u64::from(u32::from_le_bytes(*last)));
    } else if let (Some(first), Some(last)) = (rest.first(), rest.last()) {
        hasher.mix(u64::from(*first) << 16 | u64::from(rest[rest.len() / 2]) << 8 | u64::from(*last));
    }
    hasher.finish()
}

/// Multiplies what it is given and folds the two halves of the product into one: quick for the numbers that
/// serve as keys here, and without a seed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SteadyHasher {
    state: u64,
}

impl SteadyHasher {
    #[inline]
    fn mix(&mut self, word: u64) {
        let product = u128::from(self.state ^ word ^ 0x243f_6a88_85a3_08d3) * 0x9e37_79b9_7f4a_7c15_u128;
        self.state = (product as u64) ^ ((product >> 64) as u64);
    }
}

impl Hasher for SteadyHasher {
    #[inline]
    fn write(&mut self, mut bytes: &[u8]) {
        while let Some((word, rest)) = bytes.split_first_chunk() {
            self.mix(u64::from_le_bytes(*word));
            bytes = rest;
        }
        if !bytes.is_empty() {
            // Texts that differ differ in some byte or in their length.
            let word = bytes.iter().fold(bytes.len() as u64, |word, byte| word << 8 | u64::from(*byte));
            self.mix(word);
        }
    }

    #[inline]
    fn write_u8(&mut self, word: u8) {
        self.mix(u64::from(word));
    }

    #[inline]
    fn write_u32(&mut self, word: u32) {
        self.mix(u64::from(word));
    }

    #[inline]
    fn write_u64(&mut self, word: u64) {
        self.mix(word);
    }

    #[inline]
    fn write_i64(&mut self, word: i64) {
        self.mix(word as u64);
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.state
    }
}

/// Gives a struct of integers the algebra of a difference: field by field, wrapping, so that what was added is
/// taken back exactly whatever lies between.
macro_rules! additive {
    ($name:ident { $($field:ident),+ $(,)? }) => {
        impl differential_dataflow::difference::IsZero for $name {
            #[inline]
            fn is_zero(&self) -> bool {
                $(self.$field == 0)&&+
            }
        }

        impl differential_dataflow::difference::Semigroup for $name {
            #[inline]
            fn plus_equals(&mut self, other: &Self) {
                $(self.$field = self.$field.wrapping_add(other.$field);)+
            }
        }

        impl differential_dataflow::difference::Monoid for $name {
            fn zero() -> Self {
                $name::default()
            }
        }

        impl differential_dataflow::difference::Abelian for $name {
            #[inline]
            fn negate(&mut self) {
                $(self.$field = self.$field.wrapping_neg();)+
            }
        }

        impl $name {
            /// What must be added to `before` to make it this.
            #[allow(dead_code, reason = "not every sum replaces another")]
            #[inline]
            fn since(&self, before: &Self) -> Self {
                $name { $($field: self.$field.wrapping_sub(before.$field)),+ }
            }
        }
    };
}

pub(crate) use additive;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn texts_that_differ_in_a_byte_or_in_length_have_other_hashes() {
        for length in 0..40 {
            let text = "x".repeat(length);
            let changed = (0..length).map(|at| [&text[..at], "y", &text[at + 1..]].concat());
            let longer = [text.clone() + "x", text.clone() + "\0", text.clone()];
            let hashes: BTreeSet<u64> = changed.chain(longer).map(|text| hash_text(&text)).collect();
            assert_eq!(hashes.len(), length + 3);
        }
    }
}
