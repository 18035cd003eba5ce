//! The files that a run leaves, from which everything else can be made again.
//!
//! All times are microseconds since the start of the run's live part; history lies before 0. The `intended` of the
//! records that the driver appends live is on the same clock, so that an event's latency is a watched time less
//! the `intended` that stands in the log. [`lines`] writes and reads the files. A run folder is
//!
//! ```text
//! plan.toml  manifest.json
//! logs/<workload>/<contestant>-<repeat>/        the log of one run: its history's segments linked, its live tail its own
//! observations/<workload>/<contestant>-<repeat>/
//!     run.json  reads.jsonl.gz  arrivals.jsonl.gz  watched.jsonl.gz  usage.jsonl.gz  marks.jsonl.gz
//! measurements.csv  reads.csv  report.html  figures/
//! ```

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use workloads::{Answer, Query, Terms, Version};

pub mod lines;

pub use lines::{Lines, ReadLines, read, reads, write};

/// What is common to all observations of one run (`run.json`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Name of the workload.
    pub workload: String,
    /// Name of the contestant.
    pub contestant: String,
    /// From 1.
    pub repeat: u32,
    /// The log it ran on, relative to the run folder.
    pub log: PathBuf,
    /// What the source would have sent without faults, for O*: a log relative to the run folder; absent without faults.
    pub clean_log: Option<PathBuf>,
    /// What contestant and truth agreed on.
    pub terms: Terms,
    /// The heads when the live part began.
    pub live_from: Version,
    /// When the schedule's last event should have been sent.
    pub live_until_us: i64,
    /// When the last read was answered, the contestant having had time to drain.
    pub ended_us: i64,
    /// Events a second offered.
    pub rate: f64,
    /// Freshness objective e, in microseconds.
    pub objective_us: i64,
    /// Bytes that the contestant's state takes on disk at the end, by component folder.
    pub kept_bytes: u64,
    /// Bytes that the log takes.
    pub log_bytes: u64,
    /// Records set aside by the serving component.
    pub dead_letters: u64,
    /// How it ended: `complete`, `interrupted`, or what went wrong.
    pub ended: String,
    /// How quiet the machine was.
    pub noise: Noise,
}

/// How quiet the machine was during a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Noise {
    /// Share of the time in which some task waited for a core (from the kernel's pressure figures), 0 to 1.
    pub pressure: f64,
    /// 99th percentile of how late a sleeping thread that does nothing else was woken, in microseconds.
    pub canary_p99_us: f64,
    /// Largest such delay.
    pub canary_max_us: f64,
    /// 99th percentile of how late the generator appended, in microseconds.
    pub generator_p99_us: f64,
    /// Largest such delay.
    pub generator_max_us: f64,
}

/// Why a read was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// One key, uniformly drawn.
    Uniform,
    /// One key of the last second's events.
    Recent,
    /// A grand total.
    Total,
    /// Two views in one request.
    Pair,
    /// One or several views at a version that lies a little back.
    Past,
    /// A whole view.
    Whole,
    /// A whole view after the schedule has ended and the contestant has drained.
    Final,
}

/// One read (`reads.jsonl.gz`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// Running number.
    pub read: u64,
    /// Why it was made.
    pub kind: Kind,
    /// When the reader's own clock wanted it.
    pub intended_us: i64,
    /// When it was sent.
    pub sent_us: i64,
    /// When its answer had come.
    pub answered_us: i64,
    /// What was asked.
    pub queries: Vec<Query>,
    /// The version that was asked about; the newest when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Version>,
    /// What was answered. In the file a whole view stands as its differences from the previous whole view of the
    /// same name (an empty row: gone); [`reads`] gives it back in full.
    pub answer: Option<Answer>,
    /// Why there is no answer.
    pub error: Option<String>,
}

/// A stretch of records appended by the driver in one call (`arrivals.jsonl.gz`); their order is the arrival chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Arrival {
    /// Partition.
    pub partition: u32,
    /// First offset.
    pub first: u64,
    /// Number of records.
    pub count: u64,
    /// When they were handed to the log.
    pub handed_us: i64,
    /// When the log had acknowledged them.
    pub acked_us: i64,
}

/// A line of `watch` (`watched.jsonl.gz`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Watched {
    /// The component that said it: versions of the serving one can be read, those of a batch were published.
    pub component: String,
    /// The version.
    pub version: Version,
    /// When the driver had it.
    pub received_us: i64,
}

/// What the operating system says of one child at one time, since its start (`usage.jsonl.gz`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// The component.
    pub component: String,
    /// When.
    pub at_us: i64,
    /// Its process id, so that a restarted child is told from the first.
    pub pid: u32,
    /// CPU time in user mode, microseconds.
    pub user_us: u64,
    /// CPU time in the kernel, microseconds.
    pub system_us: u64,
    /// Resident memory, bytes.
    pub resident: u64,
    /// Peak resident memory, bytes.
    pub peak: u64,
    /// Bytes read through system calls.
    pub read: u64,
    /// Bytes written through system calls.
    pub written: u64,
}

/// Something that happened at a time (`marks.jsonl.gz`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// When it began.
    pub from_us: i64,
    /// When it ended; the same for a moment.
    pub until_us: i64,
    /// `batch`, `publication`, `pause`, `kill`, `command`, `fault`.
    pub what: String,
    /// More about it.
    pub detail: String,
}
