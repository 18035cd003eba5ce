//! What the batch publishes: a set of files that is complete before anybody can find it.
//!
//! ```text
//! views/CURRENT                      the number of the newest publication, renamed into place
//! views/<number>-manifest.json       its cut, and rows, length and checksum of each of its files
//! views/<number>-names               customers, symbols, words and so on in their order
//! views/<number>-numbers             which number each of them has in the tables, where that is not its place in the order
//! views/<number>-<table>             answers, marks and the correction index, as tables or rows in their order
//! views/<number>-seen                what the duplicate filter had seen at the cut
//! ```
//!
//! Every file is synced before the manifest is written, the manifest before `CURRENT` is renamed, and `CURRENT`
//! before the batch says that it has published. The files of a few earlier publications are kept, so that a
//! reader who is still at one of them finds it whole. A publication that was made from an earlier one names those
//! of its tables which it has not changed, where they lie; they are kept as long as it is.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use workloads::files::{SharedDisk, make_dir};
use workloads::{Name, Terms, Version};

use crate::error::LambdaError;

mod loading;
pub(crate) mod names;
mod newest;
pub(crate) mod numbers;
pub(crate) mod ordered;
pub(crate) mod orders;
mod prune;
pub(crate) mod segments;
pub(crate) mod sensors;
pub(crate) mod table;
pub(crate) mod trades;
pub(crate) mod transfers;
pub(crate) mod words;

pub(crate) use loading::{IN_PLACE, Loaded, Loading};
pub(crate) use newest::Newest;

/// The layout of everything that is published. Another number is of a build that lays it out otherwise.
const SCHEMA: u32 = 3;

/// What makes a publication whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    /// Layout of this and of the files.
    schema: u32,
    /// Running number, from 1.
    pub(crate) number: u64,
    /// The workload.
    pub(crate) workload: String,
    /// What the batch read: everything below.
    pub(crate) cut: Version,
    /// What was agreed on when it was made.
    pub(crate) terms: Option<Terms>,
    /// The publication that it was made from.
    pub(crate) from: Option<u64>,
    /// Whether it is that one once more, with all that it holds.
    pub(crate) again: bool,
    /// CRC-32 over the files' checksums.
    pub(crate) checksum: u32,
    /// Its files.
    pub(crate) files: Vec<Note>,
}

/// One file of a publication.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Note {
    /// Its name, after the number.
    pub(crate) name: String,
    /// Its rows; 0 of what has none.
    pub(crate) rows: u64,
    /// Its length.
    pub(crate) bytes: u64,
    /// CRC-32 of all of it.
    pub(crate) checksum: u32,
    /// The publication that wrote it; absent if that is this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) at: Option<u64>,
}

/// What a publication is to say of itself.
pub(crate) struct About<'a> {
    /// Its number.
    pub(crate) number: u64,
    /// The workload.
    pub(crate) workload: &'a str,
    /// What the batch has read.
    pub(crate) cut: &'a Version,
    /// What was agreed on.
    pub(crate) terms: &'a Terms,
    /// The publication that it was made from.
    pub(crate) from: Option<u64>,
}

/// What a batch has computed, as files by their names.
pub(crate) type Files = Vec<(&'static str, Part)>;

/// The content of one file.
pub(crate) struct Part {
    /// All of it, or its beginning.
    pub(crate) bytes: Vec<u8>,
    /// What follows, if it is too large to lie in one piece.
    pub(crate) more: Vec<Vec<u8>>,
    /// How many rows that are; 0 of what has none.
    pub(crate) rows: u64,
}

impl Manifest {
    fn of(number: u64, workload: &str, cut: &Version, files: Vec<Note>) -> Self {
        let checksum = checksum(&files);
        let (workload, cut) = (workload.into(), cut.clone());
        let (terms, from, again) = (None, None, false);
        Manifest { schema: SCHEMA, number, workload, cut, terms, from, again, checksum, files }
    }

    /// Rows of all files.
    pub(crate) fn rows(&self) -> u64 {
        self.files.iter().map(|file| file.rows).sum()
    }

    /// Bytes of all files.
    pub(crate) fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// What a manifest's text says, or in one line why it says nothing.
    fn parse(text: &[u8]) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Layout {
            #[serde(default)]
            schema: u32,
        }
        let Layout { schema } = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        if schema != SCHEMA {
            return Err(format!("it is of schema version {schema} and this build reads version {SCHEMA}"));
        }
        let manifest: Manifest = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        if manifest.checksum != checksum(&manifest.files) {
            return Err("its checksum is not that of the files that it names".into());
        }
        Ok(manifest)
    }
}

