//! What a job computes, and where that is noted: which job answers, and which one stands beside it.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use workloads::Terms;
use workloads::files::{SharedDisk, make_dir};

use crate::error::KappaError;

/// What a job computes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// What must be agreed on.
    pub terms: Terms,
    /// The views that are asked for; every view of the workload when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub views: Vec<String>,
}

/// A task and the number of its job: the first has 1, and each replacement the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Numbered {
    pub(crate) number: u32,
    pub(crate) task: Task,
}

/// What is to become of the job beside the one that answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Then {
    /// It answers in the other's place as soon as both have come to the same version; the other one is kept.
    Switch,
    /// Nothing until the switch to the other is confirmed or taken back.
    Keep,
    /// It answers again in the other's place, which is dropped.
    Back,
}

/// The jobs of a Kappa, as its state says durably.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tasks {
    /// What the Kappa was told when it first started; a Kappa that is told something else begins with that.
    told: Task,
    /// Whose answers are given.
    pub(crate) answers: Numbered,
    /// Whose are not yet, or no more.
    pub(crate) beside: Option<(Numbered, Then)>,
    /// The last number given out.
    last: u32,
}

impl Tasks {
    /// The first job alone.
    pub(crate) fn first(task: Task) -> Self {
        Tasks { told: task.clone(), answers: Numbered { number: 1, task }, beside: None, last: 1 }
    }

    /// A number for another job.
    pub(crate) fn number(&mut self) -> u32 {
        self.last += 1;
        self.last
    }
}

/// The file that says which jobs there are.
pub(crate) struct TaskFile {
    disk: SharedDisk,
    state: PathBuf,
}

impl TaskFile {
    /// Opens it in the folder `state`, and reads what it says for a Kappa that is told `task`.
    pub(crate) fn open(
        disk: &SharedDisk,
        state: &Path,
        task: &Task,
    ) -> Result<(Self, Option<Tasks>), KappaError> {
        let file = TaskFile { disk: disk.clone(), state: state.to_owned() };
        let path = file.path();
        let bytes = match disk.read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((file, None)),
            Err(cause) => return Err(file.error("reading", cause)),
        };
        let tasks: Tasks =
            serde_json::from_slice(&bytes).map_err(|_| KappaError::Tasks(path.display().to_string()))?;
        Ok((file, Some(tasks).filter(|tasks| tasks.told == *task)))
    }

    /// Says it anew, all or nothing.
    pub(crate) fn write(&self, tasks: &Tasks) -> Result<(), KappaError> {
        let bytes = serde_json::to_vec_pretty(tasks).expect("numbers and texts can always be written");
        self.replace(&bytes).map_err(|cause| self.error("writing", cause))
    }

    fn replace(&self, bytes: &[u8]) -> io::Result<()> {
        make_dir(&*self.disk, &self.state)?;
        let temporary = self.state.join("jobs.json.new");
        let mut file = self.disk.create(&temporary)?;
        file.append(bytes)?;
        file.sync()?;
        self.disk.rename(&temporary, &self.path())?;
        self.disk.sync_dir(&self.state)
    }

    fn path(&self) -> PathBuf {
        self.state.join("jobs.json")
    }

    fn error(&self, what: &str, cause: io::Error) -> KappaError {
        KappaError::Io { what: format!("{what} {}", self.path().display()), cause }
    }
}
