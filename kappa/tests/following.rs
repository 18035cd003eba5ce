//! Following a log: whatever the workers, the granularity, the duplicates and the moments of looking, every version
//! that can be read holds the truth of its offsets.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod events;

use std::sync::Arc;

use events::{Dice, append, check_read, log, records, resend};
use kappa::{Kappa, KappaConfig, KappaError, Options, Shift, Turn};
use workloads::files::{PowerLoss, SharedDisk};
use workloads::intake::Feed;
use workloads::log::memory::MemoryLog;
use workloads::{Dedup, Query, Terms, Version, workload};

fn config(terms: &Terms, workers: u32, granularity: u64) -> KappaConfig {
    let feed = Feed { dedup: terms.dedup, ..Feed::default() };
    KappaConfig {
        terms: terms.clone(),
        feed,
        state: None,
        workers,
        granularity,
        version_ms: 0,
        spin: false,
        options: Options::default(),
    }
}

fn no_disk() -> SharedDisk {
    Arc::new(PowerLoss::new(0))
}

fn finish(kappa: &mut Kappa, heads: &Version) {
    while kappa.version().as_ref() != Some(heads) {
        kappa.step(0).unwrap();
    }
}

fn heads(log: &MemoryLog) -> Version {
    workloads::Log::heads(log).unwrap()
}

/// Appends in bursts, steps in between, and reads now and then.
fn check(name: &str, seed: u64, workers: u32, granularity: u64, dedup: Dedup) {
    let terms = Terms { dedup, ..Terms::default() };
    let log = log(name, 4);
    let records = resend(&records(name, seed, 150, 4), seed);
    let mut kappa =
        Kappa::start(Arc::new(log.clone()), &no_disk(), &config(&terms, workers, granularity)).unwrap();
    let mut dice = Dice(seed);
    let mut rest = &records[..];
    let mut seen = check_read(&mut kappa, name, &terms, &records);
    while !rest.is_empty() {
        let (some, more) = rest.split_at((1 + dice.below(40) as usize).min(rest.len()));
        append(&log, some);
        rest = more;
        for _ in 0..dice.below(4) {
            kappa.step(0).unwrap();
        }
        let version = check_read(&mut kappa, name, &terms, &records);
        assert!(version.covers(&seen), "{version} after {seen}");
        seen = version;
    }
    finish(&mut kappa, &heads(&log));
    check_read(&mut kappa, name, &terms, &records);
}

fn check_many(name: &str, workers: u32, seeds: u64) {
    for seed in 0..seeds {
        let dedup = [Dedup::Origin, Dedup::Offset, Dedup::None, Dedup::Content][seed as usize % 4];
        for granularity in [1, 7, 1_000] {
            check(name, seed, workers, granularity, dedup);
        }
    }
}

#[test]
fn orders_are_right_at_every_version_read() {
    check_many("orders", 1, 60);
}

#[test]
fn trades_are_right_at_every_version_read() {
    check_many("trades", 1, 60);
}

#[test]
fn two_workers_read_at_one_common_version() {
    check_many("orders", 2, 8);
    check_many("trades", 2, 8);
}

#[test]
fn words_sensors_and_transfers_are_right_at_every_version_read() {
    for name in ["words", "sensors", "transfers"] {
        check_many(name, 1, 20);
        check_many(name, 2, 4);
    }
}

#[test]
fn a_version_asked_for_is_answered_exactly_there() {
    let terms = Terms::default();
    for seed in 0..40 {
        let log = log("orders", 3);
        let records = records("orders", seed, 120, 3);
        append(&log, &records);
        let mut dice = Dice(seed);
        let version = Version(heads(&log).0.iter().map(|head| dice.below(head + 1)).collect());
        let mut kappa = Kappa::at(Arc::new(log), &terms, &version).unwrap();
        assert_eq!(check_read(&mut kappa, "orders", &terms, &records), version);
    }
}

#[test]
fn a_version_past_the_head_is_refused() {
    let log = log("orders", 2);
    let refused = Kappa::at(Arc::new(log), &Terms::default(), &Version(vec![1, 0]));
    assert!(matches!(refused.err(), Some(KappaError::PastHead { .. })));
}

#[test]
fn an_unknown_view_and_no_worker_are_refused() {
    let log: Arc<MemoryLog> = Arc::new(log("orders", 2));
    let terms = Terms::default();
    let mut kappa = Kappa::start(log.clone(), &no_disk(), &config(&terms, 1, 10)).unwrap();
    let query = Query { view: "last".to_owned(), key: None };
    assert!(matches!(kappa.read(&[query]), Err(KappaError::UnknownView { .. })));
    for (workers, granularity) in [(0, 10), (1, 0)] {
        let refused = Kappa::start(log.clone(), &no_disk(), &config(&terms, workers, granularity));
        assert!(matches!(refused.err(), Some(KappaError::Nothing)));
    }
}

