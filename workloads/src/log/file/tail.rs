//! The end of one partition as a reader sees it.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use super::format_error;
use super::head::{HEAD, Head, Mark};
use super::recover;
use super::times::Times;
use crate::event::Millis;
use crate::files::{DiskRead, SharedDisk};
use crate::log::LogError;

/// One partition's folder, opened for reading.
pub(super) struct Tail {
    pub(super) disk: SharedDisk,
    pub(super) partition: u32,
    pub(super) folder: PathBuf,
    head: Option<Box<dyn DiskRead>>,
    found: Option<Found>,
    times: Mutex<Times>,
}

/// What was found when the log was opened and nobody was writing it.
struct Found {
    /// The head at that time. While it says this, it is not to be believed.
    stale: Option<Head>,
    end: Mark,
}

impl Tail {
    /// Opens a partition; `living` says whether a writer lives.
    pub(super) fn open(
        disk: SharedDisk,
        partition: u32,
        folder: PathBuf,
        living: bool,
    ) -> Result<Tail, LogError> {
        let path = folder.join(HEAD);
        let head = match disk.open_read(&path) {
            Ok(file) => Some(file),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(LogError::io(format!("open {}", path.display()), error)),
        };
        let mut tail = Tail { disk, partition, folder, head, found: None, times: Mutex::default() };
        let head = tail.head()?;
        if !living {
            let end = recover::find_end(tail.disk.as_ref(), &tail.folder, head.as_ref())?.end;
            tail.found = Some(Found { stale: head, end });
        }
        Ok(tail)
    }

    /// How far it can be read now: one small read.
    pub(super) fn end(&self) -> Result<Mark, LogError> {
        let head = self.head()?;
        match (&self.found, head) {
            (Some(found), head) if head == found.stale => Ok(found.end),
            (Some(found), Some(head)) if head.next.offset < found.end.offset => Ok(found.end),
            (_, Some(head)) => Ok(head.next),
            (Some(found), None) => Ok(found.end),
            (None, None) => {
                let reason = "unreadable while the log is being written: stop the writer and try again";
                Err(format_error(&self.folder.join(HEAD), reason))
            }
        }
    }

    /// The first offset whose record was appended at or after `time`; the head if none was.
    pub(super) fn offset_at(&self, time: Millis) -> Result<u64, LogError> {
        // Under the lock, so that the end is never behind what was noted.
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        let end = self.end()?;
        times.offset_at(self, &end, time)
    }

    fn head(&self) -> Result<Option<Head>, LogError> {
        let read = |error| LogError::io(format!("read {}", self.folder.join(HEAD).display()), error);
        match &self.head {
            Some(file) => Head::read(file.as_ref()).map_err(read),
            None => Head::find(self.disk.as_ref(), &self.folder).map_err(read),
        }
    }
}
