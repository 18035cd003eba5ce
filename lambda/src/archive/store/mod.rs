//! Where the files of an archive lie: put whole, read whole, and removed.

use std::io;
use std::path::PathBuf;

use bytes::Bytes;

mod address;
mod folder;
#[cfg(feature = "s3")]
mod objects;

pub(super) use address::at;
pub(super) use folder::Folder;

/// A place for files that never change once they are put, and for one that is replaced: the manifest.
pub(super) trait Store: Send + Sync {
    /// Puts bytes under a name, in place of what had it. They are durable when this returns; after a crash the old
    /// bytes are found whole, or the new ones.
    fn put(&self, name: &str, bytes: Vec<u8>) -> io::Result<()>;
    /// The same of a file that others may replace too: refused where somebody has since this store last read or
    /// replaced it.
    fn replace(&self, name: &str, bytes: Vec<u8>) -> io::Result<()>;
    /// All bytes of a file.
    fn get(&self, name: &str) -> io::Result<Bytes>;
    /// How many those are.
    fn length(&self, name: &str) -> io::Result<u64>;
    /// Removes a file, if it is there.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// The names of all files, those in date folders included.
    fn list(&self) -> io::Result<Vec<String>>;
    /// What a file is called in messages; the place itself for an empty name.
    fn path(&self, name: &str) -> PathBuf;
}
