//! A folder of a disk, written through the file layer, so that what was put is durable: a store of objects on the local
//! disk would hand it to the operating system and leave it there.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use workloads::files::{SharedDisk, make_dir};

use super::Store;

/// The files of an archive in a folder and the date folders in it.
pub(crate) struct Folder {
    disk: SharedDisk,
    path: PathBuf,
    /// Folders that this has made durable.
    made: Mutex<BTreeSet<PathBuf>>,
}

impl Folder {
    /// A folder, made if it is not there.
    pub(crate) fn open(disk: &SharedDisk, path: &Path) -> io::Result<Self> {
        let folder = Folder { disk: disk.clone(), path: path.to_owned(), made: Mutex::default() };
        folder.make(path)?;
        Ok(folder)
    }

    fn make(&self, path: &Path) -> io::Result<()> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if !made.contains(path) {
            make_dir(&*self.disk, path)?;
            made.insert(path.to_owned());
        }
        Ok(())
    }
}

impl Store for Folder {
    fn put(&self, name: &str, bytes: Vec<u8>) -> io::Result<()> {
        let path = self.path.join(name);
        let folder = path.parent().unwrap_or(&self.path);
        self.make(folder)?;
        let writing = self.path.join(format!("{name}.writing"));
        let written = self.disk.create(&writing).and_then(|mut file| {
            file.append(&bytes)?;
            file.sync()
        });
        if let Err(error) = written {
            // A disk that is full has no room for the half of a file that will be tried again under another name.
            let _ = self.disk.remove(&writing);
            return Err(error);
        }
        self.disk.rename(&writing, &path)?;
        self.disk.sync_dir(folder)
    }

    fn replace(&self, name: &str, bytes: Vec<u8>) -> io::Result<()> {
        // Whoever writes here holds the state folder's lock.
        self.put(name, bytes)
    }

    fn get(&self, name: &str) -> io::Result<Bytes> {
        self.disk.read(&self.path.join(name)).map(Bytes::from)
    }

    fn length(&self, name: &str) -> io::Result<u64> {
        self.disk.open_read(&self.path.join(name)).and_then(|file| file.length())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        match self.disk.remove(&self.path.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let mut all = Vec::new();
        for name in self.disk.list(&self.path)? {
            if !name.contains('=') {
                all.push(name);
                continue;
            }
            let inside = self.disk.list(&self.path.join(&name))?;
            all.extend(inside.into_iter().map(|inner| format!("{name}/{inner}")));
        }
        Ok(all)
    }

    fn path(&self, name: &str) -> PathBuf {
        if name.is_empty() { self.path.clone() } else { self.path.join(name) }
    }
}