#[test]
fn a_version_waits_for_its_time() {
    let log = log("orders", 2);
    let terms = Terms::default();
    let patient = KappaConfig { version_ms: 5, ..config(&terms, 1, 1_000) };
    let mut kappa = Kappa::start(Arc::new(log.clone()), &no_disk(), &patient).unwrap();
    let records = records("orders", 1, 40, 2);
    append(&log, &records[..20]);
    while kappa.step(1_000_000).unwrap() {}
    assert_eq!(kappa.version().unwrap().total(), 20);
    append(&log, &records[20..]);
    while kappa.step(1_004_999).unwrap() {}
    assert_eq!(kappa.version().unwrap().total(), 20);
    while kappa.step(1_005_000).unwrap() {}
    assert_eq!(kappa.version().unwrap().total(), 40);
}

#[test]
fn workers_that_are_let_go_at_any_moment_end() {
    let terms = Terms::default();
    for seed in 0..24 {
        let mut dice = Dice(seed);
        let log = log("trades", 4);
        append(&log, &records("trades", seed, 300, 4));
        let config = config(&terms, 2 + seed as u32 % 2, 1 + dice.below(40));
        let mut kappa = Kappa::start(Arc::new(log), &no_disk(), &config).unwrap();
        for _ in 0..dice.below(30) {
            kappa.step(0).unwrap();
        }
        // Dropping waits for the threads: a right that some operator kept would hold it up for ever.
        drop(kappa);
    }
}

#[test]
fn a_clock_that_is_set_back_holds_nothing_up() {
    let log = log("orders", 2);
    let patient = KappaConfig { version_ms: 5, ..config(&Terms::default(), 1, 1_000) };
    let mut kappa = Kappa::start(Arc::new(log.clone()), &no_disk(), &patient).unwrap();
    let records = records("orders", 1, 40, 2);
    for (now, some) in [(9_000_000, &records[..20]), (1_000, &records[20..])] {
        append(&log, some);
        while kappa.step(now).unwrap() {}
    }
    assert_eq!(kappa.version(), Some(heads(&log)));
}

#[test]
fn every_record_that_cannot_be_read_is_counted_once() {
    for workers in [1, 2] {
        let log = log("orders", 2);
        let folder = tempfile::tempdir().unwrap();
        let feed = Feed { dead_letters: Some(folder.path().join("dead.jsonl")), ..Feed::default() };
        let config = KappaConfig { feed, ..config(&Terms::default(), workers, 10) };
        let bad = |key: &'static str| workloads::log::RawRecord {
            offset: 0,
            origin: None,
            intended: 0,
            appended: 0,
            key: key.into(),
            value: "nonsense".into(),
        };
        for partition in [0, 0, 1] {
            workloads::Appender::append(&mut log.appender(), partition, &[bad("c1")]).unwrap();
        }
        for _restart in 0..2 {
            let mut kappa = Kappa::start(Arc::new(log.clone()), &no_disk(), &config).unwrap();
            finish(&mut kappa, &heads(&log));
            assert_eq!(kappa.dead(), 3, "{workers} workers");
        }
    }
}

#[test]
fn a_shift_of_any_number_of_workers_ends_with_the_truth() {
    for (seed, workers) in (0..12).zip([1, 2, 3].into_iter().cycle()) {
        // Without order in prices and times, trades of one symbol are carried out by all workers.
        let spread: &[&str] = &["volume", "mean", "vwap", "volume_hour"];
        for (name, only) in [("orders", &[][..]), ("trades", &[]), ("trades", spread), ("transfers", &[])] {
            let workload = workload(name).unwrap();
            let records = records(name, seed, if only.is_empty() { 300 } else { 2_000 }, 3);
            let mut views: Vec<&str> = workload.views.iter().map(|view| view.name).collect();
            views.retain(|view| only.is_empty() || only.contains(view));
            let queries: Vec<Query> =
                views.iter().map(|view| Query { view: (*view).to_owned(), key: None }).collect();
            let granularity = [1, 7, 100, 1_000][seed as usize % 4];
            let terms = Terms { dedup: Dedup::None, ..Terms::default() };
            let mut truth = (workload.truth)(&terms);
            records.iter().for_each(|record| truth.feed(record, None));
            // Whatever is said of the partitions, a name's acts come to its home.
            let shares = Shift::deal(&records, workers, (seed % 2 != 0).then_some(1 + seed as usize % 5));
            let partitions = (seed % 4 < 2).then_some(6);
            let (workload, only) = (name.to_owned(), only.iter().map(|view| (*view).to_owned()).collect());
            let shift = Shift { workload, terms, views: only, shares, partitions, granularity };
            let mut complete = false;
            let answers = shift.work(&queries, |turn| complete |= turn == Turn::Over).unwrap();
            assert!(complete);
            for (view, rows) in views.into_iter().zip(answers) {
                assert_eq!(rows, truth.rows(view), "{name} {view} by {workers}");
            }
        }
    }
}
