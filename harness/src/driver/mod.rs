//! One run: its log, its processes, the schedule, the reads, and the files that they leave.
//!
//! The driver makes the run's log over the shared history, starts the contestant's components, waits until all
//! have caught up, and then for the live part only keeps to its schedule. Nothing in it waits for a contestant.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use workloads::files::SharedDisk;

use crate::clock::Clock;
use crate::observe::Run;
use crate::plan::{Plan, Spec};

pub mod append;
pub mod broker;
pub mod campaign;
pub mod children;
pub mod client;
pub mod cores;
pub mod deeds;
pub mod keys;
pub mod lanes;
pub mod live;
pub mod manifest;
pub mod noise;
pub mod reads;
pub mod record;
pub mod replay;
pub mod session;
pub mod source;
pub mod stop;
pub mod tempo;
pub mod usage;
pub mod watch;

pub use source::{History, Schedule};
pub use stop::{INTERRUPTED, Interrupted, Stop};

/// What all runs of a plan have in common.
pub struct Job<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Somebody's own log to be sent again, in place of generated events.
    pub replay: Option<replay::Replay>,
    /// The cluster that has the logs while runs last; in their folders if absent.
    pub broker: Option<broker::Broker>,
    /// The run folder of the plan.
    pub out: &'a Path,
    /// This program, which hosts components.
    pub program: PathBuf,
    /// Where everything is written.
    pub disk: SharedDisk,
    /// The clock.
    pub clock: Clock,
    /// Whether to end early.
    pub stop: Stop,
    /// Told what is going on, for a person to read.
    pub progress: Arc<dyn Fn(&str) + Send + Sync>,
}

/// What one run needs beside the job.
pub struct Material<'a> {
    /// Which run.
    pub spec: &'a Spec,
    /// What is in the log before.
    pub history: &'a History,
    /// What is sent.
    pub schedule: &'a Schedule,
    /// The log without source faults, if there were any.
    pub clean: Option<PathBuf>,
}

impl Job<'_> {
    /// Does one run and leaves its observations. An interrupted run leaves what it has and is an error.
    pub fn run(&self, material: &Material<'_>) -> anyhow::Result<Run> {
        let mut session = session::Session::open(self, material)?;
        let ended = session.go();
        session.close(ended)
    }

    /// A run's name within the run folder.
    pub fn place(spec: &Spec) -> PathBuf {
        Path::new(&spec.workload).join(format!("{}-{}", spec.contestant, spec.repeat))
    }
}
