//! The files of snapshots: `<number>.part-<worker>`, and last `<number>.manifest`, without which the others are nothing.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use workloads::files::{DiskFile, SharedDisk, make_dir};
use workloads::log::identity::{ends, stranger};
use workloads::{Log, Version};

use super::manifest::{Manifest, Question, Size};
use super::part::{Block, Part, Restored};
use crate::error::KappaError;

/// Bytes of a part after which it is synced, so that the disk is never far behind.
const SYNCED: u64 = 8 << 20;

/// What a name ends with until the file is whole.
const NEW: &str = ".new";

/// The folder of snapshots.
#[derive(Clone)]
pub(crate) struct Snapshots {
    disk: SharedDisk,
    folder: PathBuf,
    keep: usize,
}

/// A snapshot that is being written.
pub(crate) struct Draft {
    at: Snapshots,
    number: u64,
    manifest: Manifest,
    log: Arc<dyn Log>,
    parts: Vec<Writing>,
    /// Must be durable before the manifest is.
    first: PathBuf,
}

/// A part that is being written.
#[derive(Default)]
struct Writing {
    file: Option<Box<dyn DiskFile>>,
    crc: crc32fast::Hasher,
    size: Size,
    unsynced: u64,
}

/// Says what was attempted when the disk refused.
fn io<T>(what: &str, path: &Path, result: io::Result<T>) -> Result<T, KappaError> {
    result.map_err(|cause| KappaError::Io { what: format!("{what} {}", path.display()), cause })
}

impl Snapshots {
    /// In the folder `state`, of which the newest `keep` are kept.
    pub(crate) fn new(disk: &SharedDisk, state: &Path, keep: usize) -> Self {
        Snapshots { disk: Arc::clone(disk), folder: state.join("snapshots"), keep: keep.max(1) }
    }

    /// The newest snapshot that answers the question and belongs to the log, and a line for each that had to be passed
    /// over. `bound` says whether a version is one of those
    /// that were bound.
    pub(crate) fn newest(
        &self,
        log: &dyn Log,
        question: &Question,
        bound: impl Fn(&Version) -> bool,
    ) -> Result<(Option<Restored>, Vec<String>), KappaError> {
        let mut passed = Vec::new();
        for number in
            self.files()?.into_iter().filter(|(_, names)| complete(names)).map(|(number, _)| number).rev()
        {
            match self.read(log, question, &bound, number) {
                Ok(restored) => return Ok((Some(restored), passed)),
                Err(Unusable::Passed(why)) => passed.push(format!("snapshot {number} is passed over: {why}")),
                Err(Unusable::Failed(error)) => return Err(error),
            }
        }
        Ok((None, passed))
    }

    fn read(
        &self,
        log: &dyn Log,
        question: &Question,
        bound: &impl Fn(&Version) -> bool,
        number: u64,
    ) -> Result<Restored, Unusable> {
        let manifest = self.manifest(number)?;
        if manifest.log != *log.meta() {
            let (held, here) = (manifest.log.made_by, log.meta().made_by.clone());
            return Err(Unusable::Failed(KappaError::AnotherLog { held, here }));
        }
        if manifest.question != *question {
            return Err(passed("the question has changed since"));
        }
        if let Some(why) = stranger(log, None, &manifest.ends)? {
            return Err(Unusable::Passed(format!("it is of another log: {why}")));
        }
        if !bound(&manifest.version) {
            return Err(passed("its version is not one of those that were bound on this log"));
        }
        if !manifest.version.covers(&log.starts()?) {
            return Err(passed("the log no longer reaches back to it"));
        }
        self.parts(number, manifest)
    }

    /// The snapshot of this number, which another process has found to be the one to take up.
    pub(crate) fn found(&self, number: u64) -> Result<Restored, KappaError> {
        let read = self.manifest(number).and_then(|manifest| self.parts(number, manifest));
        read.map_err(|unusable| match unusable {
            Unusable::Passed(why) => KappaError::Snapshot(format!("snapshot {number}: {why}")),
            Unusable::Failed(error) => error,
        })
    }

    fn parts(&self, number: u64, manifest: Manifest) -> Result<Restored, Unusable> {
        let parts = manifest.parts.iter().enumerate();
        let parts = parts.map(|(part, size)| self.part(number, part, size)).collect::<Result<_, _>>()?;
        let Manifest { time, version, dead, .. } = manifest;
        Ok(Restored { number, time, version, dead, parts })
    }

    fn manifest(&self, number: u64) -> Result<Manifest, Unusable> {
        let path = self.path(number, MANIFEST);
        let bytes = io("reading", &path, self.disk.read(&path))?;
        Manifest::parse(&bytes).map_err(Unusable::Passed)
    }

