//! Why a Kappa cannot go on. Each message says what to do.

use workloads::{LogError, Version};

/// Why a Kappa cannot start, follow or answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KappaError {
    /// The log could not be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The bindings could not be read or written.
    #[error("{what}: {cause}")]
    Io {
        /// What was being attempted, and on which file.
        what: String,
        /// What the operating system said.
        cause: std::io::Error,
    },
    /// The file of bindings is not one.
    #[error("{0} holds no bindings of a log with {1} partitions: remove it, and versions are bound afresh")]
    Format(String, usize),
    /// There are no rules for it.
    #[error("no rules for the workload {0}: `wb list` names those that there are")]
    UnknownWorkload(String),
    /// There is no such view.
    #[error("{workload} has no view {view}: `wb list` names its views")]
    UnknownView {
        /// The workload.
        workload: String,
        /// What was asked for.
        view: String,
    },
    /// Asked for a version that the log does not reach.
    #[error("the log ends at {heads}: it has no version {asked}, ask for one that it covers")]
    PastHead {
        /// The version asked for.
        asked: Version,
        /// How far the log goes.
        heads: Version,
    },
    /// Asked for a version that is not complete yet, was never bound, or was given up.
    #[error(
        "{asked} cannot be read: ask for a version that was bound between {oldest} and {newest}, or make the window wider"
    )]
    NotReadable {
        /// The version asked for.
        asked: Version,
        /// The oldest that can be read.
        oldest: Version,
        /// The newest that can be read.
        newest: Version,
    },
    /// The folder holds the state of another log.
    #[error(
        "the snapshots are of a log made by [{held}], this one was made by [{here}]: use another folder for the state, or remove them"
    )]
    AnotherLog {
        /// How the log of the snapshots was made.
        held: String,
        /// How this one was.
        here: String,
    },
    /// Whoever was to hand in went away.
    #[error("the job of which it was to be has ended")]
    Given,
    /// A snapshot cannot be taken up.
    #[error(
        "a snapshot cannot be taken up: {0}; remove it, and an older one or the log itself is begun with"
    )]
    Snapshot(String),
    /// The store that is fed cannot be read or written.
    #[error("the store that is fed with answers: {0}")]
    Sink(String),
    /// A record is older than was promised: what it needs may be forgotten.
    #[error(
        "record {offset} of partition {partition} lies {late_ms} ms of event time before the newest one there, and \
         forget_late_ms promises at most {allowed_ms}: raise it, or leave it out so that nothing is forgotten"
    )]
    Late {
        /// The partition.
        partition: u32,
        /// Where the record lies in it.
        offset: u64,
        /// How late it is.
        late_ms: i64,
        /// How late it may be.
        allowed_ms: i64,
    },
    /// The log cannot be followed by so many.
    #[error("a kappa needs at least one worker and versions of at least one record: set both above 0")]
    Nothing,
    /// A worker thread could not be started.
    #[error("starting the workers: {0}")]
    Start(String),
    /// A worker thread panicked.
    #[error("worker {worker} panicked: {message}; start the contestant again, it replays the log")]
    Panicked {
        /// Which one.
        worker: usize,
        /// What it said.
        message: String,
    },
    /// Events wait and nothing advances.
    #[error(
        "nothing has advanced for {seconds} s though events wait: {what}; start the contestant again, it replays the log"
    )]
    Stuck {
        /// For how long.
        seconds: i64,
        /// Which frontier, at which worker, and what it waits for.
        what: String,
    },
    /// The file of jobs is not one.
    #[error("{0} does not say which jobs there are: remove it, and the first one is begun again")]
    Tasks(String),
    /// The log no longer has what a replacement must read.
    #[error(
        "the log begins at {0} and no longer at its start: a changed question cannot be asked of what it has let go; keep the running job"
    )]
    Trimmed(Version),
    /// Replacements come one at a time.
    #[error("job {0} already stands beside the one that answers: confirm it or roll it back first")]
    Underway(u32),
    /// There is no replacement of which that could be said.
    #[error("{0}")]
    NoReplacement(&'static str),
    /// A process that shares the work is gone.
    #[error(
        "process {0} is gone, and its share of the work with it: start all of them again, they replay the log"
    )]
    Gone(usize),
    /// Processes that share the work could not be brought together.
    #[error("bringing the processes together: {0}")]
    Cluster(String),
    /// A worker thread is gone.
    #[error("a worker has stopped: start the contestant again, it replays the log")]
    Stopped,
}
