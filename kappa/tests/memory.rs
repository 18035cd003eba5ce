//! What a Kappa keeps in memory, and what it forgets.
//!
//! The figures, each in a process of its own, as memory that was given back is not seen to be:
//! `cargo test --release -p kappa --test memory -- --ignored --nocapture --exact NAME`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod events;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use events::{append, check_read, log};
use kappa::{Kappa, KappaConfig, KappaError, Options, Replay};
use workloads::files::{PowerLoss, SharedDisk};
use workloads::intake::Feed;
use workloads::log::memory::MemoryLog;
use workloads::{Event, Log, Name, OrderEvent, OrderKind, Origin, Place, Record, Terms};

/// Records of one version.
const VERSION: u64 = 10_000;

/// Bytes of this process that lie in memory.
fn resident() -> f64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() * 4096.0
}

fn order(number: u64, kind: OrderKind, customer: u64, order: u64) -> Record {
    let time = 1_700_000_000_000 + number as i64 / 100;
    let customer = Name::from(format!("customer {customer}"));
    let amount = 1_000 + (number % 977) as i64;
    Record {
        place: Place { partition: 0, offset: number },
        origin: Some(Origin { source: 0, sequence: number }),
        intended: number as i64,
        appended: time,
        event: Event::Order(OrderEvent { kind, customer, order, amount, time }),
    }
}

/// Feeds so many records, and says by how many bytes memory has grown.
fn grown(replay: &mut Replay, number: u64, record: impl Fn(u64) -> Record) -> f64 {
    let before = resident();
    for first in (0..number).step_by(VERSION as usize) {
        let records: Vec<Record> = (first..number.min(first + VERSION)).map(&record).collect();
        replay.feed(&records);
    }
    resident() - before
}

fn replay(views: &[&str]) -> Replay {
    Replay::new("orders", &Terms::default(), views).unwrap()
}

#[test]
#[ignore = "a figure, in release"]
fn bytes_of_a_customer() {
    let number = 1_000_000;
    let bytes = grown(&mut replay(&[]), number, |n| order(n, OrderKind::Placed, n, 0));
    println!("a customer without an order that can be named: {:.1} bytes", bytes / number as f64);
}

#[test]
#[ignore = "a figure, in release"]
fn bytes_of_a_customer_for_spend_alone() {
    let number = 1_000_000;
    let bytes = grown(&mut replay(&["spend"]), number, |n| order(n, OrderKind::Placed, n, 0));
    println!("a customer for spend alone: {:.1} bytes", bytes / number as f64);
}

#[test]
#[ignore = "a figure, in release"]
fn bytes_of_a_customer_with_an_open_order() {
    let number = 1_000_000;
    let bytes = grown(&mut replay(&[]), number, |n| order(n, OrderKind::Placed, n, 1 + n));
    println!("a customer with an open order: {:.1} bytes", bytes / number as f64);
}

/// Of so many customers, who are all known before.
fn open_orders(views: &[&str], what: &str, number: u64, record: impl Fn(u64) -> Record) {
    let mut replay = replay(views);
    grown(&mut replay, 100_000, |n| order(n, OrderKind::Placed, n, 0));
    let bytes = grown(&mut replay, number, record);
    println!("{what}: {:.1} bytes", bytes / number as f64);
}

#[test]
#[ignore = "a figure, in release"]
fn bytes_of_an_open_order() {
    let record = |n| order(n, OrderKind::Placed, n % 100_000, 1 + n);
    open_orders(&[], "an open order", 5_000_000, record);
}

#[test]
#[ignore = "a figure, in release"]
fn bytes_of_an_open_order_for_spend_alone() {
    let record = |n| order(n, OrderKind::Placed, n % 100_000, 1 + n);
    open_orders(&["spend"], "an open order for spend alone", 5_000_000, record);
}

#[test]
#[ignore = "a figure, in release"]
fn bytes_of_a_line() {
    let record = |n| order(n, OrderKind::Placed, n / 2 % 100_000, 1 + n / 2 * 2);
    open_orders(&["spend"], "a line of an order of two", 5_000_000, record);
}

#[test]
#[ignore = "a figure, in release"]
fn bytes_of_a_cancelled_order() {
    let kind = |n| if n % 2 == 0 { OrderKind::Placed } else { OrderKind::Cancelled };
    let record = |n| order(n, kind(n), n / 2 % 100_000, 1 + n / 2);
    open_orders(&["spend"], "half a cancelled order", 4_000_000, record);
}

