//! The Lambda with the speed layer's half in a database.

use std::sync::Arc;

use anyhow::Context;
use lambda::options::StoreKind;
use lambda::{LambdaConfig, Serving};
use workloads::Log;
use workloads::files::SharedDisk;

use super::lambda::{batch, config};
use super::{Component, Contestant, Part, Role, Settings};

/// In SQLite.
pub static SQLITE: Contestant = Contestant {
    name: "lambda-sqlite",
    about: "The lambda with the speed layer's half in SQLite, written and read with its version in one transaction. Fair.",
    parts: &[
        Part { name: "batch", role: Role::Batch, start: batch },
        Part { name: "serving", role: Role::Serve, start: sqlite },
    ],
    workloads: &[],
    broken: None,
};

/// In PostgreSQL.
pub static POSTGRES: Contestant = Contestant {
    name: "lambda-postgres",
    about: "The same in PostgreSQL: `scripts/postgres up` starts one, `store_address` in the plan's table `lambda` names another. Fair.",
    parts: &[
        Part { name: "batch", role: Role::Batch, start: batch },
        Part { name: "serving", role: Role::Serve, start: postgres },
    ],
    workloads: &[],
    broken: None,
};

fn sqlite(log: Arc<dyn Log>, disk: &SharedDisk, settings: &Settings) -> anyhow::Result<Box<dyn Component>> {
    serving(log, disk, settings, StoreKind::Sqlite)
}

fn postgres(log: Arc<dyn Log>, disk: &SharedDisk, settings: &Settings) -> anyhow::Result<Box<dyn Component>> {
    serving(log, disk, settings, StoreKind::Postgres)
}

fn serving(
    log: Arc<dyn Log>,
    disk: &SharedDisk,
    settings: &Settings,
    store: StoreKind,
) -> anyhow::Result<Box<dyn Component>> {
    let mut config: LambdaConfig = config(settings);
    // An address in the plan is that of the store which the plan names, and of no other.
    if config.options.store != store && store == StoreKind::Sqlite {
        config.options.store_address.clear();
    }
    config.options.store = store;
    Ok(Box::new(Serving::start(log, disk, &config).context("starting the lambda's serving layer")?))
}
