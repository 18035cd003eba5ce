//! Snapshots: whatever is restored, with as many workers as there may be, is what the log says, and goes on so.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod events;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use events::{Dice, append, check_read, log, records, resend};
use kappa::{Kappa, KappaConfig, Options};
use workloads::files::{PowerLoss, SharedDisk};
use workloads::intake::Feed;
use workloads::log::memory::MemoryLog;
use workloads::{Dedup, Record, Terms};

const WORKLOADS: [&str; 5] = ["orders", "trades", "words", "sensors", "transfers"];

fn config(terms: &Terms, workers: u32, every: u64) -> KappaConfig {
    KappaConfig {
        terms: terms.clone(),
        feed: Feed { dedup: terms.dedup, ..Feed::default() },
        state: Some(PathBuf::from("/state/kappa")),
        workers,
        granularity: 9,
        version_ms: 0,
        spin: false,
        options: Options { snapshot_records: every, ..Options::default() },
    }
}

fn finish(kappa: &mut Kappa, log: &MemoryLog) {
    let heads = workloads::Log::heads(log).unwrap();
    while kappa.step(0).unwrap() || kappa.version().as_ref() != Some(&heads) {}
}

fn manifests(disk: &SharedDisk) -> Vec<String> {
    let names = disk.list(Path::new("/state/kappa/snapshots")).unwrap_or_default();
    names.into_iter().filter(|name| name.ends_with(".manifest")).collect()
}

/// Appends in bursts; now and then all stops and is begun again with another number of workers.
fn check(name: &str, views: &[&str], seed: u64, dedup: Dedup) {
    let terms = Terms { dedup, ..Terms::default() };
    let config = |terms: &Terms, workers, every| {
        let config = config(terms, workers, every);
        let views = views.iter().map(|view| (*view).to_owned()).collect();
        KappaConfig { options: Options { views, ..config.options }, ..config }
    };
    let disk: SharedDisk = Arc::new(PowerLoss::new(seed));
    let log = log(name, 4);
    let records = resend(&records(name, seed, 240, 4), seed);
    let (mut dice, mut restored) = (Dice(seed), 0);
    let mut rest = &records[..];
    while !rest.is_empty() {
        let workers = [1, 1, 2, 3][dice.below(4) as usize];
        let config = config(&terms, workers, 1 + dice.below(40));
        let mut kappa = Kappa::start(Arc::new(log.clone()), &disk, &config).unwrap();
        assert_eq!(kappa.trouble(), None);
        restored += u64::from(check_read(&mut kappa, name, &terms, &records).total() > 0);
        for _burst in 0..dice.below(5) {
            let (some, more) = rest.split_at((1 + dice.below(40) as usize).min(rest.len()));
            append(&log, some);
            rest = more;
            for _ in 0..dice.below(30) {
                kappa.step(0).unwrap();
            }
            check_read(&mut kappa, name, &terms, &records);
        }
        if dice.below(2) == 0 {
            finish(&mut kappa, &log);
            check_read(&mut kappa, name, &terms, &records);
        }
        assert_eq!(kappa.trouble(), None);
    }
    assert!(manifests(&disk).len() <= 2);
    let mut kappa = Kappa::start(Arc::new(log.clone()), &disk, &config(&terms, 1, 0)).unwrap();
    finish(&mut kappa, &log);
    check_read(&mut kappa, name, &terms, &records);
    assert!(restored > 0 || seed > 0, "nothing was ever restored");
}

#[test]
fn what_is_restored_is_right_with_any_number_of_workers() {
    for name in WORKLOADS {
        for seed in 0..16 {
            check(
                name,
                &[],
                seed,
                [Dedup::Origin, Dedup::Offset, Dedup::None, Dedup::Content][seed as usize % 4],
            );
        }
    }
}

#[test]
fn trades_of_one_symbol_that_lie_at_several_workers_are_restored_at_as_many_as_there_are() {
    for seed in 0..24 {
        check("trades", &["volume", "mean"], seed, [Dedup::Origin, Dedup::None][seed as usize % 2]);
    }
}

/// A log that was followed to its head, with a snapshot at `snapshots` moments.
fn followed(disk: &SharedDisk, log: &MemoryLog, terms: &Terms, snapshots: usize) -> Vec<Record> {
    let records = records("orders", 3, 40 * snapshots as u64, 3);
    for some in records.chunks(40) {
        append(log, some);
        let mut kappa = Kappa::start(Arc::new(log.clone()), disk, &config(terms, 1, 1)).unwrap();
        finish(&mut kappa, log);
    }
    records
}

#[test]
fn a_damaged_snapshot_is_passed_over_and_said_so() {
    let terms = Terms::default();
    for file in ["manifest", "part-0"] {
        let disk: SharedDisk = Arc::new(PowerLoss::new(1));
        let log = log("orders", 3);
        let records = followed(&disk, &log, &terms, 3);
        let newest =
            manifests(&disk).iter().filter_map(|name| name.split('.').next()?.parse::<u64>().ok()).max();
        let path = PathBuf::from(format!("/state/kappa/snapshots/{}.{file}", newest.unwrap()));
        disk.open(&path).unwrap().write_at(20, b"#").unwrap();
        let mut kappa = Kappa::start(Arc::new(log.clone()), &disk, &config(&terms, 1, 0)).unwrap();
        let trouble = kappa.trouble().unwrap_or_default().to_owned();
        assert!(trouble.contains("is passed over: ") && trouble.contains("damaged"), "{trouble}");
        // The one before serves.
        assert!(check_read(&mut kappa, "orders", &terms, &records).total() > 0);
        finish(&mut kappa, &log);
        check_read(&mut kappa, "orders", &terms, &records);
    }
}

