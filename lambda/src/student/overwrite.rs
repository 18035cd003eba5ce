//! A batch view that is overwritten where it is read: emptied first, then written file by file, while whoever reads it
//! takes what is there.

use std::io;
use std::path::{Path, PathBuf};

use workloads::Terms;
use workloads::files::{SharedDisk, make_dir};

use crate::error::LambdaError;
use crate::layers::Layers;
use crate::publication::{Files, Loaded, replace};

/// The folder of the view, with a note of how far it has been overwritten.
pub(crate) struct Live {
    disk: SharedDisk,
    dir: PathBuf,
    /// The publication that is being written, and how many of its files are; as the note has it.
    stage: (u64, usize),
}

impl Live {
    /// The view in a state folder.
    pub(crate) fn open(disk: &SharedDisk, state: &Path) -> Result<Self, LambdaError> {
        let live = Live { disk: SharedDisk::clone(disk), dir: state.join("live"), stage: (0, 0) };
        make_dir(&*live.disk, &live.dir).map_err(|e| LambdaError::io("making", &live.dir, e))?;
        Ok(live)
    }

    /// Empties the view, or overwrites one more file of it; false when all of them are new.
    pub(crate) fn overwrite(&mut self, number: u64, files: &Files) -> Result<bool, LambdaError> {
        let (begun, written) = self.stage;
        if begun != number {
            let io = |e| LambdaError::io("clearing", &self.dir, e);
            for name in self.disk.list(&self.dir).map_err(io)? {
                self.disk.remove(&self.dir.join(name)).map_err(io)?;
            }
            self.note((number, 0))?;
            return Ok(true);
        }
        let Some((name, part)) = files.get(written) else { return Ok(false) };
        let path = self.dir.join(name);
        let write = || {
            let mut file = self.disk.create(&path)?;
            part.pieces().try_for_each(|piece| file.append(piece))
        };
        write().map_err(|e| LambdaError::io("overwriting", &path, e))?;
        self.note((number, written + 1))?;
        Ok(true)
    }

    fn note(&mut self, stage: (u64, usize)) -> Result<(), LambdaError> {
        self.stage = stage;
        let text = serde_json::to_vec(&stage).expect("numbers are no keys");
        replace(&self.disk, &self.dir, "stage", &text)
    }

    /// The view as it lies there, if it has changed since the last look and is newer than what is served.
    pub(crate) fn look<L: Layers>(
        &mut self,
        terms: &Terms,
        served: u64,
    ) -> Result<Option<L::Base>, LambdaError> {
        let stage = match self.read("stage")? {
            Some(text) => serde_json::from_slice(&text).unwrap_or_default(),
            None => (0, 0),
        };
        if stage.0 <= served || stage == self.stage {
            return Ok(None);
        }
        self.stage = stage;
        let mut files = L::nothing(terms);
        for (name, part) in &mut files {
            if let Some(bytes) = self.read(name)? {
                part.bytes = bytes;
            }
        }
        // Of files that do not even fit together nothing can be read: whoever reads goes on with what he has.
        Ok(L::base(Loaded::in_memory(files)).ok())
    }

    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, LambdaError> {
        let path = self.dir.join(name);
        match self.disk.read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(LambdaError::io("reading", &path, error)),
        }
    }
}
