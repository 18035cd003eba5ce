//! How batch and speed layer agree on the cut between them, through two small files of the state folder.
//!
//! # Protocol
//!
//! 1. The batch *proposes*: it writes `proposed.json`, the number of the publication to come and a version, the
//!    log's heads as it saw them.
//! 2. The speed layer *agrees*: on noticing a new number it writes `agreed.json`, the same number and the cut. The
//!    cut is what was proposed, moved forward to the speed layer's own position wherever that is already past
//!    it; never back. From then on, in each partition, the records from the cut on belong to a new epoch.
//! 3. The batch archives exactly up to the agreed cut, recomputes, and publishes under that number.
//! 4. The speed layer notices the publication, folds the epochs from its cut on over it, and exchanges one
//!    reference when that has caught up. Only then are the epochs before the cut let go.
//!
//! The next number is proposed only after the last was published, so one cut is open at most. An agreed cut never
//! lies beyond what the speed layer has read or the log's heads, so the archive can always reach it.
//!
//! This is the hand-over `offset`. The others of [`Protocol`] go through the same files and steps, and differ in
//! where an epoch begins and which epochs are folded over a publication; [`Resets`] knows.
//!
//! # After a crash
//!
//! Both files are replaced whole and synced, so each holds the old or the new cut. A batch that comes back finds
//! its proposal and goes on with it. A speed layer that comes back begins at the newest publication's cut and
//! keeps to an agreement about the next one if there is one; if not, it agrees afresh. Nothing else is remembered:
//! the answers follow from the publication, the log and the cut.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use workloads::Version;
use workloads::files::{SharedDisk, make_dir};

use crate::error::LambdaError;
use crate::publication::replace;

mod protocol;
mod reset;

pub use protocol::Protocol;
pub(crate) use reset::{Resets, Share};

/// Where a publication ends and an epoch begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cut {
    /// Number of the publication.
    pub(crate) number: u64,
    /// Everything below is the batch's, everything else the speed layer's.
    pub(crate) version: Version,
}

/// The two files.
pub(crate) struct Handover {
    disk: SharedDisk,
    dir: PathBuf,
}

impl Handover {
    /// The hand-over in a state folder; made if it is not there.
    pub(crate) fn open(disk: &SharedDisk, state: &Path) -> Result<Self, LambdaError> {
        let handover = Handover { disk: SharedDisk::clone(disk), dir: state.join("cuts") };
        make_dir(&*handover.disk, &handover.dir).map_err(|e| LambdaError::io("making", &handover.dir, e))?;
        Ok(handover)
    }

    /// The newest proposal.
    pub(crate) fn proposed(&self) -> Result<Option<Cut>, LambdaError> {
        self.read("proposed.json")
    }

    /// The newest agreement.
    pub(crate) fn agreed(&self) -> Result<Option<Cut>, LambdaError> {
        self.read("agreed.json")
    }

    /// Proposes a cut.
    pub(crate) fn propose(&self, cut: &Cut) -> Result<(), LambdaError> {
        self.write("proposed.json", cut)
    }

    /// Agrees to a cut.
    pub(crate) fn agree(&self, cut: &Cut) -> Result<(), LambdaError> {
        self.write("agreed.json", cut)
    }

    fn read(&self, name: &str) -> Result<Option<Cut>, LambdaError> {
        let path = self.dir.join(name);
        match self.disk.read(&path) {
            Ok(text) => match serde_json::from_slice(&text) {
                Ok(cut) => Ok(Some(cut)),
                Err(error) => Err(LambdaError::broken(&path, error.to_string())),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(LambdaError::io("reading", &path, error)),
        }
    }

    fn write(&self, name: &str, cut: &Cut) -> Result<(), LambdaError> {
        let text = serde_json::to_vec(cut).expect("a cut has no keys but strings");
        replace(&self.disk, &self.dir, name, &text)
    }
}
