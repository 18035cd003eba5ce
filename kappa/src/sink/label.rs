//! The label that a sink holds its rows under: of which log and which question they are, at which version.

use serde::{Deserialize, Serialize};
use workloads::log::identity::{End, ends, stranger};
use workloads::{Log, LogError, Meta, Version};

use crate::snapshot::Question;

/// A label. It stands in a sink as JSON.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Label {
    version: Version,
    question: Question,
    /// How the log was made.
    log: Meta,
    /// By partition, the last record below the version.
    ends: Vec<Option<End>>,
}

impl Label {
    /// Of a version of this log.
    pub(super) fn new(log: &dyn Log, question: Question, version: &Version) -> Result<Self, LogError> {
        let ends = ends(log, version)?;
        Ok(Label { version: version.clone(), question, log: log.meta().clone(), ends })
    }

    pub(super) fn print(&self) -> String {
        serde_json::to_string(self).expect("a label has no keys but strings")
    }

    /// The version that a printed label is of, if it is of this log, this question and a version that was bound; why it is
    /// of no use otherwise.
    pub(super) fn known(
        text: &str,
        log: &dyn Log,
        question: &Question,
        recorded: &[Version],
    ) -> Result<Result<Version, String>, LogError> {
        let label: Label = match serde_json::from_str(text) {
            Ok(label) => label,
            Err(error) => return Ok(Err(format!("its label cannot be read: {error}"))),
        };
        if label.question != *question {
            return Ok(Err("it answers another question".to_owned()));
        }
        if let Some(why) = stranger(log, Some(&label.log), &label.ends)? {
            return Ok(Err(format!("it is of another log: {why}")));
        }
        // Totals grow with the versions.
        let at = recorded.partition_point(|version| version.total() < label.version.total());
        let bound = recorded.get(at) == Some(&label.version);
        Ok(if bound { Ok(label.version) } else { Err("its version was not bound on this log".to_owned()) })
    }
}
