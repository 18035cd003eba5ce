//! The one layer through which everything durable in the project is written.
//!
//! [`RealDisk`] is the operating system's file system. Its test form, [`PowerLoss`], keeps what was not synced
//! apart and can lose any part of it.

use std::io;
use std::path::Path;
use std::sync::Arc;

mod bell;
mod power;
mod real;

pub use bell::Bell;
pub use power::PowerLoss;
pub use real::RealDisk;

/// A file being written.
pub trait DiskFile: Send {
    /// Appends all of `bytes`.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Overwrites `bytes` at `position`.
    fn write_at(&mut self, position: u64, bytes: &[u8]) -> io::Result<()>;
    /// Cuts the file at `length`.
    fn truncate(&mut self, length: u64) -> io::Result<()>;
    /// Makes the file's bytes durable (not its name: see [`Disk::sync_dir`]).
    fn sync(&mut self) -> io::Result<()>;
}

/// A file being read, while another may be appending to it.
pub trait DiskRead: Send + Sync {
    /// Fills as much of `buffer` as the file has from `position` on, and says how much that was.
    fn read_at(&self, position: u64, buffer: &mut [u8]) -> io::Result<usize>;
    /// The file's length now.
    fn length(&self) -> io::Result<u64>;
}

/// A lock on a file: held until this is dropped, or the process ends however it may.
pub trait DiskLock: Send {}

/// A file system on which to write durably.
pub trait Disk: Send + Sync {
    /// Makes a folder and those above it.
    fn create_dir(&self, path: &Path) -> io::Result<()>;
    /// Makes a new empty file, in place of one that may be there.
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;
    /// Opens a file to append to it; an error if it is not there.
    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;
    /// Gives a file another name, in place of what had it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes the names in a folder durable: creations, renames and removals.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;
    /// The bytes of a file as a running process sees them.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;
    /// Opens a file to read from it.
    fn open_read(&self, path: &Path) -> io::Result<Box<dyn DiskRead>>;
    /// Gives a file a second name, in place of nothing: an error if the name is taken.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Locks a file, which is made if it is not there, against every other process; nothing if it is locked.
    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn DiskLock>>>;
    /// Whether some process holds the lock on a file. Takes nothing, so it disturbs nobody who wants it.
    fn locked(&self, path: &Path) -> io::Result<bool>;
    /// The names in a folder as a running process sees them, sorted.
    fn list(&self, path: &Path) -> io::Result<Vec<String>>;
    /// A bell that rings when any process writes to one of these files, which are there; nothing of a disk without bells.
    fn bell(&self, _files: &[&Path]) -> io::Result<Option<Bell>> {
        Ok(None)
    }
}

/// A disk shared by the parts of one component.
pub type SharedDisk = Arc<dyn Disk>;

/// Makes a folder and those above it, each of them durably. One that is there may have been made by a process that
/// died before its name was durable, so that the folder's own name and that of the one above are made so again.
pub fn make_dir(disk: &dyn Disk, path: &Path) -> io::Result<()> {
    let missing = path.ancestors().take_while(|folder| disk.list(here(folder)).is_err()).count();
    disk.create_dir(path)?;
    for (number, folder) in path.ancestors().take(missing.max(2)).enumerate() {
        match disk.sync_dir(here(folder.parent().unwrap_or(folder))) {
            // Somebody else's folder, in which this one stood before.
            Err(error) if number >= missing && error.kind() == io::ErrorKind::PermissionDenied => {}
            synced => synced?,
        }
    }
    Ok(())
}

/// The folder that a relative path without a folder stands in has an empty name.
fn here(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() { Path::new(".") } else { folder }
}
