//! The master dataset: every record of the log up to a version, as Parquet files that never change.
//!
//! Records are appended as they are pulled and held in memory until a version is sealed. Sealing writes them to
//! new files, syncs these and their names, and last replaces the manifest, which alone says what the archive holds:
//! the files, the exact range of offsets of each, their rows and checksums. A file that the manifest does not name is
//! what a crash left of a seal, and is overwritten by the next.
//!
//! The data is raw. It holds each offset once and every duplicate by origin or content: whoever scans it decides.

use std::path::{Path, PathBuf};

use workloads::files::{SharedDisk, make_dir};
use workloads::{Dedup, Record, Version};

mod columns;
mod error;
mod facts;
mod held;
mod manifest;
mod pending;
mod read;
mod rows;
mod schema;
mod write;

pub use columns::{OrderColumns, TradeColumns};
pub use error::ArchiveError;
pub use facts::Facts;

use manifest::{Manifest, Range};
use pending::{Keys, Pending};
use read::{Each, Scan, Wanted};
use schema::Layout;
use write::Piece;

/// Rows of a row group, at most; so many that the keys of a dictionary are repeated often.
const GROUP: usize = 1 << 19;

/// Rows after which a file is closed and the next begun.
const FILE: usize = 1 << 20;

/// The master dataset of one log.
pub struct Archive {
    disk: SharedDisk,
    folder: PathBuf,
    layout: &'static Layout,
    manifest: Manifest,
    pending: Vec<Pending>,
    keys: Keys,
}

impl Archive {
    /// Opens the archive in a folder, or begins one. What was appended and not sealed is gone: pull it again from
    /// [`Archive::sealed`] on.
    pub fn open(
        disk: &SharedDisk,
        folder: &Path,
        workload: &str,
        partitions: u32,
    ) -> Result<Self, ArchiveError> {
        let layout = Layout::of(workload)?;
        make_dir(&**disk, folder).map_err(|error| ArchiveError::io("make", folder, error))?;
        let manifest = match Manifest::read(&**disk, folder)? {
            Some(manifest) => manifest,
            None => Manifest::new(workload, partitions),
        };
        let says = |workload: &str, partitions: usize| format!("{workload} in {partitions} partitions");
        let held = (manifest.workload.as_str(), manifest.sealed.0.len());
        if held != (workload, partitions as usize) {
            let (found, asked) = (says(held.0, held.1), says(workload, partitions as usize));
            return Err(ArchiveError::Other { folder: folder.to_owned(), found, asked });
        }
        let archive = Archive {
            disk: disk.clone(),
            folder: folder.to_owned(),
            pending: (0..partitions).map(|_| Pending::new(layout)).collect(),
            layout,
            manifest,
            keys: Keys::default(),
        };
        archive.check_files()?;
        Ok(archive)
    }

    /// Everything below is held; nothing else can be scanned.
    pub fn sealed(&self) -> &Version {
        &self.manifest.sealed
    }

    /// Takes records of any partitions, those of one in the order of their offsets.
    pub fn append(&mut self, records: &[Record]) -> Result<(), ArchiveError> {
        for record in records {
            let (partition, offset) = (record.place.partition, record.place.offset);
            let refused = |reason| ArchiveError::Refused { partition, offset, reason };
            let sealed = self.manifest.sealed.0.get(partition as usize);
            let sealed = *sealed.ok_or_else(|| refused("there is no such partition"))?;
            let pending = &mut self.pending[partition as usize];
            if offset < pending.last().map_or(sealed, |last| last + 1) {
                return Err(refused("it holds that offset already"));
            }
            if record.event.workload() != self.layout.workload {
                return Err(refused("its event is of another workload"));
            }
            pending.push(record, &mut self.keys);
        }
        Ok(())
    }

    /// Writes everything below `cut` durably. All of it must have been appended, but for what could not be decoded.
    /// When this fails the archive is as it was, and it can be tried again.
    pub fn seal(&mut self, cut: &Version) -> Result<(), ArchiveError> {
        if !cut.covers(self.sealed()) {
            return Err(self.beyond("is more than", cut));
        }
        if cut == self.sealed() {
            return Ok(());
        }
        let mut manifest = self.manifest.clone();
        for pieces in self.files(cut) {
            let name = format!("part-{:06}.parquet", manifest.files.len() + 1);
            let path = self.folder.join(&name);
            let file = write::write(&*self.disk, &self.folder, name, self.layout, &self.keys, &pieces);
            let failed = |error| ArchiveError::io("write", &path, std::io::Error::other(error));
            manifest.files.push(file.map_err(failed)?);
        }
        // The names of the files must not be lost when that of the manifest is kept.
        let synced = self.disk.sync_dir(&self.folder);
        synced.map_err(|error| ArchiveError::io("sync", &self.folder, error))?;
        manifest.sealed = cut.clone();
        manifest.write(&*self.disk, &self.folder)?;
        self.manifest = manifest;
        for (pending, cut) in self.pending.iter_mut().zip(&cut.0) {
            pending.forget(pending.below(*cut));
        }
        Ok(())
    }

