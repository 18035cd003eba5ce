//! A disk in memory that can lose power: what was not synced is lost, kept or torn, piece by piece.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Disk, DiskFile, DiskLock, DiskRead};

/// Writes shorter than this many bytes still tear at every byte; longer ones also lose whole sectors inside.
const SECTOR: usize = 512;

/// A disk whose power goes off at a chosen step. Bytes written and not synced, and names given, changed or removed
/// in a folder that was not synced, survive in any combination that the seed picks.
#[derive(Clone, Debug)]
pub struct PowerLoss {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    seed: u64,
    steps: u64,
    crash_at: Option<u64>,
    full_at: Option<u64>,
    names: Names,
    durable_names: Names,
    renaming: Vec<Naming>,
    files: Vec<Inode>,
    locks: BTreeSet<PathBuf>,
}

type Names = BTreeMap<PathBuf, Node>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Node {
    Dir,
    File(usize),
}

/// A change of names that its folder has not made durable yet. A rename is one change: never half.
#[derive(Clone, Debug)]
struct Naming {
    gone: Option<PathBuf>,
    given: Option<(PathBuf, Node)>,
}

#[derive(Clone, Debug, Default)]
struct Inode {
    bytes: Vec<u8>,
    durable: Vec<u8>,
    pending: Vec<Change>,
}

#[derive(Clone, Debug)]
enum Change {
    Write(u64, Vec<u8>),
    Truncate(u64),
}

impl PowerLoss {
    /// An empty disk with a root folder `/`. The seed picks what survives.
    pub fn new(seed: u64) -> Self {
        let root: Names = [(PathBuf::from("/"), Node::Dir)].into();
        Self::with(seed, root, Vec::new())
    }

    fn with(seed: u64, names: Names, files: Vec<Inode>) -> Self {
        let state = State {
            seed,
            steps: 0,
            crash_at: None,
            full_at: None,
            durable_names: names.clone(),
            names,
            renaming: Vec::new(),
            files,
            locks: BTreeSet::new(),
        };
        PowerLoss { state: Arc::new(Mutex::new(state)) }
    }

    /// Lets `steps` more operations succeed; the one after them is caught half done, and every later one fails.
    pub fn crash_after(&self, steps: u64) {
        let mut state = self.state();
        state.crash_at = Some(state.steps + steps);
    }

    /// Lets `bytes` more be appended; what goes beyond is refused as on a full disk. `None` makes room again.
    pub fn full_after(&self, bytes: Option<u64>) {
        self.state().full_at = bytes;
    }

    /// How many operations that change something were asked for so far.
    pub fn steps(&self) -> u64 {
        self.state().steps
    }

    /// Whether the power is off.
    pub fn crashed(&self) -> bool {
        self.state().off()
    }

