//! What can be chosen about a Lambda without changing what it answers, each with the choice of the competent one.

use serde::{Deserialize, Serialize};

/// The choices. A plan's table `lambda` holds those that differ from the default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Publications kept, the newest included; at least 2, as a reader may still be at the one before.
    pub keep: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options { keep: 3 }
    }
}
