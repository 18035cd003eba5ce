//! What the oracle keeps of one day's records in force.

use std::collections::BTreeMap;

use hashbrown::HashMap;

/// What a day's rows show: its customers, twice the median of its amounts, and its records; all zero without a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Figures {
    pub(super) customers: u64,
    pub(super) twice_median: i128,
    pub(super) count: u64,
}

/// The records in force of one day.
#[derive(Clone, Debug, Default)]
pub(super) struct Day {
    /// How many each customer has.
    customers: HashMap<u32, u32>,
    amounts: Halves,
}

/// Amounts in two halves: none of the lower is above one of the higher, and the lower has as many or one more.
#[derive(Clone, Debug, Default)]
struct Halves {
    low: Bag,
    high: Bag,
}

/// Amounts, and how often each is there.
#[derive(Clone, Debug, Default)]
struct Bag {
    times: BTreeMap<i64, u32>,
    len: u64,
}

impl Day {
    pub(super) fn put(&mut self, customer: u32, amount: i64) {
        *self.customers.entry(customer).or_default() += 1;
        let lower = self.amounts.low.highest().is_some_and(|highest| amount <= highest);
        if lower {
            self.amounts.low.put(amount);
        } else {
            self.amounts.high.put(amount);
        }
        self.amounts.level();
    }

    pub(super) fn take(&mut self, customer: u32, amount: i64) {
        if let Some(records) = self.customers.get_mut(&customer) {
            *records -= 1;
            if *records == 0 {
                self.customers.remove(&customer);
            }
        }
        if !self.amounts.low.take(amount) {
            self.amounts.high.take(amount);
        }
        self.amounts.level();
    }

    pub(super) fn figures(&self) -> Figures {
        let Halves { low, high } = &self.amounts;
        let middle = low.highest().map_or(0, i128::from);
        let other = if low.len > high.len { middle } else { high.lowest().map_or(0, i128::from) };
        Figures {
            customers: self.customers.len() as u64,
            twice_median: middle + other,
            count: low.len + high.len,
        }
    }
}

impl Halves {
    fn level(&mut self) {
        if self.low.len > self.high.len + 1 {
            self.low.highest().into_iter().for_each(|amount| {
                self.low.take(amount);
                self.high.put(amount);
            });
        } else if self.high.len > self.low.len {
            self.high.lowest().into_iter().for_each(|amount| {
                self.high.take(amount);
                self.low.put(amount);
            });
        }
    }
}

impl Bag {
    fn put(&mut self, amount: i64) {
        *self.times.entry(amount).or_default() += 1;
        self.len += 1;
    }

    /// Whether it was there.
    fn take(&mut self, amount: i64) -> bool {
        let Some(times) = self.times.get_mut(&amount) else { return false };
        *times -= 1;
        if *times == 0 {
            self.times.remove(&amount);
        }
        self.len -= 1;
        true
    }

    fn lowest(&self) -> Option<i64> {
        self.times.first_key_value().map(|(amount, _)| *amount)
    }

    fn highest(&self) -> Option<i64> {
        self.times.last_key_value().map(|(amount, _)| *amount)
    }
}
