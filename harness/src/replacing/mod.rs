//! A live run in the middle of which the question is changed: what readers feel of it, and how long it takes.
//!
//! The contestant is a process of its own; the wish comes from this one, over its socket. Events are sent and reads are
//! made open loop all the while, so that whatever the replacement takes from the live job shows.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, anyhow, ensure};
use kappa::{Status, Task};
use workloads::files::{RealDisk, SharedDisk};
use workloads::log::file::FileLog;
use workloads::{Version, Workload};

use crate::clock::Clock;
use crate::contestants::find;
use crate::driver::children::{Children, Start};
use crate::driver::client::Client;
use crate::driver::watch::Watch;
use crate::driver::{Stop, append, lanes, noise, reads, source};
use crate::observe::{Arrival, Observation, Watched};
use crate::plan::Plan;
use crate::protocol::JobOrder;

mod phases;

pub use phases::{Phase, Phases};

/// How long the last reads are waited for.
const PATIENCE_US: i64 = 5_000_000;

/// How often it is asked how far the replacement is.
const LOOK: Duration = Duration::from_millis(20);

/// What is tried.
pub struct Trial<'a> {
    /// The events, before and while the question is changed, and the reads.
    pub plan: Plan,
    /// Whose.
    pub workload: &'static Workload,
    /// The changed question.
    pub task: Task,
    /// Seconds of live run before the replacement is begun, and after the switch.
    pub margin_s: f64,
    /// This program, which hosts the contestant.
    pub program: &'a Path,
    /// The clock.
    pub clock: Clock,
    /// Whether somebody wants to end.
    pub stop: &'a Stop,
    /// A folder for all of it.
    pub folder: PathBuf,
}

/// How far a replacement was at one time.
#[derive(Clone, Debug)]
pub struct Progress {
    /// When, in microseconds since the live part began.
    pub at_us: i64,
    /// Records of the newest version of the replacement; of the job that answers once it does.
    pub replacement: u64,
    /// Records of the newest version that can be read.
    pub live: u64,
}

/// What came of it.
pub struct Outcome {
    /// Events in the log before the live part.
    pub history: u64,
    /// Seconds that the contestant took to come to the end of the history when it was started.
    pub started_s: f64,
    /// When the replacement was begun, and when it was first seen to answer.
    pub replaced_us: (i64, i64),
    /// How far it was in between.
    pub progress: Vec<Progress>,
    /// What was seen of it.
    pub arrivals: Vec<Arrival>,
    /// The reads.
    pub reads: Vec<Observation>,
    /// The versions that could be read.
    pub heard: Vec<Watched>,
    /// Rows of all views of the job that answered first, and of the one that did last.
    pub rows: (u64, u64),
    /// How late a thread that does nothing else was woken.
    pub canary_us: Vec<i64>,
    /// Seconds from the wish to take it back until the old question was answered again.
    pub back_s: f64,
}