    fn part(&self, number: u64, part: usize, size: &Size) -> Result<Part, Unusable> {
        let path = self.path(number, &part_name(part));
        let bytes = match self.disk.read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(passed("a part of it is missing")),
            read => Ok(io("reading", &path, read)?),
        }?;
        if bytes.len() as u64 != size.bytes || crc32fast::hash(&bytes) != size.crc {
            return Err(passed("a part of it is damaged"));
        }
        Ok(Part::new(bytes))
    }

    /// Begins to write one, after those that are there. `first` must be durable before it is valid.
    pub(crate) fn begin(
        &self,
        log: Arc<dyn Log>,
        manifest: Manifest,
        first: PathBuf,
    ) -> Result<Draft, KappaError> {
        io("making", &self.folder, make_dir(&*self.disk, &self.folder))?;
        let number = self.files()?.last_key_value().map_or(0, |(number, _)| number + 1);
        let parts = manifest.parts.iter().map(|_| Writing::default()).collect();
        Ok(Draft { at: self.clone(), number, manifest, log, parts, first })
    }

    /// The names of the files that there are, by the number of their snapshot.
    fn files(&self) -> Result<BTreeMap<u64, Vec<String>>, KappaError> {
        let names = match self.disk.list(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            listed => io("listing", &self.folder, listed)?,
        };
        let mut files = BTreeMap::<u64, Vec<String>>::new();
        for name in names {
            if let Some(number) = name.split_once('.').and_then(|(number, _)| number.parse().ok()) {
                files.entry(number).or_default().push(name);
            }
        }
        Ok(files)
    }

    /// Removes the files of all but the newest snapshots: their manifests first.
    fn sweep(&self) -> Result<(), KappaError> {
        let files = self.files()?;
        let valid: Vec<u64> =
            files.iter().filter(|(_, names)| complete(names)).map(|(number, _)| *number).collect();
        let kept = &valid[valid.len().saturating_sub(self.keep)..];
        for (number, mut names) in files {
            if kept.contains(&number) {
                continue;
            }
            names.sort_by_key(|name| !name.ends_with(MANIFEST));
            for name in names {
                let path = self.folder.join(name);
                io("removing", &path, self.disk.remove(&path))?;
            }
        }
        io("syncing", &self.folder, self.disk.sync_dir(&self.folder))
    }

    fn path(&self, number: u64, name: &str) -> PathBuf {
        self.folder.join(format!("{number}.{name}"))
    }
}

const MANIFEST: &str = "manifest";

fn part_name(part: usize) -> String {
    format!("part-{part}")
}

/// Whether there is a manifest among them.
fn complete(names: &[String]) -> bool {
    names.iter().any(|name| name.ends_with(MANIFEST))
}

/// Why a snapshot is not used.
enum Unusable {
    /// Another may be.
    Passed(String),
    /// None can be.
    Failed(KappaError),
}

fn passed(why: &str) -> Unusable {
    Unusable::Passed(why.to_owned())
}

impl<E: Into<KappaError>> From<E> for Unusable {
    fn from(error: E) -> Self {
        Unusable::Failed(error.into())
    }
}

impl Draft {
    /// Adds a block to a part.
    pub(super) fn append(&mut self, part: usize, block: &Block) -> Result<(), KappaError> {
        let path = self.at.path(self.number, &(part_name(part) + NEW));
        let writing = &mut self.parts[part];
        if writing.file.is_none() {
            writing.file = Some(io("making", &path, self.at.disk.create(&path))?);
        }
        let Some(file) = &mut writing.file else { return Ok(()) };
        for bytes in [&block.head()[..], &block.bytes] {
            io("writing", &path, file.append(bytes))?;
            writing.crc.update(bytes);
            writing.size.bytes += bytes.len() as u64;
            writing.unsynced += bytes.len() as u64;
        }
        writing.size.rows += u64::from(block.rows);
        if writing.unsynced >= SYNCED {
            writing.unsynced = 0;
            io("syncing", &path, file.sync())?;
        }
        Ok(())
    }

    /// So many records more were set aside.
    pub(super) fn dead(&mut self, records: u64) {
        self.manifest.dead += records;
    }

    /// A part is whole.
    pub(super) fn end(&mut self, part: usize) -> Result<(), KappaError> {
        let name = part_name(part);
        let (new, path) =
            (self.at.path(self.number, &(name.clone() + NEW)), self.at.path(self.number, &name));
        let writing = &mut self.parts[part];
        if let Some(mut file) = writing.file.take() {
            io("syncing", &new, file.sync())?;
        }
        let crc = std::mem::take(&mut writing.crc).finalize();
        self.manifest.parts[part] = Size { crc, ..writing.size.clone() };
        io("naming", &path, self.at.disk.rename(&new, &path))
    }

    /// All parts are whole: makes them a snapshot, and removes what is too old.
    pub(super) fn finish(&mut self) -> Result<(), KappaError> {
        let Snapshots { disk, folder, .. } = &self.at;
        self.manifest.ends = ends(&*self.log, &self.manifest.version)?;
        let first = disk.open(&self.first).and_then(|mut file| file.sync());
        io("syncing", &self.first, first)?;
        let (new, path) =
            (self.at.path(self.number, &(MANIFEST.to_owned() + NEW)), self.at.path(self.number, MANIFEST));
        let mut file = io("making", &new, disk.create(&new))?;
        io("writing", &new, file.append(&self.manifest.print()).and_then(|()| file.sync()))?;
        io("syncing", folder, disk.sync_dir(folder))?;
        io("naming", &path, disk.rename(&new, &path))?;
        io("syncing", folder, disk.sync_dir(folder))?;
        self.at.sweep()
    }
}
