//! A Kappa that feeds a database: right at every label, whatever becomes of the server or of itself.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../../lambda/tests/stores/server.rs"]
mod server;

use std::path::Path;
use std::sync::Arc;

use harness::contestants::{Component, Now, Settings, find};
use harness::judge::{Bases, Class, judge};
use harness::observe::Kind;
use harness::stepped::{Script, run};
use lambda::options::StoreKind;
use server::Server;
use workloads::files::{PowerLoss, SharedDisk};
use workloads::intake::Feed;
use workloads::log::RawRecord;
use workloads::log::memory::MemoryLog;
use workloads::partition::PartitionBy;
use workloads::{Appender, Codec, Log, Meta, Query, Shape, Terms, workload};

#[test]
fn every_answer_from_postgres_is_true_at_its_label() {
    let Some(server) = Server::start() else { return };
    for workload in workloads::WORKLOADS {
        let mut script = Script::small(workload.name, 3);
        (script.source.resend, script.source.reorder, script.delivery.redeliver) = (0.05, 0.2, 0.1);
        (script.restart, script.granularity) = (0.003, 300);
        (script.lambda.store, script.lambda.store_address) = (StoreKind::Postgres, server.address());
        let disk: SharedDisk = Arc::new(PowerLoss::new(1));
        disk.create_dir(Path::new("/state")).unwrap();
        let evidence = run(find("kappa-postgres").unwrap(), &script, &disk, Path::new("/state")).unwrap();
        let verdicts = judge(&evidence, &mut Bases::default()).unwrap();
        for verdict in &verdicts.reads {
            assert!(!verdict.class.wrong() || verdict.class == Class::Error, "{verdict:#?}");
            assert!(verdict.kind != Kind::Final || verdict.class == Class::Current, "{verdict:#?}");
        }
        let answered = verdicts.reads.iter().filter(|verdict| verdict.class != Class::Error).count();
        assert!(answered * 10 > verdicts.reads.len() * 9, "{answered} of {}", verdicts.reads.len());
    }
}

/// A Kappa over a log in memory that feeds a store.
struct Rig {
    log: Arc<MemoryLog>,
    disk: SharedDisk,
    name: &'static str,
    settings: Settings,
    component: Option<Box<dyn Component>>,
    now: i64,
    sent: u64,
}

impl Rig {
    fn new(name: &'static str, store: StoreKind, address: String) -> Self {
        let meta = Meta {
            workload: "orders".into(),
            codec: Codec::Bin,
            partitions: 2,
            partition_by: PartitionBy::RoundRobin,
            made_by: "a test".into(),
        };
        let terms = Terms::default();
        let settings = Settings {
            workload: "orders".into(),
            feed: Feed { dedup: terms.dedup, ..Feed::default() },
            terms,
            state: "/state".into(),
            workers: 1,
            granularity: 100,
            version_ms: 0,
            cut_every: 0,
            cut_ms: 0,
            spin: false,
            seed: 1,
            speed_socket: None,
            lambda: lambda::Options { store, store_address: address, ..lambda::Options::default() },
            kappa: kappa::Options::default(),
        };
        let disk: SharedDisk = Arc::new(PowerLoss::new(1));
        disk.create_dir(Path::new("/state")).unwrap();
        let log = Arc::new(MemoryLog::create(meta));
        let mut rig = Rig { log, disk, name, settings, component: None, now: 0, sent: 0 };
        rig.start();
        rig
    }

    fn start(&mut self) {
        self.component = None;
        let start = find(self.name).unwrap().parts[0].start;
        let log: Arc<dyn Log> = self.log.clone();
        self.component = Some(start(log, &self.disk, &self.settings).unwrap());
    }

    fn append(&mut self, events: u64) {
        let shape = Shape {
            seed: 7,
            events,
            rate: 1_000.0,
            keys: 20,
            cancellations: 0.2,
            corrections: 0.1,
            start: 1_700_000_000_000 + self.sent as i64,
            first_sequence: self.sent,
        };
        let mut appender = self.log.appender();
        for (draft, number) in (workload("orders").unwrap().generate)(&shape).zip(self.sent..) {
            let mut value = Vec::new();
            Codec::Bin.encode(&draft.event, &mut value);
            let key = draft.event.key().as_bytes().to_vec().into();
            let (offset, origin, intended) = (0, draft.origin, 0);
            let raw = RawRecord { offset, origin, intended, appended: 0, key, value: value.into() };
            appender.append((number % 2) as u32, &[raw]).unwrap();
        }
        self.sent += events;
    }

    fn step(&mut self) -> bool {
        self.now += 10_000;
        let component = self.component.as_mut().unwrap();
        component.step(Now { micros: self.now }).unwrap()
    }

    fn read(&mut self) -> Result<(), String> {
        let queries: Vec<Query> = workload("orders")
            .unwrap()
            .views
            .iter()
            .map(|view| Query { view: view.name.into(), key: None })
            .collect();
        let answer = self.component.as_mut().unwrap().read(&queries).map_err(|error| format!("{error:#}"))?;
        let version = answer.version.unwrap();
        let mut right = kappa::Kappa::at(self.log.clone(), &self.settings.terms, &version).unwrap();
        assert_eq!(right.read(&queries).unwrap().rows, answer.rows, "at {version}");
        for (query, rows) in queries.iter().zip(&answer.rows) {
            let Some((key, row)) = rows.iter().next_back() else { continue };
            let one = Query { key: Some(key.clone()), ..query.clone() };
            let found = self.component.as_mut().unwrap().read(&[one]).unwrap();
            assert_eq!(found.rows[0].get(key), Some(row), "{} {key}", query.view);
        }
        Ok(())
    }

