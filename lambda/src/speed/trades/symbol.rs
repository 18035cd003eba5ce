//! What the events since the cut change about one symbol.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use workloads::calendar::Unit;
use workloads::{Millis, Name, Place};

use super::DAY;
use super::day::Day;
use super::marks::Line;

/// A symbol heard of since the cut.
#[derive(Debug, Default)]
pub(crate) struct Symbol {
    pub(crate) name: Name,
    /// Its rank with the batch, if it knows it.
    pub(crate) rank: Option<u32>,
    pub(crate) prices: i128,
    pub(crate) volumes: i128,
    pub(crate) count: i64,
    /// The trades since the cut and their prices in force, in their order: most come at the end.
    pub(crate) own: Vec<(Millis, Place, Option<i64>)>,
    /// Prices of the batch's trades that were changed; nothing where they were busted.
    pub(crate) changed: BTreeMap<(Millis, Place), Option<i64>>,
    pub(crate) days: BTreeMap<i64, Day>,
    /// Sum of volumes and number of trades of each hour.
    pub(crate) hours: BTreeMap<i64, (i128, i64)>,
}

/// What has changed about a symbol.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct SymbolChange {
    /// Sum of prices.
    pub(crate) prices: i128,
    /// Sum of volumes.
    pub(crate) volumes: i128,
    /// Trades.
    pub(crate) count: i64,
    /// The last trade since the cut.
    pub(crate) last: Option<(Millis, Place, i64)>,
    /// The last one before it with another price.
    pub(crate) previous: Option<(Millis, Place, i64)>,
    /// Prices of the batch's trades that were changed; nothing where they were busted.
    pub(crate) changed: Vec<(Millis, Place, Option<i64>)>,
}

impl Symbol {
    /// One of which nothing was heard before.
    pub(super) fn new(name: &Name, rank: Option<u32>) -> Self {
        Symbol { name: name.clone(), rank, ..Symbol::default() }
    }

    /// Counts a trade with this price and volume in force, or with `times` -1 takes it back.
    pub(super) fn count(&mut self, line: &Line, (price, volume): (i64, i64), times: i64) {
        let (prices, volumes) = (i128::from(price), i128::from(volume));
        // rule: T11
        self.prices += prices * i128::from(times);
        self.volumes += volumes * i128::from(times);
        self.count += times;
        // rule: T1
        let day = self.days.entry(line.time.div_euclid(DAY)).or_default();
        // rule: T9
        day.volume += volumes * i128::from(times);
        day.count += times;
        // rule: T13
        day.value = day.value.wrapping_add(prices.wrapping_mul(volumes).wrapping_mul(i128::from(times)));
        // rule: T16
        let hour = self.hours.entry(Unit::Hour.of(line.time)).or_default();
        hour.0 += volumes * i128::from(times);
        hour.1 += times;
        // rule: T12
        let place = (line.time, line.place);
        let counted = times > 0;
        if line.batched {
            self.changed.insert(place, counted.then_some(price));
        } else {
            let at = self.own.partition_point(|other| (other.0, other.1) < place);
            match self.own.get_mut(at) {
                Some(known) if (known.0, known.1) == place => known.2 = counted.then_some(price),
                _ => self.own.insert(at, (place.0, place.1, Some(price))),
            }
        }
        day.weigh(price, times, line.batched);
    }

    pub(super) fn days(&self) -> impl Iterator<Item = (&Name, i64, &Day)> {
        self.days.iter().map(|(day, it)| (&self.name, *day, it))
    }

    pub(super) fn hours(&self) -> impl Iterator<Item = (&Name, i64, (i128, i64))> {
        self.hours.iter().map(|(hour, it)| (&self.name, *hour, *it))
    }

    /// What has changed, and for `last` about the latest trades.
    pub(super) fn change(&self, view: &str) -> SymbolChange {
        let sums = SymbolChange {
            prices: self.prices,
            volumes: self.volumes,
            count: self.count,
            ..Default::default()
        };
        if view != "last" {
            return sums;
        }
        // rule: T12
        let mut own =
            self.own.iter().rev().filter_map(|(time, place, price)| Some((*time, *place, (*price)?)));
        let last = own.next();
        let previous = last.and_then(|last| own.find(|other| other.2 != last.2));
        let changed = self.changed.iter().map(|((time, place), price)| (*time, *place, *price)).collect();
        SymbolChange { last, previous, changed, ..sums }
    }
}
