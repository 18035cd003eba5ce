//! What the oracle keeps of one symbol and of one symbol's day.

use std::collections::BTreeMap;

use super::ladder::Ladder;
use crate::{Millis, Place, Row};

/// Where a trade stands in its symbol's order. The number keeps two deliveries of one record apart.
pub(super) type Rank = (Millis, Place, u32);

/// The integers of a row, in the order of its view's columns, and then zeros.
pub(super) type Figures = [i128; 5];

/// Price and volume in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Terms {
    pub(super) price: i64,
    pub(super) volume: i64,
}

/// The trades in force of one symbol.
#[derive(Clone, Debug, Default)]
pub(super) struct Symbol {
    prices: i128,
    volumes: i128,
    trades: Ladder,
    /// The highest trade.
    last: Option<(Rank, i64)>,
    /// The highest trade at another price than the last.
    previous: Option<(Rank, i64)>,
}

impl Symbol {
    pub(super) fn put(&mut self, rank: Rank, terms: Terms) {
        self.prices += i128::from(terms.price);
        self.volumes += i128::from(terms.volume);
        self.trades.insert(rank, terms.price);
        let new = Some((rank, terms.price));
        match self.last {
            None => self.last = new,
            Some((last, price)) if rank > last => {
                if terms.price != price {
                    self.previous = self.last;
                }
                self.last = new;
            }
            // What lies between the two has the last price.
            Some((_, price)) if terms.price != price && self.previous.is_none_or(|(at, _)| rank > at) => {
                self.previous = new;
            }
            Some(_) => {}
        }
    }

    pub(super) fn take(&mut self, rank: Rank, terms: Terms) {
        self.prices -= i128::from(terms.price);
        self.volumes -= i128::from(terms.volume);
        self.trades.remove(rank);
        if [self.last, self.previous].into_iter().flatten().any(|(held, _)| held == rank) {
            self.last = self.trades.downwards().next();
            let another = |(_, last)| self.trades.downwards().find(|(_, price)| *price != last);
            self.previous = self.last.and_then(another);
        }
    }

    pub(super) fn mean(&self) -> Option<Figures> {
        let count = self.trades.len() as i128;
        (count > 0).then_some([self.prices, self.volumes, count, 0, 0])
    }

    pub(super) fn last(&self) -> Option<Figures> {
        let ((time, ..), price) = self.last?;
        let (change, under) = match self.previous {
            Some((_, previous)) => (i128::from(price) - i128::from(previous), i128::from(previous)),
            None => (0, 1),
        };
        Some([i128::from(price), change, change * 100, under, i128::from(time)])
    }
}

/// The trades in force of one symbol on one day.
#[derive(Clone, Debug, Default)]
pub(super) struct Day {
    volume: i128,
    count: u64,
    /// Price times volume; wraps beyond 128 bits, and back when trades are busted.
    turnover: i128,
    /// How many trades there are at each price.
    prices: BTreeMap<i64, u32>,
}

impl Day {
    pub(super) fn put(&mut self, terms: Terms) {
        self.volume += i128::from(terms.volume);
        self.count += 1;
        self.turnover = self.turnover.wrapping_add(i128::from(terms.price) * i128::from(terms.volume));
        *self.prices.entry(terms.price).or_default() += 1;
    }

    pub(super) fn take(&mut self, terms: Terms) {
        self.volume -= i128::from(terms.volume);
        self.count -= 1;
        self.turnover = self.turnover.wrapping_sub(i128::from(terms.price) * i128::from(terms.volume));
        if let Some(number) = self.prices.get_mut(&terms.price) {
            *number -= 1;
            if *number == 0 {
                self.prices.remove(&terms.price);
            }
        }
    }

    pub(super) fn volume(&self) -> Option<Figures> {
        (self.count > 0).then(|| [self.volume, i128::from(self.count), 0, 0, 0])
    }

    pub(super) fn range(&self) -> Option<Figures> {
        let (low, high) = (self.prices.first_key_value()?.0, self.prices.last_key_value()?.0);
        Some([i128::from(*low), i128::from(*high), 0, 0, 0])
    }

    pub(super) fn vwap(&self) -> Option<Figures> {
        (self.count > 0).then_some([self.turnover, self.volume, 0, 0, 0])
    }
}

/// The trades in force of one symbol in one hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Hour {
    volume: i128,
    count: i64,
}

impl Hour {
    pub(super) fn add(&mut self, terms: Terms, times: i64) {
        self.volume += i128::from(terms.volume) * i128::from(times);
        self.count += times;
    }

    pub(super) fn row(&self) -> Option<Row> {
        (self.count > 0).then(|| vec![self.volume, i128::from(self.count)])
    }
}
