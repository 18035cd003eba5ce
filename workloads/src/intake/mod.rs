//! How every contestant reads a log: decoded, deduplicated, undecodable records set aside.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::codec::Codec;
use crate::event::{Place, Record};
use crate::faults::DeliveryFaults;
use crate::files::RealDisk;
use crate::log::file::FsyncPolicy;
use crate::log::{LentRecord, Log, LogError, LogReader};
use crate::terms::Dedup;
use crate::version::Version;

mod dead;
mod delivery;
mod duplicates;

pub use dead::DeadLetter;
pub use delivery::PATIENCE;
pub use duplicates::{Duplicates, SnapshotError};

use dead::DeadLetters;
use delivery::{Delayed, Delivery};

/// How one component is fed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feed {
    /// How duplicates are recognised.
    pub dedup: Dedup,
    /// Where undecodable records are noted, one JSON line each; they are only counted when absent.
    pub dead_letters: Option<PathBuf>,
    /// When they are made durable: as the log's records.
    #[serde(default)]
    pub fsync: FsyncPolicy,
    /// What goes wrong between the log and this component.
    pub faults: DeliveryFaults,
}

/// A component's own way through a log. One per component; a place per partition.
pub struct Intake {
    workload: String,
    codec: Codec,
    readers: Vec<Option<Box<dyn LogReader>>>,
    next: Version,
    duplicates: Duplicates,
    delivery: Delivery,
    dead: DeadLetters,
}

impl Intake {
    /// Opens the given partitions at `from`; the others are never pulled. Nothing below `from` counts as seen: a
    /// component that goes on where it left off says what it had seen with [`Intake::resume`].
    pub fn open(log: &dyn Log, partitions: &[u32], from: &Version, feed: &Feed) -> Result<Self, LogError> {
        Intake::resume(log, partitions, from, feed, Duplicates::new(feed.dedup))
    }

    /// Opens the given partitions at `from`, below which `seen` was seen.
    pub fn resume(
        log: &dyn Log,
        partitions: &[u32],
        from: &Version,
        feed: &Feed,
        seen: Duplicates,
    ) -> Result<Self, LogError> {
        let meta = log.meta();
        let offset = |partition: u32| from.0.get(partition as usize).copied().unwrap_or(0);
        let begins: Vec<(u32, u64)> = partitions.iter().map(|it| (*it, offset(*it))).collect();
        let mut readers: Vec<Option<Box<dyn LogReader>>> = (0..meta.partitions).map(|_| None).collect();
        for (partition, reader) in partitions.iter().zip(log.readers(&begins)?) {
            readers[*partition as usize] = Some(match feed.faults.delay_partition {
                Some((delayed, lag)) if delayed == *partition => Box::new(Delayed::new(reader, lag)),
                _ => reader,
            });
        }
        let mut next = from.clone();
        next.0.resize(readers.len(), 0);
        Ok(Intake {
            workload: meta.workload.clone(),
            codec: meta.codec,
            readers,
            next,
            duplicates: seen,
            delivery: Delivery::new(&feed.faults),
            dead: DeadLetters::open(&RealDisk, feed.dead_letters.as_deref(), meta.partitions, feed.fsync)?,
        })
    }

    /// Adds records of `partition` below offset `upto` to `out`, at most about `max`, and says how many offsets it
    /// moved on (more than were added, where duplicates or dead letters were passed over). Never waits.
    pub fn pull(
        &mut self,
        partition: u32,
        upto: u64,
        max: usize,
        out: &mut Vec<Record>,
    ) -> Result<u64, LogError> {
        let reader = self.readers.get_mut(partition as usize);
        let Some(mut reader) = reader.and_then(Option::take) else { return Ok(0) };
        let moved = self.pull_from(&mut *reader, partition, (upto, max), out);
        self.readers[partition as usize] = Some(reader);
        moved
    }

    fn pull_from(
        &mut self,
        reader: &mut dyn LogReader,
        partition: u32,
        (upto, max): (u64, usize),
        out: &mut Vec<Record>,
    ) -> Result<u64, LogError> {
        let from = self.next.0[partition as usize];
        if max == 0 || upto <= from {
            return Ok(0);
        }
        reader.lend(upto, max, &mut |record| self.deliver(partition, &record, out))?;
        // Offsets that no record has are passed over.
        let next = &mut self.next.0[partition as usize];
        *next = reader.position().min(upto).max(*next);
        Ok(*next - from)
    }

    fn deliver(
        &mut self,
        partition: u32,
        raw: &LentRecord<'_>,
        out: &mut Vec<Record>,
    ) -> Result<(), LogError> {
        let place = Place { partition, offset: raw.offset };
        let times = if self.delivery.faultless() { 1 } else { self.delivery.times(place) };
        for _ in 0..times {
            self.take(place, raw, out)?;
        }
        // What was dropped is passed over for good.
        self.next.0[partition as usize] = raw.offset + 1;
        Ok(())
    }

    fn take(&mut self, place: Place, raw: &LentRecord<'_>, out: &mut Vec<Record>) -> Result<(), LogError> {
        let next = &mut self.next.0[place.partition as usize];
        if place.offset < *next && self.duplicates.dedup() != Dedup::None {
            return Ok(());
        }
        *next = place.offset + 1;
        match self.codec.decode(&self.workload, raw.key, raw.value, raw.appended) {
            Ok(event) => {
                if self.duplicates.first(place.partition, raw.origin, &event) {
                    let (origin, intended, appended) = (raw.origin, raw.intended, raw.appended);
                    out.push(Record { place, origin, intended, appended, event });
                }
                Ok(())
            }
            Err(reason) => self.dead.note(place.partition, raw, &reason),
        }
    }

    /// How far it has come: everything below has been handed out or passed over.
    pub fn version(&self) -> &Version {
        &self.next
    }

    /// What it has seen below that.
    pub fn duplicates(&self) -> &Duplicates {
        &self.duplicates
    }

    /// Records set aside because they could not be decoded, those that its dead-letter file held already included.
    pub fn dead(&self) -> u64 {
        self.dead.count()
    }
}
