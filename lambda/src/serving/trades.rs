//! What batch and speed layer together say about trades.

use std::collections::BTreeMap;
use std::io;

use workloads::calendar::Unit;
use workloads::trades::{day_key, parse_day_key};
use workloads::{Millis, Name, Place, Query, Row, Rows};

use crate::publication::trades::{DaySums, Latest, TradesBase};
use crate::speed::trades::{DayChange, Partial, SymbolChange};

/// What is left of the batch's half cannot be told: too much of what it published was taken back.
#[derive(Debug)]
pub(crate) struct OutOfReach;

/// A row, if there is one and it can be told.
pub(super) type Told = Result<Option<Row>, OutOfReach>;

/// A trade as `last` sees it.
type Trade = (Millis, Place, i64);

/// One answer of the two halves; absent when a row of it is out of reach.
pub(crate) fn serve(base: &TradesBase, partial: &Partial, query: &Query) -> io::Result<Option<Rows>> {
    let rows = match query.view.as_str() {
        view @ ("mean" | "last") => {
            by_symbol(base, partial, query, |rank, change| one_symbol(base, rank, change, view))?
        }
        "volume_hour" => return hours(base, partial, query.key.as_deref()).map(Some),
        view => by_day(base, partial, query, |batch, change| day_row(view, batch, change))?,
    };
    let told: Result<Vec<_>, OutOfReach> = rows.into_iter().map(|(key, told)| Ok((key, told?))).collect();
    let rows = told.ok().map(|rows| rows.into_iter().filter_map(|(key, row)| Some((key, row?))).collect());
    Ok(rows)
}

/// The symbol asked for, or every one of which either half knows, each with the row that `one` makes of its rank with
/// the batch and its change.
pub(super) fn by_symbol(
    base: &TradesBase,
    partial: &Partial,
    query: &Query,
    one: impl Fn(Option<u32>, &SymbolChange) -> io::Result<Told>,
) -> io::Result<Vec<(String, Told)>> {
    let none = SymbolChange::default();
    if let Some(key) = &query.key {
        let change = partial.symbols.first().map_or(&none, |(_, change)| change);
        return Ok(vec![(key.clone(), one(base.names().rank(key), change)?)]);
    }
    let changes: BTreeMap<&Name, &SymbolChange> =
        partial.symbols.iter().map(|(name, it)| (name, it)).collect();
    let batched = (0..base.names().len()).map(|rank| (base.names().name(rank), Some(rank)));
    let new = partial.symbols.iter().map(|(name, _)| name).filter(|name| base.names().rank(name).is_none());
    let row = |(name, rank): (Name, Option<u32>)| {
        Ok((name.to_string(), one(rank, changes.get(&name).copied().unwrap_or(&none))?))
    };
    batched.chain(new.map(|name| (name.clone(), None))).map(row).collect()
}

fn one_symbol(base: &TradesBase, rank: Option<u32>, change: &SymbolChange, view: &str) -> io::Result<Told> {
    let sums = rank.map(|rank| base.sums(rank)).transpose()?.unwrap_or_default();
    let count = i128::from(sums.count) + i128::from(change.count);
    // rule: T8
    if count == 0 {
        return Ok(Ok(None));
    }
    if view == "mean" {
        // rule: T11
        return Ok(Ok(Some(vec![sums.prices + change.prices, sums.volumes + change.volumes, count])));
    }
    let latest = rank.map(|rank| base.latest(rank)).transpose()?.unwrap_or_default();
    Ok(last(&latest, change))
}

/// The last trade and its change from the previous one.
pub(super) fn last(batch: &Latest, change: &SymbolChange) -> Told {
    let known = in_force(batch, change);
    // rule: T12
    let last = latest(known.iter(), unlisted(batch, None))?;
    let Some((time, _, price)) = last else { return Ok(None) };
    // Whatever has another price is earlier: nothing is later than the last.
    let others = known.iter().filter(|other| other.2 != price);
    let previous = latest(others, unlisted(batch, Some(price)))?;
    let (price, previous) = (i128::from(price), previous.map(|(.., price)| i128::from(price)));
    let (change, under) = previous.map_or((0, 1), |previous| (price - previous, previous));
    Ok(Some(vec![price, change, change * 100, under, time.into()]))
}

/// The trades in force that are known, among which is the last of each half: those of the batch that are listed or were
/// changed since, and the speed layer's.
fn in_force(batch: &Latest, change: &SymbolChange) -> Vec<Trade> {
    let changed: BTreeMap<(Millis, Place), Option<i64>> =
        change.changed.iter().map(|(time, place, price)| ((*time, *place), *price)).collect();
    let same = batch.trades.iter().filter(|(time, place, _)| !changed.contains_key(&(*time, *place)));
    let other = changed.iter().filter_map(|((time, place), price)| Some((*time, *place, (*price)?)));
    same.copied().chain(other).chain(change.last).chain(change.previous).collect()
}

/// The batch may have trades below this place that it did not list; of those at `besides` nothing is said.
fn unlisted(batch: &Latest, besides: Option<i64>) -> Option<(Millis, Place)> {
    let earliest = |trades: &mut dyn Iterator<Item = &Trade>| trades.map(|trade| (trade.0, trade.1)).min();
    let any = earliest(&mut batch.trades.iter()).filter(|_| batch.more);
    let crowded = batch.crowded.iter().filter(|price| besides != Some(**price));
    let at_one = |price: &i64| earliest(&mut batch.trades.iter().filter(|trade| trade.2 == *price));
    any.into_iter().chain(crowded.filter_map(at_one)).max()
}

