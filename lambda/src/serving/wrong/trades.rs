//! Wrong merges of what batch and speed layer say about trades.

use std::io;

use workloads::{Query, Row, Rows};

use crate::publication::trades::{DaySums, Latest, SymbolSums, TradesBase};
use crate::serving::trades::{Told, by_day, by_symbol, last};
use crate::speed::trades::{DayChange, Partial, SymbolChange};
use crate::student::WrongMerge;

/// One answer of two answers; absent if the view has no such merge.
pub(crate) fn serve(
    base: &TradesBase,
    partial: &Partial,
    query: &Query,
    wrong: WrongMerge,
) -> io::Result<Option<Rows>> {
    let rows = match wrong {
        WrongMerge::Extreme => by_day(base, partial, query, |batch, change| Ok(better(batch, change)))?,
        WrongMerge::Last => by_symbol(base, partial, query, |rank, change| {
            let latest = rank.map(|rank| base.latest(rank)).transpose()?.unwrap_or_default();
            Ok(of_one_half(&latest, change))
        })?,
        WrongMerge::Mean => by_symbol(base, partial, query, |rank, change| {
            let sums = rank.map(|rank| base.sums(rank)).transpose()?.unwrap_or_default();
            Ok(Ok(averaged(&sums, change)))
        })?,
        _ => return Ok(None),
    };
    // What is out of reach of the right merge is told here too: that is what is wrong with it.
    Ok(Some(rows.into_iter().filter_map(|(key, told)| Some((key, told.ok()??))).collect()))
}

/// The lower of two lowest and the higher of two highest prices, whatever was taken back of the batch's.
fn better(batch: &DaySums, change: &DayChange) -> Option<Row> {
    let published = batch.lowest.first().zip(batch.highest.first());
    let published = published.map(|((low, _), (high, _))| (*low, *high));
    let (low, high) = match (published, change.range) {
        (Some(batch), Some(own)) => (batch.0.min(own.0), batch.1.max(own.1)),
        (batch, own) => batch.or(own)?,
    };
    let count = i128::from(batch.count) + i128::from(change.count);
    (count > 0).then(|| vec![low.into(), high.into()])
}

/// The speed layer's last trade if it has one, else the batch's, each with the change that its half knows.
fn of_one_half(latest: &Latest, change: &SymbolChange) -> Told {
    match change.last {
        Some(_) => last(&Latest::default(), change),
        None => last(latest, &SymbolChange::default()),
    }
}

/// The average of two means, as a sum over the number of all trades.
fn averaged(batch: &SymbolSums, change: &SymbolChange) -> Option<Row> {
    let (batched, own) = (i128::from(batch.count), i128::from(change.count));
    let count = batched + own;
    if count <= 0 {
        return None;
    }
    let average = |batch: i128, change: i128| match (batched > 0, own > 0) {
        // (a / m + b / n) / 2, times m + n.
        (true, true) => (batch * own + change * batched) * count / (2 * batched * own),
        _ => batch + change,
    };
    Some(vec![average(batch.prices, change.prices), average(batch.volumes, change.volumes), count])
}
