//! An ordered log per partition that can be read again from any offset.

use std::ops::Range;
use std::path::PathBuf;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::codec::Codec;
use crate::event::{Micros, Millis, Origin};
use crate::files::Bell;
use crate::partition::PartitionBy;
use crate::version::Version;

pub mod file;
pub mod identity;
#[cfg(feature = "kafka")]
pub mod kafka;
pub mod memory;
mod stamp;

/// What a log holds, written once when it is created.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Meta {
    /// Name of the workload whose events it holds.
    pub workload: String,
    /// How they are written.
    pub codec: Codec,
    /// Number of partitions.
    pub partitions: u32,
    /// How events are spread over them.
    pub partition_by: PartitionBy,
    /// How it came to be: the command, plan and seed, or the imported file.
    pub made_by: String,
}

/// A record as bytes, at its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawRecord {
    /// Offset within its partition.
    pub offset: u64,
    /// Where it first entered.
    pub origin: Option<Origin>,
    /// When it should have been sent.
    pub intended: Micros,
    /// When it was appended.
    pub appended: Millis,
    /// The customer or symbol, as UTF-8.
    pub key: Bytes,
    /// The event as its codec writes it.
    pub value: Bytes,
}

/// A record as bytes that are lent for a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LentRecord<'a> {
    /// Offset within its partition.
    pub offset: u64,
    /// Where it first entered.
    pub origin: Option<Origin>,
    /// When it should have been sent.
    pub intended: Micros,
    /// When it was appended.
    pub appended: Millis,
    /// The customer or symbol, as UTF-8.
    pub key: &'a [u8],
    /// The event as its codec writes it.
    pub value: &'a [u8],
}

impl LentRecord<'_> {
    /// The same, to keep.
    pub fn keep(&self) -> RawRecord {
        let LentRecord { offset, origin, intended, appended, key, value } = *self;
        let (key, value) = (Bytes::copy_from_slice(key), Bytes::copy_from_slice(value));
        RawRecord { offset, origin, intended, appended, key, value }
    }
}

impl RawRecord {
    /// The same, lent.
    pub fn lend(&self) -> LentRecord<'_> {
        let RawRecord { offset, origin, intended, appended, key, value } = self;
        LentRecord { offset: *offset, origin: *origin, intended: *intended, appended: *appended, key, value }
    }
}

/// What is done with records that are lent, one after the other.
pub type EachRecord<'a> = dyn FnMut(LentRecord<'_>) -> Result<(), LogError> + 'a;

/// Reading a log, by any number of readers while one writer appends.
pub trait Log: Send + Sync {
    /// What it holds.
    fn meta(&self) -> &Meta;
    /// The first offset still held, per partition.
    fn starts(&self) -> Result<Version, LogError>;
    /// The next offset to be appended, per partition. What lies below can be read.
    fn heads(&self) -> Result<Version, LogError>;
    /// A reader of one partition from `offset` on.
    fn reader(&self, partition: u32, offset: u64) -> Result<Box<dyn LogReader>, LogError>;
    /// Readers of some partitions, each from its offset on, in their order: for whoever reads them side by side.
    fn readers(&self, from: &[(u32, u64)]) -> Result<Vec<Box<dyn LogReader>>, LogError> {
        from.iter().map(|(partition, offset)| self.reader(*partition, *offset)).collect()
    }
    /// A reader for whoever wants a record or two: one that fetches ahead elsewhere does not here.
    fn glance(&self, partition: u32, offset: u64) -> Result<Box<dyn LogReader>, LogError> {
        self.reader(partition, offset)
    }
    /// The first offset of a partition whose record was appended at or after `time`; its head if none was.
    fn offset_at(&self, partition: u32, time: Millis) -> Result<u64, LogError>;
    /// The same of every partition.
    fn offsets_at(&self, time: Millis) -> Result<Version, LogError> {
        let offsets = (0..self.meta().partitions).map(|partition| self.offset_at(partition, time));
        offsets.collect::<Result<_, _>>().map(Version)
    }
    /// A bell that rings when records are appended, by whatever process; nothing where there is none, and one has to look.
    fn bell(&self) -> Option<Bell> {
        None
    }
}

/// A place in one partition that moves on.
pub trait LogReader: Send {
    /// Adds up to `max` further records below offset `upto` to `out` and says how many. Never waits: 0 means that there
    /// is none at hand, which below the head may be for a moment only.
    fn read(&mut self, upto: u64, max: usize, out: &mut Vec<RawRecord>) -> Result<usize, LogError>;
    /// Lends up to `max` further records below `upto` to `each` and says how many, like `read`. For those who keep nothing
    /// of the bytes.
    fn lend(&mut self, upto: u64, max: usize, each: &mut EachRecord<'_>) -> Result<usize, LogError> {
        let mut records = Vec::new();
        let read = self.read(upto, max, &mut records)?;
        records.iter().try_for_each(|record| each(record.lend()))?;
        Ok(read)
    }
    /// The offset below which every record has been handed out. Not every offset has a record: what was aborted or
    /// compacted leaves holes, and the position passes over them.
    fn position(&self) -> u64;
    /// Waits a moment for what lies below `upto` and is not at hand; for those who have nothing else to do. A log that
    /// is all at hand ends there.
    fn wait(&mut self, upto: u64) -> Result<(), LogError> {
        Err(LogError::Ends { end: self.position(), wanted: upto })
    }
}

/// Records taken at a time where all are wanted.
const CHUNK: usize = 10_000;