/// The latest of the trades that are known, if none can be later that is not.
fn latest<'t>(
    known: impl Iterator<Item = &'t Trade>,
    unlisted: Option<(Millis, Place)>,
) -> Result<Option<Trade>, OutOfReach> {
    let found = known.max().copied();
    let beyond = found.is_none_or(|found| unlisted.is_some_and(|unlisted| (found.0, found.1) < unlisted));
    if unlisted.is_some() && beyond { Err(OutOfReach) } else { Ok(found) }
}

/// The hours asked for, of which either half knows.
fn hours(base: &TradesBase, partial: &Partial, key: Option<&str>) -> io::Result<Rows> {
    let mut sums: BTreeMap<(Name, i64), (i128, i128)> = BTreeMap::new();
    match key.map(|key| Unit::Hour.parse_key(key)) {
        None => base.hours(|rank, hour, batch| {
            sums.insert((base.names().name(rank), hour), batch);
        })?,
        Some(Some((name, hour))) => {
            let batch = base.names().rank(name).map(|rank| base.hour(rank, hour)).transpose()?;
            sums.extend(batch.map(|batch| ((name.into(), hour), batch)));
        }
        Some(None) => {}
    }
    for (name, hour, (volume, count)) in &partial.hours {
        // rule: T16
        let merged = sums.entry((name.clone(), *hour)).or_default();
        *merged = (merged.0 + volume, merged.1 + i128::from(*count));
    }
    // rule: T8
    let in_force = sums.into_iter().filter(|(_, (_, count))| *count != 0);
    Ok(in_force
        .map(|((name, hour), (volume, count))| (Unit::Hour.key(&name, hour), vec![volume, count]))
        .collect())
}

/// The day of a symbol asked for, or every one of which either half knows, each with the row that `one` makes of its
/// halves.
pub(super) fn by_day(
    base: &TradesBase,
    partial: &Partial,
    query: &Query,
    one: impl Fn(&DaySums, &DayChange) -> Told,
) -> io::Result<Vec<(String, Told)>> {
    let none = DayChange::default();
    if let Some(key) = &query.key {
        let Some((name, day)) = parse_day_key(key) else { return Ok(Vec::new()) };
        let sums = base.names().rank(name).map(|rank| base.day(rank, day)).transpose()?.unwrap_or_default();
        let change = partial.days.first().map_or(&none, |(.., change)| change);
        return Ok(vec![(key.clone(), one(&sums, change))]);
    }
    let mut changes: BTreeMap<(Name, i64), &DayChange> =
        partial.days.iter().map(|(name, day, change)| ((name.clone(), *day), change)).collect();
    let mut rows = Vec::new();
    base.days(|rank, day, sums| {
        let name = base.names().name(rank);
        let key = day_key(&name, day);
        let change = changes.remove(&(name, day)).unwrap_or(&none);
        rows.push((key, one(&sums, change)));
    })?;
    let new = changes
        .into_iter()
        .map(|((name, day), change)| (day_key(&name, day), one(&DaySums::default(), change)));
    rows.extend(new);
    Ok(rows)
}

fn day_row(view: &str, batch: &DaySums, change: &DayChange) -> Told {
    let count = i128::from(batch.count) + i128::from(change.count);
    // rule: T8
    if count == 0 {
        return Ok(None);
    }
    let volume = batch.volume + change.volume;
    match view {
        // rule: T9
        "volume" => Ok(Some(vec![volume, count])),
        // rule: T13
        "vwap" => Ok(Some(vec![batch.value.wrapping_add(change.value), volume])),
        _ => range(batch, change),
    }
}

fn range(batch: &DaySums, change: &DayChange) -> Told {
    // rule: T10
    let own = change.range.map(|(low, high)| (i128::from(low), i128::from(high)));
    let low = nearest(batch, &batch.lowest, change, own.map(|own| own.0), |price| price)?;
    // The highest is the lowest on a scale turned round.
    let high = nearest(batch, &batch.highest, change, own.map(|own| -own.1), |price| -price)?;
    Ok(low.zip(high).map(|(low, high)| vec![low, -high]))
}

/// The lowest price on a scale, given the batch's lowest and how often each counts, and the speed layer's lowest.
fn nearest(
    batch: &DaySums,
    published: &[(i64, u64)],
    change: &DayChange,
    own: Option<i128>,
    scale: fn(i128) -> i128,
) -> Result<Option<i128>, OutOfReach> {
    let mut times: BTreeMap<i128, i128> = BTreeMap::new();
    for (price, count) in published {
        times.insert(scale((*price).into()), (*count).into());
    }
    // Beyond this price the batch has others that it did not publish.
    let bound = times.last_key_value().filter(|_| batch.more).map(|(price, _)| *price);
    for (price, more) in &change.changed {
        *times.entry(scale((*price).into())).or_default() += i128::from(*more);
    }
    let known = |price: i128| bound.is_none_or(|bound| price <= bound);
    let left = times.into_iter().find(|(price, times)| known(*price) && *times > 0).map(|(price, _)| price);
    match (left, own) {
        (None, Some(own)) if !known(own) => Err(OutOfReach),
        (None, None) if bound.is_some() => Err(OutOfReach),
        (Some(left), Some(own)) => Ok(Some(left.min(own))),
        _ => Ok(left.or(own)),
    }
}
