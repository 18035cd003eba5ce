//! A replay meets the versions that were bound before, and no others, as far as they and the log survived.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod events;

use std::path::PathBuf;
use std::sync::Arc;

use events::{append, log, records};
use kappa::{Kappa, KappaConfig, Options};
use workloads::files::{PowerLoss, SharedDisk};
use workloads::intake::Feed;
use workloads::log::memory::MemoryLog;
use workloads::{Answer, Query, Terms, Version};

fn config(granularity: u64) -> KappaConfig {
    let state = Some(PathBuf::from("/state/kappa"));
    KappaConfig {
        terms: Terms::default(),
        feed: Feed::default(),
        state,
        workers: 1,
        granularity,
        version_ms: 0,
        spin: false,
        options: Options::default(),
    }
}

fn read(kappa: &mut Kappa) -> Answer {
    let queries = ["spend", "revenue"].map(|view| Query { view: view.to_owned(), key: None });
    kappa.read(&queries).unwrap()
}

/// Every version that could be read on the way to the head, with its answer.
fn follow(kappa: &mut Kappa) -> Vec<Answer> {
    let mut answers = vec![read(kappa)];
    while kappa.step(0).unwrap() {
        let answer = read(kappa);
        if answers.last() != Some(&answer) {
            answers.push(answer);
        }
    }
    answers
}

fn grown(disk: &SharedDisk, log: &MemoryLog, bursts: usize) -> Vec<Answer> {
    let mut kappa = Kappa::start(Arc::new(log.clone()), disk, &config(10)).unwrap();
    let mut answers = Vec::new();
    for burst in records("orders", 5, 200, 3).chunks(200 / bursts) {
        append(log, burst);
        answers.extend(follow(&mut kappa));
    }
    answers.dedup();
    answers
}

#[test]
fn a_replay_gives_the_same_versions_and_answers() {
    let disk: SharedDisk = Arc::new(PowerLoss::new(1));
    let log = log("orders", 3);
    let first = grown(&disk, &log, 25);
    let mut again = Kappa::start(Arc::new(log.clone()), &disk, &config(1)).unwrap();
    let second = follow(&mut again);
    assert!(second.len() > 20, "{} versions", second.len());
    assert!(second.iter().all(|answer| first.contains(answer)));
    assert_eq!(second.last(), first.last());
}

#[test]
fn a_coarse_replay_shows_some_of_them_and_no_others() {
    let disk: SharedDisk = Arc::new(PowerLoss::new(1));
    let log = log("orders", 3);
    let first = grown(&disk, &log, 25);
    let second = follow(&mut Kappa::start(Arc::new(log.clone()), &disk, &config(40)).unwrap());
    assert!((4..20).contains(&second.len()), "{} versions", second.len());
    assert!(second.iter().all(|answer| first.contains(answer)));
}

#[test]
fn bindings_beyond_the_log_are_bound_again() {
    let disk: SharedDisk = Arc::new(PowerLoss::new(1));
    grown(&disk, &log("orders", 3), 10);
    let short = log("orders", 3);
    append(&short, &records("orders", 5, 90, 3));
    let mut kappa = Kappa::start(Arc::new(short.clone()), &disk, &config(10)).unwrap();
    let said = kappa.trouble().unwrap();
    assert!(said.contains("but the log ends at") && said.contains("are bound again"), "{said}");
    let last = follow(&mut kappa).pop().unwrap();
    assert_eq!(last.version, Some(workloads::Log::heads(&short).unwrap()));
    drop(kappa);
    let mut again = Kappa::start(Arc::new(short), &disk, &config(10)).unwrap();
    assert_eq!(again.trouble(), None);
    assert_eq!(follow(&mut again).pop(), Some(last));
}

#[test]
fn a_power_cut_at_any_step_leaves_bindings_that_can_be_followed() {
    for step in 0..40 {
        let disk = PowerLoss::new(step);
        disk.crash_after(step);
        let log = log("orders", 3);
        append(&log, &records("orders", 5, 200, 3));
        let shared: SharedDisk = Arc::new(disk.clone());
        if let Ok(mut kappa) = Kappa::start(Arc::new(log.clone()), &shared, &config(10)) {
            while kappa.step(0).unwrap_or(false) {}
        }
        let survived: SharedDisk = Arc::new(disk.surviving());
        let mut kappa = Kappa::start(Arc::new(log.clone()), &survived, &config(10)).unwrap();
        let answers = follow(&mut kappa);
        assert_eq!(
            answers.last().unwrap().version,
            Some(workloads::Log::heads(&log).unwrap()),
            "step {step}"
        );
    }
}

#[test]
fn the_bindings_of_another_log_are_refused() {
    let disk: SharedDisk = Arc::new(PowerLoss::new(1));
    grown(&disk, &log("orders", 3), 10);
    let refused = Kappa::start(Arc::new(log("orders", 4)), &disk, &config(10)).err().unwrap();
    assert!(refused.to_string().contains("remove it"), "{refused}");
    assert_eq!(Version::zero(4).total(), 0);
}
