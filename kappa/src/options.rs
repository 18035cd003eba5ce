//! What can be chosen about a Kappa, each with the choice of the competent one.

use serde::{Deserialize, Serialize};

/// The choices. A plan's table `kappa` holds those that differ from the default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Milliseconds for which a version can still be read after a newer one is complete; 0 keeps the newest alone.
    pub window_ms: u64,
    /// Records that such a version may be behind the newest: what is kept for them is bounded by this.
    pub window_records: u64,
    /// Processes that share the work, with as many workers each; the first one answers, the others lend a [`crate::Hand`].
    pub processes: u32,
    /// Milliseconds after which it is an error that events wait and nothing advances; 0 waits for ever.
    pub stall_ms: u64,
    /// Microseconds of each turn that a replacement may take while it catches up.
    pub replace_us: u64,
    /// Records a version of a replacement spans at most while it catches up.
    pub replace_granularity: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            window_ms: 10_000,
            window_records: 250_000,
            processes: 1,
            stall_ms: 30_000,
            replace_us: 300,
            replace_granularity: 1_000,
        }
    }
}

impl Options {
    /// Whether these can be meant; says in one line what cannot.
    pub fn check(&self) -> Result<(), String> {
        if self.processes == 0 {
            return Err("processes must be at least 1: one of them answers".into());
        }
        if self.replace_us == 0 || self.replace_granularity == 0 {
            return Err("replace_us and replace_granularity must be above 0: a replacement needs both".into());
        }
        Ok(())
    }
}