    /// Every record of `orders` below `upto`, duplicates included, a partition's in the order of its offsets. The
    /// origins are read if records are recognised by them.
    pub fn scan_orders(
        &self,
        upto: &Version,
        dedup: Dedup,
        each: &mut dyn FnMut(&OrderColumns<'_>),
    ) -> Result<(), ArchiveError> {
        let mut rows = rows::Orders::default();
        let wanted = Wanted { keys: true, longs: rows::Orders::wanted(dedup).to_vec() };
        self.scan(upto, &wanted, &mut |block, met| rows.hand(block, &met.keys.all, each))
    }

    /// Every record of `trades` below `upto`, duplicates included, a partition's in the order of its offsets.
    pub fn scan_trades(
        &self,
        upto: &Version,
        each: &mut dyn FnMut(&TradeColumns<'_>),
    ) -> Result<(), ArchiveError> {
        let mut rows = rows::Trades::default();
        let wanted = Wanted { keys: true, longs: rows::Trades::WANTED.to_vec() };
        self.scan(upto, &wanted, &mut |block, met| rows.hand(block, &met.keys.all, each))
    }

    /// Every record of a workload whose events stand for good, below `upto`, duplicates included, a partition's in the
    /// order of its offsets. The origins are read if records are recognised by them.
    pub fn scan_facts(
        &self,
        upto: &Version,
        dedup: Dedup,
        each: &mut dyn FnMut(&Facts<'_>),
    ) -> Result<(), ArchiveError> {
        let mut origins = Vec::new();
        let wanted = facts::wanted(self.layout, dedup);
        self.scan(upto, &wanted, &mut |block, met| {
            rows::origins(block, &mut origins)?;
            each(&Facts::new(self.layout, block, met, &origins));
            Ok(())
        })
    }

    /// Every record below `upto`, with all that was archived of it.
    pub fn scan_records(&self, upto: &Version, each: &mut dyn FnMut(&Record)) -> Result<(), ArchiveError> {
        let all = Wanted { keys: true, longs: (0..self.layout.longs()).collect() };
        self.scan(upto, &all, &mut |block, met| rows::records(self.layout, block, met, each))
    }

    fn scan(&self, upto: &Version, wanted: &Wanted, each: Each<'_>) -> Result<(), ArchiveError> {
        if !self.sealed().covers(upto) {
            return Err(self.beyond("is less than", upto));
        }
        let mut scan = Scan::new(&*self.disk, &self.folder, upto, self.layout, wanted);
        self.manifest.files.iter().try_for_each(|file| scan.file(file, each))
    }

    /// What lies below a cut, in row groups, in files.
    fn files(&self, cut: &Version) -> Vec<Vec<Piece<'_>>> {
        let (mut files, mut rows) = (vec![Vec::new()], 0);
        for (partition, cut) in cut.0.iter().enumerate() {
            for piece in self.pieces(partition as u32, *cut) {
                if rows + piece.rows.len() > FILE {
                    files.push(Vec::new());
                    rows = 0;
                }
                rows += piece.rows.len();
                files.last_mut().expect("it begins with one").push(piece);
            }
        }
        files
    }

    fn pieces(&self, partition: u32, cut: u64) -> Vec<Piece<'_>> {
        let pending = &self.pending[partition as usize];
        let end = pending.below(cut);
        let mut from = self.manifest.sealed.0[partition as usize];
        let starts = (0..end.max(1)).step_by(GROUP);
        let pieces = starts.map(|first| {
            let last = end.min(first + GROUP);
            let upto = if last == end { cut } else { pending.offset(last) };
            let range = Range { partition, from, upto, rows: (last - first) as u64 };
            from = upto;
            Piece { rows: first..last, pending, range }
        });
        pieces.filter(|piece| piece.range.from < piece.range.upto).collect()
    }

    fn check_files(&self) -> Result<(), ArchiveError> {
        for file in &self.manifest.files {
            let path = self.folder.join(&file.name);
            let length = self.disk.open_read(&path).and_then(|open| open.length());
            let length = length.map_err(|error| match error.kind() {
                std::io::ErrorKind::NotFound => ArchiveError::Missing(path.clone()),
                _ => ArchiveError::io("open", &path, error),
            })?;
            if length != file.bytes {
                let reason = format!("it has {length} bytes of the {} that were written", file.bytes);
                return Err(ArchiveError::broken(&path, &reason));
            }
        }
        Ok(())
    }

    fn beyond(&self, relation: &'static str, asked: &Version) -> ArchiveError {
        ArchiveError::Beyond { sealed: self.sealed().clone(), relation, asked: asked.clone() }
    }
}