/// A Kappa that forgets under a horizon, if it is promised that nothing comes later than this.
fn start(log: &MemoryLog, disk: &SharedDisk, horizon: Option<i64>, workers: u32, options: Options) -> Kappa {
    let config = KappaConfig {
        terms: Terms { cancel_horizon: horizon, ..Terms::default() },
        feed: Feed::default(),
        state: Some(PathBuf::from("/state")),
        workers,
        granularity: VERSION,
        // Snapshots are then written in the caller's thread.
        version_ms: 0,
        spin: false,
        options,
    };
    Kappa::start(Arc::new(log.clone()), disk, &config).unwrap()
}

fn disk() -> SharedDisk {
    Arc::new(PowerLoss::new(0))
}

/// Until all is answered that was appended.
fn follow(kappa: &mut Kappa, log: &MemoryLog, ms: u64) -> Result<(), KappaError> {
    let heads = log.heads().unwrap();
    let mut turns = 0;
    while kappa.version().as_ref() != Some(&heads) {
        turns += 1;
        kappa.step(1_000 * ms as i64 + turns / 100)?;
    }
    Ok(())
}

/// Twenty records each millisecond, each a version.
fn windowed(window_ms: u64) {
    let log = log("orders", 1);
    let options = Options { window_ms, ..Options::default() };
    let mut kappa = start(&log, &disk(), None, 1, options);
    let kind = |n| if n % 20 == 19 { OrderKind::Cancelled } else { OrderKind::Placed };
    let id = |n| if n % 20 == 19 { n - 10 } else { n };
    let (mut before, mut began) = (0.0, 0.0);
    for ms in 0..30_000 {
        if ms == 10_000 {
            before = resident();
        }
        let records: Vec<Record> =
            (ms * 20..(ms + 1) * 20).map(|n| order(n, kind(n), id(n) % 100_000, 1 + id(n))).collect();
        append(&log, &records);
        if ms == 0 {
            began = resident();
        }
        follow(&mut kappa, &log, ms).unwrap();
    }
    let megabytes = |bytes: f64| bytes / 1e6;
    let (first, rest) = (megabytes(before - began), megabytes(resident() - before));
    println!(
        "with a window of {window_ms} ms: {first:.1} MB in the first 10 s, {rest:.1} MB in the next 20 s"
    );
}

#[test]
#[ignore = "a figure, in release"]
fn a_run_without_a_window() {
    windowed(0);
}

#[test]
#[ignore = "a figure, in release"]
fn a_run_with_a_window_of_ten_seconds() {
    windowed(10_000);
}

const SECOND: i64 = 1_000;
const HORIZON: i64 = 600 * SECOND;
const LATE: i64 = 60 * SECOND;

/// An order at an event time, in one of two partitions.
fn at(offset: u64, kind: OrderKind, id: u64, time: i64, partition: u32) -> Record {
    let mut record = order(offset, kind, 1, id);
    record.place.partition = partition;
    record.origin = Some(Origin { source: partition, sequence: offset });
    if let Event::Order(event) = &mut record.event {
        event.time = time;
    }
    record
}

fn forgetful(snapshot_records: u64) -> Options {
    Options {
        forget_late_ms: Some(LATE as u64),
        window_ms: 0,
        snapshot_ms: 0,
        snapshot_records,
        ..Options::default()
    }
}

#[test]
fn a_mark_at_the_horizon_still_acts_and_a_later_one_is_refused() {
    for (workers, refused) in [(1, 0), (1, 1), (2, 0), (2, 1)] {
        let (log, disk) = (log("orders", 2), disk());
        let mut kappa = start(&log, &disk, Some(HORIZON), workers, forgetful(0));
        let placed = |offset, time, partition| at(offset, OrderKind::Placed, offset + 1, time, partition);
        // The last step takes time so far that what is older than the oldest order is forgotten, and that order not.
        let last = HORIZON + LATE;
        let times = || (0..).zip((0..=50).map(|n| n * 10 * SECOND).chain([last]));
        let mut records: Vec<Record> = times().map(|(n, time)| placed(n, time, 0)).collect();
        // In the other partition it comes further: the smaller one counts.
        records.extend(times().map(|(n, time)| placed(n, time + 7, 1)));
        for (ms, record) in (0..).zip(&records) {
            append(&log, std::slice::from_ref(record));
            follow(&mut kappa, &log, ms).unwrap();
        }
        // As late as may be, of the oldest order; and so late that its time has passed.
        let mark = at(52, OrderKind::Cancelled, 1, last - LATE + refused, 0);
        append(&log, std::slice::from_ref(&mark));
        records.push(mark);
        follow(&mut kappa, &log, 1_000).unwrap();
        let terms = Terms { cancel_horizon: Some(HORIZON), ..Terms::default() };
        check_read(&mut kappa, "orders", &terms, &records);
    }
}

