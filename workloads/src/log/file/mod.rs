//! A log as segment files.
//!
//! # Folder
//!
//! * `log.json`: the log's description and the number of this format. Written last when a log is made.
//! * `lock`: held by the one writer while it lives.
//! * `0/`, `1/`, ...: a folder for each partition. In it `00000000000000000000.log` and so on, named after their first
//!   offset, hold Kafka record batches (version 2) and nothing else; `.index` beside a closed one is a sparse index
//!   by offset and time; `head` says how far readers may read and how much of that is durable.
//!
//! # What a reader may believe
//!
//! While a writer lives, everything below `head` was appended: a batch there that is not whole is corrupt, never
//! "not yet written". When no writer lives, `head` may be behind (the writer was killed between a batch and its
//! head) or ahead (power was lost before the batch reached the disk). A log that is opened then is read to the end
//! of the unbroken row of whole batches, looked for from the durable mark on, whatever `head` says, until a later
//! writer changes `head`. A batch below the durable mark that is not whole is corrupt in every case. The next
//! writer finds the same end, cuts off what follows it, and makes it durable.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::event::Millis;
use crate::files::{Bell, SharedDisk, make_dir};
use crate::log::{Log, LogError, LogReader, Meta};
use crate::version::Version;

mod append;
mod batch;
mod head;
mod link;
mod read;
mod records;
mod recover;
mod segment;
mod tail;
mod times;
mod verify;
mod writer;

pub use append::{FileAppender, FsyncPolicy};
pub use verify::{Checked, Torn, verify};

use tail::Tail;

const DESCRIPTION: &str = "log.json";
const LOCK: &str = "lock";
const FORMAT: u32 = 1;

/// Partitions of a log at the most: each is a folder with files that stay open.
pub const MOST_PARTITIONS: u32 = 4096;

/// `log.json`.
#[derive(Debug, Serialize, Deserialize)]
struct Description {
    format: u32,
    #[serde(flatten)]
    meta: Meta,
}

/// A log in a folder, opened for reading. Clones share what is open.
#[derive(Clone)]
pub struct FileLog {
    meta: Meta,
    tails: Vec<Arc<Tail>>,
}

impl FileLog {
    /// Makes an empty log in a folder, which may exist but holds no log.
    pub fn create(disk: &SharedDisk, folder: &Path, meta: &Meta) -> Result<(), LogError> {
        bounded(folder, meta)?;
        refuse_second(disk, folder)?;
        let made =
            (0..meta.partitions).try_for_each(|p| make_dir(disk.as_ref(), &partition_folder(folder, p)));
        made.map_err(|error| LogError::io(format!("make a log in {}", folder.display()), error))?;
        describe(disk, folder, meta)
    }

    /// Whether a log has been made in a folder.
    pub fn exists(disk: &SharedDisk, folder: &Path) -> bool {
        disk.read(&folder.join(DESCRIPTION)).is_ok()
    }

    /// Opens a log to read it.
    pub fn open(disk: &SharedDisk, folder: &Path) -> Result<FileLog, LogError> {
        let meta = description(disk, folder)?;
        let lock = folder.join(LOCK);
        let living =
            disk.locked(&lock).map_err(|e| LogError::io(format!("ask for {}", lock.display()), e))?;
        let tail = |partition| {
            let folder = partition_folder(folder, partition);
            Tail::open(Arc::clone(disk), partition, folder, living).map(Arc::new)
        };
        let tails = (0..meta.partitions).map(tail).collect::<Result<_, _>>()?;
        Ok(FileLog { meta, tails })
    }

    /// Opens a log to append to it, after cutting off what a writer before it may have left half done.
    pub fn appender(disk: &SharedDisk, folder: &Path, policy: FsyncPolicy) -> Result<FileAppender, LogError> {
        let meta = description(disk, folder)?;
        FileAppender::open(disk, folder, &meta, policy)
    }

    /// Makes a log in `to` that begins with everything in `from`: its closed segments are the same files under a
    /// second name, the open one is copied. Nobody may be appending to `from`.
    pub fn link(disk: &SharedDisk, from: &Path, to: &Path) -> Result<(), LogError> {
        link::link(disk, from, to)
    }

