//! What an archive holds, replaced as a whole each time something is sealed.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use workloads::Version;
use workloads::files::Disk;

use super::error::ArchiveError;

/// Its name in the archive's folder.
pub(super) const MANIFEST: &str = "manifest.json";

const WRITING: &str = "manifest.json.writing";

/// What an archive holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    pub(super) workload: String,
    /// Everything below is in the files, and nothing else.
    pub(super) sealed: Version,
    pub(super) files: Vec<File>,
}

/// A Parquet file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) bytes: u64,
    pub(super) crc32: u32,
    /// What it holds, in the order of its row groups. A range without rows has none.
    pub(super) ranges: Vec<Range>,
}

/// The records of some offsets of one partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Range {
    pub(super) partition: u32,
    /// First offset.
    pub(super) from: u64,
    /// The offset after the last.
    pub(super) upto: u64,
    /// How many records there are. Fewer than offsets, where some were passed over as undecodable.
    pub(super) rows: u64,
}

impl Manifest {
    pub(super) fn new(workload: &str, partitions: u32) -> Self {
        let workload = workload.to_owned();
        Manifest { workload, sealed: Version::zero(partitions), files: Vec::new() }
    }

    /// The manifest in a folder, if there is one.
    pub(super) fn read(disk: &dyn Disk, folder: &Path) -> Result<Option<Self>, ArchiveError> {
        let path = folder.join(MANIFEST);
        let bytes = match disk.read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(ArchiveError::io("read", &path, error)),
        };
        let manifest: Manifest =
            serde_json::from_slice(&bytes).map_err(|error| ArchiveError::broken(&path, &error))?;
        if manifest.whole() {
            Ok(Some(manifest))
        } else {
            Err(ArchiveError::broken(&path, &"its files leave a gap, or overlap"))
        }
    }

    /// Whether the files follow on one another in each partition, up to what is sealed.
    fn whole(&self) -> bool {
        let mut next = Version::zero(self.sealed.0.len() as u32);
        for range in self.files.iter().flat_map(|file| &file.ranges) {
            match next.0.get_mut(range.partition as usize) {
                Some(next) if *next == range.from && range.from <= range.upto => *next = range.upto,
                _ => return false,
            }
        }
        next == self.sealed
    }

    /// Replaces the manifest in a folder: after a crash the old one is found whole, or the new one.
    pub(super) fn write(&self, disk: &dyn Disk, folder: &Path) -> Result<(), ArchiveError> {
        let (writing, path) = (folder.join(WRITING), folder.join(MANIFEST));
        let replace = || {
            let mut file = disk.create(&writing)?;
            file.append(&serde_json::to_vec_pretty(self)?)?;
            file.sync()?;
            disk.rename(&writing, &path)?;
            disk.sync_dir(folder)
        };
        replace().map_err(|error| ArchiveError::io("write", &path, error))
    }
}
