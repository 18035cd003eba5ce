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
    partitions: Vec<RwLock<Vec<RawRecord>>>,
}

/// Appends to a [`MemoryLog`].
#[derive(Debug)]
pub struct MemoryAppender {
    shared: Arc<Shared>,
}

struct MemoryReader {
    shared: Arc<Shared>,
    partition: u32,
    next: u64,
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

impl Shared {
    fn records(&self, partition: u32) -> Result<RwLockReadGuard<'_, Vec<RawRecord>>, LogError> {
        // A writer that panicked between two records leaves whole records behind it.
        Ok(self.lock(partition)?.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn lock(&self, partition: u32) -> Result<&RwLock<Vec<RawRecord>>, LogError> {
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
        partitions.map(|p| Ok(self.shared.records(p)?.len() as u64)).collect::<Result<_, _>>().map(Version)
    }

    fn reader(&self, partition: u32, offset: u64) -> Result<Box<dyn LogReader>, LogError> {
        let head = self.shared.records(partition)?.len() as u64;
        if offset > head {
            return Err(LogError::OutOfRange { partition, asked: offset, start: 0, head });
        }
        Ok(Box::new(MemoryReader { shared: Arc::clone(&self.shared), partition, next: offset }))
    }

    fn offset_at(&self, partition: u32, time: Millis) -> Result<u64, LogError> {
        let records = self.shared.records(partition)?;
        Ok(records.iter().position(|record| record.appended >= time).unwrap_or(records.len()) as u64)
    }
}

impl LogReader for MemoryReader {
    fn read(&mut self, max: usize, out: &mut Vec<RawRecord>) -> Result<usize, LogError> {
        let records = self.shared.records(self.partition)?;
        let rest = &records[self.next as usize..];
        let taken = &rest[..rest.len().min(max)];
        out.extend_from_slice(taken);
        self.next += taken.len() as u64;
        Ok(taken.len())
    }

    fn lend(&mut self, max: usize, each: &mut EachRecord<'_>) -> Result<usize, LogError> {
        let records = self.shared.records(self.partition)?;
        let rest = &records[self.next as usize..];
        let taken = &rest[..rest.len().min(max)];
        self.next += taken.len() as u64;
        taken.iter().try_for_each(|record| each(record.lend()))?;
        Ok(taken.len())
    }

    fn position(&self) -> u64 {
        self.next
    }
}

impl Appender for MemoryAppender {
    fn append(&mut self, partition: u32, records: &[RawRecord]) -> Result<Range<u64>, LogError> {
        let mut held = self.shared.lock(partition)?.write().unwrap_or_else(PoisonError::into_inner);
        let first = held.len() as u64;
        held.extend((first..).zip(records).map(|(offset, record)| RawRecord { offset, ..record.clone() }));
        Ok(first..held.len() as u64)
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
        assert_eq!(reader.read(10, &mut out).unwrap(), 2);
        assert_eq!(out.iter().map(|r| r.offset).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(reader.read(10, &mut out).unwrap(), 0);
        assert_eq!(log.heads().unwrap(), Version(vec![0, 2]));
        assert_eq!(log.offset_at(1, 6).unwrap(), 1);
    }

    #[test]
    fn an_offset_past_the_head_or_a_partition_too_many_is_an_error() {
        let log = log();
        assert!(matches!(log.reader(0, 1), Err(LogError::OutOfRange { .. })));
        assert!(matches!(log.reader(2, 0), Err(LogError::NoPartition { .. })));
    }
}
