//! One segment file of a partition: its name, its batches in order, and its sparse index.

use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::batch::{HEADER, Header};
use super::head::Mark;
use super::records;
use crate::event::Millis;
use crate::files::{Disk, DiskRead};
use crate::log::LogError;

/// Bytes read at a time.
const BLOCK: u64 = 256 << 10;

/// The file of the segment that begins at that offset.
pub(super) fn path(folder: &Path, base: u64) -> PathBuf {
    folder.join(format!("{base:020}.log"))
}

/// First offsets of the segments in a partition's folder, in order.
pub(super) fn list(disk: &dyn Disk, folder: &Path) -> Result<Vec<u64>, LogError> {
    let names = disk.list(folder).map_err(|e| LogError::io(format!("list {}", folder.display()), e))?;
    Ok(names.iter().filter_map(|name| name.strip_suffix(".log")?.parse().ok()).collect())
}

/// Why the next batch cannot be had.
#[derive(Debug)]
pub(super) enum Stop {
    /// The operating system refused.
    Io(io::Error),
    /// What is there is not a whole batch.
    Bad(String),
}

/// One batch with its place.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) header: Header,
    pub(super) bytes: Bytes,
}

/// Walks over the batches of one segment file.
pub(super) struct Segment {
    file: Box<dyn DiskRead>,
    path: PathBuf,
    /// End of the last batch handed out.
    mark: Mark,
    block: Bytes,
}

impl Segment {
    /// Opens it at a boundary between two batches; nothing if there is no such file.
    pub(super) fn open(disk: &dyn Disk, folder: &Path, mark: Mark) -> Result<Option<Segment>, LogError> {
        let path = path(folder, mark.segment);
        match disk.open_read(&path) {
            Ok(file) => Ok(Some(Segment { file, path, mark, block: Bytes::new() })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(LogError::io(format!("open {}", path.display()), error)),
        }
    }

    /// End of the last batch handed out.
    pub(super) fn mark(&self) -> Mark {
        self.mark
    }

    /// The file's length now.
    pub(super) fn length(&self) -> Result<u64, LogError> {
        self.file.length().map_err(|error| self.error(Stop::Io(error)))
    }

    /// The next batch below the byte `limit`, not yet checked against its checksum; nothing at `limit`.
    pub(super) fn next(&mut self, limit: u64) -> Result<Option<Found>, Stop> {
        let left = limit.saturating_sub(self.mark.position);
        if left == 0 {
            return Ok(None);
        }
        self.fill(HEADER as u64, left)?;
        let header = Header::read(&self.block).map_err(Stop::Bad)?;
        if header.base != self.mark.offset {
            return Err(Stop::Bad(format!(
                "offset {} stands where {} is due",
                header.base, self.mark.offset
            )));
        }
        if header.length > left {
            return Err(Stop::Bad(format!("a batch of {} bytes, of which {left} are there", header.length)));
        }
        self.fill(header.length, left)?;
        if (self.block.len() as u64) < header.length {
            return Err(Stop::Bad("the file ends inside a batch".into()));
        }
        let bytes = self.block.split_to(header.length as usize);
        self.mark.position += header.length;
        self.mark.offset = header.end();
        Ok(Some(Found { header, bytes }))
    }

    /// The next batch, checked.
    pub(super) fn next_checked(&mut self, limit: u64) -> Result<Option<Found>, Stop> {
        let before = self.mark;
        let found = self.next(limit)?;
        if let Some(Err(reason)) = found.as_ref().map(|found| records::check(&found.bytes)) {
            self.mark = before;
            return Err(Stop::Bad(reason));
        }
        Ok(found)
    }

    /// Has at least `wanted` bytes in the block if the file has them, and never any at or past `left`.
    fn fill(&mut self, wanted: u64, left: u64) -> Result<(), Stop> {
        if self.block.len() as u64 >= wanted.min(left) {
            return Ok(());
        }
        let mut block = vec![0; left.min(BLOCK.max(wanted)) as usize];
        let read = self.file.read_at(self.mark.position, &mut block).map_err(Stop::Io)?;
        block.truncate(read);
        self.block = block.into();
        Ok(())
    }

    /// What stopped it, as the log's error, at the batch where it stands.
    pub(super) fn error(&self, stop: Stop) -> LogError {
        match stop {
            Stop::Io(source) => LogError::io(format!("read {}", self.path.display()), source),
            Stop::Bad(reason) => self.corrupt(reason),
        }
    }

    /// A fault at the batch where it stands.
    pub(super) fn corrupt(&self, reason: String) -> LogError {
        corrupt(self.path.clone(), self.mark, reason)
    }
}

/// A fault at `mark`.
pub(super) fn corrupt(file: PathBuf, mark: Mark, reason: String) -> LogError {
    LogError::Corrupt { file, position: mark.position, offset: mark.offset, reason }
}

/// Every so many bytes a batch of a closed segment is noted in its index.
const STRIDE: u64 = 64 << 10;

/// A batch as the index notes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) mark: Mark,
    /// Latest append time in the segment before this batch.
    pub(super) before: Millis,
}

