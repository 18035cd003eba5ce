//! Finding the end of a partition that nobody is writing.

use std::path::Path;

use super::head::{Head, Mark};
use super::segment::{self, Index, Segment, Stop};
use crate::files::Disk;
use crate::log::LogError;

/// What is found in a partition's folder.
#[derive(Debug)]
pub(super) struct Found {
    /// End of the last whole batch in an unbroken row from what is durable on.
    pub(super) end: Mark,
    /// Bytes after it in the same file, that are not a batch.
    pub(super) torn: u64,
    /// The batches of the last segment from where the looking began, for the index.
    pub(super) index: Index,
}

/// Looks from what the head calls durable, or from the first offset if there is no head, for the end of the
/// unbroken row of whole batches. What was durable and is gone is an error.
pub(super) fn find_end(disk: &dyn Disk, folder: &Path, head: Option<&Head>) -> Result<Found, LogError> {
    let durable = head.map_or(Mark::default(), |head| head.durable);
    let mut mark = durable;
    let mut index = Index::default();
    loop {
        let Some(mut file) = Segment::open(disk, folder, mark)? else {
            return gone_or_end(folder, mark, durable, index);
        };
        let length = file.length()?;
        if length < mark.position {
            return Err(lost(folder, durable, &format!("the file has {length} bytes")));
        }
        let whole = walk(&mut file, length, &mut index)?;
        mark = file.mark();
        if !whole || mark.offset == mark.segment || !exists(disk, folder, mark.offset)? {
            return Ok(Found { end: mark, torn: length - mark.position, index });
        }
        mark = Mark::start(mark.offset);
        index = Index::default();
    }
}

/// Walks to the end of a segment; whether every byte belonged to a whole batch.
fn walk(file: &mut Segment, length: u64, index: &mut Index) -> Result<bool, LogError> {
    loop {
        let before = file.mark();
        match file.next_checked(length) {
            Ok(Some(found)) => index.note(before, found.header.latest),
            Ok(None) => return Ok(true),
            Err(Stop::Bad(_)) => return Ok(false),
            Err(stop) => return Err(file.error(stop)),
        }
    }
}

fn gone_or_end(folder: &Path, mark: Mark, durable: Mark, index: Index) -> Result<Found, LogError> {
    if mark.position > 0 {
        return Err(lost(folder, durable, "the file is missing"));
    }
    Ok(Found { end: mark, torn: 0, index })
}

fn lost(folder: &Path, durable: Mark, reason: &str) -> LogError {
    segment::corrupt(
        segment::path(folder, durable.segment),
        durable,
        format!("{reason}, though more was synced"),
    )
}

fn exists(disk: &dyn Disk, folder: &Path, base: u64) -> Result<bool, LogError> {
    Ok(segment::list(disk, folder)?.contains(&base))
}
