//! The clear form of spend and of alerts: textbook differential dataflow, as a second opinion on the fast one.
//!
//! Here the rules are one `reduce` over everything ever said of an order id, or read in a region, and nobody keeps
//! state by hand.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod events;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use differential_dataflow::input::Input;
use differential_dataflow::operators::CountTotal;
use events::records;
use kappa::Replay;
use timely::dataflow::operators::probe::Handle;
use workloads::calendar::Unit;
use workloads::{Event, Millis, OrderKind, Place, Query, Record, Rows, Terms};

/// What was said of an order id: the kind, event time and place, and the amount.
type Said = (OrderKind, Millis, Place, i64);

/// The amounts in force after everything that was said.
fn in_force(said: &[(&Said, isize)], horizon: Option<Millis>) -> Vec<i64> {
    let of = |kind| said.iter().map(|(said, _)| **said).filter(move |said| said.0 == kind);
    let mut amounts = Vec::new();
    for (_, placed, _, amount) in of(OrderKind::Placed) {
        let acts = |mark: &Said| horizon.is_none_or(|horizon| mark.1 - placed <= horizon);
        if of(OrderKind::Cancelled).any(|mark| acts(&mark)) {
            continue;
        }
        let correction = of(OrderKind::Corrected).filter(acts).max_by_key(|mark| (mark.1, mark.2));
        amounts.push(correction.map_or(amount, |mark| mark.3));
    }
    amounts
}

fn said(record: &Record) -> Option<((String, u64), Said)> {
    let Event::Order(event) = &record.event else { return None };
    // Nothing can name an order without an id, so that each is a group of its own.
    let order = if event.order > 0 { event.order } else { record.place.offset << 32 | 1 << 31 };
    let nameless = event.order == 0 && event.kind != OrderKind::Placed;
    let key = (event.customer.to_string(), order);
    (!nameless).then_some((key, (event.kind, event.time, record.place, event.amount)))
}

/// Spend after each version, the versions being chunks of `granularity` records.
fn clear_spend(records: Vec<Record>, granularity: usize, horizon: Option<Millis>) -> Vec<Rows> {
    timely::execute_directly(move |worker| {
        let totals = Rc::new(RefCell::new(BTreeMap::<(String, (i64, i64)), isize>::new()));
        let seen = Rc::clone(&totals);
        let probe = Handle::new();
        let mut input = worker.dataflow::<u64, _, _>(|scope| {
            let (input, said) = scope.new_collection::<((String, u64), Said), isize>();
            said.reduce(move |_order, said, amounts| {
                amounts.extend(in_force(said, horizon).into_iter().map(|amount| (amount, 1)));
            })
            .explode(|((customer, _order), amount)| Some((customer, (amount, 1_i64))))
            .count_total()
            .inspect(move |(row, _, diff)| *seen.borrow_mut().entry(row.clone()).or_default() += diff)
            .probe_with(&probe);
            input
        });
        let mut versions = Vec::new();
        for (version, records) in (1..).zip(records.chunks(granularity)) {
            records.iter().filter_map(said).for_each(|said| input.insert(said));
            input.advance_to(version);
            input.flush();
            worker.step_while(|| probe.less_than(&version));
            let totals = totals.borrow();
            let rows =
                totals.iter().filter(|(_, times)| **times != 0).map(|((customer, (sum, count)), times)| {
                    assert_eq!(*times, 1, "{customer} has one total");
                    (customer.clone(), vec![i128::from(*sum), i128::from(*count)])
                });
            versions.push(rows.filter(|(_, row)| row[1] != 0).collect());
        }
        versions
    })
}

/// A region's alerts out of the sums and numbers of its seconds, in their order.
fn raised(seconds: &[(&(i64, i64, i64), isize)]) -> Vec<(i64, i64, i64)> {
    let (mut alerts, mut stands) = (Vec::new(), false);
    for (at, _, _) in seconds.iter().map(|(second, _)| **second) {
        let recent = seconds.iter().filter(|(second, _)| second.0 <= at && at - second.0 < 10);
        let (sum, count) =
            recent.fold((0, 0), |(sum, count), (second, _)| (sum + second.1, count + second.2));
        let stood = stands;
        stands = if stood { sum >= 29 * count } else { sum > 30 * count };
        if stands && !stood {
            alerts.push((at, sum, count));
        }
    }
    alerts
}

