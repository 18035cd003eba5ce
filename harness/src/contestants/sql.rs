//! The Lambda whose batch is SQL as a contestant.

use std::sync::Arc;

use anyhow::Context;
use lambda::Batch;
use lambda_sql::DataFusion;
use workloads::Log;
use workloads::files::SharedDisk;

use super::lambda::{config, serving};
use super::{Component, Contestant, Part, Role, Settings};

/// The contestant.
pub static SQL: Contestant = Contestant {
    name: "lambda-sql",
    about: "The lambda with a batch in SQL on DataFusion; what corrections and merges need is indexed by a scan. Fair.",
    parts: &[
        Part { name: "batch", role: Role::Batch, start: batch },
        Part { name: "serving", role: Role::Serve, start: serving },
    ],
    workloads: &["orders", "trades"],
    broken: None,
};

fn batch(log: Arc<dyn Log>, disk: &SharedDisk, settings: &Settings) -> anyhow::Result<Box<dyn Component>> {
    let starting = "starting the lambda's batch in SQL";
    let engine = Arc::new(DataFusion::new(settings.workers.max(1) as usize).context(starting)?);
    Ok(Box::new(Batch::asking(engine, log, disk, &config(settings)).context(starting)?))
}
