//! How the oracles recognise a record that was seen before.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashMap, HashTable};

use crate::event::{Event, Origin, Record};
use crate::terms::Dedup;

/// What has been seen of a log whose partitions are each read in the order of their offsets.
#[derive(Clone, Debug)]
pub(crate) struct Repeats {
    dedup: Dedup,
    /// The next offset of each partition: what lies below it was seen.
    next: Vec<u64>,
    /// Origins seen, 64 neighbouring sequence numbers of one partition and source to an entry.
    origins: HashMap<(u32, u32, u64), u64>,
    contents: Contents,
}

/// Events seen, each in its partition. Their hashes are kept, so that a table that grows need not look at them.
#[derive(Clone, Debug, Default)]
struct Contents {
    hasher: DefaultHashBuilder,
    places: HashTable<(u64, usize)>,
    events: Vec<(u32, Event)>,
}

impl Repeats {
    /// Nothing seen yet.
    pub(crate) fn new(dedup: Dedup) -> Self {
        Repeats { dedup, next: Vec::new(), origins: HashMap::new(), contents: Contents::default() }
    }

    /// Whether `record` is the first of its kind, by the terms; from now on it is not.
    pub(crate) fn first(&mut self, record: &Record) -> bool {
        let partition = record.place.partition;
        match self.dedup {
            Dedup::None => true,
            Dedup::Offset => self.offset(record),
            Dedup::Origin => {
                self.offset(record) && record.origin.is_none_or(|from| self.origin(partition, from))
            }
            Dedup::Content => self.offset(record) && self.contents.insert(partition, &record.event),
        }
    }

    fn offset(&mut self, record: &Record) -> bool {
        let partition = record.place.partition as usize;
        if partition >= self.next.len() {
            self.next.resize(partition + 1, 0);
        }
        let new = record.place.offset >= self.next[partition];
        if new {
            self.next[partition] = record.place.offset + 1;
        }
        new
    }

    fn origin(&mut self, partition: u32, origin: Origin) -> bool {
        let block = self.origins.entry((partition, origin.source, origin.sequence / 64)).or_default();
        let bit = 1 << (origin.sequence % 64);
        let new = *block & bit == 0;
        *block |= bit;
        new
    }
}

impl Contents {
    /// Whether it is new.
    fn insert(&mut self, partition: u32, event: &Event) -> bool {
        let (hash, place) = (self.hasher.hash_one((partition, event)), self.events.len());
        let same = |(kept, at): &(u64, usize)| {
            let (seen_in, seen) = &self.events[*at];
            *kept == hash && *seen_in == partition && seen == event
        };
        if self.places.find(hash, same).is_some() {
            return false;
        }
        self.places.insert_unique(hash, (hash, place), |(hash, _)| *hash);
        self.events.push((partition, event.clone()));
        true
    }
}
