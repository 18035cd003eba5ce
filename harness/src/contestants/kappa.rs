//! The Kappa as a contestant: one component that follows the log and answers.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use kappa::{Kappa, KappaConfig, Status, Ticks};
use workloads::files::SharedDisk;
use workloads::{Answer, Log, Query, Version};

use crate::clock::Clock;
use crate::protocol::JobOrder;

use super::{Component, Contestant, Now, Part, Role, Settings};

/// The contestant.
pub static KAPPA: Contestant = Contestant {
    name: "kappa",
    about: "One differential dataflow over the log; answers at complete versions, labelled. Fair.",
    parts: &[Part { name: "kappa", role: Role::Serve, start }],
    workloads: &[],
    broken: None,
};

fn start(log: Arc<dyn Log>, disk: &SharedDisk, settings: &Settings) -> anyhow::Result<Box<dyn Component>> {
    let config = KappaConfig {
        terms: settings.terms.clone(),
        feed: settings.feed.clone(),
        state: Some(settings.state.clone()),
        workers: settings.workers,
        granularity: settings.granularity,
        version_ms: settings.version_ms,
        spin: settings.spin,
        options: settings.kappa.clone(),
    };
    Ok(Box::new(Kappa::start(log, disk, &config).context("starting the kappa")?))
}

impl Component for Kappa {
    fn step(&mut self, now: Now) -> anyhow::Result<bool> {
        Ok(Kappa::step(self, now.micros)?)
    }

    fn read(&mut self, queries: &[Query]) -> anyhow::Result<Answer> {
        Ok(Kappa::read(self, queries)?)
    }

    fn version(&self) -> Option<Version> {
        Kappa::version(self)
    }

    fn rest(&self, now: Now) -> Duration {
        Duration::from_micros(Kappa::rest(self, now.micros).unsigned_abs())
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
