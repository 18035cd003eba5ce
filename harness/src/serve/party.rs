//! Who takes part: a Lambda and a Kappa as they are contestants elsewhere, stepped by turns.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use kappa::Kappa;
use lambda::{Apart, Batch, Serving};
use workloads::files::SharedDisk;
use workloads::{Answer, Dedup, Log, Query, Version};

use super::Scene;
use super::record::Student;
use crate::contestants::{Settings, kappa as kappas, lambda as lambdas};
use crate::upto;

/// Steps after which it is an error that somebody has not taken in what there is.
const STEPS: u32 = 100_000;

/// Batches of the past that are remembered.
const RUNS: usize = 40;

/// One run of a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// Number of its publication.
    pub number: u64,
    /// When it began, in microseconds since the start.
    pub from_us: i64,
    /// When it had published; absent while it is at work.
    pub until_us: Option<i64>,
    /// What it covers; the heads when it began, until it has published.
    pub cut: Version,
}

/// A Lambda with its two components.
pub struct Lambda {
    batch: Batch,
    serving: Serving,
    /// Its batches, the newest last.
    pub runs: VecDeque<Run>,
}

/// What everybody is told who follows a log of a scene.
fn settings(log: &dyn Log, scene: &Scene, state: &Path) -> Settings {
    Settings {
        lambda: alone(lambda::Options::default()),
        state: state.to_owned(),
        cut_ms: scene.cut_ms,
        granularity: 1 << 30,
        seed: scene.seed,
        ..upto::settings(log.meta(), &scene.terms)
    }
}

/// A batch reads in the thread of whoever steps it. Threads that come and go with each batch would leave memory behind in
/// every arena of the allocator, of which there are many as each page has a thread.
fn alone(options: lambda::Options) -> lambda::Options {
    lambda::Options { threads: 1, ..options }
}

impl Lambda {
    /// The competent one; `now` as components are told it, and since the start.
    pub fn fair(
        log: &Arc<dyn Log>,
        disk: &SharedDisk,
        state: &Path,
        scene: &Scene,
        now: (i64, i64),
    ) -> anyhow::Result<Self> {
        let config = lambdas::config(&settings(&**log, scene, state));
        Lambda::start(log, disk, &config, now).context("starting the lambda")
    }

    /// The one that goes wrong.
    pub fn student(
        log: &Arc<dyn Log>,
        disk: &SharedDisk,
        state: &Path,
        (scene, student): (&Scene, &Student),
        now: (i64, i64),
    ) -> anyhow::Result<Self> {
        let mut settings =
            Settings { lambda: alone(student.lambda.clone()), ..settings(&**log, scene, state) };
        settings.feed.dedup = student.dedup.unwrap_or(scene.terms.dedup);
        let config = lambdas::student(&settings)?;
        Lambda::start(log, disk, &config, now).context("starting the student's lambda")
    }

    /// With a first batch of everything that there is; `at` is now since the start.
    fn start(
        log: &Arc<dyn Log>,
        disk: &SharedDisk,
        config: &lambda::LambdaConfig,
        (now, at): (i64, i64),
    ) -> anyhow::Result<Self> {
        workloads::files::make_dir(&**disk, &config.state).context("making a folder for it")?;
        let batch = Batch::start(Arc::clone(log), disk, config)?;
        let serving = Serving::start(Arc::clone(log), disk, config)?;
        let mut lambda = Lambda { batch, serving, runs: VecDeque::new() };
        for _ in 0..STEPS {
            lambda.batch.step(now)?;
            lambda.serving.step(now)?;
            if lambda.serving.version().is_some() {
                lambda.note(at, at, log.heads()?);
                return Ok(lambda);
            }
        }
        bail!("it has not published a first batch after {STEPS} steps")
    }

    /// One turn of the batch; `at` is the same time since the start.
    pub fn turn(&mut self, log: &dyn Log, now: i64, at: i64) -> anyhow::Result<()> {
        let done = self.batch.number();
        let worked = self.batch.step(now).context("a turn of a batch")?;
        let idle = self.runs.back().is_none_or(|run| run.until_us.is_some());
        if worked && idle && self.batch.number() == done {
            let run = Run { number: done + 1, from_us: at, until_us: None, cut: log.heads()? };
            self.remember(run);
        } else if self.batch.number() > done {
            self.note(at, at, log.heads()?);
        }
        Ok(())
    }

    /// A batch has published.
    fn note(&mut self, from_us: i64, at: i64, heads: Version) {
        let number = self.batch.number();
        if self.runs.back().is_none_or(|run| run.until_us.is_some()) {
            self.remember(Run { number, from_us, until_us: None, cut: heads });
        }
        if let Some(run) = self.runs.back_mut() {
            run.until_us = Some(at);
            run.cut = self.batch.version().unwrap_or_else(|| run.cut.clone());
        }
    }

    fn remember(&mut self, run: Run) {
        if self.runs.len() == RUNS {
            self.runs.pop_front();
        }
        self.runs.push_back(run);
    }

    /// The speed layer takes in everything up to these heads.
    pub fn follow(&mut self, heads: &Version, now: i64) -> anyhow::Result<()> {
        let reached = |serving: &Serving| serving.version().is_some_and(|version| version.covers(heads));
        for _ in 0..STEPS {
            let worked = self.serving.step(now).context("a step of a speed layer")?;
            if !worked && (reached(&self.serving) || self.serving.version().is_some()) {
                return Ok(());
            }
        }
        bail!("the speed layer is still at work after {STEPS} steps")
    }

    /// The merged answers.
    pub fn read(&mut self, queries: &[Query]) -> anyhow::Result<Answer> {
        Ok(self.serving.read(queries)?)
    }

    /// The halves of the answers.
    pub fn apart(&mut self, queries: &[Query]) -> anyhow::Result<Apart> {
        Ok(self.serving.apart(queries)?)
    }

    /// The version that is read.
    pub fn version(&self) -> Option<Version> {
        self.serving.version()
    }
}

/// A Kappa of a scene.
pub fn kappa(log: &Arc<dyn Log>, disk: &SharedDisk, state: &Path, scene: &Scene) -> anyhow::Result<Kappa> {
    workloads::files::make_dir(&**disk, state).context("making a folder for the kappa")?;
    let settings = settings(&**log, scene, state);
    // Nothing here is restarted, so that a snapshot would only take time; and what has stood still is told apart below.
    let options = kappa::Options { snapshot_ms: 0, window_ms: 0, stall_ms: 0, ..settings.kappa.clone() };
    let config = kappas::config(&settings, options);
    Kappa::start(Arc::clone(log), disk, &config).context("starting the kappa")
}

/// The Kappa takes in everything up to these heads.
pub fn follow(kappa: &mut Kappa, heads: &Version, now: i64) -> anyhow::Result<()> {
    for _ in 0..STEPS {
        kappa.step(now).context("a step of the kappa")?;
        // Of an empty log there is nothing to be told.
        if heads.total() == 0 || kappa.version().is_some_and(|version| version.covers(heads)) {
            return Ok(());
        }
    }
    bail!("the kappa has not reached {heads} after {STEPS} steps")
}

/// How repeats are recognised, by its name in a plan.
pub fn dedup(name: &str) -> Result<Dedup, String> {
    let names = "there are none, offset, origin, content";
    serde_json::from_value(serde_json::Value::from(name)).map_err(|_| format!("no dedup `{name}`: {names}"))
}
