//! A log in memory: for tests, and for runs that are stepped in one thread.

use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use crate::event::Millis;
use crate::log::{Appender, EachRecord, Log, LogError, LogReader, Meta, RawRecord};
use crate::version::Version;

/// A log that ends with the process. Clones share the same records.
#[derive(Clone, Debug)]
pub struct MemoryLog {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    meta: Meta,
    partitions: Vec<RwLock<Lane>>,
}

/// The records of one partition, by their offsets.
#[derive(Debug, Default)]
struct Lane {
    records: Vec<RawRecord>,
    head: u64,
}

/// Appends to a [`MemoryLog`].
#[derive(Debug)]
pub struct MemoryAppender {
    shared: Arc<Shared>,
}

struct MemoryReader {
    shared: Arc<Shared>,
    partition: u32,
    /// How many records lie behind it.
    passed: usize,
    position: u64,
}

impl MemoryLog {
    /// An empty log.
    pub fn create(meta: Meta) -> Self {
        let partitions = (0..meta.partitions).map(|_| RwLock::default()).collect();
        MemoryLog { shared: Arc::new(Shared { meta, partitions }) }
    }

    /// A writer. Several of them take turns.
    pub fn appender(&self) -> MemoryAppender {
        MemoryAppender { shared: Arc::clone(&self.shared) }
    }
}

impl MemoryAppender {
    /// Leaves the next offsets of a partition without records, as a broker does with what was aborted.
    pub fn skip(&mut self, partition: u32, offsets: u64) -> Result<(), LogError> {
        self.shared.lock(partition)?.write().unwrap_or_else(PoisonError::into_inner).head += offsets;
        Ok(())
    }
}

impl Lane {
    /// How many records lie before an offset.
    fn before(&self, offset: u64) -> usize {
        self.records.partition_point(|record| record.offset < offset)
    }

    /// The offset of the record that so many lie before; the head if there is none.
    fn offset(&self, passed: usize) -> u64 {
        self.records.get(passed).map_or(self.head, |record| record.offset)
    }
}

impl Shared {
    fn lane(&self, partition: u32) -> Result<RwLockReadGuard<'_, Lane>, LogError> {
        // A writer that panicked between two records leaves whole records behind it.
        Ok(self.lock(partition)?.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn lock(&self, partition: u32) -> Result<&RwLock<Lane>, LogError> {
        let number = self.meta.partitions;
        self.partitions.get(partition as usize).ok_or(LogError::NoPartition { partition, number })
    }
}

impl Log for MemoryLog {
    fn meta(&self) -> &Meta {
        &self.shared.meta
    }

    fn starts(&self) -> Result<Version, LogError> {
        Ok(Version::zero(self.shared.meta.partitions))
    }

    fn heads(&self) -> Result<Version, LogError> {
        let partitions = 0..self.shared.meta.partitions;
        partitions.map(|p| Ok(self.shared.lane(p)?.head)).collect::<Result<_, _>>().map(Version)
    }

    fn reader(&self, partition: u32, offset: u64) -> Result<Box<dyn LogReader>, LogError> {
        let lane = self.shared.lane(partition)?;
        let (head, passed) = (lane.head, lane.before(offset));
        if offset > head {
            return Err(LogError::OutOfRange { partition, asked: offset, start: 0, head });
        }
        let position = lane.offset(passed);
        Ok(Box::new(MemoryReader { shared: Arc::clone(&self.shared), partition, passed, position }))
    }

    fn offset_at(&self, partition: u32, time: Millis) -> Result<u64, LogError> {
        let lane = self.shared.lane(partition)?;
        let found = lane.records.iter().position(|record| record.appended >= time);
        Ok(lane.offset(found.unwrap_or(lane.records.len())))
    }
}

impl LogReader for MemoryReader {
    fn read(&mut self, upto: u64, max: usize, out: &mut Vec<RawRecord>) -> Result<usize, LogError> {
        self.lend(upto, max, &mut |record| {
            out.push(record.keep());
            Ok(())
        })
    }

