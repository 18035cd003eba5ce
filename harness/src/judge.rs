//! What class each read is of, and with what signature it goes wrong.

use serde::{Deserialize, Serialize};

/// The class of a read. METHODOLOGY.md says what each means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// True at a version that covers what was acknowledged when it was sent, less the objective.
    Current,
    /// True at an older version.
    Stale,
    /// Unlabelled, and no arrival chain says whether it was ever true.
    Undecidable,
    /// Not true at the version it claims, but true at another.
    Mislabelled,
    /// Never true.
    Impossible,
    /// True only beyond what had been handed to the log, or claims to be.
    FromTheFuture,
    /// No answer.
    Error,
}

/// How a contestant goes wrong over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signature {
    /// It does not go wrong.
    None,
    /// Staleness grows for ever.
    NeverCatchesUp,
    /// Always behind by about the same.
    BehindByAConstant,
    /// The error appears at a publication.
    JumpAtPublication,
    /// The error grows with the number of cancellations.
    GrowsWithCancellations,
    /// Claims go back to an older version.
    FallsBack,
    /// Labels lie ahead of the log.
    FutureLabel,
    /// Reads are not answered.
    NoAnswer,
    /// Wrong now and then, at random keys and times.
    Scattered,
}
