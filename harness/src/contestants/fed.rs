//! The Kappa with its answers in a database, which it feeds with what every complete version changes.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use ::kappa::{Changed, Kappa, Sink, Status};
use ::lambda::options::StoreKind;
use ::lambda::stores::Rowstore;
use anyhow::{Context, ensure};
use workloads::files::SharedDisk;
use workloads::{Answer, Log, Query, Version};

use super::kappa::config;
use super::{Component, Contestant, Now, Part, Role, Settings};
use crate::clock::Clock;
use crate::protocol::JobOrder;

/// In SQLite.
pub static SQLITE: Contestant = Contestant {
    name: "kappa-sqlite",
    about: "The kappa with its answers in SQLite: fed with the rows that change and their version in one transaction. Fair.",
    parts: &[Part { name: "kappa", role: Role::Serve, start: sqlite }],
    workloads: &[],
    broken: None,
};

/// In PostgreSQL.
pub static POSTGRES: Contestant = Contestant {
    name: "kappa-postgres",
    about: "The same in PostgreSQL: `scripts/postgres up` starts one, `store_address` in the plan's table `lambda` names another. Fair.",
    parts: &[Part { name: "kappa", role: Role::Serve, start: postgres }],
    workloads: &[],
    broken: None,
};

/// A Kappa that feeds a store, and the store, from which reads are answered at the version that it holds.
struct Fed {
    kappa: Kappa,
    store: Rc<RefCell<Rowstore>>,
}

/// The store as the Kappa sees it.
struct Feed(Rc<RefCell<Rowstore>>);

fn sqlite(log: Arc<dyn Log>, disk: &SharedDisk, settings: &Settings) -> anyhow::Result<Box<dyn Component>> {
    // An address in the plan is that of the store which the plan names.
    let named = settings.lambda.store == StoreKind::Sqlite;
    let address = if named { settings.lambda.store_address.as_str() } else { "" };
    fed(log, disk, settings, Rowstore::at(StoreKind::Sqlite, address, &settings.state)?)
}

fn postgres(log: Arc<dyn Log>, disk: &SharedDisk, settings: &Settings) -> anyhow::Result<Box<dyn Component>> {
    let address = settings.lambda.store_address.as_str();
    fed(log, disk, settings, Rowstore::at(StoreKind::Postgres, address, Path::new(""))?)
}

fn fed(
    log: Arc<dyn Log>,
    disk: &SharedDisk,
    settings: &Settings,
    store: Rowstore,
) -> anyhow::Result<Box<dyn Component>> {
    let store = Rc::new(RefCell::new(store));
    let (config, feed) = (config(settings, settings.kappa.competent()), Feed(Rc::clone(&store)));
    let kappa = Kappa::feeding(log, disk, &config, Box::new(feed)).context("starting the kappa")?;
    Ok(Box::new(Fed { kappa, store }))
}

impl Sink for Feed {
    fn held(&mut self) -> Result<Option<String>, String> {
        self.0.borrow_mut().held().map_err(|error| error.to_string())
    }

    fn put(&mut self, label: &str, changed: &Changed) -> Result<(), String> {
        let put = self.0.borrow_mut().put(label, changed.afresh, &changed.views);
        put.map_err(|error| error.to_string())
    }

    fn trouble(&self) -> Option<String> {
        self.0.borrow().trouble().map(ToString::to_string)
    }
}

impl Component for Fed {
    fn step(&mut self, now: Now) -> anyhow::Result<bool> {
        Component::step(&mut self.kappa, now)
    }

    fn read(&mut self, queries: &[Query]) -> anyhow::Result<Answer> {
        self.kappa.knows(queries)?;
        let (label, version) = self.kappa.supplied()?;
        let mut store = self.store.borrow_mut();
        // Whoever asks nothing wants to hear of the version alone.
        let found =
            if queries.is_empty() { Some((label.to_owned(), Vec::new())) } else { store.read(queries)? };
        match found {
            Some((found, rows)) if found == label => Ok(Answer { version: Some(version.clone()), rows }),
            _ => Err(store.doubt().into()),
        }
    }

    fn read_at(&mut self, version: &Version, queries: &[Query]) -> anyhow::Result<Answer> {
        let (_, held) = self.kappa.supplied()?;
        ensure!(held == version, "the store holds one version, {held}: it cannot be read at {version}");
        self.read(queries)
    }

    fn version(&self) -> Option<Version> {
        self.kappa.supplied().ok().map(|(_, version)| version.clone())
    }

    fn rest(&self, now: Now, woken: bool) -> Duration {
        Component::rest(&self.kappa, now, woken)
    }

    fn trouble(&self) -> Option<&str> {
        self.kappa.trouble()
    }

    fn dead(&self) -> u64 {
        self.kappa.dead()
    }

    fn clock(&mut self, clock: &Clock) -> anyhow::Result<()> {
        Component::clock(&mut self.kappa, clock)
    }

    fn job(&self) -> Option<u32> {
        Component::job(&self.kappa)
    }

    fn order(&mut self, order: &JobOrder) -> anyhow::Result<Status> {
        self.kappa.order(order)
    }
}
