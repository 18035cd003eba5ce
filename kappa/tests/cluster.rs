//! Several processes over timely's own connections, here each in a thread: the answers are those of one.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod events;

use std::path::PathBuf;
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
    KappaConfig {
        terms: Terms::default(),
        feed: Feed::default(),
        state: Some(PathBuf::from("/state")),
        workers,
        granularity: 20,
        version_ms: 0,
        spin: false,
        options: Options { processes: 2, ..Options::default() },
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
