//! What a disk that can lose power holds: what was synced, what is seen, and what lies between.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Writes shorter than this many bytes still tear at every byte; longer ones also lose whole sectors inside.
const SECTOR: usize = 512;

/// The disk. Operations are counted in steps.
#[derive(Debug)]
pub(super) struct State {
    seed: u64,
    pub(super) steps: u64,
    /// The power goes off with the step after this many.
    pub(super) crash_at: Option<u64>,
    /// What the crash caught half done.
    pub(super) caught: Option<Caught>,
    /// Bytes of room left, if it is limited.
    pub(super) full_at: Option<u64>,
    /// As a running process sees them.
    pub(super) names: Names,
    /// As they were when their folders were synced.
    pub(super) durable_names: Names,
    /// What lies between the two, in its order.
    pub(super) renaming: Vec<Naming>,
    pub(super) files: Vec<Inode>,
    pub(super) locks: BTreeSet<PathBuf>,
}

pub(super) type Names = BTreeMap<PathBuf, Node>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Dir,
    File(usize),
}

/// An operation that a crash caught.
#[derive(Clone, Debug)]
pub(super) struct Caught {
    pub(super) path: PathBuf,
    /// Whether it removes the file.
    pub(super) removes: bool,
    /// Which file it appends to, from where on.
    appends: Option<(usize, usize)>,
}

/// A change of names that its folder has not made durable yet. A rename is one change: never half.
#[derive(Clone, Debug)]
pub(super) struct Naming {
    pub(super) gone: Option<PathBuf>,
    pub(super) given: Option<(PathBuf, Node)>,
}

/// A file, whatever its names.
#[derive(Clone, Debug, Default)]
pub(super) struct Inode {
    pub(super) bytes: Vec<u8>,
    pub(super) durable: Vec<u8>,
    pub(super) pending: Vec<Change>,
}

#[derive(Clone, Debug)]
pub(super) enum Change {
    Write(u64, Vec<u8>),
    Truncate(u64),
}

/// Whether every folder above a name survived.
fn rooted(names: &Names, path: &Path) -> bool {
    path.ancestors().skip(1).all(|above| names.get(above) == Some(&Node::Dir))
}

impl Naming {
    pub(super) fn apply(&self, names: &mut Names) {
        if let Some(path) = &self.gone {
            names.remove(path);
        }
        if let Some((path, node)) = &self.given {
            names.insert(path.clone(), *node);
        }
    }

    pub(super) fn is_in(&self, folder: &Path) -> bool {
        let given = self.given.as_ref().map(|(path, _)| path);
        [self.gone.as_ref(), given].into_iter().flatten().any(|path| path.parent() == Some(folder))
    }
}

impl Inode {
    /// Any subset of the changes that were not synced, each whole or torn.
    pub(super) fn survivor(&self, random: &mut ChaCha8Rng) -> Inode {
        let mut bytes = self.durable.clone();
        for change in &self.pending {
            match change {
                Change::Truncate(length) if random.random_bool(0.5) => bytes.truncate(*length as usize),
                Change::Truncate(_) => {}
                Change::Write(position, written) => tear(&mut bytes, *position as usize, written, random),
            }
        }
        Inode { durable: bytes.clone(), bytes, pending: Vec::new() }
    }

    pub(super) fn change(&mut self, change: Change) {
        match &change {
            Change::Truncate(length) => self.bytes.truncate(*length as usize),
            Change::Write(position, written) => overwrite(&mut self.bytes, *position as usize, written),
        }
        self.pending.push(change);
    }
}

fn overwrite(bytes: &mut Vec<u8>, position: usize, written: &[u8]) {
    let end = position + written.len();
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    bytes[position..end].copy_from_slice(written);
}

/// One write after a loss of power: whole, not at all, its beginning, or some of its sectors.
fn tear(bytes: &mut Vec<u8>, position: usize, written: &[u8], random: &mut ChaCha8Rng) {
    match random.random_range(0..4) {
        0 => {}
        1 => overwrite(bytes, position, written),
        2 => {
            let kept = random.random_range(0..=written.len());
            overwrite(bytes, position, &written[..kept]);
        }
        _ => {
            for (number, sector) in written.chunks(SECTOR).enumerate() {
                if random.random_bool(0.5) {
                    overwrite(bytes, position + number * SECTOR, sector);
                }
            }
        }
    }
}

