//! What is known of a symbol on a day, and in an hour.

use serde::{Deserialize, Serialize};
use workloads::calendar::Unit;
use workloads::{Row, Terms};

use super::Trade;
use crate::flow::fold::additive;
use crate::flow::keys::{NamedDay, NamedHour};
use crate::snapshot::{Nest, Ordered, Rooted, Table};
use crate::views::{Grouping, SUMS};

/// A symbol on a day. Lowest and highest are replaced, not added up: their difference is what must be added to the
/// old to make it the new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Day {
    pub(super) volume: i128,
    pub(super) price_volume: i128,
    pub(super) count: i64,
    low: i64,
    high: i64,
}
additive!(Day { volume, price_volume, count, low, high });

/// A symbol in an hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Hour {
    volume: i128,
    count: i64,
}
additive!(Hour { volume, count });

/// By symbol and day.
pub(super) struct Days;

/// By symbol and hour.
pub(super) struct Hours;

/// How many trades in force have a price, and the lowest and the highest of those that some have.
#[derive(Default)]
struct Ladder {
    counts: Ordered<i64, u64>,
    edges: Option<(i64, i64)>,
}

/// What lies behind the extremes.
#[derive(Default)]
pub(super) struct Ladders {
    by_day: Nest<NamedDay, i64, u64, Ladder>,
    /// The first day that was not forgotten.
    first: i64,
}

impl Rooted<i64, u64> for Ladder {
    fn root(&mut self) -> &mut Ordered<i64, u64> {
        &mut self.counts
    }
}

impl Ladders {
    pub(super) fn table(&mut self) -> &mut dyn Table {
        &mut self.by_day
    }

    /// The counts were taken up: the edges follow.
    pub(super) fn restore(&mut self) {
        self.by_day.trees().for_each(|(_, ladder)| ladder.measure());
    }

    /// Nothing changes any more on days before this one.
    pub(super) fn forget(&mut self, first: i64) {
        if first > self.first && self.by_day.retain(|NamedDay(_, day)| *day >= first) {
            self.first = first;
        }
    }

    /// Counts a price in (`sign` 1) or out (-1); what that changes.
    // rule: T10
    #[inline]
    pub(super) fn count(&mut self, day: NamedDay, price: i64, sign: i64) -> Day {
        let ladder = self.by_day.tree(day);
        let before = ladder.edges;
        ladder.step(price, sign);
        if ladder.edges == before { Day::default() } else { extremes(ladder.edges).since(&extremes(before)) }
    }
}

impl Ladder {
    #[inline]
    fn step(&mut self, price: i64, sign: i64) {
        let counts = self.counts.change(&price);
        let held = counts.entry(price).or_default();
        *held = held.saturating_add_signed(sign);
        if *held > 0 {
            let (low, high) = self.edges.unwrap_or((price, price));
            self.edges = Some((low.min(price), high.max(price)));
            return;
        }
        counts.remove(&price);
        // Only where the last of an extreme is gone the others are looked at.
        if self.edges.is_some_and(|(low, high)| low == price || high == price) {
            self.measure();
        }
    }

    fn measure(&mut self) {
        let ends = (self.counts.first_key_value(), self.counts.last_key_value());
        self.edges = ends.0.zip(ends.1).map(|(first, last)| (*first.0, *last.0));
    }
}

fn extremes(edges: Option<(i64, i64)>) -> Day {
    edges.map_or_else(Day::default, |(low, high)| Day { low, high, ..Day::default() })
}

/// The hour of a trade, and what counting it in (`sign` 1) or out (-1) changes.
// rule: T16
#[inline]
pub(super) fn hour(symbol: u32, trade: Trade, sign: i64) -> (NamedHour, Hour) {
    let volume = i128::from(trade.volume) * i128::from(sign);
    (NamedHour(symbol, Unit::Hour.of(trade.time)), Hour { volume, count: sign })
}

impl Grouping for Days {
    const VIEWS: &'static [&'static str] = &["volume", "range", "vwap"];
    type Key = NamedDay;
    type Sum = Day;

    fn form(view: &str) -> &'static str {
        match view {
            "range" => "trades by price in order, of which the ends are read",
            _ => SUMS,
        }
    }

    fn row(view: &str, sum: &Day, _terms: &Terms) -> Option<Row> {
        // rule: T8
        (sum.count != 0).then(|| match view {
            "range" => vec![i128::from(sum.low), i128::from(sum.high)],
            "vwap" => vec![sum.price_volume, sum.volume],
            _ => vec![sum.volume, i128::from(sum.count)],
        })
    }
}

impl Grouping for Hours {
    const VIEWS: &'static [&'static str] = &["volume_hour"];
    type Key = NamedHour;
    type Sum = Hour;

    fn row(_view: &str, sum: &Hour, _terms: &Terms) -> Option<Row> {
        // rule: T8
        (sum.count != 0).then(|| vec![sum.volume, i128::from(sum.count)])
    }
}