fn checksum(files: &[Note]) -> u32 {
    let mut all = crc32fast::Hasher::new();
    files.iter().for_each(|file| all.update(&file.checksum.to_le_bytes()));
    all.finalize()
}

impl Part {
    /// Its pieces, one after the other.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        std::iter::once(&self.bytes).chain(&self.more).map(Vec::as_slice)
    }

    /// Number of bytes.
    pub(crate) fn len(&self) -> u64 {
        self.pieces().map(|piece| piece.len() as u64).sum()
    }

    /// All of it in one piece.
    pub(crate) fn into_bytes(mut self) -> Vec<u8> {
        self.bytes.reserve_exact(self.more.iter().map(Vec::len).sum());
        self.more.iter().for_each(|piece| self.bytes.extend_from_slice(piece));
        self.bytes
    }
}

impl From<Vec<u8>> for Part {
    fn from(bytes: Vec<u8>) -> Self {
        Part { bytes, more: Vec::new(), rows: 0 }
    }
}

impl FromIterator<u8> for Part {
    fn from_iter<I: IntoIterator<Item = u8>>(bytes: I) -> Self {
        bytes.into_iter().collect::<Vec<u8>>().into()
    }
}

/// The folder in which publications lie.
#[derive(Clone)]
pub(crate) struct Shelf {
    disk: SharedDisk,
    dir: PathBuf,
}

impl Shelf {
    /// The shelf in a state folder; made if it is not there.
    pub(crate) fn open(disk: &SharedDisk, state: &Path) -> Result<Self, LambdaError> {
        let shelf = Shelf { disk: SharedDisk::clone(disk), dir: state.join("views") };
        make_dir(&*shelf.disk, &shelf.dir).map_err(|e| LambdaError::io("making", &shelf.dir, e))?;
        // A process that died may have renamed what it had no time to make durable, and others go by what they see.
        shelf.disk.sync_dir(&shelf.dir).map_err(|e| LambdaError::io("syncing", &shelf.dir, e))?;
        Ok(shelf)
    }

    /// The shelf in a state folder that is there.
    pub(crate) fn find(disk: &SharedDisk, state: &Path) -> Result<Self, LambdaError> {
        let shelf = Shelf { disk: SharedDisk::clone(disk), dir: state.join("views") };
        match shelf.disk.list(&shelf.dir) {
            Ok(_) => Ok(shelf),
            Err(_) => Err(LambdaError::NoState(state.display().to_string())),
        }
    }