/// Lends every record of a partition from `from` to below `upto`, and waits for those that are on their way.
pub fn lend(
    log: &dyn Log,
    partition: u32,
    range: Range<u64>,
    each: &mut EachRecord<'_>,
) -> Result<(), LogError> {
    let mut reader = log.reader(partition, range.start)?;
    while reader.position() < range.end {
        if reader.lend(range.end, CHUNK, each)? == 0 && reader.position() < range.end {
            reader.wait(range.end)?;
        }
    }
    Ok(())
}

/// The first record of a range of offsets, if any of them has one.
pub fn first(log: &dyn Log, partition: u32, range: Range<u64>) -> Result<Option<RawRecord>, LogError> {
    let (mut reader, mut out) = (log.glance(partition, range.start)?, Vec::new());
    while reader.position() < range.end && out.is_empty() {
        if reader.read(range.end, 1, &mut out)? == 0 && reader.position() < range.end {
            reader.wait(range.end)?;
        }
    }
    Ok(out.pop())
}

/// The last record of a range of offsets, if any of them has one.
pub fn last(log: &dyn Log, partition: u32, range: Range<u64>) -> Result<Option<RawRecord>, LogError> {
    if let Some(end) = range.end.checked_sub(1)
        && end >= range.start
        && let Some(last) = first(log, partition, end..range.end)?
    {
        return Ok(Some(last));
    }
    // The very last is a hole. Ever more is looked through before it.
    let mut end = range.end.saturating_sub(1);
    for stretch in [16, 1 << 10, 1 << 16, u64::MAX] {
        let start = end.saturating_sub(stretch).max(range.start);
        let mut last = None;
        lend(log, partition, start..end, &mut |record| {
            last = Some(record.keep());
            Ok(())
        })?;
        if last.is_some() || start == range.start {
            return Ok(last);
        }
        end = start;
    }
    Ok(None)
}

/// The one writer of a log.
pub trait Appender: Send {
    /// Appends records in their order and says which offsets they got; `offset` in them is ignored. They can be
    /// read when this returns, and are as durable as the policy says.
    fn append(&mut self, partition: u32, records: &[RawRecord]) -> Result<Range<u64>, LogError>;
    /// Appends to several partitions, each named once, and says of one after the other which offsets its records got. Who
    /// waits for somebody far away waits for all of them together.
    fn append_all(
        &mut self,
        lanes: &[(u32, &[RawRecord])],
        done: &mut dyn FnMut(u32, Range<u64>),
    ) -> Result<(), LogError> {
        lanes.iter().try_for_each(|(partition, records)| {
            done(*partition, self.append(*partition, records)?);
            Ok(())
        })
    }
    /// Makes everything appended durable now, whatever the policy.
    fn sync(&mut self) -> Result<(), LogError>;
}

/// Why a log could not be read or written. Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The operating system refused.
    #[error("{what}: {cause}")]
    Io {
        /// What was being attempted, and on which file.
        what: String,
        /// What it said.
        cause: std::io::Error,
    },
    /// No log there.
    #[error("no log in {0}: make one with `wb generate` or `wb log import`")]
    Missing(PathBuf),
    /// A log there already.
    #[error("{0} holds a log already: choose another folder or remove it")]
    Exists(PathBuf),
    /// Another process appends to it.
    #[error("{0} is being written by another process: a log has one writer; wait for it or stop it")]
    Locked(PathBuf),
    /// Bytes that were written are not what they were.
    #[error(
        "corrupt batch in {file} at byte {position}, first offset {offset}: {reason}; restore the file from a copy, the records from this offset on cannot be trusted"
    )]
    Corrupt {
        /// Segment file.
        file: PathBuf,
        /// Byte position of the batch.
        position: u64,
        /// First offset of the batch.
        offset: u64,
        /// What does not hold.
        reason: String,
    },
    /// Asked for an offset that the log does not have.
    #[error("partition {partition} holds offsets {start} to {head}, not {asked}")]
    OutOfRange {
        /// Partition asked.
        partition: u32,
        /// Offset asked.
        asked: u64,
        /// First held.
        start: u64,
        /// Next to be written.
        head: u64,
    },
    /// Asked for a partition that the log does not have.
    #[error("there is no partition {partition}: the log has {number}, numbered from 0")]
    NoPartition {
        /// Partition asked.
        partition: u32,
        /// How many there are.
        number: u32,
    },
    /// Asked for what was kept for a while only.
    #[error(
        "partition {partition}: the events at offsets {asked} to {} are gone, the first that is kept is {start}; begin with empty state at what is kept, or bring them back from a copy", start - 1
    )]
    Gone {
        /// Partition asked.
        partition: u32,
        /// Offset asked.
        asked: u64,
        /// First held.
        start: u64,
    },
    /// It ends before what was asked for.
    #[error("the log ends at offset {end} and not at {wanted}: it has lost its end, or was never so long")]
    Ends {
        /// Where it ends.
        end: u64,
        /// Where it should have.
        wanted: u64,
    },
    /// A broker, or the way to it, does not do what it should.
    #[error("{what}: {said}; {then}")]
    Broker {
        /// What was being attempted, and where.
        what: String,
        /// What went wrong.
        said: String,
        /// What to do.
        then: String,
    },
    /// Not a log of this program, or of another version of it.
    #[error("{file}: {reason}")]
    Format {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

impl LogError {
    /// An operating system error while doing `what`.
    pub fn io(what: impl Into<String>, cause: std::io::Error) -> Self {
        LogError::Io { what: what.into(), cause }
    }
}
