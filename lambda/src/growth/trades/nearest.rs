//! The lists of which a publication about trades holds only the beginning: they grow at one end, and lose what is taken
//! back.

use std::collections::BTreeMap;

use workloads::{Millis, Place};

use crate::batch::trades::{LATEST, NEAREST};
use crate::publication::trades::{DaySums, Latest};
use crate::speed::trades::{Day, Symbol};

/// So little of a list is left that the next few events may use it up.
#[derive(Debug)]
pub(super) struct Low;

/// What must be left of a list that has been longer.
const LEAST: usize = NEAREST / 2;

/// A day with what has changed about it.
pub(super) fn day(before: DaySums, change: &Day) -> Result<DaySums, Low> {
    let count = super::changed(before.count, change.count);
    let volume = before.volume + change.volume;
    let value = before.value.wrapping_add(change.value);
    if count == 0 {
        return Ok(DaySums::default());
    }
    let (lowest, more_above) = prices(&before.lowest, before.more, change, |price| price)?;
    let (highest, more_below) = prices(&before.highest, before.more, change, |price| -price)?;
    Ok(DaySums { volume, count, value, lowest, highest, more: before.more || more_above || more_below })
}

/// The lowest prices on a scale, and whether others were left out that were known.
fn prices(
    before: &[(i64, u64)],
    more: bool,
    change: &Day,
    scale: fn(i128) -> i128,
) -> Result<(Vec<(i64, u64)>, bool), Low> {
    let mut counts: BTreeMap<i128, (i64, i64)> = BTreeMap::new();
    let mut add = |price: i64, count: i64| {
        counts.entry(scale(price.into())).or_insert((price, 0)).1 += count;
    };
    before.iter().for_each(|(price, count)| add(*price, *count as i64));
    change.changed.iter().for_each(|(price, count)| add(*price, *count));
    change.own.iter().for_each(|(price, count)| add(*price, *count as i64));
    // Beyond the last of the list there are others, and nobody knows how many.
    let bound = before.last().filter(|_| more).map(|(price, _)| scale((*price).into()));
    let known =
        counts.iter().filter(|(price, (_, count))| *count > 0 && bound.is_none_or(|bound| **price <= bound));
    let mut list: Vec<(i64, u64)> = known.map(|(_, (price, count))| (*price, *count as u64)).collect();
    if more && list.len() < LEAST {
        return Err(Low);
    }
    let longer = list.len() > NEAREST;
    list.truncate(NEAREST);
    Ok((list, longer))
}

/// The latest trades of a symbol, of which so many are in force, with what has changed about it.
pub(super) fn latest(before: &Latest, symbol: &Symbol, count: u64) -> Result<Latest, Low> {
    if count == 0 {
        return Ok(Latest::default());
    }
    let mut all: BTreeMap<_, i64> =
        before.trades.iter().map(|(time, place, price)| ((*time, *place), *price)).collect();
    for (place, price) in &symbol.changed {
        match price {
            Some(price) => all.insert(*place, *price),
            None => all.remove(place),
        };
    }
    all.extend(symbol.own.iter().filter_map(|(time, place, price)| Some(((*time, *place), (*price)?))));
    let mut bound = earliest(before, |_| true).filter(|_| before.more);
    let mut crowded = Vec::new();
    for price in &before.crowded {
        // At this price others may lie below that place, and only the later ones are told in their order.
        let Some(floor) = earliest(before, |other| other == *price) else { continue };
        all.retain(|place, other| other != price || *place >= floor);
        match all.values().any(|other| other == price) {
            true => crowded.push((*price, floor)),
            false => bound = bound.max(Some(floor)),
        }
    }
    let known = all.into_iter().rev().filter(|(place, _)| bound.is_none_or(|bound| *place >= bound));
    let known = known.map(|((time, place), price)| (time, place, price));
    let (now, times) = cut_short(known, crowded, bound.is_some());
    let few = now.crowded.iter().any(|price| times[price] < LATEST / 2);
    if few || bound.is_some() && times.len() < LEAST { Err(Low) } else { Ok(now) }
}

/// The place of the earliest trade that is listed at some prices.
fn earliest(listed: &Latest, at: impl Fn(i64) -> bool) -> Option<(Millis, Place)> {
    listed.trades.iter().filter(|trade| at(trade.2)).map(|trade| (trade.0, trade.1)).min()
}

/// Leaves of the latest trades so few at so few prices as are published; and how many these are at each price.
fn cut_short(
    known: impl Iterator<Item = (Millis, Place, i64)>,
    before: Vec<(i64, (Millis, Place))>,
    mut more: bool,
) -> (Latest, BTreeMap<i64, usize>) {
    let (mut trades, mut times, mut crowded) = (Vec::new(), BTreeMap::new(), Vec::new());
    for trade in known {
        let full = times.len() == NEAREST;
        match times.get_mut(&trade.2) {
            Some(times) if *times == LATEST => {
                crowded.extend((!crowded.contains(&trade.2)).then_some(trade.2));
                continue;
            }
            _ if full => {
                more = true;
                break;
            }
            Some(times) => *times += 1,
            None => drop(times.insert(trade.2, 1)),
        }
        trades.push(trade);
    }
    // Below its end the list says nothing anyway.
    let end = trades.last().filter(|_| more).map(|trade| (trade.0, trade.1));
    let within = |(price, floor): &(i64, _)| times.contains_key(price) && end.is_none_or(|end| *floor > end);
    for (price, _) in before.into_iter().filter(within) {
        crowded.extend((!crowded.contains(&price)).then_some(price));
    }
    (Latest { trades, more, crowded }, times)
}
