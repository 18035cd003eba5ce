//! Checking every batch of a log.

use std::path::{Path, PathBuf};

use super::head::{Head, Mark};
use super::records::Records;
use super::segment::{self, Segment};
use super::{LOCK, description, partition_folder, recover};
use crate::files::SharedDisk;
use crate::log::LogError;

/// What was counted in one partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Records.
    pub records: u64,
    /// Batches.
    pub batches: u64,
    /// Segment files.
    pub segments: u64,
    /// Bytes of whole batches.
    pub bytes: u64,
    /// What follows them, and is not a batch.
    pub torn: Option<Torn>,
}

/// The end of a partition whose writer did not end well. The next writer cuts it off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Torn {
    /// Segment file.
    pub file: PathBuf,
    /// Byte position after the last whole batch.
    pub position: u64,
    /// Bytes from there on.
    pub bytes: u64,
    /// Records that had been appended and are gone.
    pub lost: u64,
}

/// Reads every batch of every partition and checks it. The first that is not what was written is the error.
pub fn verify(disk: &SharedDisk, folder: &Path) -> Result<Vec<Checked>, LogError> {
    let meta = description(disk, folder)?;
    let lock = folder.join(LOCK);
    let living = disk.locked(&lock).map_err(|e| LogError::io(format!("ask for {}", lock.display()), e))?;
    (0..meta.partitions).map(|p| partition(disk, &partition_folder(folder, p), living)).collect()
}

fn partition(disk: &SharedDisk, folder: &Path, living: bool) -> Result<Checked, LogError> {
    let head = Head::find(disk.as_ref(), folder)
        .map_err(|error| LogError::io(format!("read the head in {}", folder.display()), error))?;
    let mut checked = Checked::default();
    let end = match head {
        Some(head) if living => head.next,
        _ => {
            let found = recover::find_end(disk.as_ref(), folder, head.as_ref())?;
            let lost = head.map_or(0, |head| head.next.offset.saturating_sub(found.end.offset));
            let file = segment::path(folder, found.end.segment);
            let torn = Torn { file, position: found.end.position, bytes: found.torn, lost };
            checked.torn = Some(torn).filter(|torn| torn.bytes > 0 || torn.lost > 0);
            found.end
        }
    };
    let mut base = 0;
    while base < end.offset {
        base = segment(disk, folder, base, end, &mut checked)?;
    }
    Ok(checked)
}

/// Checks one segment and says where the next begins.
fn segment(
    disk: &SharedDisk,
    folder: &Path,
    base: u64,
    end: Mark,
    checked: &mut Checked,
) -> Result<u64, LogError> {
    let mark = Mark::start(base);
    let missing = || segment::corrupt(segment::path(folder, base), mark, "the file is missing".into());
    let mut segment = Segment::open(disk.as_ref(), folder, mark)?.ok_or_else(missing)?;
    let limit = if base == end.segment { end.position } else { segment.length()? };
    let mut records = Vec::new();
    loop {
        let before = segment.mark();
        let Some(found) = segment.next(limit).map_err(|stop| segment.error(stop))? else { break };
        let path = segment::path(folder, base);
        records.clear();
        Records::of(found.bytes)
            .and_then(|mut batch| batch.take(0, usize::MAX, &mut records))
            .map_err(|reason| segment::corrupt(path, before, reason))?;
        checked.records += records.len() as u64;
        checked.batches += 1;
        checked.bytes += found.header.length;
    }
    checked.segments += 1;
    if segment.mark().offset == base {
        return Err(segment.corrupt("the file is empty, though more was appended".into()));
    }
    Ok(segment.mark().offset)
}
