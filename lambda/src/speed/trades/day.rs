//! What the events since the cut change about one day of a symbol.

use std::collections::BTreeMap;

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

/// A day of a symbol of which something was heard since the cut.
#[derive(Clone, Debug, Default)]
pub(crate) struct Day {
    pub(crate) volume: i128,
    pub(crate) count: i64,
    pub(crate) value: i128,
    /// How many trades in force since the cut have each price.
    pub(crate) own: HashMap<i64, u64>,
    /// Lowest and highest of these prices.
    range: Option<(i64, i64)>,
    /// By how many trades more or fewer each price has among the batch's.
    pub(crate) changed: BTreeMap<i64, i64>,
}

/// What has changed about a day of a symbol.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct DayChange {
    /// Sum of volumes.
    pub(crate) volume: i128,
    /// Trades.
    pub(crate) count: i64,
    /// Sum of price times volume.
    pub(crate) value: i128,
    /// Lowest and highest price since the cut.
    pub(crate) range: Option<(i64, i64)>,
    /// By how many trades more or fewer each price has among the batch's.
    pub(crate) changed: Vec<(i64, i64)>,
}

impl Day {
    /// Adds to the prices of the day, or takes from them.
    pub(super) fn weigh(&mut self, price: i64, times: i64, batched: bool) {
        // rule: T10
        if batched {
            *self.changed.entry(price).or_default() += times;
        } else if times > 0 {
            *self.own.entry(price).or_default() += 1;
            self.range =
                Some(self.range.map_or((price, price), |(low, high)| (low.min(price), high.max(price))));
        } else if let Some(count) = self.own.get_mut(&price) {
            *count -= 1;
            if *count == 0 {
                self.own.remove(&price);
                self.narrow(price);
            }
        }
    }

    /// The range once a price is no longer there: only one at an end of it needs a look at all the others.
    fn narrow(&mut self, price: i64) {
        if self.range.is_some_and(|(low, high)| price == low || price == high) {
            let (low, high) = (self.own.keys().min(), self.own.keys().max());
            self.range = low.copied().zip(high.copied());
        }
    }

    pub(super) fn change(&self) -> DayChange {
        DayChange {
            volume: self.volume,
            count: self.count,
            value: self.value,
            range: self.range,
            changed: self.changed.iter().map(|(price, times)| (*price, *times)).collect(),
        }
    }
}
