//! Named questions, and their answers as uniform rows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::version::Version;

/// The integers of one row. Their meaning and units are the view's `columns`.
pub type Row = Vec<i128>;

/// Every row of one view, by its printed key.
pub type Rows = BTreeMap<String, Row>;

/// How the answers of a batch and a speed layer become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum MergeClass {
    /// Sums and counts: added.
    Sum,
    /// A filter over a sum, applied after the addition.
    Having,
    /// The better of two extremes.
    Extreme,
    /// The later of two, with what preceded it.
    Ordered,
    /// Sets of members: united, then counted.
    Distinct,
    /// Bounded lists of candidates: joined, then ranked again.
    Top,
    /// Whole multisets: joined, then asked.
    Holistic,
}

/// A named question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// Its name on the command line, in the protocol and in every layer.
    pub name: &'static str,
    /// The question in one sentence.
    pub about: &'static str,
    /// What the key is, such as `customer`.
    pub key: &'static str,
    /// Names of the integers of a row, with their unit.
    pub columns: &'static [&'static str],
    /// How its halves merge.
    pub merge: MergeClass,
}

/// One question to a contestant.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Query {
    /// Name of the view.
    pub view: String,
    /// One key, or the whole view when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// What a contestant says to a list of questions, all at one version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The version it claims; absent when it claims none.
    pub version: Option<Version>,
    /// One set of rows a question, in their order. A key without a row is an empty set.
    pub rows: Vec<Rows>,
}
