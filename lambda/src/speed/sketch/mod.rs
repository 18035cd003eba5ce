//! What an approximate speed layer keeps of a day in place of sets: as much as was chosen, however much happens.
//!
//! Nothing can be taken out of a count of different things that does not keep them, so that a customer whose orders
//! are all taken back counts until the next batch has recomputed the day. Amounts taken back are ranked beside those
//! that were counted.

use serde::{Deserialize, Serialize};

mod distinct;
mod ranks;

pub(crate) use distinct::Distinct;
pub(crate) use ranks::Ranks;

/// How much an approximate speed layer keeps of each day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sketches {
    /// Registers by which customers are counted, of a byte each: a power of two. The standard error is 1.04 over the
    /// square root of it.
    pub registers: u32,
    /// Amounts of one weight that are kept to find a median: an even number. The ranks of `n` amounts are wrong by no
    /// more than about `n / (2 * amounts)` for each doubling of it that `n` holds.
    pub amounts: u32,
}

impl Default for Sketches {
    fn default() -> Self {
        Sketches { registers: 1_024, amounts: 256 }
    }
}

impl Sketches {
    /// Whether these can be meant; says in one line what cannot.
    pub(crate) fn check(self) -> Result<(), String> {
        let Sketches { registers, amounts } = self;
        if !registers.is_power_of_two() || !(16..=65_536).contains(&registers) {
            return Err(format!("approximate.registers = {registers}: a power of two from 16 to 65536"));
        }
        if amounts % 2 != 0 || !(8..=65_536).contains(&amounts) {
            return Err(format!("approximate.amounts = {amounts}: an even number from 8 to 65536"));
        }
        Ok(())
    }

    /// The standard error of a number of customers that only the speed layer knows, over that number.
    pub fn relative_error(self) -> f64 {
        1.04 / f64::from(self.registers).sqrt()
    }
}

/// What is kept of a day.
#[derive(Clone, Debug)]
pub(crate) struct Sketch {
    customers: Distinct,
    counted: Ranks,
    taken_back: Ranks,
}

impl Sketch {
    /// Of a day without a record.
    pub(crate) fn new(sketches: Sketches) -> Self {
        let ranks = || Ranks::new(sketches.amounts as usize);
        Sketch { customers: Distinct::new(sketches.registers), counted: ranks(), taken_back: ranks() }
    }

    /// A customer of whom the batch knows nothing on this day.
    pub(crate) fn newcomer(&mut self, number: u32) {
        self.customers.add(number.into());
    }

    /// A record with that amount, or with `times` -1 one that is taken back.
    pub(crate) fn count(&mut self, amount: i64, times: i64) {
        if times > 0 { self.counted.add(amount) } else { self.taken_back.add(amount) }
    }

    /// About how many customers there are of whom the batch knows nothing.
    pub(crate) fn newcomers(&self) -> u64 {
        self.customers.estimate()
    }

    /// Amounts in their order, and how many records more or fewer each stands for.
    pub(crate) fn amounts(&self) -> Vec<(i64, i64)> {
        let taken_back = self.taken_back.weights().map(|(amount, weight)| (amount, -weight));
        let mut all: Vec<(i64, i64)> = self.counted.weights().chain(taken_back).collect();
        all.sort_unstable();
        all
    }

    /// By how much the rank of an amount can be wrong.
    pub(crate) fn rank_error(&self) -> u64 {
        self.counted.error() + self.taken_back.error()
    }

    /// Bytes that the customers take, and the amounts.
    pub(crate) fn bytes(&self) -> (u64, u64) {
        (self.customers.bytes(), self.counted.bytes() + self.taken_back.bytes())
    }
}
