//! The master dataset: every record of the log up to a version, as Parquet files that never change.
//!
//! Records are appended as they are pulled and held in memory until a version is sealed. Sealing puts them into new
//! files, and last replaces the manifest, which alone says what the archive holds: the files, the exact range of offsets
//! of each, their rows and checksums. A file that the manifest does not name is what a crash or an overtaken writer left of
//! a seal: nothing reads it, and it goes when the archive is opened to be written after a later seal. No file is ever put
//! over another: its checksum is part of its name.
//!
//! A file is read as a whole, and its checksum compared, before anything of it is handed out; its length is compared
//! when the archive is opened.
//!
//! The data is raw. It holds each offset once and every duplicate by origin or content: whoever scans it decides. Where
//! nobody recognises anything, a record that was delivered twice is held twice, side by side at its one offset; a
//! version includes both or none.

use std::path::Path;
use std::sync::Arc;
use std::thread;

use workloads::files::SharedDisk;
use workloads::{Dedup, Log, Record, Version};

#[cfg(feature = "avro")]
pub mod avro;
mod columns;
mod compact;
mod error;
mod facts;
mod groups;
mod held;
mod identity;
mod manifest;
mod numbered;
mod pending;
mod pieces;
mod read;
mod rows;
mod schema;
mod since;
mod span;
mod store;
mod write;

pub use columns::{OrderColumns, TradeColumns};
pub use error::ArchiveError;
pub use facts::Facts;
pub(crate) use groups::{Groups, Reads, Stretch};

use identity::{Deliveries, stranger};
use manifest::Manifest;
use pending::{Keys, Pending};
use pieces::Days;
use read::{Each, Scan, Wanted};
use schema::Layout;
use store::{Folder, Store};

