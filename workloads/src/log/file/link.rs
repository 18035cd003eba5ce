//! A new log over the segments of an old one.

use std::io;
use std::path::Path;

use super::head::{HEAD, Head};
use super::segment::{self, Index};
use super::{LOCK, describe, description, partition_folder, recover, refuse_second};
use crate::files::{SharedDisk, make_dir};
use crate::log::LogError;

/// See [`super::FileLog::link`].
pub(super) fn link(disk: &SharedDisk, from: &Path, to: &Path) -> Result<(), LogError> {
    let meta = description(disk, from)?;
    refuse_second(disk, to)?;
    let failed = |error| LogError::io(format!("link {} to {}", from.display(), to.display()), error);
    if disk.locked(&from.join(LOCK)).map_err(failed)? {
        return Err(LogError::Locked(from.to_path_buf()));
    }
    for partition in 0..meta.partitions {
        let (from, to) = (partition_folder(from, partition), partition_folder(to, partition));
        let head = Head::find(disk.as_ref(), &from).map_err(failed)?;
        let end = recover::find_end(disk.as_ref(), &from, head.as_ref())?.end;
        let bases = segment::list(disk.as_ref(), &from)?;
        let closed: Vec<u64> = bases.into_iter().filter(|base| *base < end.segment).collect();
        let share = || {
            make_dir(disk.as_ref(), &to)?;
            share(disk, &from, &to, &closed)?;
            copy(disk, &segment::path(&from, end.segment), &segment::path(&to, end.segment), end.position)?;
            let durable = head.map(|head| head.durable).unwrap_or_default();
            let head = Head { generation: 0, next: end, durable };
            disk.create(&to.join(HEAD))?.append(&head.bytes())?;
            disk.sync_dir(&to)
        };
        share().map_err(failed)?;
    }
    describe(disk, to, &meta)
}

/// Gives the closed segments and their indexes a second name.
fn share(disk: &SharedDisk, from: &Path, to: &Path, closed: &[u64]) -> io::Result<()> {
    for base in closed {
        disk.link(&segment::path(from, *base), &segment::path(to, *base))?;
        match disk.link(&Index::path(from, *base), &Index::path(to, *base)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Copies the first `length` bytes of the open segment durably, if there is one.
fn copy(disk: &SharedDisk, from: &Path, to: &Path, length: u64) -> io::Result<()> {
    if length == 0 {
        return Ok(());
    }
    let bytes = disk.read(from)?;
    let mut file = disk.create(to)?;
    file.append(&bytes[..bytes.len().min(length as usize)])?;
    file.sync()
}
