//! Several processes over timely's own connections, here each in a thread: the answers are those of one.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod events;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use events::{append, log, records};
use kappa::{Hand, Kappa, KappaConfig, KappaError, Options, Task};
use workloads::files::{PowerLoss, SharedDisk};
use workloads::intake::Feed;
use workloads::log::memory::MemoryLog;
use workloads::{Log, Query, Record, Terms, workload};

fn config(workers: u32) -> KappaConfig {
    shaped(2, workers, 0)
}

/// Of so many processes and workers, with a snapshot every so many records.
fn shaped(processes: u32, workers: u32, snapshot_records: u64) -> KappaConfig {
    KappaConfig {
        terms: Terms::default(),
        feed: Feed::default(),
        state: Some(PathBuf::from("/state")),
        workers,
        granularity: 20,
        version_ms: 0,
        spin: false,
        options: Options { processes, snapshot_records, ..Options::default() },
    }
}

/// The second process: ends with the first.
fn hand(log: &MemoryLog, disk: &SharedDisk, workers: u32) -> JoinHandle<KappaError> {
    let (log, disk) = (log.clone(), disk.clone());
    thread::spawn(move || {
        let mut hand = Hand::start(Arc::new(log), &disk, &config(workers)).unwrap();
        loop {
            match hand.step() {
                Ok(true) => {}
                Ok(false) => thread::sleep(Duration::from_micros(100)),
                Err(error) => return error,
            }
        }
    })
}

fn finish(kappa: &mut Kappa, log: &MemoryLog) {
    let (heads, began) = (log.heads().unwrap(), Instant::now());
    while kappa.version().as_ref() != Some(&heads) {
        kappa.step(0).unwrap();
        assert!(began.elapsed() < Duration::from_secs(60), "it stands at {:?}", kappa.version());
    }
}

fn check(kappa: &mut Kappa, name: &str, records: &[Record]) {
    let workload = workload(name).unwrap();
    let mut truth = (workload.truth)(&Terms::default());
    records.iter().for_each(|record| truth.feed(record, None));
    for view in workload.views {
        let query = Query { view: view.name.to_owned(), key: None };
        assert_eq!(kappa.read(&[query]).unwrap().rows[0], truth.rows(view.name), "{name} {}", view.name);
    }
}

#[test]
fn two_processes_answer_as_one_does() {
    for (name, workers) in [("orders", 1), ("trades", 2), ("transfers", 1)] {
        let (log, all) = (log(name, 4), records(name, 7, 300, 4));
        let disk: SharedDisk = Arc::new(PowerLoss::new(0));
        let other = hand(&log, &disk, workers);
        let mut kappa = Kappa::start(Arc::new(log.clone()), &disk, &config(workers)).unwrap();
        for (turn, some) in all.chunks(100).enumerate() {
            append(&log, some);
            finish(&mut kappa, &log);
            check(&mut kappa, name, &all[..(turn + 1) * 100]);
        }
        kappa.replace(Task { terms: Terms::default(), views: Vec::new() }).unwrap();
        while kappa.job() == 1 {
            kappa.step(0).unwrap();
        }
        check(&mut kappa, name, &all);
        drop(kappa);
        assert!(matches!(other.join().unwrap(), KappaError::Gone(0)));
    }
}

#[test]
fn what_is_bound_waits_for_the_other_process() {
    let log = log("orders", 2);
    append(&log, &records("orders", 7, 50, 2));
    let disk: SharedDisk = Arc::new(PowerLoss::new(0));
    let mut kappa = Kappa::start(Arc::new(log.clone()), &disk, &config(1)).unwrap();
    for _ in 0..50 {
        kappa.step(0).unwrap();
    }
    assert_eq!(kappa.version().unwrap().total(), 0);
    let other = hand(&log, &disk, 1);
    finish(&mut kappa, &log);
    drop(kappa);
    other.join().unwrap();
}

/// Whether a snapshot is whole.
fn taken(disk: &SharedDisk) -> bool {
    let names = disk.list(Path::new("/state/snapshots")).unwrap_or_default();
    names.iter().any(|name| name.ends_with(".manifest"))
}

#[test]
fn a_snapshot_of_two_processes_is_taken_up_by_as_many_as_there_are() {
    for name in ["orders", "trades"] {
        let (log, all) = (log(name, 4), records(name, 7, 300, 4));
        let disk: SharedDisk = Arc::new(PowerLoss::new(0));
        append(&log, &all[..200]);
        let other = hand(&log, &disk, 2);
        let mut kappa = Kappa::start(Arc::new(log.clone()), &disk, &shaped(2, 2, 100)).unwrap();
        finish(&mut kappa, &log);
        let began = Instant::now();
        while !taken(&disk) {
            kappa.step(0).unwrap();
            assert!(began.elapsed() < Duration::from_secs(60), "no snapshot was taken");
        }
        drop(kappa);
        other.join().unwrap();
        append(&log, &all[200..]);
        for (processes, workers) in [(2, 1), (1, 1), (1, 2), (2, 2)] {
            let other = (processes == 2).then(|| hand(&log, &disk, workers));
            let config = shaped(processes, workers, 0);
            let mut kappa = Kappa::start(Arc::new(log.clone()), &disk, &config).unwrap();
            assert_eq!(kappa.trouble(), None);
            assert!(kappa.version().unwrap().total() >= 100, "{processes} processes begin at the start");
            finish(&mut kappa, &log);
            check(&mut kappa, name, &all);
            drop(kappa);
            other.map(|other| other.join().unwrap());
        }
    }
}