/// Sparse notes on where the batches of a segment begin. Written beside it when it is closed, never synced: what
/// is missing or does not fit is done without.
#[derive(Clone, Debug)]
pub(super) struct Index {
    entries: Vec<Entry>,
    latest: Millis,
}

impl Default for Index {
    fn default() -> Self {
        Index { entries: Vec::new(), latest: Millis::MIN }
    }
}

impl Index {
    /// Notes a batch that begins at `mark`.
    pub(super) fn note(&mut self, mark: Mark, latest: Millis) {
        let due = self.entries.last().is_none_or(|last| mark.position >= last.mark.position + STRIDE);
        if due {
            self.entries.push(Entry { mark, before: self.latest });
        }
        self.latest = self.latest.max(latest);
    }

    /// The last noted batch that does not begin after `offset`.
    pub(super) fn at_offset(&self, offset: u64) -> Option<Mark> {
        let after = self.entries.partition_point(|entry| entry.mark.offset <= offset);
        after.checked_sub(1).map(|at| self.entries[at].mark)
    }

    /// Where to begin looking for the first record appended at or after `time`; nothing if the segment has none.
    pub(super) fn candidate(&self, time: Millis) -> Option<Mark> {
        let after = self.entries.partition_point(|entry| entry.before < time);
        let entry = self.entries.get(after.saturating_sub(1)).map(|entry| entry.mark);
        entry.filter(|_| self.latest >= time)
    }

    /// Latest append time in the segment.
    pub(super) fn latest(&self) -> Millis {
        self.latest
    }

    /// Whether it knows the segment from its first batch on; after a restart it may know the rest only.
    pub(super) fn is_whole(&self) -> bool {
        self.entries.first().is_some_and(|entry| entry.mark.position == 0)
    }

    /// Its file.
    pub(super) fn path(folder: &Path, base: u64) -> PathBuf {
        folder.join(format!("{base:020}.index"))
    }

    /// Its bytes, with a checksum at the end.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.latest.to_be_bytes().to_vec();
        for Entry { mark, before } in &self.entries {
            for number in [mark.offset, mark.position, *before as u64] {
                bytes.extend_from_slice(&number.to_be_bytes());
            }
        }
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_be_bytes());
        bytes
    }

    /// Reads what stands beside the segment; nothing if it is missing or damaged.
    pub(super) fn find(disk: &dyn Disk, folder: &Path, base: u64) -> Option<Index> {
        let bytes = disk.read(&Self::path(folder, base)).ok()?;
        let (body, sum) = bytes.split_at_checked(bytes.len().checked_sub(4)?)?;
        if crc32fast::hash(body).to_be_bytes() != sum {
            return None;
        }
        let mut numbers = body.chunks_exact(8).map(|place| place.try_into().map_or(0, u64::from_be_bytes));
        let latest = numbers.next()? as Millis;
        let mut entries = Vec::new();
        while let (Some(offset), Some(position), Some(before)) =
            (numbers.next(), numbers.next(), numbers.next())
        {
            entries.push(Entry { mark: Mark { offset, segment: base, position }, before: before as Millis });
        }
        Some(Index { entries, latest })
    }
}