#[test]
fn a_record_later_than_was_promised_ends_the_run_and_is_named() {
    for workers in [1, 2] {
        let (log, disk) = (log("orders", 2), disk());
        let mut kappa = start(&log, &disk, Some(HORIZON), workers, forgetful(1));
        for offset in 0..20 {
            append(&log, &[at(offset, OrderKind::Placed, 1 + offset, offset as i64 * LATE, 1)]);
            follow(&mut kappa, &log, offset).unwrap();
            // Until a snapshot is written.
            for _ in 0..100 {
                kappa.step(1_000 * offset as i64).unwrap();
            }
        }
        drop(kappa);
        // The newest time is known after a restart too.
        let mut kappa = start(&log, &disk, Some(HORIZON), workers, forgetful(0));
        assert!(kappa.version().unwrap().total() > 10, "{:?} {:?}", kappa.version(), kappa.trouble());
        append(&log, &[at(20, OrderKind::Placed, 21, 18 * LATE, 1)]);
        follow(&mut kappa, &log, 30_000).unwrap();
        append(&log, &[at(21, OrderKind::Cancelled, 1, 18 * LATE - 1, 1)]);
        let error = follow(&mut kappa, &log, 40_000).unwrap_err();
        let KappaError::Late { partition, offset, late_ms, allowed_ms } = error else { panic!("{error}") };
        assert_eq!((partition, offset, late_ms, allowed_ms), (1, 21, LATE + 1, LATE));
    }
}

/// So many events a second of this many customers, one in twenty of them the cancellation of an order of the last half
/// horizon.
fn stream(number: u64, rate: u64, customers: u64) -> Record {
    let cancels = number % 20 == 19;
    let of = if cancels { number - (number / 20 * 7 % (rate * 300)).min(number / 2) } else { number };
    let of = of - u64::from(of % 20 == 19);
    let kind = if cancels { OrderKind::Cancelled } else { OrderKind::Placed };
    let mut record = order(number, kind, of % customers, 1 + of);
    if let Event::Order(event) = &mut record.event {
        // Out of order by as much as may be.
        let late = number * 7919 % LATE as u64;
        event.time = LATE + (number * 1_000 / rate) as i64 - late as i64;
    }
    record
}

/// Rows of the newest snapshot, in all its parts.
fn rows(disk: &SharedDisk) -> u64 {
    let folder = Path::new("/state/snapshots");
    let mut names = disk.list(folder).unwrap();
    names.retain(|name| name.ends_with(".manifest"));
    let bytes = disk.read(&folder.join(names.iter().max().unwrap())).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&bytes[9..]).unwrap();
    manifest["parts"].as_array().unwrap().iter().map(|part| part["rows"].as_u64().unwrap()).sum()
}

#[test]
fn under_a_horizon_what_is_held_stays_the_same() {
    let (log, disk, rate) = (log("orders", 1), disk(), 10);
    let mut kappa = start(&log, &disk, Some(HORIZON), 1, forgetful(rate * 60));
    let horizon = rate * HORIZON as u64 / 1_000;
    let mut held = Vec::new();
    for number in 0..6 * horizon {
        append(&log, &[stream(number, rate, 1_000)]);
        if number % rate == rate - 1 {
            follow(&mut kappa, &log, number).unwrap();
        }
        if [2 * horizon - 1, 6 * horizon - 1].contains(&number) {
            held.push(rows(&disk));
        }
    }
    assert!(held[1] * 10 <= held[0] * 13, "{held:?}");
    let all: Vec<Record> = (0..6 * horizon).map(|number| stream(number, rate, 1_000)).collect();
    check_read(&mut kappa, "orders", &Terms { cancel_horizon: Some(HORIZON), ..Terms::default() }, &all);
}

/// An hour of 2,000 events a second.
fn hour(options: Options) {
    let (rate, log) = (2_000, log("orders", 1));
    for first in (0..3_600 * rate).step_by(10_000) {
        let records: Vec<Record> =
            (first..first + 10_000).map(|number| stream(number, rate, 100_000)).collect();
        append(&log, &records);
    }
    let before = resident();
    let mut kappa = start(&log, &disk(), Some(HORIZON), 1, options);
    let mut quarters = (1..=4).map(|quarter| quarter * 900 * rate).peekable();
    for ms in 0.. {
        let busy = kappa.step(1_000 * ms).unwrap();
        let at = kappa.version().unwrap().total();
        if quarters.next_if(|quarter| at >= *quarter).is_some() {
            println!("after {} min: {:.1} MB", at / rate / 60, (resident() - before) / 1e6);
        }
        if !busy && quarters.peek().is_none() {
            break;
        }
    }
}

#[test]
#[ignore = "a figure, in release"]
fn an_hour_that_is_forgotten() {
    hour(forgetful(0));
}

#[test]
#[ignore = "a figure, in release"]
fn an_hour_that_is_not_forgotten() {
    hour(Options { forget_late_ms: None, ..forgetful(0) });
}
