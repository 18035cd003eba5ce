//! The Kappa as a contestant: one component that follows the log and answers.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use kappa::options::Degraded;
use kappa::{Draft, Kappa, KappaConfig, Options, Status, Ticks};
use workloads::files::SharedDisk;
use workloads::{Answer, Log, Query, Version};

use crate::clock::Clock;
use crate::protocol::JobOrder;

use super::{Component, Contestant, Now, Part, Reply, Role, Settings};
use crate::judge::{Class, Signature};

/// The contestant.
pub static KAPPA: Contestant = Contestant {
    name: "kappa",
    about: "One differential dataflow over the log; answers at complete versions, labelled. Fair.",
    parts: &[Part { name: "kappa", role: Role::Serve, start }],
    workloads: &[],
    broken: None,
};

/// Reads between frontiers.
pub static DIRTY: Contestant = Contestant {
    name: "kappa-dirty",
    about: "The kappa, but what a version changes is read while it is in work: between frontiers, without a label.",
    parts: &[Part { name: "kappa", role: Role::Serve, start: dirty }],
    workloads: &["transfers"],
    broken: Some((Class::Impossible, Signature::Scattered)),
};

/// Drops what is late.
pub static WATERMARK: Contestant = Contestant {
    name: "kappa-watermark",
    about: "The kappa, but it drops events later than `lateness_ms` (plan table `kappa.degraded`, else 100); no label.",
    parts: &[Part { name: "kappa", role: Role::Serve, start: watermark }],
    workloads: &["orders", "transfers"],
    broken: Some((Class::Impossible, Signature::Scattered)),
};

/// Does not replay.
pub static NAIVE: Contestant = Contestant {
    name: "kappa-naive",
    about: "The kappa, but after a restart or for another question it begins at the log's end; no label.",
    parts: &[Part { name: "kappa", role: Role::Serve, start: naive }],
    workloads: &["orders", "transfers"],
    broken: Some((Class::Impossible, Signature::Scattered)),
};

/// Acts after which what they changed is read: an uneven number, so that it falls between the two of a transfer.
const DIRTY_ACTS: u64 = 3;

/// What is later than this is dropped, unless the plan says otherwise.
const LATENESS_MS: u64 = 100;

fn start(log: Arc<dyn Log>, disk: &SharedDisk, settings: &Settings) -> anyhow::Result<Box<dyn Component>> {
    degraded(log, disk, settings, Degraded::default())
}

fn dirty(log: Arc<dyn Log>, disk: &SharedDisk, settings: &Settings) -> anyhow::Result<Box<dyn Component>> {
    degraded(log, disk, settings, Degraded { dirty_acts: DIRTY_ACTS, ..Degraded::default() })
}

fn watermark(
    log: Arc<dyn Log>,
    disk: &SharedDisk,
    settings: &Settings,
) -> anyhow::Result<Box<dyn Component>> {
    let lateness_ms = settings.kappa.degraded.lateness_ms.or(Some(LATENESS_MS));
    degraded(log, disk, settings, Degraded { lateness_ms, ..Degraded::default() })
}

fn naive(log: Arc<dyn Log>, disk: &SharedDisk, settings: &Settings) -> anyhow::Result<Box<dyn Component>> {
    degraded(log, disk, settings, Degraded { no_replay: true, ..Degraded::default() })
}

/// What a Kappa is told, whatever is chosen about it.
pub(crate) fn config(settings: &Settings, options: Options) -> KappaConfig {
    KappaConfig {
        terms: settings.terms.clone(),
        feed: settings.feed.clone(),
        state: Some(settings.state.clone()),
        workers: settings.workers,
        granularity: settings.granularity,
        version_ms: settings.version_ms,
        spin: settings.spin,
        options,
    }
}

/// A Kappa with one thing done worse, or none, whatever else the plan names.
fn degraded(
    log: Arc<dyn Log>,
    disk: &SharedDisk,
    settings: &Settings,
    degraded: Degraded,
) -> anyhow::Result<Box<dyn Component>> {
    let config = config(settings, Options { degraded, ..settings.kappa.clone() });
    Ok(Box::new(Kappa::start(log, disk, &config).context("starting the kappa")?))
}

/// What an answer is made of. One without labels cannot be asked for a version.
fn labelled(kappa: &mut Kappa, at: Option<&Version>, queries: &[Query]) -> anyhow::Result<Draft> {
    let draft = kappa.draft(at, queries)?;
    if let Some(version) = at {
        ensure!(
            draft.version().is_some(),
            "what it holds is of no version, so not of {version}: it has no labels"
        );
    }
    Ok(draft)
}

impl Component for Kappa {
    fn step(&mut self, now: Now) -> anyhow::Result<bool> {
        Ok(Kappa::step(self, now.micros)?)
    }

    fn read(&mut self, queries: &[Query]) -> anyhow::Result<Answer> {
        Ok(Kappa::read(self, queries)?)
    }

    fn read_at(&mut self, version: &Version, queries: &[Query]) -> anyhow::Result<Answer> {
        Ok(labelled(self, Some(version), queries)?.finish())
    }

    fn reply(&mut self, at: Option<&Version>, queries: &[Query]) -> anyhow::Result<Reply> {
        let draft = labelled(self, at, queries)?;
        Ok(if draft.is_long() {
            Reply::Later(Box::new(move || draft.finish()))
        } else {
            Reply::Now(draft.finish())
        })
    }

    fn version(&self) -> Option<Version> {
        Kappa::version(self)
    }

    fn rest(&self, now: Now, woken: bool) -> Duration {
        Duration::from_micros(Kappa::rest(self, now.micros, woken).unsigned_abs())
    }

    fn trouble(&self) -> Option<&str> {
        Kappa::trouble(self)
    }

    fn dead(&self) -> u64 {
        Kappa::dead(self)
    }

    fn clock(&mut self, clock: &Clock) -> anyhow::Result<()> {
        let clock = *clock;
        Ok(Kappa::clock(self, Some(Ticks::new(move || clock.micros())))?)
    }

    fn job(&self) -> Option<u32> {
        Some(Kappa::job(self))
    }

    fn order(&mut self, order: &JobOrder) -> anyhow::Result<Status> {
        match order {
            JobOrder::Status => {}
            JobOrder::Replace(task) => drop(self.replace(task.clone())?),
            JobOrder::Confirm => self.confirm()?,
            JobOrder::Rollback => self.rollback()?,
        }
        Ok(self.status())
    }
}
