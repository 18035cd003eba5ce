//! What makes a snapshot one: of which log and which question, at which version, and what its parts must be.

use serde::{Deserialize, Serialize};
use workloads::log::identity::End;
use workloads::{Dedup, Meta, Version};

use crate::jobs::task::Task;

/// Number of the layout of a manifest and of parts.
const FORMAT: u32 = 1;

/// What is asked of a log. State that answers one question is of no use to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Question {
    pub(crate) workload: String,
    pub(crate) task: Task,
    /// How duplicates were recognised on the way in.
    pub(crate) dedup: Dedup,
    /// What was promised of event times: what is of no use under it is not there.
    #[serde(default)]
    pub(crate) forget_late_ms: Option<u64>,
    /// Of the rules that answer it.
    pub(crate) revision: u32,
}

/// What is written last of a snapshot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    format: u32,
    pub(crate) question: Question,
    /// How the log was made.
    pub(crate) log: Meta,
    /// By partition, the last record below the version.
    pub(crate) ends: Vec<Option<End>>,
    /// The number of the version.
    pub(crate) time: u64,
    pub(crate) version: Version,
    /// Records that had been set aside.
    pub(crate) dead: u64,
    pub(crate) parts: Vec<Size>,
}

/// What a part must be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Size {
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    pub(crate) crc: u32,
}

impl Manifest {
    /// Of a snapshot of which nothing is written yet.
    pub(crate) fn new(question: Question, log: Meta, time: u64, version: Version, parts: usize) -> Self {
        let parts = vec![Size::default(); parts];
        Manifest { format: FORMAT, question, log, ends: Vec::new(), time, version, dead: 0, parts }
    }

    /// As it stands in its file: a checksum, and JSON.
    pub(super) fn print(&self) -> Vec<u8> {
        let json = serde_json::to_vec_pretty(self).expect("text and numbers are JSON");
        [format!("{:08x}\n", crc32fast::hash(&json)).into_bytes(), json].concat()
    }

    /// Reads a printed one; says what is wrong with it.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let (check, json) = bytes.split_at_checked(9).ok_or("its manifest is cut short")?;
        if check != format!("{:08x}\n", crc32fast::hash(json)).as_bytes() {
            return Err("its manifest is damaged".to_owned());
        }
        let manifest: Manifest =
            serde_json::from_slice(json).map_err(|error| format!("its manifest cannot be read: {error}"))?;
        if manifest.format != FORMAT {
            return Err(format!("it has layout {}, this program writes {FORMAT}", manifest.format));
        }
        Ok(manifest)
    }
}
