//! Two halves of random logs, merged: what is right, what is bounded, and when a bounded list is not enough.

#![allow(clippy::unwrap_used)]

mod rig;

use lambda::halves::Halves;
use lambda::options::Sketches;
use proptest::prelude::*;
use rig::Dice;
use workloads::{Event, Millis, OrderEvent, OrderKind, Place, Query, Record, Rows, Terms, workload};

fn record(offset: u64, kind: OrderKind, customer: u64, order: u64, amount: i64, time: Millis) -> Record {
    let customer = format!("c{customer:04}").into();
    let event = Event::Order(OrderEvent { kind, customer, order, amount, time });
    Record { place: Place { partition: 0, offset }, origin: None, intended: 0, appended: 0, event }
}

fn whole(view: &str) -> Query {
    Query { view: view.into(), key: None }
}

fn truth(records: &[Record], view: &str) -> Rows {
    let mut truth = (workload("orders").unwrap().truth)(&Terms::default());
    records.iter().for_each(|record| truth.feed(record, None));
    truth.rows(view)
}

/// Customers of whom the first spend the most, and marks that take most of the first ones' orders back.
fn leaders_fall(seed: u64, customers: u64, fall: u64, corrected: u64) -> (Vec<Record>, Vec<Record>) {
    let mut dice = Dice::new(seed);
    let order = |i: u64| i + 1;
    let placed = |i: u64, dice: &mut Dice| {
        // Some sums are equal, so that names decide.
        let amount = 10_000 - 20 * (i / 2) as i64 + dice.below(3) as i64 * 40;
        record(i, OrderKind::Placed, i, order(i), amount, 0)
    };
    let batched: Vec<Record> = (0..customers).map(|i| placed(i, &mut dice)).collect();
    let mut since: Vec<Record> = Vec::new();
    for i in 0..fall {
        let customer = dice.below(customers.min(fall + 10));
        let at = customers + i;
        since.push(match dice.below(100) {
            n if n < corrected => {
                record(at, OrderKind::Corrected, customer, order(customer), dice.below(400) as i64, 1)
            }
            n if n < 95 => record(at, OrderKind::Cancelled, customer, order(customer), 0, 1),
            _ => record(
                at,
                OrderKind::Placed,
                customers + i % 7,
                order(at),
                5_000 + dice.below(5_000) as i64,
                1,
            ),
        });
    }
    (batched, since)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn the_first_ten_are_right_however_many_leaders_are_taken_back(
        seed in any::<u64>(),
        customers in 1u64..120,
        fall in 0u64..150,
        corrected in 0u64..60,
    ) {
        let (batched, since) = leaders_fall(seed, customers, fall, corrected);
        let mut halves = Halves::new("orders", &Terms::default(), &batched, None).unwrap();
        halves.feed(&since).unwrap();
        let merged = halves.merged(&whole("top_customers")).unwrap();
        let all: Vec<Record> = batched.into_iter().chain(since).collect();
        prop_assert_eq!(merged.rows.unwrap(), truth(&all, "top_customers"));
    }
}

#[test]
fn the_list_of_leaders_is_enough_until_more_than_thirty_of_them_have_fallen() {
    // Forty are listed, and ten are asked for.
    let fell_back = |taken_back: u64| {
        let batched: Vec<Record> =
            (0..100).map(|i| record(i, OrderKind::Placed, i, i + 1, 10_000 - i as i64, 0)).collect();
        let since: Vec<Record> =
            (0..taken_back).map(|i| record(100 + i, OrderKind::Cancelled, i, i + 1, 0, 1)).collect();
        let mut halves = Halves::new("orders", &Terms::default(), &batched, None).unwrap();
        halves.feed(&since).unwrap();
        let merged = halves.merged(&whole("top_customers")).unwrap();
        let all: Vec<Record> = batched.into_iter().chain(since).collect();
        assert_eq!(merged.rows.unwrap(), truth(&all, "top_customers"), "{taken_back} taken back");
        merged.fell_back
    };
    let first = (0..60).find(|taken_back| fell_back(*taken_back));
    assert_eq!(first, Some(31));
}

