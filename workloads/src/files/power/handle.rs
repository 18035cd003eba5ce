//! Open files and locks of a disk that can lose power.

use std::io;
use std::path::PathBuf;

use super::PowerLoss;
use super::state::Change;
use crate::files::{DiskFile, DiskLock, DiskRead};

/// An open file.
pub(super) struct PowerFile {
    pub(super) disk: PowerLoss,
    pub(super) file: usize,
}

impl DiskFile for PowerFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.disk.state();
        let end = state.files[self.file].bytes.len() as u64;
        let room = state.full_at.map_or(bytes.len(), |room| bytes.len().min(room as usize));
        state.full_at = state.full_at.map(|left| left - room as u64);
        state.change(self.file, Change::Write(end, bytes[..room].to_vec()))?;
        if room == bytes.len() { Ok(()) } else { Err(io::ErrorKind::StorageFull.into()) }
    }

    fn write_at(&mut self, position: u64, bytes: &[u8]) -> io::Result<()> {
        self.disk.state().change(self.file, Change::Write(position, bytes.to_vec()))
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.disk.state().change(self.file, Change::Truncate(length))
    }

    fn sync(&mut self) -> io::Result<()> {
        self.disk.state().sync(self.file)
    }
}

impl DiskRead for PowerFile {
    fn read_at(&self, position: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let state = self.disk.state();
        let bytes = &state.looked_at()?.files[self.file].bytes;
        let rest = bytes.get(position as usize..).unwrap_or_default();
        let read = rest.len().min(buffer.len());
        buffer[..read].copy_from_slice(&rest[..read]);
        Ok(read)
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.disk.state().looked_at()?.files[self.file].bytes.len() as u64)
    }
}

/// A lock that is held.
pub(super) struct PowerLock {
    pub(super) disk: PowerLoss,
    pub(super) path: PathBuf,
}

impl DiskLock for PowerLock {}

impl Drop for PowerLock {
    fn drop(&mut self) {
        self.disk.state().locks.remove(&self.path);
    }
}
