//! The window of readable versions: what is read at any of them is what a Kappa that stayed there answers.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod events;

use std::sync::Arc;

use events::{Dice, append, log, records};
use kappa::{Kappa, KappaConfig, KappaError, Options};
use workloads::files::{PowerLoss, SharedDisk};
use workloads::intake::Feed;
use workloads::{Query, Record, Rows, Terms, Version, workload};

fn start(name: &str, workers: u32, options: Options) -> (Kappa, workloads::log::memory::MemoryLog) {
    let log = log(name, 3);
    let disk: SharedDisk = Arc::new(PowerLoss::new(0));
    let config = KappaConfig {
        terms: Terms::default(),
        feed: Feed::default(),
        state: None,
        workers,
        granularity: 9,
        version_ms: 0,
        spin: false,
        options,
    };
    (Kappa::start(Arc::new(log.clone()), &disk, &config).unwrap(), log)
}

fn queries(name: &str) -> Vec<Query> {
    let views = workload(name).unwrap().views.iter();
    views.map(|view| Query { view: view.name.to_owned(), key: None }).collect()
}

fn truth(name: &str, records: &[Record], version: &Version) -> Vec<Rows> {
    let workload = workload(name).unwrap();
    let mut truth = (workload.truth)(&Terms::default());
    let within = records.iter().filter(|record| version.contains(record.place));
    within.for_each(|record| truth.feed(record, None));
    workload.views.iter().map(|view| truth.rows(view.name)).collect()
}

/// Every version that was once the newest and still can be read, is read again and again.
fn check(name: &str, seed: u64, workers: u32) {
    let options = Options { window_ms: 10, window_records: 60, ..Options::default() };
    let (mut kappa, log) = start(name, workers, options);
    let (mut dice, records) = (Dice(seed), records(name, seed, 160, 3));
    let mut met = vec![kappa.version().unwrap()];
    let mut now = 0;
    for some in records.chunks(1 + dice.below(30) as usize) {
        append(&log, some);
        loop {
            now += dice.below(3_000) as i64;
            if !kappa.step(now).unwrap() {
                break;
            }
            met.push(kappa.version().unwrap());
            met.dedup();
        }
        let (oldest, newest) = kappa.window();
        assert!(newest.total() - oldest.total() <= 60);
        for version in &met {
            match kappa.read_at(version, &queries(name)) {
                Ok(answer) => {
                    assert!(version.covers(&oldest) && newest.covers(version));
                    assert_eq!(answer.version.as_ref(), Some(version));
                    assert_eq!(answer.rows, truth(name, &records, version), "{name} seed {seed} {version}");
                }
                Err(KappaError::NotReadable { .. }) => assert!(version.total() < oldest.total()),
                Err(error) => panic!("{error}"),
            }
        }
    }
    assert!(met.len() > 10);
}

#[test]
fn every_version_of_the_window_is_right() {
    for name in ["orders", "trades", "words", "sensors", "transfers"] {
        for seed in 0..12 {
            check(name, seed, 1);
        }
        check(name, 3, 2);
    }
}

#[test]
fn without_a_window_the_newest_alone_is_read() {
    let (mut kappa, log) = start("orders", 1, Options { window_ms: 0, ..Options::default() });
    append(&log, &records("orders", 1, 40, 3));
    while kappa.step(0).unwrap() {}
    let (oldest, newest) = kappa.window();
    assert_eq!(oldest, newest);
    let refused = kappa.read_at(&Version::zero(3), &queries("orders")).unwrap_err();
    assert!(refused.to_string().contains("make the window wider"), "{refused}");
}
