//! The Lambda as a contestant: a batch with its archive, and a speed layer under a serving layer.

use std::os::fd::BorrowedFd;
use std::sync::Arc;

use anyhow::Context;
use lambda::options::Batching;
use lambda::{Batch, LambdaConfig, Serving, Speed};
use workloads::files::SharedDisk;
use workloads::{Answer, Log, Query, Version};

use super::{Component, Contestant, Now, Part, Role, Settings};

/// The contestant.
pub static LAMBDA: Contestant = Contestant {
    name: "lambda",
    about: "A batch recomputed on schedule and a speed layer from its cut on, merged when read, labelled. Fair.",
    parts: &[
        Part { name: "batch", role: Role::Batch, start: batch },
        Part { name: "serving", role: Role::Serve, start: serving },
    ],
    workloads: &[],
    broken: None,
};

/// The same with speed and serving layer in two processes.
pub static APART: Contestant = Contestant {
    name: "lambda-apart",
    about: "The lambda with speed and serving layer in two processes that meet at a socket. Fair.",
    parts: &[
        Part { name: "batch", role: Role::Batch, start: batch },
        Part { name: "speed", role: Role::Speed, start: speed },
        Part { name: "serving", role: Role::Serve, start: serving },
    ],
    workloads: &[],
    broken: None,
};

/// The same with one fold in both layers.
pub static SHARED: Contestant = Contestant {
    name: "lambda-shared",
    about: "The lambda with one fold in both layers: the batch runs the speed layer's over the whole archive. Fair.",
    parts: &[
        Part { name: "batch", role: Role::Batch, start: shared_batch },
        Part { name: "serving", role: Role::Serve, start: serving },
    ],
    workloads: &[],
    broken: None,
};

/// The same with a batch that goes on from the one before.
pub static INCREMENTAL: Contestant = Contestant {
    name: "lambda-incremental",
    about: "The lambda with batches that fold what came since the last publication over it, not all of history. Fair.",
    parts: &[
        Part { name: "batch", role: Role::Batch, start: incremental_batch },
        Part { name: "serving", role: Role::Serve, start: serving },
    ],
    workloads: &[],
    broken: None,
};

/// The same with mistakes.
pub static STUDENT: Contestant = Contestant {
    name: "lambda-student",
    about: "The lambda with the mistakes and the hand-over that the plan's table `lambda` names. Wrong on purpose.",
    parts: &[
        Part { name: "batch", role: Role::Batch, start: student_batch },
        Part { name: "serving", role: Role::Serve, start: student_serving },
    ],
    workloads: LAMBDA.workloads,
    broken: None,
};

fn student_batch(
    log: Arc<dyn Log>,
    disk: &SharedDisk,
    settings: &Settings,
) -> anyhow::Result<Box<dyn Component>> {
    Ok(Box::new(Batch::start(log, disk, &student(settings)?).context("starting the student's batch")?))
}

fn student_serving(
    log: Arc<dyn Log>,
    disk: &SharedDisk,
    settings: &Settings,
) -> anyhow::Result<Box<dyn Component>> {
    Ok(Box::new(
        Serving::start(log, disk, &student(settings)?).context("starting the student's serving layer")?,
    ))
}

/// With everything that is wrong in it.
pub(crate) fn student(settings: &Settings) -> anyhow::Result<LambdaConfig> {
    settings.lambda.check(&settings.workload).map_err(anyhow::Error::msg)?;
    Ok(LambdaConfig { options: settings.lambda.clone(), ..config(settings) })
}

fn shared_batch(
    log: Arc<dyn Log>,
    disk: &SharedDisk,
    settings: &Settings,
) -> anyhow::Result<Box<dyn Component>> {
    batch_of(Batching::Shared, log, disk, settings)
}

fn incremental_batch(
    log: Arc<dyn Log>,
    disk: &SharedDisk,
    settings: &Settings,
) -> anyhow::Result<Box<dyn Component>> {
    batch_of(Batching::Incremental, log, disk, settings)
}

/// A batch of one kind, whichever the plan names.
fn batch_of(
    batch: Batching,
    log: Arc<dyn Log>,
    disk: &SharedDisk,
    settings: &Settings,
) -> anyhow::Result<Box<dyn Component>> {
    let mut config = config(settings);
    config.options.batch = batch;
    Ok(Box::new(Batch::start(log, disk, &config).context("starting the lambda's batch")?))
}

pub(super) fn batch(
    log: Arc<dyn Log>,
    disk: &SharedDisk,
    settings: &Settings,
) -> anyhow::Result<Box<dyn Component>> {
    Ok(Box::new(Batch::start(log, disk, &config(settings)).context("starting the lambda's batch")?))
}

fn speed(log: Arc<dyn Log>, disk: &SharedDisk, settings: &Settings) -> anyhow::Result<Box<dyn Component>> {
    let socket = settings.speed_socket.as_deref().context("the speed layer apart needs `speed_socket`")?;
    Ok(Box::new(
        Speed::start(log, disk, &config(settings), socket).context("starting the lambda's speed layer")?,
    ))
}

pub(super) fn serving(
    log: Arc<dyn Log>,
    disk: &SharedDisk,
    settings: &Settings,
) -> anyhow::Result<Box<dyn Component>> {
    Ok(Box::new(Serving::start(log, disk, &config(settings)).context("starting the lambda's serving layer")?))
}

pub(crate) fn config(settings: &Settings) -> LambdaConfig {
    LambdaConfig {
        workload: settings.workload.clone(),
        terms: settings.terms.clone(),
        state: settings.state.clone(),
        feed: settings.feed.clone(),
        granularity: settings.granularity,
        cut_every: settings.cut_every,
        cut_ms: settings.cut_ms,
        socket: settings.speed_socket.clone(),
        options: settings.lambda.competent(),
    }
}

impl Component for Batch {
    fn step(&mut self, now: Now) -> anyhow::Result<bool> {
        Ok(Batch::step(self, now.micros)?)
    }

    fn read(&mut self, _queries: &[Query]) -> anyhow::Result<Answer> {
        anyhow::bail!("the lambda's batch answers no reads: ask its serving component")
    }

    fn version(&self) -> Option<Version> {
        Batch::version(self)
    }

    fn dead(&self) -> u64 {
        Batch::dead(self)
    }
}

impl Component for Speed {
    fn step(&mut self, now: Now) -> anyhow::Result<bool> {
        Ok(Speed::step(self, now.micros)?)
    }

    fn read(&mut self, _queries: &[Query]) -> anyhow::Result<Answer> {
        anyhow::bail!("the lambda's speed layer answers its serving layer only: ask that one")
    }

    fn version(&self) -> Option<Version> {
        Speed::version(self)
    }

    fn wakes(&self) -> Vec<BorrowedFd<'_>> {
        Speed::wakes(self)
    }

    fn trouble(&self) -> Option<&str> {
        Speed::refused(self)
    }

    fn dead(&self) -> u64 {
        Speed::dead(self)
    }
}

impl Component for Serving {
    fn step(&mut self, now: Now) -> anyhow::Result<bool> {
        Ok(Serving::step(self, now.micros)?)
    }

    fn read(&mut self, queries: &[Query]) -> anyhow::Result<Answer> {
        Ok(Serving::read(self, queries)?)
    }

    fn version(&self) -> Option<Version> {
        Serving::version(self)
    }

    fn trouble(&self) -> Option<&str> {
        Serving::refused(self)
    }

    fn dead(&self) -> u64 {
        Serving::dead(self)
    }
}
