//! What the events since the cut change about one day's orders.

use std::collections::BTreeMap;

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

/// A day of which something was heard since the cut.
#[derive(Debug, Default)]
pub(super) struct Day {
    /// By number, the customers whose records have changed: how many the batch has, and how many more there are.
    members: HashMap<u32, (u64, i64)>,
    /// How many records more or fewer have each amount.
    amounts: BTreeMap<i64, i64>,
}

/// What has changed about a day, as far as a view needs it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct DayChange {
    /// Of each customer: how many records the batch has, and how many more there are.
    pub(crate) members: Vec<(u64, i64)>,
    /// Amounts in their order, and how many records more or fewer have each.
    pub(crate) amounts: Vec<(i64, i64)>,
}

impl Day {
    /// Whether nothing was heard of a customer on this day.
    pub(super) fn misses(&self, customer: u32) -> bool {
        !self.members.contains_key(&customer)
    }

    /// Notes how many records the batch has of a customer.
    pub(super) fn batched(&mut self, customer: u32, records: u64) {
        self.members.insert(customer, (records, 0));
    }

    /// Counts a record, or with `times` -1 takes it back.
    pub(super) fn count(&mut self, customer: u32, amount: i64, times: i64) {
        // rule: O15
        self.members.entry(customer).or_default().1 += times;
        // rule: O17
        let count = self.amounts.entry(amount).or_default();
        *count += times;
        if *count == 0 {
            self.amounts.remove(&amount);
        }
    }

    /// By number, the customers whose records have changed.
    pub(super) fn customers(&self) -> impl Iterator<Item = u32> + '_ {
        self.members.keys().copied()
    }

    /// How many records the batch has of a customer, and how many more there are.
    pub(super) fn member(&self, customer: u32) -> Option<(u64, i64)> {
        self.members.get(&customer).copied()
    }

    /// How many records more or fewer have an amount.
    pub(super) fn amount(&self, amount: i64) -> Option<i64> {
        self.amounts.get(&amount).copied()
    }

    /// What has changed, as `view` needs it.
    pub(super) fn change(&self, view: &str) -> DayChange {
        if view == "median_order" {
            let amounts = self.amounts.iter().map(|(amount, times)| (*amount, *times)).collect();
            return DayChange { amounts, ..DayChange::default() };
        }
        DayChange { members: self.members.values().copied().collect(), ..DayChange::default() }
    }
}