/// Orders of a day, of which the last so many are since the cut; customers come back.
fn day_of_orders(seed: u64, orders: u64, since: u64, customers: u64) -> (Vec<Record>, Vec<Record>) {
    let mut dice = Dice::new(seed);
    let one = |i: u64| {
        let amount = 100 + (dice.below(1_000) * dice.below(1_000)) as i64;
        record(i, OrderKind::Placed, dice.below(customers), i + 1, amount, 1_000)
    };
    let mut all: Vec<Record> = (0..orders).map(one).collect();
    let since = all.split_off((orders - since) as usize);
    (all, since)
}

#[test]
fn an_approximate_count_of_customers_is_wrong_only_about_the_speed_layers_own_and_as_stated() {
    let sketches = Sketches { registers: 256, ..Sketches::default() };
    let mut squares = 0.0;
    for seed in 0..30 {
        let (batched, since) = day_of_orders(seed, 6_000, 4_000, 5_000);
        let view = whole("customers_per_day");
        let mut halves = Halves::new("orders", &Terms::default(), &batched, Some(sketches)).unwrap();
        let before = halves.answer(&view).unwrap().unwrap()["1970-01-01"][0];
        assert_eq!(
            before,
            truth(&batched, "customers_per_day")["1970-01-01"][0],
            "the batch's half is exact"
        );
        halves.feed(&since).unwrap();
        let said = halves.answer(&view).unwrap().unwrap()["1970-01-01"][0];
        let all: Vec<Record> = batched.into_iter().chain(since).collect();
        let right = truth(&all, "customers_per_day")["1970-01-01"][0];
        let error = (said - right) as f64 / (right - before) as f64;
        assert!(error.abs() < 4.0 * sketches.relative_error(), "seed {seed}: {said}, not {right}");
        squares += error * error;
    }
    let spread = (squares / 30.0).sqrt();
    assert!(spread < 1.4 * sketches.relative_error(), "{spread}");
    assert!(spread > 0.2 * sketches.relative_error(), "nothing was approximate: {spread}");
}

#[test]
fn an_approximate_median_has_a_rank_within_what_is_stated() {
    let sketches = Sketches { amounts: 64, ..Sketches::default() };
    for seed in 0..20 {
        let (batched, since) = day_of_orders(seed, 6_000, 5_000, 500);
        let mut halves = Halves::new("orders", &Terms::default(), &batched, Some(sketches)).unwrap();
        halves.feed(&since).unwrap();
        let row = halves.answer(&whole("median_order")).unwrap().unwrap()["1970-01-01"].clone();
        assert_eq!(row[1], 6_000, "their number is exact");
        let amounts: Vec<i128> = batched
            .iter()
            .chain(&since)
            .map(|record| match &record.event {
                Event::Order(order) => order.amount.into(),
                _ => 0,
            })
            .collect();
        // Half of the amounts lie below it and half above, but for the error of a rank.
        let error = halves.rank_error(0) as usize;
        assert!(error > 0 && error < 600, "{error}");
        let below = amounts.iter().filter(|amount| 2 * **amount < row[0]).count();
        let above = amounts.iter().filter(|amount| 2 * **amount > row[0]).count();
        assert!(
            below <= 3_000 + error && above <= 3_000 + error,
            "{below} below, {above} above, error {error}"
        );
    }
}

#[test]
fn amounts_that_are_taken_back_leave_the_ranks_but_their_customer_stays_until_the_next_batch() {
    let sketches = Sketches { amounts: 64, ..Sketches::default() };
    let mut halves = Halves::new("orders", &Terms::default(), &[], Some(sketches)).unwrap();
    let placed = |i: u64| record(i, OrderKind::Placed, i, i + 1, 100 * i as i64, 0);
    let taken = |i: u64| record(100 + i, OrderKind::Cancelled, i, i + 1, 0, 1);
    halves.feed(&(0..30).map(placed).collect::<Vec<_>>()).unwrap();
    halves.feed(&(20..30).map(taken).collect::<Vec<_>>()).unwrap();
    let rows = |view| halves.answer(&whole(view)).unwrap().unwrap();
    assert_eq!(rows("median_order")["1970-01-01"], [900 + 1_000, 20]);
    let customers = rows("customers_per_day")["1970-01-01"][0];
    assert!((27..=33).contains(&customers), "{customers}: about thirty, of whom twenty are left");
}