    /// The number of the newest publication; none at first.
    pub(crate) fn current(&self) -> Result<Option<u64>, LambdaError> {
        let path = self.dir.join("CURRENT");
        match self.disk.read(&path) {
            Ok(text) => match String::from_utf8_lossy(&text).trim().parse() {
                Ok(number) => Ok(Some(number)),
                Err(_) => Err(LambdaError::broken(&path, "it does not hold a number")),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(LambdaError::io("reading", &path, error)),
        }
    }

    /// The manifest of a publication.
    pub(crate) fn manifest(&self, number: u64) -> Result<Manifest, LambdaError> {
        let path = self.path(number, "manifest.json");
        let text = self.disk.read(&path).map_err(|e| LambdaError::io("reading", &path, e))?;
        Manifest::parse(&text).map_err(|reason| LambdaError::broken(&path, reason))
    }

    /// Publishes: when this returns, this is the newest publication and stays so. `kept` are files of earlier ones that
    /// are part of it.
    pub(crate) fn publish(
        &self,
        about: &About<'_>,
        kept: &[Note],
        files: &Files,
    ) -> Result<Manifest, LambdaError> {
        let About { number, workload, cut, terms, from } = *about;
        let put = |(name, part): &(&str, Part)| self.put(number, name, part.pieces(), part.rows);
        let mut notes = kept.to_vec();
        for file in files {
            notes.push(put(file)?);
        }
        let terms = Some(terms.clone());
        let manifest = Manifest { terms, from, ..Manifest::of(number, workload, cut, notes) };
        self.finish(manifest)
    }

    /// Publishes an earlier publication once more, under a number after the newest: whoever follows the numbers takes
    /// it in as any other. Its files are copied, as the earlier one will be removed in its turn.
    pub(crate) fn publish_again(&self, to: u64) -> Result<Manifest, LambdaError> {
        let held = self.held()?;
        let newest = self.current()?.unwrap_or(0);
        if !held.contains(&to) || to >= newest {
            let held = held.iter().filter(|number| **number < newest).map(u64::to_string).collect::<Vec<_>>();
            return Err(LambdaError::NotHeld { asked: to, newest, held: held.join(", ") });
        }
        let old = self.manifest(to)?;
        let number = newest + 1;
        for note in old.files.iter().filter(|note| note.at.is_none()) {
            let path = self.path(to, &note.name);
            let bytes = self.disk.read(&path).map_err(|e| LambdaError::io("reading", &path, e))?;
            if self.put(number, &note.name, [&bytes[..]], note.rows)? != *note {
                return Err(LambdaError::broken(&path, "it is not what the manifest says"));
            }
        }
        self.finish(Manifest { number, from: Some(to), again: true, ..old })
    }

    /// The numbers of the publications whose manifests are there, oldest first.
    pub(crate) fn held(&self) -> Result<Vec<u64>, LambdaError> {
        let names = self.disk.list(&self.dir).map_err(|e| LambdaError::io("listing", &self.dir, e))?;
        let number = |name: &String| name.strip_suffix("-manifest.json")?.parse().ok();
        let mut held: Vec<u64> = names.iter().filter_map(number).collect();
        held.sort_unstable();
        Ok(held)
    }

    /// The newest publication before that number whose files are kept.
    pub(crate) fn before(&self, number: u64) -> Result<Option<u64>, LambdaError> {
        Ok(self.held()?.into_iter().rfind(|held| *held < number))
    }

    /// All of its files are there: makes it the newest.
    fn finish(&self, manifest: Manifest) -> Result<Manifest, LambdaError> {
        let text = serde_json::to_vec(&manifest).expect("a manifest has no keys but strings");
        self.put(manifest.number, "manifest.json", [&text[..]], 0)?;
        // Their names must be there before one that leads to them is.
        self.disk.sync_dir(&self.dir).map_err(|e| LambdaError::io("syncing", &self.dir, e))?;
        replace(&self.disk, &self.dir, "CURRENT", manifest.number.to_string().as_bytes())?;
        Ok(manifest)
    }

    fn put<'p>(
        &self,
        number: u64,
        name: &str,
        pieces: impl IntoIterator<Item = &'p [u8]>,
        rows: u64,
    ) -> Result<Note, LambdaError> {
        let path = self.path(number, name);
        let (mut length, mut checksum) = (0, crc32fast::Hasher::new());
        let write = || {
            let mut file = self.disk.create(&path)?;
            for piece in pieces {
                file.append(piece)?;
                checksum.update(piece);
                length += piece.len() as u64;
            }
            file.sync()
        };
        write().map_err(|e| LambdaError::io("writing", &path, e))?;
        Ok(Note { name: name.into(), rows, bytes: length, checksum: checksum.finalize(), at: None })
    }

    fn path(&self, number: u64, name: &str) -> PathBuf {
        file_path(&self.dir, number, name)
    }
}

fn file_path(dir: &Path, number: u64, name: &str) -> PathBuf {
    dir.join(format!("{number:010}-{name}"))
}

/// Puts `bytes` in place of a small file, so that whoever reads it finds the old or the new ones, whole, and finds the
/// new ones after a loss of power once this has returned.
pub(crate) fn replace(disk: &SharedDisk, dir: &Path, name: &str, bytes: &[u8]) -> Result<(), LambdaError> {
    let (path, temporary) = (dir.join(name), dir.join(format!("{name}.new")));
    let write = || {
        let mut file = disk.create(&temporary)?;
        file.append(bytes)?;
        file.sync()?;
        disk.rename(&temporary, &path)?;
        disk.sync_dir(dir)
    };
    write().map_err(|e| LambdaError::io("writing", &path, e))
}

/// Ranks by first appearance turned into ranks by name: the names in their order, and the place of each in it.
pub(crate) fn ranked(names: &[Name]) -> (Vec<&Name>, Vec<u32>) {
    let mut order: Vec<u32> = (0..names.len() as u32).collect();
    order.sort_unstable_by(|a, b| names[*a as usize].cmp(&names[*b as usize]));
    let mut ranks = vec![0; names.len()];
    for (rank, id) in order.iter().enumerate() {
        ranks[*id as usize] = rank as u32;
    }
    (order.iter().map(|id| &names[*id as usize]).collect(), ranks)
}
