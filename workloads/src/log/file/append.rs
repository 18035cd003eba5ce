//! The one writer of a log: appends batches, rolls segments, and makes them durable as its policy says.

use std::ops::Range;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::batch::{self, Encoder};
use super::partition_folder;
use super::{LOCK, writer::Writer};
use crate::event::Millis;
use crate::files::{DiskLock, SharedDisk};
use crate::log::{Appender, LogError, Meta, RawRecord};

/// Segments are closed at this size.
const ROLL: u64 = 64 << 20;

/// When what was appended is made durable. What is not yet can be read all the same; a loss of power may take
/// it, the death of a process never does. Letting go of the appender makes everything durable in every case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FsyncPolicy {
    /// When the system likes: what Kafka does.
    #[default]
    None,
    /// With the first batch that was appended at least so many milliseconds after the last that was made durable, by
    /// the append times of the records, or before it. Those who append what comes in stamp it with the time it is;
    /// those who bring old records in with other times sync by themselves when they are done.
    Interval(Millis),
    /// Before each append returns.
    EveryBatch,
}

/// Appends to a log of files. Holds the log's lock while it lives.
pub struct FileAppender {
    policy: FsyncPolicy,
    roll: u64,
    partitions: Vec<Writer>,
    encoder: Encoder,
    _lock: Box<dyn DiskLock>,
}

impl FileAppender {
    pub(super) fn open(
        disk: &SharedDisk,
        folder: &Path,
        meta: &Meta,
        policy: FsyncPolicy,
    ) -> Result<FileAppender, LogError> {
        let path = folder.join(LOCK);
        let lock = disk.lock(&path).map_err(|e| LogError::io(format!("lock {}", path.display()), e))?;
        let lock = lock.ok_or_else(|| LogError::Locked(folder.to_path_buf()))?;
        let open = |partition| Writer::open(disk.clone(), partition_folder(folder, partition));
        let partitions = (0..meta.partitions).map(open).collect::<Result<_, _>>()?;
        Ok(FileAppender { policy, roll: ROLL, partitions, encoder: Encoder::default(), _lock: lock })
    }

    /// The same, closing segments at another size.
    pub fn roll_at(mut self, bytes: u64) -> Self {
        self.roll = bytes;
        self
    }
}

impl Appender for FileAppender {
    fn append(&mut self, partition: u32, records: &[RawRecord]) -> Result<Range<u64>, LogError> {
        let number = self.partitions.len() as u32;
        let writer =
            self.partitions.get_mut(partition as usize).ok_or(LogError::NoPartition { partition, number })?;
        let first = writer.next();
        let mut rest = records;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(batch::cut(rest));
            let bytes = self.encoder.encode(writer.next(), now).map_err(|reason| writer.refuse(&reason))?;
            writer.append(bytes, self.policy, self.roll)?;
            rest = later;
        }
        Ok(first..writer.next())
    }

    fn sync(&mut self) -> Result<(), LogError> {
        self.partitions.iter_mut().try_for_each(Writer::sync)
    }
}

impl Drop for FileAppender {
    /// So that what is damaged later is known to be damaged, and not taken for the work of a loss of power. Whoever
    /// must know that it went well calls `sync`.
    fn drop(&mut self) {
        let _ = self.sync();
    }
}
