//! Whose records an archive holds: of which log, and how often each.

use serde::{Deserialize, Serialize};
use workloads::Dedup;
pub(super) use workloads::log::identity::{End, stranger};

/// How often a record is held that was delivered twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Deliveries {
    /// Once.
    Once,
    /// Twice: nobody tells the two apart, and each counts.
    Each,
}

impl Deliveries {
    /// What an archive holds for those who tell duplicates in this way.
    pub(super) fn of(dedup: Dedup) -> Self {
        if dedup == Dedup::None { Deliveries::Each } else { Deliveries::Once }
    }

    /// As a message says it.
    pub(super) fn says(self) -> &'static str {
        match self {
            Deliveries::Once => "each record once",
            Deliveries::Each => "each delivery of a record",
        }
    }
}