    /// Follows up to the head, and reads everything there.
    fn level(&mut self) {
        let heads = self.log.heads().unwrap();
        let level = |rig: &mut Rig| {
            rig.step();
            rig.component.as_ref().unwrap().version() == Some(heads.clone())
        };
        assert!((0..2_000).any(|_| level(self)), "it does not come level");
        self.read().unwrap();
    }
}

#[test]
fn a_server_that_is_gone_is_an_error_and_it_heals_without_help() {
    let Some(server) = Server::start() else { return };
    let mut rig = Rig::new("kappa-postgres", StoreKind::Postgres, server.address());
    rig.append(500);
    rig.level();
    server.down();
    let refused = rig.read().unwrap_err();
    assert!(refused.contains("store of rows"), "{refused}");
    for _ in 0..20 {
        rig.append(10);
        rig.step();
        assert!(rig.read().is_err());
    }
    assert_eq!(rig.component.as_ref().unwrap().version(), None);
    assert!(rig.component.as_ref().unwrap().trouble().is_some());
    server.up();
    rig.level();
    rig.append(100);
    rig.level();
    assert_eq!(rig.component.as_ref().unwrap().trouble(), None);
    // Two Kappas do not share a part of a database.
    let start = find(rig.name).unwrap().parts[0].start;
    let log: Arc<dyn Log> = rig.log.clone();
    let error = start(log, &rig.disk, &rig.settings).err().unwrap();
    assert!(format!("{error:#}").contains("give each its own"), "{error:#}");
}

#[test]
fn after_a_restart_it_answers_from_the_store_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let address = folder.path().join("rows").display().to_string();
    let mut rig = Rig::new("kappa-sqlite", StoreKind::Sqlite, address.clone());
    assert_eq!(rig.component.as_ref().unwrap().version(), None, "nothing is there yet");
    rig.append(700);
    rig.level();
    let version = rig.component.as_ref().unwrap().version();
    rig.append(300);
    rig.start();
    assert_eq!(rig.component.as_ref().unwrap().version(), version);
    rig.read().unwrap();
    rig.level();
    // A file that is no longer one, and one that is gone.
    for spoil in [
        |path: &str| std::fs::write(path, "no database").unwrap(),
        |path: &str| std::fs::remove_file(path).unwrap(),
    ] {
        rig.component = None;
        for more in ["-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{address}{more}"));
        }
        spoil(&address);
        rig.start();
        assert!(rig.read().is_err());
        rig.append(100);
        rig.level();
    }
}

#[test]
fn a_file_that_is_not_what_was_written_is_an_error_and_filled_again() {
    let folder = tempfile::tempdir().unwrap();
    let address = folder.path().join("rows").display().to_string();
    let mut rig = Rig::new("kappa-sqlite", StoreKind::Sqlite, address.clone());
    rig.append(700);
    rig.level();
    let other = rusqlite::Connection::open(&address).unwrap();
    other.execute("UPDATE tuple SET tuple = replace(tuple, '\"version\":', '\"version\" :')", []).unwrap();
    let refused = rig.read().unwrap_err();
    assert!(refused.contains("does not hold what was written"), "{refused}");
    rig.level();
    // A table that is gone is an error too, and the next start finds that it is.
    let named = "SELECT name FROM sqlite_master WHERE name LIKE 'rows_%'";
    let table: String = other.query_row(named, [], |row| row.get(0)).unwrap();
    other.execute_batch(&format!("DROP TABLE {table}")).unwrap();
    assert!(rig.read().is_err());
    rig.level();
    // The file is another one now. While somebody else holds it, what is new cannot be read.
    let other = rusqlite::Connection::open(&address).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    rig.append(100);
    while rig.read().is_ok() {
        rig.step();
    }
    drop(other);
    rig.level();
}

/// `cargo test --release -p harness --test fed -- --ignored --nocapture` prints how quick the stores are by themselves.
#[test]
#[ignore = "figures, for a quiet machine"]
fn figures() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start();
    let address = server.as_ref().map(Server::address);
    let stores = [(StoreKind::Sqlite, Some(String::new())), (StoreKind::Postgres, address)];
    for (kind, address) in stores.into_iter().filter_map(|(kind, address)| Some((kind, address?))) {
        let mut store = lambda::stores::Rowstore::at(kind, &address, folder.path()).unwrap();
        store.held().unwrap();
        store.put("none", true, &[]).unwrap();
        let key = |number: u64| format!("customer-{:05}", number * 7_919 % 10_000);
        let row = |number: u64| (key(number), vec![i128::from(number), 3]);
        for size in [10, 100, 1_000, 10_000] {
            let (times, began) = (20_000 / size, std::time::Instant::now());
            for turn in 0..times {
                let rows = (turn * size..(turn + 1) * size).map(row).collect();
                store.put(&format!("label {turn}"), false, &[("spend".into(), rows)]).unwrap();
            }
            let rate = (times * size) as f64 / began.elapsed().as_secs_f64();
            println!("{kind:?}: {rate:.0} rows/s, {size} a transaction");
        }
        let mut took: Vec<_> = (0..5_000)
            .map(|number| {
                let (began, key) = (std::time::Instant::now(), Some(key(number)));
                store.read(&[Query { view: "spend".into(), key }]).unwrap().unwrap();
                began.elapsed()
            })
            .collect();
        took.sort_unstable();
        println!("{kind:?}: a point read {:?} at p50, {:?} at p99", took[2_500], took[4_950]);
    }
}