impl State {
    /// A disk that holds this and nothing unsynced.
    pub(super) fn new(seed: u64, names: Names, files: Vec<Inode>) -> Self {
        State {
            seed,
            steps: 0,
            crash_at: None,
            caught: None,
            full_at: None,
            durable_names: names.clone(),
            names,
            renaming: Vec::new(),
            files,
            locks: BTreeSet::new(),
        }
    }

    /// What is found after a loss of power: each unsynced change of a name kept or lost, each file torn.
    pub(super) fn survivor(&self) -> State {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        let files = self.files.iter().map(|file| file.survivor(&mut random)).collect();
        let mut names = self.durable_names.clone();
        for naming in &self.renaming {
            if random.random_bool(0.5) {
                naming.apply(&mut names);
            }
        }
        let kept = names.iter().filter(|(path, _)| rooted(&names, path));
        let kept = kept.map(|(path, node)| (path.clone(), *node)).collect();
        State::new(random.next_u64(), kept, files)
    }

    pub(super) fn off(&self) -> bool {
        self.crash_at.is_some_and(|at| self.steps > at)
    }

    /// One more operation: whether it is still carried out, or is the one that the loss catches half done.
    pub(super) fn step(&mut self) -> io::Result<bool> {
        if self.off() {
            return Err(power());
        }
        self.steps += 1;
        Ok(!self.off())
    }

    pub(super) fn looked_at(&self) -> io::Result<&Self> {
        if self.off() { Err(power()) } else { Ok(self) }
    }

    pub(super) fn file(&self, path: &Path) -> io::Result<usize> {
        match self.names.get(path) {
            Some(Node::File(number)) => Ok(*number),
            _ => Err(missing(path)),
        }
    }

    pub(super) fn folder_of(&self, path: &Path) -> io::Result<()> {
        let folder = path.parent().ok_or_else(|| missing(path))?;
        if self.names.get(folder) == Some(&Node::Dir) { Ok(()) } else { Err(missing(folder)) }
    }

    /// Changes names; those of an operation caught half done are as unsure as any that were not synced.
    pub(super) fn name(&mut self, gone: Option<PathBuf>, given: Option<(PathBuf, Node)>) -> io::Result<()> {
        let whole = self.step()?;
        let naming = Naming { gone, given };
        naming.apply(&mut self.names);
        let path = naming.given.as_ref().map(|(path, _)| path).or(naming.gone.as_ref()).cloned();
        let removes = naming.given.is_none();
        self.renaming.push(naming);
        if whole { Ok(()) } else { self.catch(path.unwrap_or_default(), removes, None) }
    }

    pub(super) fn change(&mut self, file: usize, change: Change) -> io::Result<()> {
        let whole = self.step()?;
        let from = match change {
            Change::Write(position, _) if position as usize == self.files[file].bytes.len() => Some(position),
            _ => None,
        };
        self.files[file].change(change);
        let appends = from.map(|from| (file, from as usize));
        if whole { Ok(()) } else { self.catch(self.path(file), false, appends) }
    }

    /// Makes a file's bytes durable.
    pub(super) fn sync(&mut self, file: usize) -> io::Result<()> {
        if !self.step()? {
            return self.catch(self.path(file), false, None);
        }
        let file = &mut self.files[file];
        file.durable = file.bytes.clone();
        file.pending.clear();
        Ok(())
    }

    /// Notes what the crash has caught.
    pub(super) fn catch(
        &mut self,
        path: PathBuf,
        removes: bool,
        appends: Option<(usize, usize)>,
    ) -> io::Result<()> {
        self.caught = Some(Caught { path, removes, appends });
        Err(power())
    }

    fn path(&self, file: usize) -> PathBuf {
        let named = self.names.iter().find(|(_, node)| **node == Node::File(file));
        named.map_or_else(PathBuf::new, |(path, _)| path.clone())
    }

    /// Ends the crash as the death of one process: all that was written stays, of a caught append its beginning.
    pub(super) fn revive(&mut self) {
        self.crash_at = None;
        let Some((file, from)) = self.caught.take().and_then(|caught| caught.appends) else { return };
        let file = &mut self.files[file];
        let mut random = ChaCha8Rng::seed_from_u64(self.seed.wrapping_add(self.steps));
        let kept = random.random_range(from..=file.bytes.len());
        file.change(Change::Truncate(kept as u64));
    }
}

fn power() -> io::Error {
    io::Error::other("the power is off")
}

pub(super) fn missing(path: &Path) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, format!("{} is not there", path.display()))
}
