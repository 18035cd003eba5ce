//! The Kappa in two processes, joined by timely's own connections.

use std::sync::Arc;

use anyhow::{Context, bail};
use kappa::{Hand, Kappa, KappaConfig, Options, Ticks};
use workloads::files::SharedDisk;
use workloads::{Answer, Log, Query, Version};

use super::kappa::config;
use super::{Component, Contestant, Now, Part, Role, Settings};
use crate::clock::Clock;

/// The contestant.
pub static CLUSTER: Contestant = Contestant {
    name: "kappa-cluster",
    about: "The kappa in two processes that share its work; the first one binds versions and answers. Fair.",
    parts: &[
        Part { name: "kappa", role: Role::Serve, start: lead },
        Part { name: "hand", role: Role::Hand, start: lend },
    ],
    workloads: &[],
    broken: None,
};

fn two(settings: &Settings) -> KappaConfig {
    config(settings, Options { processes: 2, ..settings.kappa.clone() })
}

fn lead(log: Arc<dyn Log>, disk: &SharedDisk, settings: &Settings) -> anyhow::Result<Box<dyn Component>> {
    Ok(Box::new(Kappa::start(log, disk, &two(settings)).context("starting the first process")?))
}

fn lend(log: Arc<dyn Log>, disk: &SharedDisk, settings: &Settings) -> anyhow::Result<Box<dyn Component>> {
    Ok(Box::new(Hand::start(log, disk, &two(settings)).context("starting the second process")?))
}

impl Component for Hand {
    fn step(&mut self, _now: Now) -> anyhow::Result<bool> {
        Ok(Hand::step(self)?)
    }

    fn read(&mut self, _queries: &[Query]) -> anyhow::Result<Answer> {
        bail!("it lends its workers to another process: ask that one")
    }

    fn version(&self) -> Option<Version> {
        None
    }

    fn clock(&mut self, clock: &Clock) -> anyhow::Result<()> {
        let clock = *clock;
        Hand::clock(self, Some(Ticks::new(move || clock.micros())));
        Ok(())
    }
}
