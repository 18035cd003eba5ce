//! What the events since the cut change about one day's orders.

use std::collections::BTreeMap;

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use crate::speed::sketch::{Sketch, Sketches};

/// A day of which something was heard since the cut.
#[derive(Debug, Default)]
pub(crate) struct Day {
    /// By number, the customers whose records have changed: how many the batch has, and how many more there are.
    pub(crate) members: HashMap<u32, (u64, i64)>,
    /// How many records more or fewer have each amount.
    pub(crate) amounts: BTreeMap<i64, i64>,
    /// In place of both, if the layer is an approximate one.
    sketch: Option<Box<Sketch>>,
}

/// What has changed about a day, as far as a view needs it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct DayChange {
    /// Of each customer: how many records the batch has, and how many more there are.
    pub(crate) members: Vec<(u64, i64)>,
    /// Amounts in their order, and how many records more or fewer have each.
    pub(crate) amounts: Vec<(i64, i64)>,
    /// About how many customers of whom the batch knows nothing, where they are not among the members.
    pub(crate) newcomers: u64,
}

impl Day {
    /// A day without a record; with sketches in place of sets if there are to be any.
    pub(super) fn new(sketches: Option<Sketches>) -> Self {
        Day { sketch: sketches.map(|sketches| Box::new(Sketch::new(sketches))), ..Day::default() }
    }

    /// Whether nothing is known to have been heard of a customer on this day.
    pub(super) fn misses(&self, customer: u32) -> bool {
        !self.members.contains_key(&customer)
    }

    /// Notes how many records the batch has of a customer.
    pub(super) fn batched(&mut self, customer: u32, records: u64) {
        match &mut self.sketch {
            Some(sketch) if records == 0 => sketch.newcomer(customer),
            Some(_) => {}
            None => drop(self.members.insert(customer, (records, 0))),
        }
    }

    /// Counts a record, or with `times` -1 takes it back.
    pub(super) fn count(&mut self, customer: u32, amount: i64, times: i64) {
        // What is only near to a rule does not carry it out.
        if let Some(sketch) = &mut self.sketch {
            sketch.count(amount, times);
            return;
        }
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
        if let Some(sketch) = &self.sketch {
            return match view {
                "median_order" => DayChange { amounts: sketch.amounts(), ..DayChange::default() },
                _ => DayChange { newcomers: sketch.newcomers(), ..DayChange::default() },
            };
        }
        if view == "median_order" {
            let amounts = self.amounts.iter().map(|(amount, times)| (*amount, *times)).collect();
            return DayChange { amounts, ..DayChange::default() };
        }
        DayChange { members: self.members.values().copied().collect(), ..DayChange::default() }
    }

    /// About how many bytes are held for its customers, and for its amounts.
    pub(super) fn bytes(&self) -> (u64, u64) {
        // A place of a hash map has a byte more than its entry; the leaves of a tree are two thirds full.
        let member = size_of::<(u32, (u64, i64))>() + 1;
        let exact = (self.members.capacity() * member, self.amounts.len() * size_of::<(i64, i64)>() * 3 / 2);
        let exact = (exact.0 as u64, exact.1 as u64);
        self.sketch.as_ref().map_or(exact, |sketch| sketch.bytes())
    }

    /// By how much the rank of an amount can be wrong.
    pub(super) fn rank_error(&self) -> u64 {
        self.sketch.as_ref().map_or(0, |sketch| sketch.rank_error())
    }
}
