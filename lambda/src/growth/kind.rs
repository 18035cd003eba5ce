//! What a batch computes, and by which fold.

use serde::{Deserialize, Serialize};

/// The kinds of batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Batching {
    /// Everything from the archive, by a fold of its own.
    #[default]
    Full,
    /// What came since the newest publication, over that; everything by its own fold where that cannot be done.
    Incremental,
    /// Everything from the archive, by the speed layer's fold.
    Shared,
}

impl Batching {
    /// Every kind by its name, with a line on each.
    pub const ALL: [(&'static str, &'static str); 3] = [
        ("full", "everything from the archive, by a fold of the batch's own"),
        ("incremental", "what came since the last publication, over that, by the speed layer's fold"),
        ("shared", "everything from the archive, by the speed layer's fold"),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        Batching::ALL[self as usize].0
    }
}
