//! An ordered log per partition that can be read again from any offset.

use std::ops::Range;
use std::path::PathBuf;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::codec::Codec;
use crate::event::{Micros, Millis, Origin};
use crate::partition::PartitionBy;
use crate::version::Version;

pub mod file;
pub mod identity;
#[cfg(feature = "kafka")]
pub mod kafka;
pub mod memory;

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
    /// The first offset of a partition whose record was appended at or after `time`; its head if none was.
    fn offset_at(&self, partition: u32, time: Millis) -> Result<u64, LogError>;
}

/// A place in one partition that moves on.
pub trait LogReader: Send {
    /// Adds up to `max` further records to `out` and says how many; 0 at the head. Never waits.
    fn read(&mut self, max: usize, out: &mut Vec<RawRecord>) -> Result<usize, LogError>;
    /// Lends up to `max` further records to `each` and says how many; 0 at the head. Never waits. For those who keep
    /// nothing of the bytes.
    fn lend(&mut self, max: usize, each: &mut EachRecord<'_>) -> Result<usize, LogError> {
        let mut records = Vec::new();
        let read = self.read(max, &mut records)?;
        records.iter().try_for_each(|record| each(record.lend()))?;
        Ok(read)
    }
    /// The offset of the next record.
    fn position(&self) -> u64;
}

/// The one writer of a log.
pub trait Appender: Send {
    /// Appends records in their order and says which offsets they got; `offset` in them is ignored. They can be
    /// read when this returns, and are as durable as the policy says.
    fn append(&mut self, partition: u32, records: &[RawRecord]) -> Result<Range<u64>, LogError>;
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