impl Trial<'_> {
    /// Runs it.
    pub fn run(&self) -> anyhow::Result<Outcome> {
        let disk: SharedDisk = Arc::new(RealDisk);
        let log = self.folder.join("log");
        let (plan, now) = (&self.plan, self.clock.millis());
        let mut history = source::history(plan, self.workload, &plan.faults, &disk, &log, now, self.stop)?;
        let schedule = source::schedule(plan, self.workload, 1, &mut history.keys)?;
        let planned = reads::plan(&plan.reads, self.workload, &schedule, &history.keys, plan.seed);
        let state = self.folder.join("state");
        std::fs::create_dir_all(&state).with_context(|| format!("making {}", state.display()))?;
        let start = Start {
            program: self.program.to_owned(),
            log: log.clone().into(),
            folder: self.folder.clone(),
            cores: Vec::new(),
        };
        let began = self.clock.micros();
        let mut children =
            Children::start(find("kappa")?, &start, |_| plan.settings(self.workload.name, &state))?;
        let socket = children.serving()?.socket.clone();
        let watch = Watch::start("kappa", &socket, self.clock)?;
        self.wait(&mut children, &watch, &history.heads)?;
        let started_s = (self.clock.micros() - began) as f64 / 1e6;
        let mut appender = FileLog::appender(&disk, &log, plan.log.fsync.policy())?;
        let clock = self.clock.restarted(Duration::from_millis(50));
        let zero = self.clock.micros() - clock.micros();
        let (inner, over) = (self.stop.inner(), std::sync::atomic::AtomicBool::new(false));
        let lanes = plan.reads.connections as usize;
        let mut outcome = thread::scope(|scope| {
            let generator =
                scope.spawn(|| append::append(&schedule, &mut appender, plan.log.partitions, &clock, &inner));
            let reader = scope
                .spawn(|| lanes::read_all(&planned, &socket, lanes, PATIENCE_US, &clock, &inner, &|_| None));
            let canary = scope.spawn(|| noise::canary(&clock, &over));
            let driven = self.drive(&mut children, &socket, &clock);
            over.store(true, std::sync::atomic::Ordering::Relaxed);
            let joined = "the trial's threads do not panic";
            if driven.is_err() {
                inner.want();
            }
            let (arrivals, reads) = (generator.join().expect(joined), reader.join().expect(joined));
            let canary_us = canary.join().expect(joined);
            let mut outcome = driven?;
            (outcome.arrivals, outcome.reads, outcome.canary_us) = (arrivals?.arrivals, reads?, canary_us);
            Ok::<_, anyhow::Error>(outcome)
        })?;
        let heard = watch.heard().into_iter();
        outcome.heard = heard.map(|it| Watched { received_us: it.received_us - zero, ..it }).collect();
        (outcome.history, outcome.started_s) = (history.heads.total(), started_s);
        outcome.back_s = self.back(&socket)?;
        children.end(&self.clock);
        Ok(outcome)
    }

    /// Begins the replacement and waits for it, while events are sent.
    fn drive(&self, children: &mut Children, socket: &Path, clock: &Clock) -> anyhow::Result<Outcome> {
        let mut client = Client::connect(socket, Duration::from_secs(60))?;
        let margin_us = (self.margin_s * 1e6) as i64;
        clock.sleep_until(margin_us);
        let before = self.count(&mut client)?;
        clock.sleep_until(margin_us + margin_us / 4);
        let job = client.order(&JobOrder::Status)?.job;
        let begun = clock.micros();
        client.order(&JobOrder::Replace(self.task.clone()))?;
        let mut progress = Vec::new();
        loop {
            let status = client.order(&JobOrder::Status)?;
            progress.push(step(&status, clock.micros()));
            if status.job != job {
                break;
            }
            self.stop.check()?;
            children.check()?;
            let left_us = (self.plan.live.seconds * 1e6) as i64 - clock.micros();
            ensure!(
                left_us > margin_us,
                "the live part ends before the replacement answers: give it more --seconds"
            );
            thread::sleep(LOOK);
        }
        let answers = clock.micros();
        clock.sleep_until(answers + margin_us);
        let after = self.count(&mut client)?;
        Ok(Outcome {
            history: 0,
            started_s: 0.0,
            replaced_us: (begun, answers),
            progress,
            arrivals: Vec::new(),
            reads: Vec::new(),
            heard: Vec::new(),
            rows: (before, after),
            canary_us: Vec::new(),
            back_s: 0.0,
        })
    }

    /// Takes the switch back, and says how long that took.
    fn back(&self, socket: &Path) -> anyhow::Result<f64> {
        let mut client = Client::connect(socket, Duration::from_secs(60))?;
        let (job, began) = (client.order(&JobOrder::Status)?.job, self.clock.micros());
        client.order(&JobOrder::Rollback)?;
        while client.order(&JobOrder::Status)?.job == job {
            ensure!(self.clock.micros() - began < PATIENCE_US, "the old question is not answered again");
        }
        Ok((self.clock.micros() - began) as f64 / 1e6)
    }

    /// Rows of all views.
    fn count(&self, client: &mut Client) -> anyhow::Result<u64> {
        let mut rows = 0;
        for view in self.workload.views {
            let query = workloads::Query { view: view.name.to_owned(), key: None };
            rows += client.read(&[query])?.rows.iter().map(|rows| rows.len() as u64).sum::<u64>();
        }
        Ok(rows)
    }

    fn wait(&self, children: &mut Children, watch: &Watch, heads: &Version) -> anyhow::Result<()> {
        let deadline = self.clock.micros() + (self.plan.live.patience_s * 1e6) as i64;
        while !watch.latest().is_some_and(|version| version.covers(heads)) {
            self.stop.check()?;
            children.check()?;
            if self.clock.micros() > deadline {
                return Err(anyhow!("the history was not read within {} s", self.plan.live.patience_s));
            }
            thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }
}

fn step(status: &Status, at_us: i64) -> Progress {
    let live = status.version.total();
    let replacement = status.beside.as_ref().filter(|beside| beside.job > status.job);
    Progress { at_us, replacement: replacement.map_or(live, |beside| beside.version.total()), live }
}
