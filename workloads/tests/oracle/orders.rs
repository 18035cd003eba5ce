//! The rules of orders, one record at a time, as RULES.md says them.

use std::collections::BTreeSet;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use workloads::{Event, OrderEvent, OrderKind, Origin, Record, Rows, Terms, orders};

use crate::Rules;

pub(crate) const RULES: Rules = Rules { workload: &orders::ORDERS, event, rows, waiting, refused };

fn event(dice: &mut ChaCha8Rng, _origins: &[Origin]) -> Event {
    let kind = [OrderKind::Placed, OrderKind::Placed, OrderKind::Cancelled, OrderKind::Corrected];
    let kind = kind[dice.random_range(0..kind.len())];
    let amounts = [9_999, 10_000, 20_000, 20_001, 0, -10_000, i64::MAX, i64::MIN];
    let amount = amounts[dice.random_range(0..amounts.len())];
    Event::Order(OrderEvent {
        kind,
        // Twelve of them, so that two are not among the first; two have most of the records.
        customer: ["Ali", "Sara", "a", "b", "c", "d", "e", "f", "g", "h", "i", "k"]
            [if dice.random_bool(0.7) { dice.random_range(0..2) } else { dice.random_range(0..12) }]
        .into(),
        order: dice.random_range(0..4),
        amount: if kind == OrderKind::Cancelled { 0 } else { amount },
        time: [0, 1, 2, 3, 4, 5, -1, DAY][dice.random_range(0..8)],
    })
}

const DAY: i64 = 86_400_000;

fn order(record: &Record) -> &OrderEvent {
    match &record.event {
        Event::Order(order) => order,
        _ => unreachable!("only orders are generated"),
    }
}

fn names(mark: &Record, record: &Record) -> bool {
    let (mark, record) = (order(mark), order(record));
    mark.kind != OrderKind::Placed
        && record.kind == OrderKind::Placed
        && mark.order != 0
        && mark.order == record.order
        && mark.customer == record.customer
}

fn too_late(mark: &Record, record: &Record, terms: &Terms) -> bool {
    terms.cancel_horizon.is_some_and(|horizon| order(mark).time - order(record).time > horizon)
}

/// The amount in force of one record; absent when it is taken back.
fn in_force(record: &Record, all: &[&Record], terms: &Terms) -> Option<i64> {
    let acting: Vec<&&Record> =
        all.iter().filter(|mark| names(mark, record) && !too_late(mark, record, terms)).collect();
    if acting.iter().any(|mark| order(mark).kind == OrderKind::Cancelled) {
        return None;
    }
    let holds = acting.iter().max_by_key(|mark| (order(mark).time, mark.place));
    Some(holds.map_or(order(record).amount, |mark| order(mark).amount))
}

fn rows(view: &str, all: &[&Record], terms: &Terms) -> Rows {
    if ["customers_per_day", "median_order"].contains(&view) {
        return days(view, all, terms);
    }
    let mut rows = Rows::new();
    for record in all.iter().filter(|record| order(record).kind == OrderKind::Placed) {
        let Some(amount) = in_force(record, all, terms) else { continue };
        if view == "large_orders" && amount < terms.large_from {
            continue;
        }
        let key = if view == "revenue" { "all" } else { &order(record).customer };
        let row = rows.entry(key.to_owned()).or_insert_with(|| vec![0, 0]);
        row[0] += i128::from(amount);
        row[1] += 1;
    }
    if view == "big_spenders" {
        rows.retain(|_, row| row[0] > i128::from(terms.big_above));
    }
    if view == "top_customers" {
        let ahead = |(key, row): (&String, &Vec<i128>), of: &Rows| {
            of.iter()
                .filter(|(other, theirs)| theirs[0] > row[0] || (theirs[0] == row[0] && *other < key))
                .count()
        };
        let all = rows.clone();
        rows.retain(|key, row| ahead((key, row), &all) < orders::TOP);
    }
    rows
}

fn days(view: &str, all: &[&Record], terms: &Terms) -> Rows {
    let mut rows = Rows::new();
    for (number, day) in [(-1, "1969-12-31"), (0, "1970-01-01"), (1, "1970-01-02")] {
        let of_day = all.iter().map(|record| (order(record), in_force(record, all, terms)));
        let of_day =
            of_day.filter(|(it, _)| it.kind == OrderKind::Placed && it.time.div_euclid(DAY) == number);
        let of_day: Vec<_> =
            of_day.filter_map(|(it, amount)| Some((it.customer.as_str(), amount?))).collect();
        if of_day.is_empty() {
            continue;
        }
        let customers: BTreeSet<&str> = of_day.iter().map(|(customer, _)| *customer).collect();
        let mut amounts: Vec<i128> = of_day.iter().map(|(_, amount)| i128::from(*amount)).collect();
        amounts.sort_unstable();
        let count = amounts.len();
        let row = match view {
            "customers_per_day" => vec![customers.len() as i128],
            _ => vec![amounts[(count - 1) / 2] + amounts[count / 2], count as i128],
        };
        rows.insert(day.to_owned(), row);
    }
    rows
}

fn waiting(all: &[&Record]) -> u64 {
    let marks = all.iter().filter(|mark| order(mark).kind != OrderKind::Placed);
    marks.filter(|mark| !all.iter().any(|record| names(mark, record))).count() as u64
}

fn refused(all: &[&Record], terms: &Terms) -> u64 {
    let of = |mark: &Record| {
        all.iter().filter(|record| names(mark, record) && too_late(mark, record, terms)).count() as u64
    };
    all.iter().map(|mark| of(mark)).sum()
}
