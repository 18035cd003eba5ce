//! What batch and speed layer together say about orders.

use std::io;

use workloads::{Name, Query, Row, Rows, Terms};

use crate::publication::orders::OrdersBase;
use crate::speed::orders::{Change, Partial};

/// One answer of the two halves.
pub(crate) fn serve(terms: &Terms, base: &OrdersBase, partial: &Partial, query: &Query) -> io::Result<Rows> {
    let (changes, revenue) = partial;
    if query.view == "revenue" {
        // rule: O11
        let row = merge(&[base.revenue.0, base.revenue.1], revenue);
        let asked = query.key.as_deref().is_none_or(|key| key == "all");
        return Ok(row.filter(|_| asked).map(|row| ("all".to_owned(), row)).into_iter().collect());
    }
    let view = query.view.as_str();
    let spent = |name: &Name, rank: Option<u32>| -> io::Result<Option<Row>> {
        let changes = changes.get(name).copied().unwrap_or_default();
        Ok(one(view, terms, rank.map(|rank| base.spent(rank)).transpose()?, changes))
    };
    if let Some(key) = &query.key {
        let row = spent(&key.as_str().into(), base.names().rank(key))?;
        return Ok(row.map(|row| (key.clone(), row)).into_iter().collect());
    }
    let mut rows = Vec::with_capacity(base.names().len() as usize);
    for rank in 0..base.names().len() {
        let name = base.names().name(rank);
        rows.extend(spent(&name, Some(rank))?.map(|row| (name.to_string(), row)));
    }
    for name in changes.keys().filter(|name| base.names().rank(name).is_none()) {
        rows.extend(spent(name, None)?.map(|row| (name.to_string(), row)));
    }
    Ok(rows.into_iter().collect())
}

/// A customer's row in one view, if he has one.
fn one(view: &str, terms: &Terms, batch: Option<(Row, Row)>, changes: (Change, Change)) -> Option<Row> {
    let (all, large) = batch.unwrap_or_else(|| (vec![0, 0], vec![0, 0]));
    match view {
        // rule: O10
        "large_orders" => merge(&large, &changes.1),
        // rule: O9
        "big_spenders" => merge(&all, &changes.0).filter(|row| row[0] > i128::from(terms.big_above)),
        _ => merge(&all, &changes.0),
    }
}

/// The batch's sum and count with the change since; nothing without a record.
fn merge(batch: &[i128], change: &Change) -> Option<Row> {
    let count = batch[1] + i128::from(change.count);
    // rule: O8
    (count != 0).then(|| vec![batch[0] + change.sum, count])
}
