//! What snapshots cost and buy, measured: `cargo test --release -p kappa --test figures -- --ignored --nocapture`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod events;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use events::log;
use kappa::{Kappa, KappaConfig, Options};
use workloads::files::{RealDisk, SharedDisk};
use workloads::intake::Feed;
use workloads::log::RawRecord;
use workloads::log::file::{FileLog, FsyncPolicy};
use workloads::log::memory::MemoryLog;
use workloads::partition::PartitionBy;
use workloads::{Appender, Codec, Event, Log, Name, OrderEvent, OrderKind, Origin, Query, Terms};

const CUSTOMERS: u64 = 1_000_000;
const TAIL: u64 = 10_000_000;

fn order(number: u64) -> RawRecord {
    let customer = Name::from(format!("customer {}", number % CUSTOMERS));
    let (kind, amount) = (OrderKind::Placed, 1_000 + (number % 977) as i64);
    let time = 1_700_000_000_000 + number as i64 / 100;
    let event = Event::Order(OrderEvent { kind, customer, order: 1 + number, amount, time });
    let mut value = Vec::new();
    Codec::Bin.encode(&event, &mut value);
    let key = event.key().as_bytes().to_vec().into();
    let origin = Some(Origin { source: 0, sequence: number });
    RawRecord { offset: 0, origin, intended: number as i64, appended: time, key, value: value.into() }
}

fn append(log: &MemoryLog, numbers: std::ops::Range<u64>) {
    let mut appender = log.appender();
    let records: Vec<RawRecord> = numbers.map(order).collect();
    for some in records.chunks(1_000) {
        appender.append(0, some).unwrap();
    }
}

/// Every customer to one of the partitions.
fn write(appender: &mut dyn Appender, partitions: u32, numbers: std::ops::Range<u64>) {
    let mut waiting = vec![Vec::new(); partitions as usize];
    for number in numbers.clone() {
        let record = order(number);
        let partition = PartitionBy::Key.partition(&record.key, None, 0, partitions);
        waiting[partition as usize].push(record);
        if number % 1_000 == 999 || number + 1 == numbers.end {
            for (partition, records) in (0..).zip(&mut waiting) {
                appender.append(partition, records).unwrap();
                records.clear();
            }
        }
    }
}

fn config(state: &Path, snapshot_records: u64) -> KappaConfig {
    let options = Options { snapshot_records, snapshot_ms: 0, ..Options::default() };
    KappaConfig {
        terms: Terms::default(),
        feed: Feed::default(),
        state: Some(state.to_owned()),
        workers: 1,
        granularity: 10_000,
        version_ms: 1,
        spin: false,
        options,
    }
}

fn start(log: &MemoryLog, state: &Path, snapshot_records: u64) -> Kappa {
    let disk: SharedDisk = Arc::new(RealDisk);
    Kappa::start(Arc::new(log.clone()), &disk, &config(state, snapshot_records)).unwrap()
}

fn follow(kappa: &mut Kappa, log: &MemoryLog, began: Instant) {
    let heads = log.heads().unwrap();
    while kappa.version().unwrap() != heads {
        kappa.step(began.elapsed().as_micros() as i64).unwrap();
    }
}

fn written(state: &Path) -> u64 {
    let Ok(files) = std::fs::read_dir(state.join("snapshots")) else { return 0 };
    let files = files.filter_map(|file| file.unwrap().metadata().ok());
    files.map(|file| file.len()).sum()
}

/// The manifests of whole snapshots.
fn manifests(state: &Path) -> BTreeSet<PathBuf> {
    let Ok(files) = std::fs::read_dir(state.join("snapshots")) else { return BTreeSet::new() };
    let paths = files.map(|file| file.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|end| end == "manifest")).collect()
}

