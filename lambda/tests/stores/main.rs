//! The speed layer's half in a database: every answer is the truth at its label, and a database that is gone is an error
//! and no old answer.

#![cfg(all(feature = "sqlite", feature = "postgres"))]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../rig/mod.rs"]
mod rig;
mod server;

use std::path::Path;
use std::time::{Duration, Instant};

use lambda::Options;
use lambda::options::StoreKind;
use rig::{Case, Rig};
use server::Server;
use workloads::{Log, Query};

fn sqlite(file: &Path) -> Options {
    let store_address = file.display().to_string();
    Options { store: StoreKind::Sqlite, store_address, ..Options::default() }
}

fn postgres(server: &Server) -> Options {
    Options { store: StoreKind::Postgres, store_address: server.address(), ..Options::default() }
}

/// Random cases of every workload, with restarts of both components.
fn agrees(options: &Options, cases: u64) {
    for workload in workloads::WORKLOADS {
        for seed in 0..cases {
            let case = Case { options: options.clone(), ..Case::random(workload.name, seed) };
            Rig::new(case).run();
        }
    }
}

#[test]
fn every_answer_from_sqlite_is_true_at_its_label() {
    let folder = tempfile::tempdir().unwrap();
    agrees(&sqlite(&folder.path().join("halves")), rig::cases() / 25);
}

#[test]
fn every_answer_from_postgres_is_true_at_its_label() {
    let Some(server) = Server::start() else { return };
    agrees(&postgres(&server), rig::cases() / 75);
}

#[test]
fn a_key_out_of_reach_is_answered_from_sqlite_at_its_last_right_version() {
    let folder = tempfile::tempdir().unwrap();
    for seed in 0..rig::cases() / 30 {
        let options = sqlite(&folder.path().join("halves"));
        let case = Case {
            purge_from: 60,
            prices: 1_000,
            marks: 10,
            cut_every: 200,
            options,
            ..Case::random("trades", seed)
        };
        Rig::new(Case { events: 260, keys: 1 + seed % 2, ..case }).run();
    }
}

/// One case in the middle, with something to be read.
fn running(workload: &'static str, options: Options) -> Rig {
    let case = Case { restarts: 0, events: 400, cut_every: 40, options, ..Case::random(workload, 1) };
    let mut rig = Rig::new(case);
    go_on(&mut rig, 200);
    rig
}

/// Appends until there are so many events, and reads up to the head.
fn go_on(rig: &mut Rig, events: usize) {
    while rig.sent.len() < events {
        rig.append();
        rig.step_batch();
        rig.step_serving();
        rig.try_read();
    }
    let heads = rig.log.heads().unwrap();
    for _ in 0..1_000 {
        rig.step_batch();
        rig.step_serving();
    }
    assert_eq!(rig.serving.as_ref().unwrap().version(), Some(heads), "it has not caught up");
    all(rig);
}

fn all(rig: &mut Rig) {
    for view in workloads::workload(rig.case.workload).unwrap().views {
        rig.check(&[Query { view: view.name.into(), key: None }]);
    }
}

/// What a read is refused with.
fn refusal(rig: &mut Rig) -> String {
    let view = workloads::workload(rig.case.workload).unwrap().views[0].name;
    let serving = rig.serving.as_mut().unwrap();
    serving.read(&[Query { view: view.into(), key: None }]).unwrap_err().to_string()
}

#[test]
fn a_server_that_is_gone_is_an_error_and_what_it_lost_comes_back() {
    let Some(server) = Server::start() else { return };
    for workload in ["orders", "trades"] {
        let mut rig = running(workload, postgres(&server));
        server.down();
        assert!(refusal(&mut rig).contains("speed layer's store"));
        for _ in 0..50 {
            rig.append();
            rig.step_batch();
            rig.step_serving();
            assert!(refusal(&mut rig).contains("speed layer's store"));
        }
        assert_eq!(rig.serving.as_ref().unwrap().version(), None);
        server.up();
        go_on(&mut rig, 300);
    }
}

#[test]
fn a_server_that_hangs_is_an_error_in_bounded_time_and_is_used_again_when_it_goes_on() {
    let Some(server) = Server::start() else { return };
    let mut rig = running("words", postgres(&server));
    server.hang(true);
    let asked = Instant::now();
    assert!(refusal(&mut rig).contains("the server has not answered within"));
    // Neither does whoever tries to reach it again wait for ever.
    rig.step_serving();
    assert!(refusal(&mut rig).contains("speed layer's store"));
    assert!(asked.elapsed() < Duration::from_secs(20), "{:?}", asked.elapsed());
    server.hang(false);
    go_on(&mut rig, 300);
}

#[test]
fn a_file_that_is_no_longer_what_was_written_is_an_error_and_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("halves");
    let mut rig = running("orders", sqlite(&file));
    let other = rusqlite::Connection::open(&file).unwrap();
    other.execute("UPDATE tuple SET tuple = replace(tuple, '\"epoch\":', '\"epoch\":1')", []).unwrap();
    assert!(refusal(&mut rig).contains("does not hold what was written"));
    // Not even the next read believes it again before it has been filled.
    assert!(refusal(&mut rig).contains("does not hold what was written"));
    go_on(&mut rig, 300);
}

#[test]
fn a_store_that_another_holds_is_filled_again_when_it_is_free() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("halves");
    let mut rig = running("words", sqlite(&file));
    let other = rusqlite::Connection::open(&file).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    rig.append();
    rig.step_serving();
    assert!(refusal(&mut rig).contains("locked"));
    drop(other);
    go_on(&mut rig, 300);
}

#[test]
fn two_speed_layers_do_not_share_a_database() {
    let Some(server) = Server::start() else { return };
    let first = running("words", postgres(&server));
    let (log, disk) = first.shared();
    let second = lambda::Serving::start(log, &disk, &first.config());
    assert!(second.err().unwrap().to_string().contains("another speed layer uses this database"));
}

#[test]
fn an_address_that_leads_nowhere_is_said_at_the_start() {
    let options = Options {
        store: StoreKind::Postgres,
        store_address: "host=/nowhere user=postgres".into(),
        ..Options::default()
    };
    let rig = Rig::new(Case { options, ..Case::random("words", 1) });
    let (log, disk) = rig.shared();
    let error = lambda::Serving::start(log, &disk, &rig.config()).err().unwrap().to_string();
    assert!(error.contains("connecting to the speed layer's store host=/nowhere user=postgres"), "{error}");
}