    fn tail(&self, partition: u32) -> Result<&Arc<Tail>, LogError> {
        let number = self.meta.partitions;
        self.tails.get(partition as usize).ok_or(LogError::NoPartition { partition, number })
    }
}

impl Log for FileLog {
    fn meta(&self) -> &Meta {
        &self.meta
    }

    /// Nothing is ever removed from the front of this log.
    fn starts(&self) -> Result<Version, LogError> {
        Ok(Version::zero(self.meta.partitions))
    }

    fn heads(&self) -> Result<Version, LogError> {
        self.tails.iter().map(|tail| Ok(tail.end()?.offset)).collect::<Result<_, _>>().map(Version)
    }

    fn reader(&self, partition: u32, offset: u64) -> Result<Box<dyn LogReader>, LogError> {
        Ok(Box::new(read::FileReader::open(Arc::clone(self.tail(partition)?), offset)?))
    }

    fn offset_at(&self, partition: u32, time: Millis) -> Result<u64, LogError> {
        self.tail(partition)?.offset_at(time)
    }

    fn bell(&self) -> Option<Bell> {
        let disk = &self.tails.first()?.disk;
        let heads: Vec<PathBuf> = self.tails.iter().map(|tail| tail.folder.join(head::HEAD)).collect();
        // A partition that nothing was ever appended to has no head yet.
        disk.bell(&heads.iter().map(PathBuf::as_path).collect::<Vec<_>>()).ok().flatten()
    }
}

fn partition_folder(folder: &Path, partition: u32) -> PathBuf {
    folder.join(partition.to_string())
}

fn format_error(file: &Path, reason: impl Into<String>) -> LogError {
    LogError::Format { file: file.to_path_buf(), reason: reason.into() }
}

/// Whether so many partitions can be had.
fn bounded(file: &Path, meta: &Meta) -> Result<(), LogError> {
    let number = meta.partitions;
    if (1..=MOST_PARTITIONS).contains(&number) {
        return Ok(());
    }
    Err(format_error(file, format!("a log has 1 to {MOST_PARTITIONS} partitions, not {number}")))
}

fn refuse_second(disk: &SharedDisk, folder: &Path) -> Result<(), LogError> {
    match FileLog::exists(disk, folder) {
        true => Err(LogError::Exists(folder.to_path_buf())),
        false => Ok(()),
    }
}

/// Writes `log.json`, whole or not at all: with it the folder is a log.
fn describe(disk: &SharedDisk, folder: &Path, meta: &Meta) -> Result<(), LogError> {
    let path = folder.join(DESCRIPTION);
    let description = Description { format: FORMAT, meta: meta.clone() };
    let text = serde_json::to_string_pretty(&description).map_err(|e| format_error(&path, e.to_string()))?;
    let write = || {
        let new = folder.join("log.json.new");
        let mut file = disk.create(&new)?;
        file.append(text.as_bytes())?;
        file.sync()?;
        disk.rename(&new, &path)?;
        disk.sync_dir(folder)
    };
    write().map_err(|error| LogError::io(format!("write {}", path.display()), error))
}

fn description(disk: &SharedDisk, folder: &Path) -> Result<Meta, LogError> {
    let path = folder.join(DESCRIPTION);
    let bytes = match disk.read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(LogError::Missing(folder.to_path_buf()));
        }
        Err(error) => return Err(LogError::io(format!("read {}", path.display()), error)),
    };
    let number = serde_json::from_slice::<serde_json::Value>(&bytes).ok().and_then(|v| v["format"].as_u64());
    match number {
        Some(number) if number == u64::from(FORMAT) => {}
        Some(number) => {
            let reason =
                format!("log format {number}, this program reads format {FORMAT}: use the one that made it");
            return Err(format_error(&path, reason));
        }
        None => return Err(format_error(&path, "not the description of a log: choose another folder")),
    }
    let read: Result<Description, _> = serde_json::from_slice(&bytes);
    let meta = read.map_err(|error| format_error(&path, error.to_string()))?.meta;
    bounded(&path, &meta)?;
    Ok(meta)
}