/// How long each step takes while 100,000 events a second come in, until `over`.
fn live(
    kappa: &mut Kappa,
    log: &MemoryLog,
    next: &mut u64,
    over: impl Fn(Duration) -> bool,
) -> Vec<Duration> {
    let (began, mut delays, from) = (Instant::now(), Vec::new(), *next);
    while !over(began.elapsed()) {
        let due = from + began.elapsed().as_micros() as u64 / 10;
        append(log, *next..due.max(*next));
        *next = due.max(*next);
        let heads = log.heads().unwrap();
        let then = Instant::now();
        while kappa.version().unwrap() != heads {
            kappa.step(1_000_000_000 + began.elapsed().as_micros() as i64).unwrap();
        }
        delays.push(then.elapsed());
    }
    delays.sort_unstable();
    delays
}

fn say(what: &str, delays: &[Duration]) {
    let at = |share: f64| delays[((delays.len() - 1) as f64 * share) as usize];
    println!("{what}: {} versions, p50 {:?}, p99 {:?}, worst {:?}", delays.len(), at(0.5), at(0.99), at(1.0));
}

#[test]
#[ignore = "figures, in release"]
fn a_snapshot_of_a_million_customers() {
    let (log, folder) = (log("orders", 1), tempfile::tempdir().unwrap());
    append(&log, 0..CUSTOMERS);
    let mut kappa = start(&log, folder.path(), CUSTOMERS);
    follow(&mut kappa, &log, Instant::now());
    let mut next = CUSTOMERS;
    say("without a snapshot", &live(&mut kappa, &log, &mut next, |passed| passed.as_secs() >= 2));
    // The next one is taken within as many records again.
    let before = manifests(folder.path());
    append(&log, next..2 * CUSTOMERS);
    next = next.max(2 * CUSTOMERS);
    follow(&mut kappa, &log, Instant::now());
    let began = Instant::now();
    let new = || !manifests(folder.path()).is_subset(&before);
    let delays = live(&mut kappa, &log, &mut next, |passed| {
        // At least long enough for a p99.
        (passed.as_secs() >= 1 && new()) || passed.as_secs() > 60
    });
    assert!(new(), "no snapshot was taken");
    say("while one is taken", &delays[..]);
    println!("taken within {:?}, {} bytes", began.elapsed(), written(folder.path()));
    drop(kappa);
    let began = Instant::now();
    let mut kappa = start(&log, folder.path(), 0);
    let query = Query { view: "spend".to_owned(), key: Some("customer 7".to_owned()) };
    let version = kappa.read(&[query]).unwrap().version.unwrap();
    println!("restored at {version} of {} within {:?}", log.heads().unwrap(), began.elapsed());
    follow(&mut kappa, &log, Instant::now());
}

#[test]
#[ignore = "figures, in release"]
fn a_restart_with_a_tail_of_ten_million_events() {
    for workers in [1, 2] {
        let folder = tempfile::tempdir().unwrap();
        let (disk, place): (SharedDisk, _) = (Arc::new(RealDisk), folder.path().join("log"));
        FileLog::create(&disk, &place, log("orders", workers).meta()).unwrap();
        let mut appender = FileLog::appender(&disk, &place, FsyncPolicy::None).unwrap();
        write(&mut appender, workers, 0..CUSTOMERS);
        let open = || Arc::new(FileLog::open(&disk, &place).unwrap());
        let config = |snapshot_records| KappaConfig { workers, ..config(folder.path(), snapshot_records) };
        let mut kappa = Kappa::start(open(), &disk, &config(CUSTOMERS / 2)).unwrap();
        let began = Instant::now();
        let now = || began.elapsed().as_micros() as i64;
        while manifests(folder.path()).is_empty() {
            kappa.step(now()).unwrap();
        }
        drop(kappa);
        write(&mut appender, workers, CUSTOMERS..CUSTOMERS + TAIL);
        let (log, began) = (open(), Instant::now());
        let heads = log.heads().unwrap();
        let mut kappa = Kappa::start(log, &disk, &config(0)).unwrap();
        let (restored, version) = (began.elapsed(), kappa.version().unwrap());
        while kappa.version().unwrap() != heads {
            kappa.step(now()).unwrap();
        }
        let took = began.elapsed();
        println!("{workers} workers: {version} within {restored:?}, {heads} within {took:?}");
    }
}
