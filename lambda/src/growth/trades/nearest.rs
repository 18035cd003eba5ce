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
pub(super) fn latest(before: Latest, symbol: &Symbol, count: u64) -> Result<Latest, Low> {
    if count == 0 {
        return Ok(Latest::default());
    }
    let bound = before.trades.iter().map(|(time, place, _)| (*time, *place)).min().filter(|_| before.more);
    let known = |place| bound.is_none_or(|bound| place >= bound);
    let mut all: BTreeMap<_, i64> =
        before.trades.iter().map(|(time, place, price)| ((*time, *place), *price)).collect();
    for (place, price) in symbol.changed.iter().filter(|(place, _)| known(**place)) {
        match price {
            Some(price) => all.insert(*place, *price),
            None => all.remove(place),
        };
    }
    let own = symbol.own.iter().filter_map(|(time, place, price)| Some(((*time, *place), (*price)?)));
    all.extend(own.filter(|(place, _)| known(*place)));
    let mut trades: Vec<_> =
        all.into_iter().rev().map(|((time, place), price)| (time, place, price)).collect();
    let longer = cut_short(&mut trades);
    if bound.is_some() && !longer && changes(&trades) < LEAST {
        return Err(Low);
    }
    Ok(Latest { trades, more: bound.is_some() || longer })
}

/// Leaves of the latest trades so many that their price changes often enough; whether any had to go.
fn cut_short(trades: &mut Vec<(Millis, Place, i64)>) -> bool {
    let changing = trades.windows(2).enumerate().filter(|(_, pair)| pair[0].2 != pair[1].2);
    let enough = changing.map(|(before, _)| before + 2).nth(NEAREST - 1);
    let kept = enough.unwrap_or(LATEST).min(LATEST);
    let longer = trades.len() > kept;
    trades.truncate(kept);
    longer
}

fn changes(trades: &[(Millis, Place, i64)]) -> usize {
    trades.windows(2).filter(|pair| pair[0].2 != pair[1].2).count()
}