    fn lend(&mut self, upto: u64, max: usize, each: &mut EachRecord<'_>) -> Result<usize, LogError> {
        let lane = self.shared.lane(self.partition)?;
        let rest = &lane.records[self.passed..lane.before(upto).max(self.passed)];
        let taken = &rest[..rest.len().min(max)];
        self.passed += taken.len();
        self.position = lane.offset(self.passed);
        taken.iter().try_for_each(|record| each(record.lend()))?;
        Ok(taken.len())
    }

    fn position(&self) -> u64 {
        self.position
    }
}

impl Appender for MemoryAppender {
    fn append(&mut self, partition: u32, records: &[RawRecord]) -> Result<Range<u64>, LogError> {
        let mut lane = self.shared.lock(partition)?.write().unwrap_or_else(PoisonError::into_inner);
        let first = lane.head;
        lane.records
            .extend((first..).zip(records).map(|(offset, record)| RawRecord { offset, ..record.clone() }));
        lane.head += records.len() as u64;
        Ok(first..lane.head)
    }

    fn sync(&mut self) -> Result<(), LogError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::codec::Codec;
    use crate::log::{first, last};
    use crate::partition::PartitionBy;

    fn log() -> MemoryLog {
        let meta = Meta {
            workload: "orders".into(),
            codec: Codec::Json,
            partitions: 2,
            partition_by: PartitionBy::Key,
            made_by: "test".into(),
        };
        MemoryLog::create(meta)
    }

    fn record(appended: Millis) -> RawRecord {
        let (key, value) = (Bytes::from_static(b"k"), Bytes::from_static(b"v"));
        RawRecord { offset: 99, origin: None, intended: 0, appended, key, value }
    }

    #[test]
    fn a_reader_sees_what_is_appended_after_it_was_opened() {
        let log = log();
        let mut reader = log.reader(1, 0).unwrap();
        let range = log.appender().append(1, &[record(5), record(7)]).unwrap();
        assert_eq!(range, 0..2);
        let mut out = Vec::new();
        assert_eq!(reader.read(u64::MAX, 10, &mut out).unwrap(), 2);
        assert_eq!(out.iter().map(|r| r.offset).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(reader.read(u64::MAX, 10, &mut out).unwrap(), 0);
        assert_eq!(log.heads().unwrap(), Version(vec![0, 2]));
        assert_eq!(log.offset_at(1, 6).unwrap(), 1);
    }

    #[test]
    fn an_offset_past_the_head_or_a_partition_too_many_is_an_error() {
        let log = log();
        assert!(matches!(log.reader(0, 1), Err(LogError::OutOfRange { .. })));
        assert!(matches!(log.reader(2, 0), Err(LogError::NoPartition { .. })));
    }

    #[test]
    fn a_reader_passes_over_offsets_without_a_record() {
        let log = log();
        let mut appender = log.appender();
        appender.append(1, &[record(5)]).unwrap();
        appender.skip(1, 3).unwrap();
        assert_eq!(appender.append(1, &[record(6), record(7)]).unwrap(), 4..6);
        appender.skip(1, 2).unwrap();
        let mut reader = log.reader(1, 0).unwrap();
        for (upto, read, position) in [(1, 1, 4), (4, 0, 4), (5, 1, 5), (9, 1, 8), (9, 0, 8)] {
            assert_eq!(reader.read(upto, 10, &mut Vec::new()).unwrap(), read);
            assert_eq!(reader.position(), position);
        }
        let offset = |found: Option<RawRecord>| found.map(|record| record.offset);
        assert_eq!(offset(first(&log, 1, 1..8).unwrap()), Some(4));
        assert_eq!(offset(last(&log, 1, 0..8).unwrap()), Some(5));
        assert_eq!(offset(last(&log, 1, 0..4).unwrap()), Some(0));
        assert_eq!(offset(last(&log, 1, 1..4).unwrap()), None);
    }
}
