//! What can be chosen about a Kappa, each with the choice of the competent one.

use serde::{Deserialize, Serialize};

/// The choices. A plan's table `kappa` holds those that differ from the default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Views that are computed and can be asked for; every view of the workload when there are none.
    pub views: Vec<String>,
    /// Milliseconds for which a version can still be read after a newer one is complete; 0 keeps the newest alone.
    pub window_ms: u64,
    /// Records that such a version may be behind the newest: what is kept for them is bounded by this.
    pub window_records: u64,
    /// Milliseconds after which the next snapshot is begun; 0 begins none by time.
    pub snapshot_ms: u64,
    /// Records after which the next snapshot is begun; 0 begins none by their number.
    pub snapshot_records: u64,
    /// Snapshots that are kept; at least 1.
    pub keep: usize,
    /// Processes that share the work, with as many workers each; the first one answers, the others lend a [`crate::Hand`].
    pub processes: u32,
    /// Milliseconds after which it is an error that events wait and nothing advances; 0 waits for ever.
    pub stall_ms: u64,
    /// Microseconds of each turn that a replacement may take while it catches up.
    pub replace_us: u64,
    /// Records a version of a replacement spans at most while it catches up.
    pub replace_granularity: u64,
    /// How many milliseconds before the newest event time of its partition a record may lie at most. With it, and a
    /// `cancel_horizon` of the terms, whatever can never change again is forgotten; a record that lies further back ends the
    /// run. Absent, nothing is promised and nothing forgotten. A partition without records, or that has no newer ones, holds
    /// the forgetting back, and marks are remembered for ever: a record that is still to come may have their order id.
    pub forget_late_ms: Option<u64>,
    /// What is done worse on purpose.
    pub degraded: Degraded,
}

/// What other engines do worse, one thing each: so that nothing is taken for a property of this one. A Kappa that does
/// any of it answers without a label, as what it holds is what the log says up to nowhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Degraded {
    /// After so many acts of an incomplete version what they changed is let go, and read; 0 reads at complete versions
    /// alone.
    pub dirty_acts: u64,
    /// Drops a record whose event time lies more than so many milliseconds before the newest of its partition.
    pub lateness_ms: Option<u64>,
    /// Never reads the log again: after a restart, and for another question, it begins at the log's end.
    pub no_replay: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            views: Vec::new(),
            window_ms: 10_000,
            window_records: 250_000,
            snapshot_ms: 30_000,
            snapshot_records: 0,
            keep: 2,
            processes: 1,
            stall_ms: 30_000,
            replace_us: 300,
            replace_granularity: 1_000,
            forget_late_ms: None,
            degraded: Degraded::default(),
        }
    }
}

impl Degraded {
    /// Whether anything is done worse.
    pub fn any(&self) -> bool {
        *self != Degraded::default()
    }
}

impl Options {
    /// The same with nothing done worse.
    pub fn competent(&self) -> Options {
        Options { degraded: Degraded::default(), ..self.clone() }
    }

    /// Whether these can be meant; says in one line what cannot.
    pub fn check(&self) -> Result<(), String> {
        if self.processes == 0 {
            return Err("processes must be at least 1: one of them answers".into());
        }
        if self.replace_us == 0 || self.replace_granularity == 0 {
            return Err("replace_us and replace_granularity must be above 0: a replacement needs both".into());
        }
        if self.keep == 0 {
            return Err("keep = 0: a snapshot is kept until the next one is whole, so at least 1".into());
        }
        Ok(())
    }
}
