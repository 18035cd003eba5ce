//! A changed question beside the running one: readers change over at one version, and every answer on the way is that of
//! the question it says it is of.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod events;

use std::path::PathBuf;
use std::sync::Arc;

use events::{Dice, append, check_read, log, records, resend};
use kappa::{Kappa, KappaConfig, KappaError, Options, Stage, Task};
use workloads::files::{PowerLoss, SharedDisk};
use workloads::intake::Feed;
use workloads::log::memory::MemoryLog;
use workloads::{Dedup, Log, Query, Record, Terms, Version};

const OLD: Terms =
    Terms { dedup: Dedup::Origin, cancel_horizon: None, big_above: 20_000, large_from: 10_000 };
const NEW: Terms =
    Terms { dedup: Dedup::Offset, cancel_horizon: Some(9_000_000), big_above: 6_000, large_from: 4_000 };

fn task(terms: &Terms) -> Task {
    Task { terms: terms.clone(), views: Vec::new() }
}

fn config(workers: u32, granularity: u64) -> KappaConfig {
    KappaConfig {
        terms: OLD,
        feed: Feed { dedup: OLD.dedup, ..Feed::default() },
        state: Some(PathBuf::from("/state/kappa")),
        workers,
        granularity,
        version_ms: 0,
        spin: false,
        options: Options { replace_granularity: 50, ..Options::default() },
    }
}

fn disk() -> SharedDisk {
    Arc::new(PowerLoss::new(0))
}

/// What is read now is the truth of its version for the question that answers.
fn check_answering(kappa: &mut Kappa, name: &str, records: &[Record]) -> Version {
    let terms = kappa.status().task.terms;
    check_read(kappa, name, &terms, records)
}

/// Appends what is left in bursts with steps and reads in between; says at which job the reads were, in their order.
fn live(
    kappa: &mut Kappa,
    log: &MemoryLog,
    name: &str,
    all: &[Record],
    from: usize,
    dice: &mut Dice,
) -> Vec<u32> {
    let mut rest = &all[from..];
    let mut seen = check_answering(kappa, name, all);
    let mut jobs = vec![kappa.job()];
    while !rest.is_empty() || kappa.step(0).unwrap() {
        let (some, more) = rest.split_at((dice.below(12) as usize).min(rest.len()));
        append(log, some);
        rest = more;
        for _ in 0..dice.below(4) {
            kappa.step(0).unwrap();
        }
        let version = check_answering(kappa, name, all);
        assert!(version.covers(&seen), "{version} after {seen}");
        seen = version;
        jobs.push(kappa.job());
    }
    assert_eq!(Some(log.heads().unwrap()), kappa.version());
    jobs.dedup();
    jobs
}

fn check(name: &str, seed: u64, workers: u32) {
    let mut dice = Dice(seed);
    let log = log(name, 4);
    let all = resend(&records(name, seed, 400, 4), seed);
    let (begun, taken_back) = (all.len() / 3, all.len() * 2 / 3);
    let granularity = 1 + dice.below(20);
    let mut kappa = Kappa::start(Arc::new(log.clone()), &disk(), &config(workers, granularity)).unwrap();
    assert_eq!(live(&mut kappa, &log, name, &all[..begun], 0, &mut dice), [1]);
    assert_eq!(kappa.replace(task(&NEW)).unwrap(), 2);
    assert_eq!(kappa.status().beside.unwrap().stage, Stage::CatchingUp);
    assert_eq!(live(&mut kappa, &log, name, &all[..taken_back], begun, &mut dice), [1, 2]);
    assert_eq!(kappa.status().beside.map(|it| (it.job, it.stage)), Some((1, Stage::Kept)));
    if seed.is_multiple_of(2) {
        kappa.rollback().unwrap();
        assert_eq!(live(&mut kappa, &log, name, &all, taken_back, &mut dice), [2, 1]);
    } else {
        kappa.confirm().unwrap();
        assert_eq!(live(&mut kappa, &log, name, &all, taken_back, &mut dice), [2]);
    }
    assert_eq!(kappa.status().beside, None);
}

#[test]
fn every_answer_is_that_of_the_question_it_is_of() {
    for seed in 0..12 {
        for name in ["orders", "trades", "transfers"] {
            check(name, seed, 1);
        }
    }
}

#[test]
fn several_workers_change_over_together() {
    for seed in 0..4 {
        check("orders", seed, 2);
        check("sensors", seed, 3);
    }
}

