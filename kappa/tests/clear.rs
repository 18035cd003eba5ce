//! The clear form of spend: textbook differential dataflow, as a second opinion on the fast one.
//!
//! Here the rules are one `reduce` over everything ever said of an order id, and nobody keeps state by hand.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod events;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use differential_dataflow::input::Input;
use differential_dataflow::operators::CountTotal;
use events::records;
use kappa::Replay;
use timely::dataflow::operators::probe::Handle;
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
