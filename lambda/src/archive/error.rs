//! Why an archive could not be read or written.

use std::io;
use std::path::PathBuf;

use workloads::{LogError, Version};

/// Each message says what does not hold and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The operating system refused.
    #[error("{what}: {cause}")]
    Io {
        /// What was being attempted, and on which file.
        what: String,
        /// What it said.
        cause: io::Error,
    },
    /// It holds another log's records.
    #[error("the archive in {folder} is of {found}, not of {asked}: choose another folder or remove it")]
    Other {
        /// Its folder.
        folder: PathBuf,
        /// Workload and partitions that it holds.
        found: String,
        /// Workload and partitions that were asked for.
        asked: String,
    },
    /// The log is not the one whose records it holds.
    #[error("the archive in {folder} is of another log: {reason}; choose another folder or remove it")]
    Stranger {
        /// Its folder.
        folder: PathBuf,
        /// By what that is known.
        reason: String,
    },
    /// The log could not be compared with it.
    #[error(transparent)]
    Log(#[from] LogError),
    /// An address that leads nowhere.
    #[error("the archive's address {address}: {reason}")]
    Address {
        /// The address.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Written in a layout that this program does not know.
    #[error(
        "{file} is of schema {found} and this program reads schema {known}: remove the archive to have it made again \
         from the log, or use the program that wrote it"
    )]
    Schema {
        /// The manifest.
        file: PathBuf,
        /// Its number; 0 if it has none.
        found: u32,
        /// The number that can be read.
        known: u32,
    },
    /// The manifest names a file that is not there.
    #[error(
        "{0} is named by the archive's manifest and is not there: remove the archive to have it made again"
    )]
    Missing(PathBuf),
    /// A file is not what was written.
    #[error("{file}: {reason}; remove the archive to have it made again from the log")]
    Broken {
        /// The file.
        file: PathBuf,
        /// What does not hold.
        reason: String,
    },
    /// No layout for the workload.
    #[error("no archive knows the workload {0}: it is orders, trades, words, sensors or transfers")]
    Workload(String),
    /// A record came out of turn, or of another workload.
    #[error("partition {partition} of the archive cannot take offset {offset}: {reason}")]
    Refused {
        /// Its partition.
        partition: u32,
        /// Its offset.
        offset: u64,
        /// Why.
        reason: &'static str,
    },
    /// Asked for more than is sealed, or to seal less.
    #[error("the archive is sealed up to {sealed}, which {relation} {asked}")]
    Beyond {
        /// What it holds.
        sealed: Version,
        /// How that stands to what was asked.
        relation: &'static str,
        /// What was asked.
        asked: Version,
    },
}

impl ArchiveError {
    pub(super) fn io(what: &str, path: &std::path::Path, cause: io::Error) -> Self {
        ArchiveError::Io { what: format!("{what} {}", path.display()), cause }
    }

    pub(super) fn broken(path: &std::path::Path, reason: &dyn ToString) -> Self {
        ArchiveError::Broken { file: path.to_owned(), reason: reason.to_string() }
    }
}
