//! A disk in memory that can lose power: what was not synced is lost, kept or torn, piece by piece.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::files::{Disk, DiskFile, DiskLock, DiskRead};

mod handle;
mod state;

use handle::{PowerFile, PowerLock};
use state::{Change, Inode, Naming, Node, State, missing};

/// A disk whose power goes off at a chosen step. Bytes written and not synced, and names given, changed or removed
/// in a folder that was not synced, survive in any combination that the seed picks.
#[derive(Clone, Debug)]
pub struct PowerLoss {
    state: Arc<Mutex<State>>,
}

impl PowerLoss {
    /// An empty disk with a root folder `/`. The seed picks what survives.
    pub fn new(seed: u64) -> Self {
        Self::with(State::new(seed, [(PathBuf::from("/"), Node::Dir)].into(), Vec::new()))
    }

    fn with(state: State) -> Self {
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
        Self::with(self.state().survivor())
    }

    /// The file or folder of the operation that the crash caught, and whether that operation removes it.
    pub fn caught(&self) -> Option<(PathBuf, bool)> {
        self.state().caught.as_ref().map(|caught| (caught.path.clone(), caught.removes))
    }

    /// Takes the crash as the death of the process that met it: the disk goes on, and all that was written stays,
    /// synced or not. Of an append that was under way, some beginning stays.
    pub fn revive(&self) {
        self.state().revive();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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
            return state.catch(path.to_path_buf(), false, None);
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
