//! What batch and speed layer together say about orders.

use std::io;

use workloads::calendar::Unit;
use workloads::{Name, Query, Row, Rows, Terms};

use crate::publication::orders::{DaySums, NOTHING, OrdersBase, Spent};
use crate::speed::orders::{Change, DayChange, Partial};

pub(super) mod day;
mod top;

/// One answer of the two halves.
pub(crate) fn serve(terms: &Terms, base: &OrdersBase, partial: &Partial, query: &Query) -> io::Result<Rows> {
    let asked = |key: &str| query.key.as_deref().is_none_or(|asked| asked == key);
    match query.view.as_str() {
        "revenue" => {
            // rule: O11
            let row = merge(&[base.revenue.0, base.revenue.1], &partial.revenue);
            Ok(row.filter(|_| asked("all")).map(|row| ("all".to_owned(), row)).into_iter().collect())
        }
        "top_customers" => {
            let rows = top::rows(base, partial)?.0.into_iter().filter(|(name, _)| asked(name));
            Ok(rows.map(|(name, row)| (name.to_string(), row)).collect())
        }
        "customers_per_day" | "median_order" => {
            Ok(days(base, partial, query, |batch, change| day::row(base, &query.view, batch, change)))
        }
        view => customers(base, partial, query, |batch, change| one(view, terms, batch, change)),
    }
}

/// Whether so many of the batch's list of leaders have fallen that all customers are looked at.
pub(crate) fn looks_at_everybody(base: &OrdersBase, partial: &Partial) -> io::Result<bool> {
    Ok(top::rows(base, partial)?.1)
}

/// The days asked for, each with the row that `one` makes of its two halves.
pub(super) fn days(
    base: &OrdersBase,
    partial: &Partial,
    query: &Query,
    one: impl Fn(DaySums, &DayChange) -> Option<Row>,
) -> Rows {
    let nothing = DayChange::default();
    let row = |day: i64, batch: DaySums| {
        let change = partial.days.get(&day).unwrap_or(&nothing);
        Some((Unit::Day.print(day), one(batch, change)?))
    };
    if let Some(key) = &query.key {
        return Unit::Day.parse(key).and_then(|day| row(day, base.day(day))).into_iter().collect();
    }
    let new = partial.days.keys().map(|day| (*day, base.day(*day)));
    base.days().chain(new).filter_map(|(day, batch)| row(day, batch)).collect()
}

/// The customers asked for, each with the row that `one` makes of his two halves.
pub(super) fn customers(
    base: &OrdersBase,
    partial: &Partial,
    query: &Query,
    one: impl Fn(Spent, (Change, Change)) -> Option<Row>,
) -> io::Result<Rows> {
    let changes = &partial.customers;
    let change = |name: &Name| changes.get(name).copied().unwrap_or_default();
    if let Some(key) = &query.key {
        let batch = base.names().rank(key).map(|rank| base.spent(rank)).transpose()?.unwrap_or(NOTHING);
        let row = one(batch, change(&key.as_str().into()));
        return Ok(row.map(|row| (key.clone(), row)).into_iter().collect());
    }
    let mut rows = Vec::with_capacity(base.names().len() as usize + changes.len());
    // Both halves come by name, so they are gone through side by side.
    let mut changed = changes.iter().peekable();
    for (rank, batch) in (0..).zip(base.all_spent()?) {
        let name = base.names().name(rank);
        while let Some((new, change)) = changed.next_if(|(changed, _)| **changed < name) {
            rows.extend(one(NOTHING, *change).map(|row| (new.to_string(), row)));
        }
        let change =
            changed.next_if(|(changed, _)| **changed == name).map_or_else(Default::default, |it| *it.1);
        rows.extend(one(batch, change).map(|row| (name.to_string(), row)));
    }
    rows.extend(changed.filter_map(|(new, change)| Some((new.to_string(), one(NOTHING, *change)?))));
    Ok(rows.into_iter().collect())
}

/// A customer's row in one view, if he has one.
fn one(view: &str, terms: &Terms, (all, large): Spent, changes: (Change, Change)) -> Option<Row> {
    match view {
        // rule: O10
        "large_orders" => merge(&large, &changes.1),
        // rule: O9
        "big_spenders" => merge(&all, &changes.0).filter(|row| row[0] > i128::from(terms.big_above)),
        _ => merge(&all, &changes.0),
    }
}

/// The batch's sum and count with the change since; nothing without a record.
pub(super) fn merge(batch: &[i128], change: &Change) -> Option<Row> {
    let count = batch[1] + i128::from(change.count);
    // rule: O8
    (count != 0).then(|| vec![batch[0] + change.sum, count])
}
