//! What can go wrong in a component of the Lambda.

use std::io;
use std::path::Path;

use workloads::LogError;

/// Why a component cannot go on. Each message says what was attempted.
#[derive(Debug, thiserror::Error)]
pub enum LambdaError {
    /// The log could not be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The archive could not be read or written.
    #[error(transparent)]
    Archive(#[from] crate::archive::ArchiveError),
    /// The batch's engine gave no answer.
    #[error(transparent)]
    Engine(#[from] crate::engine::EngineError),
    /// The operating system refused.
    #[error("{what}: {cause}")]
    Io {
        /// What was being attempted, and on which file.
        what: String,
        /// What it said.
        cause: io::Error,
    },
    /// A file of the state folder is not what was written.
    #[error("{file}: {reason}; remove the state folder to have everything computed again from the log")]
    Broken {
        /// The file.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// No batch would ever be due.
    #[error(
        "the batch has no schedule: cut_every and cut_ms are both 0 and at is not set; set one of the three"
    )]
    Schedule,
    /// Another process is the batch of this state folder.
    #[error("{0} is held by a batch at work: stop it first")]
    Busy(String),
    /// A folder in which no batch has ever published anything.
    #[error("{0} is no state folder of a lambda: it has no folder `views`")]
    NoState(String),
    /// Not a day.
    #[error("`{0}` is not a day: it is written as 2026-07-21, UTC")]
    Day(String),
    /// There is no such publication to go back to.
    #[error(
        "publication {asked} cannot be served again: the newest is {newest}, and kept before it are [{held}]"
    )]
    NotHeld {
        /// Which one was asked for.
        asked: u64,
        /// The newest.
        newest: u64,
        /// Those that could be.
        held: String,
    },
    /// No layer knows the workload.
    #[error("there are no layers for the workload {0}: it is orders, trades, words, sensors or transfers")]
    Workload(String),
    /// A read before there is anything to answer with.
    #[error(
        "nothing can be read yet: the first batch view is not published, or the speed layer is catching up"
    )]
    NotYet,
    /// A question that no view answers.
    #[error("there is no view {0} in this workload")]
    View(String),
    /// The speed layer's store could not be asked.
    #[error(transparent)]
    Store(#[from] crate::stores::StoreError),
    /// The speed layer's process could not be asked.
    #[error(
        "the speed layer at {0} does not answer: start it before the serving layer, with the same state folder"
    )]
    Remote(String),
}

impl LambdaError {
    /// An operating system error while doing `what` to `path`.
    pub(crate) fn io(what: &str, path: &Path, cause: io::Error) -> Self {
        LambdaError::Io { what: format!("{what} {}", path.display()), cause }
    }

    /// A file that is not what was written.
    pub(crate) fn broken(path: &Path, reason: impl Into<String>) -> Self {
        LambdaError::Broken { file: path.display().to_string(), reason: reason.into() }
    }
}
