//! What a Kappa keeps in memory, and what it forgets.
//!
//! The figures, each in a process of its own, as memory that was given back is not seen to be:
//! `cargo test --release -p kappa --test memory -- --ignored --nocapture --exact NAME`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod events;

use std::sync::Arc;

use events::log;
use kappa::{Kappa, KappaConfig, Options, Replay};
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

fn start(log: &MemoryLog, options: Options) -> Kappa {
    let config = KappaConfig {
        terms: Terms::default(),
        feed: Feed::default(),
        state: None,
        workers: 1,
        granularity: VERSION,
        version_ms: 1,
        spin: false,
        options,
    };
    let disk: SharedDisk = Arc::new(PowerLoss::new(0));
    Kappa::start(Arc::new(log.clone()), &disk, &config).unwrap()
}

/// Twenty records each millisecond, each a version.
fn windowed(window_ms: u64) {
    let log = log("orders", 1);
    let options = Options { window_ms, ..Options::default() };
    let mut kappa = start(&log, options);
    let kind = |n| if n % 20 == 19 { OrderKind::Cancelled } else { OrderKind::Placed };
    let id = |n| if n % 20 == 19 { n - 10 } else { n };
    let (mut before, mut began) = (0.0, 0.0);
    for ms in 0..30_000 {
        if ms == 10_000 {
            before = resident();
        }
        let records: Vec<Record> =
            (ms * 20..(ms + 1) * 20).map(|n| order(n, kind(n), id(n) % 100_000, 1 + id(n))).collect();
        events::append(&log, &records);
        if ms == 0 {
            began = resident();
        }
        let heads = log.heads().unwrap();
        while kappa.version().unwrap() != heads {
            kappa.step(1_000 * ms as i64).unwrap();
        }
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
