//! A publication taken in, a bounded piece at a time, so that reads go on meanwhile.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::names::Names;
use super::table::Table;
use super::{Manifest, Shelf};
use crate::error::LambdaError;

/// A publication on its way in.
pub(crate) struct Loading {
    shelf: Shelf,
    manifest: Manifest,
    next: usize,
    files: BTreeMap<String, Vec<u8>>,
}

/// A whole publication.
pub(crate) struct Loaded {
    /// What it is.
    pub(crate) manifest: Manifest,
    files: BTreeMap<String, Vec<u8>>,
    shelf: Shelf,
}

impl Loading {
    /// Begins with the publication of that number.
    pub(crate) fn begin(shelf: &Shelf, number: u64) -> Result<Self, LambdaError> {
        let manifest = shelf.manifest(number)?;
        Ok(Loading { shelf: shelf.clone(), manifest, next: 0, files: BTreeMap::new() })
    }

    /// Which one it is.
    pub(crate) fn number(&self) -> u64 {
        self.manifest.number
    }

    /// Takes in the next piece; true when there is no more.
    pub(crate) fn step(&mut self) -> Result<bool, LambdaError> {
        let Some(note) = self.manifest.files.get(self.next) else { return Ok(true) };
        let path = self.shelf.path(self.manifest.number, &note.name);
        let bytes = self.shelf.disk.read(&path).map_err(|e| LambdaError::io("reading", &path, e))?;
        if bytes.len() as u64 != note.bytes || crc32fast::hash(&bytes) != note.checksum {
            return Err(LambdaError::broken(&path, "it is not what the manifest says"));
        }
        self.files.insert(note.name.clone(), bytes);
        self.next += 1;
        Ok(self.next == self.manifest.files.len())
    }

    /// All of it, once a step has said that there is no more.
    pub(crate) fn finish(self) -> Loaded {
        Loaded { manifest: self.manifest, files: self.files, shelf: self.shelf }
    }
}

impl Loaded {
    /// The bytes of one file.
    pub(crate) fn take(&mut self, name: &str) -> Result<Vec<u8>, LambdaError> {
        match self.files.remove(name) {
            Some(bytes) => Ok(bytes),
            None => Err(LambdaError::broken(&self.path(name), "the manifest does not list it")),
        }
    }

    /// One file as a table.
    pub(crate) fn table(&mut self, name: &str) -> Result<Table, LambdaError> {
        let bytes = self.take(name)?;
        Table::open(Box::new(bytes)).map_err(|e| LambdaError::broken(&self.path(name), e.to_string()))
    }

    /// The file of names.
    pub(crate) fn names(&mut self) -> Result<Names, LambdaError> {
        let bytes = self.take("names")?;
        Names::open(bytes).ok_or_else(|| LambdaError::broken(&self.path("names"), "it does not hold names"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.shelf.path(self.manifest.number, name)
    }
}
