//! Wrong merges of what batch and speed layer say about orders.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io;

use workloads::orders::TOP;
use workloads::{Name, Query, Row, Rows, Terms};

use crate::publication::orders::{DaySums, OrdersBase};
use crate::serving::orders::{customers, day, days, merge};
use crate::speed::orders::{Change, DayChange, Partial};
use crate::student::WrongMerge;

/// One answer of two answers; absent if the view has no such merge.
pub(crate) fn serve(
    terms: &Terms,
    base: &OrdersBase,
    partial: &Partial,
    query: &Query,
    wrong: WrongMerge,
) -> io::Result<Option<Rows>> {
    Ok(Some(match wrong {
        WrongMerge::Distinct => days(base, partial, query, added),
        WrongMerge::Median => days(base, partial, query, |batch, change| weighed(base, batch, change)),
        WrongMerge::Having => {
            let big = i128::from(terms.big_above);
            customers(base, partial, query, |batch, change| filtered_first(big, batch.0, change.0))?
        }
        WrongMerge::Top => joined(base, partial, query)?,
        WrongMerge::Extreme | WrongMerge::Last | WrongMerge::Mean => return Ok(None),
    }))
}

/// Two counts of customers are added: whoever ordered on both sides of the cut counts twice, and nobody goes.
fn added(batch: DaySums, change: &DayChange) -> Option<Row> {
    let own = change.members.iter().filter(|(_, more)| *more > 0).count();
    let customers = i128::from(batch.customers) + own as i128;
    (customers > 0).then(|| vec![customers])
}

/// Two medians are weighed by how many amounts each is of.
fn weighed(base: &OrdersBase, batch: DaySums, change: &DayChange) -> Option<Row> {
    let mut rows = Vec::new();
    rows.extend(day::row(base, "median_order", batch, &DayChange::default()));
    let own: Vec<(i64, i64)> = change.amounts.iter().copied().filter(|(_, times)| *times > 0).collect();
    let own = DayChange { amounts: own, ..DayChange::default() };
    rows.extend(day::row(base, "median_order", DaySums::default(), &own));
    let count: i128 = rows.iter().map(|row| row[1]).sum();
    let weighed: i128 = rows.iter().map(|row| row[0] * row[1]).sum();
    (count > 0).then(|| vec![weighed.div_euclid(count), count])
}

/// Each half drops who is not above the limit in it, and what is left is added.
fn filtered_first(big: i128, batch: [i128; 2], change: Change) -> Option<Row> {
    let batch = if batch[0] > big { batch } else { [0, 0] };
    let change = if change.sum > big { change } else { Change::default() };
    merge(&batch, &change)
}

/// Two lists of ten are joined: whoever is in one of them only has what he has there.
fn joined(base: &OrdersBase, partial: &Partial, query: &Query) -> io::Result<Rows> {
    let mut both: BTreeMap<Name, Change> = BTreeMap::new();
    for rank in base.leaders().0.iter().take(TOP) {
        let [sum, count] = base.spent(*rank)?.0;
        both.insert(base.names().name(*rank), Change { sum, count: count as i64 });
    }
    let mut own: Vec<(Reverse<i128>, &Name, Change)> = partial
        .customers
        .iter()
        .filter(|(_, (change, _))| change.count > 0)
        .map(|(name, (change, _))| (Reverse(change.sum), name, *change))
        .collect();
    own.sort_unstable_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    for (_, name, change) in own.into_iter().take(TOP) {
        let known = both.entry(name.clone()).or_default();
        (known.sum, known.count) = (known.sum + change.sum, known.count + change.count);
    }
    let mut first: Vec<(Name, Change)> = both.into_iter().collect();
    first.sort_unstable_by(|a, b| (Reverse(a.1.sum), &a.0).cmp(&(Reverse(b.1.sum), &b.0)));
    let asked = |name: &Name| query.key.as_deref().is_none_or(|key| key == name.as_str());
    let rows = first.into_iter().take(TOP).filter(|(name, _)| asked(name));
    Ok(rows.map(|(name, sums)| (name.to_string(), vec![sums.sum, sums.count.into()])).collect())
}