/// Alerts after each version: region, second, sum and number of readings.
fn clear_alerts(records: Vec<Record>, granularity: usize) -> Vec<BTreeSet<(String, i64, i64, i64)>> {
    timely::execute_directly(move |worker| {
        let alerts = Rc::new(RefCell::new(BTreeMap::<(String, (i64, i64, i64)), isize>::new()));
        let seen = Rc::clone(&alerts);
        let probe = Handle::new();
        let mut input = worker.dataflow::<u64, _, _>(|scope| {
            let (input, read) = scope.new_collection::<((String, i64), i64), isize>();
            read.explode(|(second, reading)| Some((second, (reading as isize, 1_isize))))
                .count_total()
                .map(|((region, second), (sum, count))| (region, (second, sum as i64, count as i64)))
                .reduce(|_region, seconds, alerts| {
                    alerts.extend(raised(seconds).into_iter().map(|alert| (alert, 1_isize)));
                })
                .inspect(move |(row, _, diff)| *seen.borrow_mut().entry(row.clone()).or_default() += diff)
                .probe_with(&probe);
            input
        });
        let mut versions = Vec::new();
        for (version, records) in (1..).zip(records.chunks(granularity)) {
            for record in records {
                let Event::Sensor(event) = &record.event else { continue };
                let second = event.time.div_euclid(1_000);
                input.insert(((event.region.to_string(), second), i64::from(event.reading)));
            }
            input.advance_to(version);
            input.flush();
            worker.step_while(|| probe.less_than(&version));
            let alerts = alerts.borrow();
            let standing = alerts.iter().filter(|(_, times)| **times != 0);
            versions
                .push(standing.map(|((region, (at, sum, n)), _)| (region.clone(), *at, *sum, *n)).collect());
        }
        versions
    })
}

fn check_alerts(seed: u64, granularity: usize) -> usize {
    let records = records("sensors", seed, 200, 3);
    let mut fast = Replay::new("sensors", &Terms::default(), &["alerts"]).unwrap();
    let query = Query { view: "alerts".to_owned(), key: None };
    let mut alerts = 0;
    for (records, clear) in records.chunks(granularity).zip(clear_alerts(records.clone(), granularity)) {
        fast.feed(records);
        let rows = fast.rows(std::slice::from_ref(&query)).remove(0).into_iter();
        let rows: BTreeSet<_> = rows
            .map(|(key, row)| {
                let (region, second) = Unit::Second.parse_key(&key).unwrap();
                (region.to_owned(), second, row[0] as i64, row[1] as i64)
            })
            .collect();
        assert_eq!(rows, clear, "seed {seed}, g = {granularity}");
        alerts += rows.len();
    }
    alerts
}

#[test]
fn alerts_agree_with_the_clear_form_at_every_version() {
    for granularity in [1, 17, 200] {
        let alerts: usize = (0..12).map(|seed| check_alerts(seed, granularity)).sum();
        assert!(alerts > 12, "{alerts} alerts");
    }
}

fn check(seed: u64, granularity: usize, horizon: Option<Millis>) {
    let terms = Terms { cancel_horizon: horizon, ..Terms::default() };
    let records = records("orders", seed, 200, 3);
    let mut fast = Replay::new("orders", &terms, &[]).unwrap();
    let query = Query { view: "spend".to_owned(), key: None };
    let clear = clear_spend(records.clone(), granularity, horizon);
    for (version, (records, clear)) in records.chunks(granularity).zip(clear).enumerate() {
        fast.feed(records);
        let rows = fast.rows(std::slice::from_ref(&query)).remove(0);
        assert_eq!(rows, clear, "seed {seed}, g = {granularity}, version {version}");
    }
}

#[test]
fn the_fast_form_agrees_with_the_clear_form_at_every_version() {
    for seed in 100..115 {
        for granularity in [1, 17, 200] {
            check(seed, granularity, None);
            check(seed, granularity, Some(27_000_000));
        }
    }
}
