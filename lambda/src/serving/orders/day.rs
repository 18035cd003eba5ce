//! What batch and speed layer together say about one day's orders.

use workloads::Row;

use crate::publication::orders::{DaySums, OrdersBase};
use crate::speed::orders::DayChange;

/// A day's row in one view, if it has one.
pub(in crate::serving) fn row(
    base: &OrdersBase,
    view: &str,
    batch: DaySums,
    change: &DayChange,
) -> Option<Row> {
    if view == "customers_per_day" { customers(batch, change) } else { median(base, batch, change) }
}

/// Members of either half, each once: those of both are found by what the batch has of them.
fn customers(batch: DaySums, change: &DayChange) -> Option<Row> {
    // rule: O15
    let there = |records: i128| i128::from(records > 0);
    let gained = change.members.iter().map(|(records, more)| {
        let records = i128::from(*records);
        there(records + i128::from(*more)) - there(records)
    });
    let customers = i128::from(batch.customers) + gained.sum::<i128>() + i128::from(change.newcomers);
    // rule: O8
    (customers > 0).then(|| vec![customers])
}

/// The middle of both multisets as if they were one.
fn median(base: &OrdersBase, batch: DaySums, change: &DayChange) -> Option<Row> {
    let mut more = 0;
    let upto: Vec<(i64, i128)> = change
        .amounts
        .iter()
        .map(|(amount, times)| {
            more += i128::from(*times);
            (*amount, more)
        })
        .collect();
    let count = i128::from(batch.count) + more;
    // rule: O8
    if count <= 0 {
        return None;
    }
    let below = |amount: i64| {
        let own = upto[..upto.partition_point(|(other, _)| *other < amount)].last();
        i128::from(base.amounts_below(batch, amount)) + own.map_or(0, |(_, upto)| *upto)
    };
    // rule: O17
    let (lower, upper) = (nth(below, (count - 1) / 2), nth(below, count / 2));
    Some(vec![i128::from(lower) + i128::from(upper), count])
}

/// The amount that has `n` others before it, in order: the highest that no more than `n` are below.
fn nth(below: impl Fn(i64) -> i128, n: i128) -> i64 {
    let (mut low, mut high) = (i64::MIN, i64::MAX);
    while low < high {
        // The middle, rounded up.
        let middle = (low | high) - ((low ^ high) >> 1);
        if below(middle) <= n { low = middle } else { high = middle - 1 }
    }
    low
}
