//! The clear form of every view: textbook differential dataflow, as a second opinion on the fast one.
//!
//! Here a view is a few operators over everything ever said (sums as differences that are counted, groups that are
//! reduced, collections that are joined), and nobody keeps state by hand.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../events/mod.rs"]
mod events;
mod forms;
mod orders;
mod sensors;
mod trades;
mod transfers;
mod words;

use events::{Dice, records};
use forms::{Forms, versions};
use kappa::{Replay, Shift};
use workloads::{Event, Millis, Query, Record, Terms, workload};

/// A horizon that lies between the times at which things happen.
const HORIZON: Option<Millis> = Some(27_000_000);

fn forms_of(name: &str) -> Forms {
    match name {
        "orders" => orders::forms,
        "trades" => trades::forms,
        "words" => words::forms,
        "sensors" => sensors::forms,
        _ => transfers::forms,
    }
}

/// Half of what is said is said of one name, so that groups are of very different size.
fn skewed(name: &str, seed: u64, n: u64) -> Vec<Record> {
    let mut dice = Dice(seed ^ 0x5eed);
    let mut records = records(name, seed, n, 4);
    for record in records.iter_mut().filter(|_| dice.below(2) == 0) {
        match &mut record.event {
            Event::Order(order) => order.customer = "c0".into(),
            Event::Trade(trade) => trade.symbol = "S 0".into(),
            Event::Word(word) => word.word = "w0".into(),
            Event::Sensor(sensor) => sensor.region = "r 0".into(),
            Event::Transfer(transfer) => transfer.to = "a0".into(),
        }
    }
    records
}

/// Compares every view after every version, and after the last what two workers say.
fn check(name: &str, seed: u64, n: u64, granularity: usize, horizon: Option<Millis>) {
    let terms = Terms { cancel_horizon: horizon, ..Terms::default() };
    let views = workload(name).unwrap().views;
    let queries: Vec<Query> =
        views.iter().map(|view| Query { view: view.name.to_owned(), key: None }).collect();
    let records = skewed(name, seed, n);
    let mut fast = Replay::new(name, &terms, &[]).unwrap();
    let clear = versions(records.clone(), granularity, terms.clone(), forms_of(name));
    for (version, (records, clear)) in records.chunks(granularity).zip(&clear).enumerate() {
        fast.feed(records);
        for (query, rows) in queries.iter().zip(fast.rows(&queries)) {
            let view = query.view.as_str();
            assert_eq!(rows, clear[view], "{name} {view}: seed {seed}, g = {granularity}, version {version}");
        }
    }
    let shift = Shift {
        workload: name.to_owned(),
        terms,
        views: Vec::new(),
        shares: Shift::deal(&records, 2, (!seed.is_multiple_of(2)).then_some(1)),
        partitions: None,
        granularity,
    };
    let last = clear.last().unwrap();
    for (query, rows) in queries.iter().zip(shift.work(&queries, |_| {}).unwrap()) {
        assert_eq!(rows, last[query.view.as_str()], "{name} {} by two: seed {seed}", query.view);
    }
}

fn check_some(name: &str, seeds: std::ops::Range<u64>, n: u64) {
    for seed in seeds {
        for granularity in [1, 17, 200] {
            check(name, seed, n, granularity, if seed % 3 == 0 { HORIZON } else { None });
        }
    }
}

#[test]
fn every_view_of_orders_agrees_with_its_clear_form_at_every_version() {
    check_some("orders", 100..104, 150);
}

#[test]
fn every_view_of_trades_agrees_with_its_clear_form_at_every_version() {
    check_some("trades", 100..104, 150);
}

#[test]
fn every_view_of_the_small_workloads_agrees_with_its_clear_form_at_every_version() {
    for name in ["words", "sensors", "transfers"] {
        check_some(name, 100..103, 150);
    }
}

#[test]
fn a_fifth_of_what_is_compared_takes_back_and_a_partition_is_idle() {
    for name in ["orders", "trades"] {
        let records = skewed(name, 100, 2_000);
        let back = records.iter().filter(|record| record.event.takes_back()).count();
        assert!(back * 100 >= records.len() * 15, "{back} of {}", records.len());
        let marks = records.iter().filter(|record| match &record.event {
            Event::Order(order) => order.kind != workloads::OrderKind::Placed,
            Event::Trade(trade) => trade.kind != workloads::TradeKind::Traded,
            _ => false,
        });
        assert!(marks.count() * 5 >= records.len());
        assert!(records.iter().all(|record| record.place.partition < 3));
    }
}

#[test]
#[ignore = "the long form: cargo test -p kappa --test clear -- --ignored"]
fn every_view_agrees_with_its_clear_form_on_many_logs() {
    for name in ["orders", "trades", "words", "sensors", "transfers"] {
        check_some(name, 1_000..1_100, 400);
    }
}
