//! What can be chosen about a Lambda, each with the choice of the competent one.

use serde::{Deserialize, Serialize};

pub use crate::growth::Batching;
pub use crate::handover::Protocol;
pub use crate::schedule::DayTime;
pub use crate::speed::sketch::Sketches;
pub use crate::stores::StoreKind;
pub use crate::student::{Fault, SWITCHES, Switch, WrongMerge};

/// The choices. A plan's table `lambda` holds those that differ from the default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Publications kept, the newest included; at least 2, as a reader may still be at the one before.
    pub keep: u64,
    /// The time of day, UTC, at which a batch is due, such as `00:05`; none leaves it to `cut_ms` and `cut_every`.
    pub at: Option<DayTime>,
    /// Threads that the batch reads its archive with; 0 for as many as the component can run at once.
    pub threads: usize,
    /// How often a batch that failed is begun again before it is given up.
    pub retries: u32,
    /// Milliseconds before the first time; each further time waits twice as long, a minute at most.
    pub retry_ms: u64,
    /// What a batch computes, and by which fold.
    pub batch: Batching,
    /// Where the archive lies: a folder, or a bucket such as `s3://bucket/prefix?endpoint=URL&keys=FILE`, of one log;
    /// the usual folder of the state if empty.
    pub archive: String,
    /// The archive's files with fewer records than this are merged as they come; 0 leaves them as they are.
    pub compact: u64,
    /// Where the batch ends and the speed layer begins.
    pub handover: Protocol,
    /// Milliseconds that the speed layer's part in a hand-over comes late.
    pub delay_ms: u64,
    /// Milliseconds by which the speed layer's clock is ahead of the batch's, in a hand-over by event time.
    pub skew_ms: i64,
    /// What a student gets wrong.
    pub student: Vec<Fault>,
    /// Sketches that the speed layer keeps of each day in place of sets; none leaves its answers exact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approximate: Option<Sketches>,
    /// Where the speed layer's half lies.
    pub store: StoreKind,
    /// Which file or database that is; the usual one if empty. Memory has none.
    pub store_address: String,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            keep: 3,
            at: None,
            threads: 0,
            retries: 3,
            retry_ms: 1_000,
            batch: Batching::Full,
            archive: String::new(),
            compact: 1 << 16,
            handover: Protocol::Offset,
            delay_ms: 0,
            skew_ms: 0,
            student: Vec::new(),
            approximate: None,
            store: StoreKind::Memory,
            store_address: String::new(),
        }
    }
}

impl Options {
    /// The same without anything that makes answers wrong.
    pub fn competent(&self) -> Options {
        Options {
            handover: Protocol::Offset,
            delay_ms: 0,
            skew_ms: 0,
            student: Vec::new(),
            approximate: None,
            ..self.clone()
        }
    }

    /// Whether these can be meant for a workload; says in one line what cannot.
    pub fn check(&self, workload: &str) -> Result<(), String> {
        let by_time = matches!(self.handover, Protocol::EventTime { .. });
        if self.skew_ms != 0 && !by_time {
            return Err(format!("skew_ms = {}: only a hand-over by event-time reads a clock", self.skew_ms));
        }
        if self.batch != Batching::Full && (by_time || !self.student.is_empty()) {
            return Err(format!(
                "batch = {}: mistakes and a hand-over by event-time are those of a batch that computes all in full",
                self.batch.name()
            ));
        }
        if let Some(sketches) = self.approximate {
            sketches.check()?;
            if workload != "orders" {
                return Err(format!("approximate: orders have views for it, {workload} none"));
            }
            if self.store != StoreKind::Memory {
                return Err("approximate: a sketch cannot be written cell by cell: store = memory".into());
            }
        }
        self.student.iter().try_for_each(|fault| fault.check(workload))
    }
}

/// A name with its argument in parentheses, if it has one.
pub(crate) fn argument(text: &str) -> (&str, Option<&str>) {
    match text.split_once('(') {
        Some((name, rest)) if rest.ends_with(')') => (name, Some(&rest[..rest.len() - 1])),
        _ => (text, None),
    }
}