    /// The disk as it is found when the power is back, whether or not it had gone off by itself.
    pub fn surviving(&self) -> PowerLoss {
        let state = self.state();
        let mut random = ChaCha8Rng::seed_from_u64(state.seed);
        let files = state.files.iter().map(|file| file.survivor(&mut random)).collect();
        let mut names = state.durable_names.clone();
        for naming in &state.renaming {
            if random.random_bool(0.5) {
                naming.apply(&mut names);
            }
        }
        let orphans: Vec<PathBuf> = names.keys().filter(|path| !rooted(&names, path)).cloned().collect();
        names.retain(|path, _| !orphans.contains(path));
        PowerLoss::with(random.next_u64(), names, files)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether every folder above a name survived.
fn rooted(names: &Names, path: &Path) -> bool {
    path.ancestors().skip(1).all(|above| names.get(above) == Some(&Node::Dir))
}

impl Naming {
    fn apply(&self, names: &mut Names) {
        if let Some(path) = &self.gone {
            names.remove(path);
        }
        if let Some((path, node)) = &self.given {
            names.insert(path.clone(), *node);
        }
    }

    fn is_in(&self, folder: &Path) -> bool {
        let given = self.given.as_ref().map(|(path, _)| path);
        [self.gone.as_ref(), given].into_iter().flatten().any(|path| path.parent() == Some(folder))
    }
}

impl Inode {
    /// Any subset of the changes that were not synced, each whole or torn.
    fn survivor(&self, random: &mut ChaCha8Rng) -> Inode {
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

    fn change(&mut self, change: Change) {
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
    fn off(&self) -> bool {
        self.crash_at.is_some_and(|at| self.steps > at)
    }

    /// One more operation: whether it is still carried out, or is the one that the loss catches half done.
    fn step(&mut self) -> io::Result<bool> {
        if self.off() {
            return Err(power());
        }
        self.steps += 1;
        Ok(!self.off())
    }

    fn looked_at(&self) -> io::Result<&Self> {
        if self.off() { Err(power()) } else { Ok(self) }
    }

    fn file(&self, path: &Path) -> io::Result<usize> {
        match self.names.get(path) {
            Some(Node::File(number)) => Ok(*number),
            _ => Err(missing(path)),
        }
    }

    fn folder_of(&self, path: &Path) -> io::Result<()> {
        let folder = path.parent().ok_or_else(|| missing(path))?;
        if self.names.get(folder) == Some(&Node::Dir) { Ok(()) } else { Err(missing(folder)) }
    }

    /// Changes names; those of an operation caught half done are as unsure as any that were not synced.
    fn name(&mut self, gone: Option<PathBuf>, given: Option<(PathBuf, Node)>) -> io::Result<()> {
        let whole = self.step()?;
        let naming = Naming { gone, given };
        naming.apply(&mut self.names);
        self.renaming.push(naming);
        if whole { Ok(()) } else { Err(power()) }
    }

    fn change(&mut self, file: usize, change: Change) -> io::Result<()> {
        let whole = self.step()?;
        self.files[file].change(change);
        if whole { Ok(()) } else { Err(power()) }
    }
}

fn power() -> io::Error {
    io::Error::other("the power is off")
}

fn missing(path: &Path) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, format!("{} is not there", path.display()))
}

struct PowerFile {
    disk: PowerLoss,
    file: usize,
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
        let mut state = self.disk.state();
        if !state.step()? {
            return Err(power());
        }
        let file = &mut state.files[self.file];
        file.durable = file.bytes.clone();
        file.pending.clear();
        Ok(())
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

struct PowerLock {
    disk: PowerLoss,
    path: PathBuf,
}

impl DiskLock for PowerLock {}

impl Drop for PowerLock {
    fn drop(&mut self) {
        self.disk.state().locks.remove(&self.path);
    }
}

impl Disk for PowerLoss {
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        let mut above: Vec<&Path> = path.ancestors().collect();
        above.reverse();
        for folder in above {
            if !state.names.contains_key(folder) {
                state.name(None, Some((folder.to_path_buf(), Node::Dir)))?;
            }
        }
        Ok(())
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut state = self.state();
        state.folder_of(path)?;
        if let Ok(file) = state.file(path) {
            state.change(file, Change::Truncate(0))?;
            return Ok(Box::new(PowerFile { disk: self.clone(), file }));
        }
        let file = state.files.len();
        state.files.push(Inode::default());
        state.name(None, Some((path.to_path_buf(), Node::File(file))))?;
        Ok(Box::new(PowerFile { disk: self.clone(), file }))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let file = self.state().looked_at()?.file(path)?;
        Ok(Box::new(PowerFile { disk: self.clone(), file }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.folder_of(to)?;
        let node = Node::File(state.file(from)?);
        state.name(Some(from.to_path_buf()), Some((to.to_path_buf(), node)))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.file(path)?;
        state.name(Some(path.to_path_buf()), None)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.state();
        if state.names.get(path) != Some(&Node::Dir) {
            return Err(missing(path));
        }
        if !state.step()? {
            return Err(power());
        }
        let (synced, rest): (Vec<Naming>, Vec<Naming>) =
            state.renaming.drain(..).partition(|naming| naming.is_in(path));
        state.renaming = rest;
        for naming in synced {
            naming.apply(&mut state.durable_names);
        }
        Ok(())
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let state = self.state();
        let file = state.looked_at()?.file(path)?;
        Ok(state.files[file].bytes.clone())
    }

    fn open_read(&self, path: &Path) -> io::Result<Box<dyn DiskRead>> {
        let file = self.state().looked_at()?.file(path)?;
        Ok(Box::new(PowerFile { disk: self.clone(), file }))
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.state();
        state.folder_of(to)?;
        if state.names.contains_key(to) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let node = Node::File(state.file(from)?);
        state.name(None, Some((to.to_path_buf(), node)))
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn DiskLock>>> {
        let mut state = self.state();
        state.looked_at()?.folder_of(path)?;
        let free = state.locks.insert(path.to_path_buf());
        Ok(free.then(|| Box::new(PowerLock { disk: self.clone(), path: path.to_path_buf() }) as _))
    }

    fn locked(&self, path: &Path) -> io::Result<bool> {
        Ok(self.state().looked_at()?.locks.contains(path))
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let state = self.state();
        if state.looked_at()?.names.get(path) != Some(&Node::Dir) {
            return Err(missing(path));
        }
        let inside = state.names.keys().filter(|name| name.parent() == Some(path));
        Ok(inside
            .filter_map(|name| name.file_name())
            .map(|name| name.to_string_lossy().into_owned())
            .collect())
    }
}
