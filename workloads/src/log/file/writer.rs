//! Writing one partition.

use std::io;
use std::path::PathBuf;

use super::append::FsyncPolicy;
use super::batch::Header;
use super::format_error;
use super::head::{HEAD, Head, Mark};
use super::recover;
use super::segment::{self, Index};
use crate::event::Millis;
use crate::files::{DiskFile, SharedDisk};
use crate::log::LogError;

/// One partition, opened to append to it.
pub(super) struct Writer {
    disk: SharedDisk,
    folder: PathBuf,
    head_file: Box<dyn DiskFile>,
    head: Head,
    /// The open segment; absent while there is none.
    open: Option<Box<dyn DiskFile>>,
    /// Closed segments with bytes that were not synced.
    closed: Vec<Box<dyn DiskFile>>,
    /// Whether a segment was made whose name is not durable yet.
    named: bool,
    index: Index,
    synced_at: Option<Millis>,
    /// Set when the disk failed in a way that leaves unknown what it holds.
    broken: bool,
}

impl Writer {
    /// Opens a partition: finds the end of its whole batches, cuts off and removes what follows, and makes what is
    /// left durable before anything is put behind it.
    pub(super) fn open(disk: SharedDisk, folder: PathBuf) -> Result<Writer, LogError> {
        let failed = |error| LogError::io(format!("open {} to append", folder.display()), error);
        let before = Head::find(disk.as_ref(), &folder).map_err(failed)?;
        let found = recover::find_end(disk.as_ref(), &folder, before.as_ref())?;
        let open = cut(&disk, &folder, found.end, found.torn).map_err(failed)?;
        remove_strays(&disk, &folder, found.end).map_err(failed)?;
        let path = folder.join(HEAD);
        let head_file = match disk.open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => disk.create(&path),
            opened => opened,
        };
        let generation = before.map_or(0, |head| head.generation) + 1;
        let mut writer = Writer {
            head_file: head_file.map_err(failed)?,
            head: Head { generation, next: found.end, durable: found.end },
            open,
            closed: Vec::new(),
            named: false,
            index: found.index,
            synced_at: None,
            broken: false,
            disk,
            folder,
        };
        writer.publish()?;
        Ok(writer)
    }

    /// The next offset.
    pub(super) fn next(&self) -> u64 {
        self.head.next.offset
    }

    /// Appends one batch, durably if the policy says so, and lets readers see it.
    pub(super) fn append(&mut self, batch: &[u8], policy: FsyncPolicy, roll: u64) -> Result<(), LogError> {
        self.refuse_broken()?;
        let header = Header::read(batch).map_err(|reason| self.refuse(&reason))?;
        if self.head.next.position > 0 && self.head.next.position + header.length > roll {
            self.close_segment();
        }
        let before = self.head.next;
        let write = self.open_segment().and_then(|file| file.append(batch));
        if let Err(error) = write {
            return Err(self.take_back(before, error));
        }
        self.index.note(before, header.latest);
        self.head.next.position += header.length;
        self.head.next.offset = header.end();
        if self.is_due(policy, header.latest) { self.sync() } else { self.publish() }
    }

    /// Makes everything appended durable, and says so in the head.
    pub(super) fn sync(&mut self) -> Result<(), LogError> {
        self.refuse_broken()?;
        if let Err(error) = self.sync_files() {
            // After a failed sync the system may have dropped the bytes and forgotten it: asking again proves nothing.
            self.broken = true;
            return Err(LogError::io(format!("sync {}", self.folder.display()), error));
        }
        self.head.durable = self.head.next;
        self.publish()
    }

    fn sync_files(&mut self) -> io::Result<()> {
        for file in &mut self.closed {
            file.sync()?;
        }
        self.closed.clear();
        if let Some(file) = &mut self.open
            && self.head.durable != self.head.next
        {
            file.sync()?;
        }
        if self.named {
            self.disk.sync_dir(&self.folder)?;
            self.named = false;
        }
        Ok(())
    }

    fn is_due(&mut self, policy: FsyncPolicy, now: Millis) -> bool {
        match policy {
            FsyncPolicy::None => false,
            FsyncPolicy::EveryBatch => true,
            FsyncPolicy::Interval(pause) => {
                let since = now.saturating_sub(*self.synced_at.get_or_insert(now));
                // Times may step back, as those of copied records do: how long ago it was is not known then.
                let due = since >= pause || since < 0;
                if due {
                    self.synced_at = Some(now);
                }
                due
            }
        }
    }

    /// Overwrites the head file, which takes no room: readers go by it.
    fn publish(&mut self) -> Result<(), LogError> {
        let bytes = self.head.bytes();
        self.head_file.write_at(0, &bytes).map_err(|error| {
            self.broken = true;
            LogError::io(format!("write {}", self.folder.join(HEAD).display()), error)
        })
    }

    fn open_segment(&mut self) -> io::Result<&mut Box<dyn DiskFile>> {
        if self.open.is_none() {
            let base = self.head.next.offset;
            let file = self.disk.create(&segment::path(&self.folder, base))?;
            self.named = true;
            self.head.next = Mark::start(base);
            self.index = Index::default();
            self.open = Some(file);
        }
        Ok(self.open.as_mut().expect("a segment was made above"))
    }

    /// Closes the open segment and writes its index, which nothing depends on.
    fn close_segment(&mut self) {
        let index = std::mem::take(&mut self.index);
        if index.is_whole() {
            let path = Index::path(&self.folder, self.head.next.segment);
            let _ = self.disk.create(&path).and_then(|mut file| file.append(&index.bytes()));
        }
        let unsynced = self.head.durable != self.head.next;
        self.closed.extend(self.open.take().filter(|_| unsynced));
        self.head.next = Mark::start(self.head.next.offset);
    }

    /// Cuts off what a refused append left, so that the log stays as it was.
    fn take_back(&mut self, before: Mark, error: io::Error) -> LogError {
        if let Some(file) = &mut self.open
            && file.truncate(before.position).is_err()
        {
            self.broken = true;
        }
        let what =
            format!("append to {}, which is left as it was; make room on the disk", self.folder.display());
        LogError::io(what, error)
    }

    /// A batch that cannot be written as such.
    pub(super) fn refuse(&self, reason: &str) -> LogError {
        format_error(&self.folder, format!("these records cannot be appended: {reason}"))
    }

    fn refuse_broken(&self) -> Result<(), LogError> {
        if !self.broken {
            return Ok(());
        }
        let reason = "the disk failed before, and what it holds is unknown: open the log again";
        Err(format_error(&self.folder, reason))
    }
}

/// Cuts the last segment at the end of its whole batches and makes it durable. Nothing if it is not there.
fn cut(
    disk: &SharedDisk,
    folder: &std::path::Path,
    end: Mark,
    torn: u64,
) -> io::Result<Option<Box<dyn DiskFile>>> {
    let mut file = match disk.open(&segment::path(folder, end.segment)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if torn > 0 {
        file.truncate(end.position)?;
    }
    file.sync()?;
    Ok(Some(file))
}

/// Removes segments after the last one, and indexes that are not of a closed segment: none may come back once new
/// ones take their names.
fn remove_strays(disk: &SharedDisk, folder: &std::path::Path, end: Mark) -> io::Result<()> {
    let stray = |name: &String| match name.split_once('.') {
        Some((base, "log")) => base.parse().is_ok_and(|base: u64| base > end.segment),
        Some((base, "index")) => base.parse().is_ok_and(|base: u64| base >= end.segment),
        _ => false,
    };
    for name in disk.list(folder)?.iter().filter(|name| stray(name)) {
        disk.remove(&folder.join(name))?;
    }
    disk.sync_dir(folder)
}