#[test]
fn one_replacement_is_under_way_at_a_time() {
    let log = log("orders", 2);
    append(&log, &records("orders", 1, 50, 2));
    let mut kappa = Kappa::start(Arc::new(log), &disk(), &config(1, 10)).unwrap();
    assert!(matches!(kappa.confirm(), Err(KappaError::NoReplacement(_))));
    assert!(matches!(kappa.rollback(), Err(KappaError::NoReplacement(_))));
    kappa.replace(task(&NEW)).unwrap();
    assert!(matches!(kappa.replace(task(&NEW)), Err(KappaError::Underway(2))));
    assert!(matches!(kappa.confirm(), Err(KappaError::NoReplacement(_))));
    kappa.rollback().unwrap();
    while kappa.step(0).unwrap() {}
    assert_eq!((kappa.job(), kappa.status().beside), (1, None));
    assert_eq!(kappa.replace(task(&NEW)).unwrap(), 3);
    while kappa.step(0).unwrap() {}
    assert!(matches!(kappa.replace(task(&OLD)), Err(KappaError::Underway(1))));
}

#[test]
fn a_view_that_is_not_asked_for_any_more_is_refused() {
    let log = log("orders", 2);
    append(&log, &records("orders", 1, 50, 2));
    let mut kappa = Kappa::start(Arc::new(log), &disk(), &config(1, 10)).unwrap();
    let unknown = Task { terms: OLD, views: vec!["spent".to_owned()] };
    assert!(matches!(kappa.replace(unknown), Err(KappaError::UnknownView { .. })));
    kappa.replace(Task { terms: OLD, views: vec!["spend".to_owned()] }).unwrap();
    while kappa.step(0).unwrap() {}
    let query = |view: &str| [Query { view: view.to_owned(), key: None }];
    assert!(kappa.read(&query("spend")).is_ok());
    assert!(matches!(kappa.read(&query("revenue")), Err(KappaError::UnknownView { .. })));
}

#[test]
fn after_a_restart_the_same_job_answers_and_the_other_is_made_again() {
    let log = log("orders", 3);
    let all = records("orders", 3, 200, 3);
    append(&log, &all);
    let disk = disk();
    let start = || Kappa::start(Arc::new(log.clone()), &disk, &config(1, 10)).unwrap();
    let mut kappa = start();
    kappa.replace(task(&NEW)).unwrap();
    for _ in 0..3 {
        kappa.step(0).unwrap();
    }
    let mut kappa = start();
    assert_eq!((kappa.job(), kappa.status().beside.unwrap().stage), (1, Stage::CatchingUp));
    while kappa.step(0).unwrap() {}
    assert_eq!((kappa.job(), kappa.status().task.terms), (2, NEW));
    let mut kappa = start();
    assert_eq!((kappa.job(), kappa.status().beside.unwrap().stage), (2, Stage::MadeAgain));
    kappa.rollback().unwrap();
    while kappa.step(0).unwrap() {}
    assert_eq!((kappa.job(), kappa.status().beside), (1, None));
    check_answering(&mut kappa, "orders", &all);
    // Told something else than before, it begins with that.
    let changed = KappaConfig { terms: NEW, ..config(1, 10) };
    let kappa = Kappa::start(Arc::new(log.clone()), &disk, &changed).unwrap();
    assert_eq!((kappa.job(), kappa.status().task.terms), (1, NEW));
}

#[test]
fn a_power_cut_at_any_step_leaves_jobs_that_can_be_gone_on_with() {
    let log = log("orders", 3);
    let all = records("orders", 3, 120, 3);
    append(&log, &all);
    for step in 0..60 {
        let power = PowerLoss::new(step);
        power.crash_after(step);
        let cut: SharedDisk = Arc::new(power.clone());
        if let Ok(mut kappa) = Kappa::start(Arc::new(log.clone()), &cut, &config(1, 10)) {
            let _ = kappa.step(0).and_then(|_| kappa.replace(task(&NEW)));
            while kappa.step(0).unwrap_or(false) {}
            let _ = if step % 2 == 0 { kappa.rollback() } else { kappa.confirm() };
            while kappa.step(0).unwrap_or(false) {}
        }
        let survived: SharedDisk = Arc::new(power.surviving());
        let mut kappa = Kappa::start(Arc::new(log.clone()), &survived, &config(1, 10)).unwrap();
        while kappa.step(0).unwrap() {}
        assert_eq!(kappa.version(), Some(log.heads().unwrap()), "step {step}");
        check_answering(&mut kappa, "orders", &all);
    }
}