/// The master dataset of one log.
pub struct Archive {
    store: Arc<dyn Store>,
    layout: &'static Layout,
    manifest: Manifest,
    pending: Vec<Pending>,
    keys: Keys,
    /// How many threads read it, where several can.
    threads: usize,
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
        let store = Folder::open(disk, folder).map_err(|error| ArchiveError::io("make", folder, error))?;
        Archive::within(Arc::new(store), workload, partitions)
    }

    /// The same at an address: a folder, the usual one of a state folder if it is empty, or a bucket of an object store
    /// such as `s3://bucket/prefix?endpoint=http://127.0.0.1:9000&keys=FILE`.
    pub fn at(
        disk: &SharedDisk,
        state: &Path,
        address: &str,
        workload: &str,
        partitions: u32,
    ) -> Result<Self, ArchiveError> {
        Archive::within(store::at(disk, state, address)?, workload, partitions)
    }

    fn within(store: Arc<dyn Store>, workload: &str, partitions: u32) -> Result<Self, ArchiveError> {
        let layout = Layout::of(workload)?;
        let manifest = match Manifest::read(&*store)? {
            Some(manifest) => manifest,
            None => Manifest::new(workload, partitions),
        };
        let pending = (0..partitions).map(|_| Pending::new(layout)).collect();
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let archive = Archive { store, pending, layout, manifest, keys: Keys::default(), threads };
        let says = |workload: &str, partitions: usize| format!("{workload} in {partitions} partitions");
        let held = (archive.manifest.workload.as_str(), archive.sealed().0.len());
        if held != (workload, partitions as usize) {
            return Err(archive.other(says(held.0, held.1), says(workload, partitions as usize)));
        }
        archive.check_files()?;
        Ok(archive)
    }

    /// The same to go on with, from a log: refused if its records are another log's. With [`Dedup::None`] it is to hold
    /// every delivery of a record, otherwise every record once.
    pub fn following(mut self, log: &dyn Log, dedup: Dedup) -> Result<Self, ArchiveError> {
        let reason = stranger(log, self.manifest.log.as_ref(), &self.manifest.ends)?;
        if let Some(reason) = reason {
            return Err(ArchiveError::Stranger { folder: self.store.path(""), reason });
        }
        self.manifest.log = Some(log.meta().clone());
        let archive = self.holding(dedup)?;
        archive.sweep()?;
        Ok(archive)
    }

    /// The same, to hold every delivery of a record with [`Dedup::None`], and every record once otherwise.
    pub fn holding(mut self, dedup: Dedup) -> Result<Self, ArchiveError> {
        let (held, asked) = (self.manifest.deliveries, Deliveries::of(dedup));
        if held != asked && self.sealed().total() > 0 {
            return Err(self.other(held.says().to_owned(), asked.says().to_owned()));
        }
        self.manifest.deliveries = asked;
        Ok(self)
    }

    /// The same, read by so many threads where several can; by as many as this process may run at once, if that is 0.
    pub fn read_by(self, threads: usize) -> Self {
        if threads == 0 { self } else { Archive { threads, ..self } }
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
            let once = u64::from(self.manifest.deliveries == Deliveries::Once);
            if offset < pending.last().map_or(sealed, |last| last + once) {
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
        for (day, pieces) in pieces::files(self.pieces(cut)) {
            let file = write::put(&*self.store, self.layout, &self.keys, (day, &pieces), &mut manifest)?;
            manifest.files.push(file);
        }
        for ((end, pending), cut) in manifest.ends.iter_mut().zip(&self.pending).zip(&cut.0) {
            *end = pending.below(*cut).checked_sub(1).map(|row| pending.end(row)).or(end.take());
        }
        manifest.sealed = cut.clone();
        self.replace(manifest, Vec::new())?;
        for (pending, cut) in self.pending.iter_mut().zip(&cut.0) {
            pending.forget(pending.below(*cut), self.layout);
        }
        if self.pending.iter().all(Pending::is_empty) {
            self.keys.forget();
        }
        Ok(())
    }

    /// Replaces the manifest by one that no longer needs some files, and removes those that the one before it did not
    /// need.
    fn replace(&mut self, mut manifest: Manifest, retired: Vec<String>) -> Result<(), ArchiveError> {
        let gone = std::mem::replace(&mut manifest.retired, retired);
        manifest.write(&*self.store)?;
        self.manifest = manifest;
        for name in gone {
            // What stays is in nobody's way, and is swept up when the archive is opened again.
            let _ = self.store.remove(&name);
        }
        Ok(())
    }

    /// Removes what the manifest does not name and no writer that goes on from it will put.
    fn sweep(&self) -> Result<(), ArchiveError> {
        let all = self.store.list().map_err(|error| ArchiveError::io("list", &self.store.path(""), error))?;
        for name in all.iter().filter(|name| self.manifest.forgotten(name)) {
            let removed = self.store.remove(name);
            removed.map_err(|error| ArchiveError::io("remove", &self.store.path(name), error))?;
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
        let wanted = Wanted { keys: true, longs: rows::Orders::wanted(dedup).to_vec(), times: None };
        self.scan(upto, &wanted, &mut |block, met| rows.hand(block, &met.keys.all, each))
    }

    /// Every record of `trades` below `upto`, duplicates included, a partition's in the order of its offsets.
    pub fn scan_trades(
        &self,
        upto: &Version,
        each: &mut dyn FnMut(&TradeColumns<'_>),
    ) -> Result<(), ArchiveError> {
        let mut rows = rows::Trades::default();
        let wanted = Wanted { keys: true, longs: rows::Trades::WANTED.to_vec(), times: None };
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
        let all = Wanted::all(self.layout);
        self.scan(upto, &all, &mut |block, met| rows::records(self.layout, block, met, each))
    }

    fn scan(&self, upto: &Version, wanted: &Wanted, each: Each<'_>) -> Result<(), ArchiveError> {
        if !self.sealed().covers(upto) {
            return Err(self.beyond("is less than", upto));
        }
        let mut scan = Scan::new(&*self.store, upto, self.layout, wanted);
        self.manifest.files.iter().try_for_each(|file| scan.file(file, each))
    }

    /// What lies below a cut, in row groups.
    fn pieces(&self, cut: &Version) -> Vec<pieces::Piece<'_>> {
        // Offsets without a record are noted with what was sealed last.
        let days = Days::Own(self.manifest.files.last().map_or(0, manifest::File::day));
        let spans = self.sealed().0.iter().copied().zip(cut.0.iter().copied());
        let parts = (0..).zip(&self.pending).zip(spans);
        parts
            .flat_map(|((partition, pending), span)| pieces::pieces(partition, pending, span, days))
            .collect()
    }

    fn check_files(&self) -> Result<(), ArchiveError> {
        for file in &self.manifest.files {
            let path = self.store.path(&file.name);
            let length = self.store.length(&file.name).map_err(|error| match error.kind() {
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

    fn other(&self, found: String, asked: String) -> ArchiveError {
        ArchiveError::Other { folder: self.store.path(""), found, asked }
    }

    fn beyond(&self, relation: &'static str, asked: &Version) -> ArchiveError {
        ArchiveError::Beyond { sealed: self.sealed().clone(), relation, asked: asked.clone() }
    }
}
