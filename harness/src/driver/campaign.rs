//! Every run of a plan, one after another, into one folder.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use nix::sys::statvfs::statvfs;
use workloads::faults::SourceFaults;

use super::replay::Replay;
use super::source::{self, History, Schedule};
use super::{Job, Material, manifest};
use crate::observe::Run;
use crate::plan::{Plan, Spec};

/// Bytes of one event in a log, its origin and its key included, on the safe side.
const EVENT_BYTES: f64 = 110.0;

/// Bytes of one event in a contestant's folder while it runs (an archive, a few publications), on the safe side.
const STATE_BYTES: f64 = 90.0;

/// Bytes of memory of one event in a contestant, on the safe side.
const MEMORY_BYTES: f64 = 400.0;

/// Events a second that are generated and written to a history, on the slow side.
const HISTORY_RATE: f64 = 900_000.0;

/// Events a second with which a contestant catches up, on the slow side.
const CATCH_UP_RATE: f64 = 1_000_000.0;

/// What a plan will take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Expected {
    /// Runs.
    pub runs: usize,
    /// Seconds, judging included.
    pub seconds: f64,
    /// Bytes on disk at the most.
    pub disk: u64,
    /// Bytes of memory of one contestant.
    pub memory: u64,
}

impl Expected {
    /// What this plan will take.
    pub fn of(plan: &Plan) -> Self {
        let (runs, history) = (plan.runs().len(), plan.live.history as f64);
        let workloads = histories(plan).len() as f64;
        let live = plan.live.rate * plan.live.seconds;
        let each = history / CATCH_UP_RATE + plan.live.seconds + 0.8;
        let logs = workloads * (history + live) * EVENT_BYTES + runs as f64 * live * EVENT_BYTES * 2.0;
        Expected {
            runs,
            seconds: workloads * history / HISTORY_RATE + runs as f64 * each + 2.0,
            // A linked log has its last segments to itself.
            disk: (logs + history * STATE_BYTES) as u64
                + runs as u64 * u64::from(plan.log.partitions) * source::SEGMENT,
            memory: ((history + live) * MEMORY_BYTES) as u64 + (100 << 20),
        }
    }

    /// An error if the disk below `out` has no room for it.
    pub fn fits(&self, out: &Path) -> anyhow::Result<()> {
        let near = out.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("."));
        let about = statvfs(near).with_context(|| format!("asking for the room below {}", near.display()))?;
        let free = about.blocks_available() as u64 * about.fragment_size() as u64;
        ensure!(
            self.disk <= free,
            "this plan needs up to {} MB on disk and {} has {} MB: make room, or lower live.history",
            self.disk >> 20,
            near.display(),
            free >> 20
        );
        Ok(())
    }
}

/// The workloads of a plan, each once.
fn histories(plan: &Plan) -> Vec<&str> {
    let mut names: Vec<&str> = plan.contests.iter().map(|contest| contest.workload.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

impl Job<'_> {
    /// Does every run. What each leaves is written before the next begins.
    pub fn run_all(&self) -> anyhow::Result<Vec<Run>> {
        if let Some(broker) = &self.broker {
            broker.clear(&self.plan.runs())?;
        }
        fs::create_dir_all(self.out).with_context(|| format!("making {}", self.out.display()))?;
        let text = toml::to_string(self.plan).context("writing the plan")?;
        fs::write(self.out.join("plan.toml"), text).context("writing plan.toml")?;
        let specs = self.plan.runs();
        let _held = manifest::hold(self.out);
        manifest::write(self, "running")?;
        let runs = self.each(&specs);
        let runs = runs.inspect_err(|error| drop(self.ended(&format!("{error:#}"))))?;
        self.ended("complete")?;
        Ok(runs)
    }

    fn each(&self, specs: &[Spec]) -> anyhow::Result<Vec<Run>> {
        let mut store = Store::default();
        let mut runs = Vec::new();
        for (number, spec) in (1..).zip(specs) {
            self.stop.check()?;
            let (history, prepared) = store.prepare(self, &spec.workload, spec.repeat)?;
            (self.progress)(&format!(
                "run {number} of {}: {} on {}, repeat {}",
                specs.len(),
                spec.contestant,
                spec.workload,
                spec.repeat
            ));
            let (schedule, clean) = (&prepared.schedule, prepared.clean.clone());
            runs.push(self.run(&Material { spec, history, schedule, clean })?);
        }
        Ok(runs)
    }

    fn ended(&self, how: &str) -> anyhow::Result<()> {
        if !self.plan.settings.keep {
            // Only the empty folders of runs that are over.
            let _ = fs::remove_dir_all(self.out.join("state"));
        }
        manifest::write(self, how)
    }
}

/// A repeat's events.
struct Prepared {
    schedule: Schedule,
    clean: Option<PathBuf>,
}

/// What several runs share: a history for each workload, a schedule for each repeat.
#[derive(Default)]
struct Store {
    histories: HashMap<String, History>,
    prepared: HashMap<(String, u32), Prepared>,
}

impl Store {
    fn prepare(&mut self, job: &Job<'_>, name: &str, repeat: u32) -> anyhow::Result<(&History, &Prepared)> {
        if let Some(replay) = &job.replay {
            return self.prepare_replay(job, replay, name);
        }
        let workload = workloads::workload(name).context("the plan was checked")?;
        let logs = job.out.join("logs").join(name);
        if !self.histories.contains_key(name) {
            (job.progress)(&format!("writing {} events of {name} as history", job.plan.live.history));
            // What goes wrong at the source goes wrong in the live part, where it can be seen.
            let (folder, none) = (logs.join("history"), SourceFaults::default());
            let now_ms = job.clock.millis();
            let made = source::history(job.plan, workload, &none, &job.disk, &folder, now_ms, &job.stop)?;
            self.histories.insert(name.to_owned(), made);
        }
        let history = self.histories.get_mut(name).context("it was just made")?;
        let place = (name.to_owned(), repeat);
        if !self.prepared.contains_key(&place) {
            // One repeat at a time is under way; what is over need not be kept.
            self.prepared.retain(|(workload, number), _| workload != name || *number + 1 >= repeat);
            let schedule = source::schedule(job.plan, workload, repeat, &mut history.keys)?;
            let clean = if schedule.faulty { Some(logs.join(format!("clean-{repeat}"))) } else { None };
            // A later contest may come back to a repeat.
            if let Some(folder) = clean.as_ref().filter(|folder| !folder.exists()) {
                source::clean(job.plan, workload, repeat, history, folder, job)?;
            }
            self.prepared.insert(place.clone(), Prepared { schedule, clean });
        }
        let history = self.histories.get(name).context("it was just made")?;
        Ok((history, self.prepared.get(&place).context("it was just made")?))
    }

    /// Every run over somebody's own log sends the same.
    fn prepare_replay(
        &mut self,
        job: &Job<'_>,
        replay: &Replay,
        name: &str,
    ) -> anyhow::Result<(&History, &Prepared)> {
        let place = (name.to_owned(), 0);
        if !self.prepared.contains_key(&place) {
            (job.progress)(&format!(
                "splitting the log: the last {} events are sent live, over {:.1} s",
                replay.live(),
                replay.seconds()
            ));
            let (history, schedule) =
                replay.split(&job.disk, &job.out.join("logs").join(name).join("history"))?;
            self.histories.insert(name.to_owned(), history);
            self.prepared.insert(place.clone(), Prepared { schedule, clean: None });
        }
        let history = self.histories.get(name).context("it was just made")?;
        Ok((history, self.prepared.get(&place).context("it was just made")?))
    }
}
