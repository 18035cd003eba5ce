//! The one layer through which everything durable in the project is written.
//!
//! [`RealDisk`] is the operating system's file system. Its test form (`PowerLoss`) keeps what was not synced
//! apart and can lose any part of it.

use std::io;
use std::path::Path;
use std::sync::Arc;

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
    /// The names in a folder as a running process sees them, sorted.
    fn list(&self, path: &Path) -> io::Result<Vec<String>>;
}

/// A disk shared by the parts of one component.
pub type SharedDisk = Arc<dyn Disk>;