#[test]
fn another_question_replays_the_log() {
    let disk: SharedDisk = Arc::new(PowerLoss::new(1));
    let log = log("orders", 3);
    let records = followed(&disk, &log, &Terms::default(), 2);
    let terms = Terms { large_from: 1, ..Terms::default() };
    let mut kappa = Kappa::start(Arc::new(log.clone()), &disk, &config(&terms, 1, 0)).unwrap();
    assert!(kappa.trouble().unwrap_or_default().contains("the question has changed"));
    assert_eq!(kappa.version().unwrap().total(), 0);
    finish(&mut kappa, &log);
    check_read(&mut kappa, "orders", &terms, &records);
}

#[test]
fn the_state_of_another_log_is_refused() {
    let disk: SharedDisk = Arc::new(PowerLoss::new(1));
    followed(&disk, &log("orders", 3), &Terms::default(), 2);
    let other = MemoryLog::create(workloads::log::Meta {
        made_by: "somebody else".to_owned(),
        ..workloads::Log::meta(&log("orders", 3)).clone()
    });
    append(&other, &records("orders", 3, 80, 3));
    let refused = Kappa::start(Arc::new(other), &disk, &config(&Terms::default(), 1, 0)).err().unwrap();
    assert!(refused.to_string().contains("made by [somebody else]"), "{refused}");
}

#[test]
fn a_log_that_lost_its_end_and_grew_otherwise_is_replayed() {
    let (terms, disk): (Terms, SharedDisk) = (Terms::default(), Arc::new(PowerLoss::new(1)));
    let first = followed(&disk, &log("orders", 3), &terms, 3);
    let grown = log("orders", 3);
    append(&grown, &first[..10]);
    append(&grown, &records("orders", 9, 300, 3));
    let mut kappa = Kappa::start(Arc::new(grown.clone()), &disk, &config(&terms, 1, 0)).unwrap();
    assert!(kappa.trouble().unwrap_or_default().contains("another"), "{:?}", kappa.trouble());
    assert_eq!(kappa.version().unwrap().total(), 0);
    finish(&mut kappa, &grown);
}

/// Follows a growing log until the disk fails, and says how far it had come.
fn until_the_crash(disk: &PowerLoss, log: &MemoryLog, records: &[Record], dice: &mut Dice) {
    let shared: SharedDisk = Arc::new(disk.clone());
    let config = config(&Terms::default(), 1, 1 + dice.below(30));
    let Ok(mut kappa) = Kappa::start(Arc::new(log.clone()), &shared, &config) else { return };
    for some in records.chunks(1 + dice.below(30) as usize) {
        append(log, some);
        for _ in 0..dice.below(40) {
            if kappa.step(0).is_err() {
                return;
            }
        }
        check_read(&mut kappa, "orders", &Terms::default(), records);
    }
}

/// Half of the crashes kill the process, half take the power; all are at a random step of the disk.
fn crash(seed: u64) -> bool {
    let name = WORKLOADS[0];
    let (disk, log, mut dice) = (PowerLoss::new(seed), log(name, 3), Dice(seed ^ 0x5eed));
    let records = records(name, seed, 160, 3);
    disk.crash_after(dice.below(70));
    until_the_crash(&disk, &log, &records, &mut dice);
    let crashed = disk.crashed();
    let survived = if seed.is_multiple_of(2) {
        disk.surviving()
    } else {
        disk.revive();
        disk
    };
    let held = workloads::Log::heads(&log).unwrap();
    append(&log, &records[held.total() as usize..]);
    let shared: SharedDisk = Arc::new(survived);
    let workers = 1 + u32::from(seed.is_multiple_of(7));
    let mut kappa =
        Kappa::start(Arc::new(log.clone()), &shared, &config(&Terms::default(), workers, 25)).unwrap();
    check_read(&mut kappa, name, &Terms::default(), &records);
    finish(&mut kappa, &log);
    check_read(&mut kappa, name, &Terms::default(), &records);
    crashed
}

fn crashes(seeds: std::ops::Range<u64>) {
    let caught = seeds.clone().filter(|seed| crash(*seed)).count();
    assert!(caught * 10 > (seeds.end - seeds.start) as usize * 6, "{caught} of {seeds:?} met a crash");
}

#[test]
fn after_a_crash_at_any_moment_nothing_is_lost_and_nothing_is_there_twice() {
    crashes(0..120);
}

#[test]
#[ignore = "the long form: 2,000 crashes"]
fn after_many_crashes_nothing_is_lost_and_nothing_is_there_twice() {
    crashes(1_000..3_000);
}
