//! What has changed about orders, one part at a time.

use workloads::{Millis, Name, OrderEvent};

use super::Changes;

impl Changes {
    /// Hands on the times and amounts with which the records that an event is about may count, once it is folded, or
    /// may have counted before.
    pub(crate) fn counted(&self, event: &OrderEvent, mut tell: impl FnMut(Millis, i64)) {
        let number = self.numbers.get(&event.customer);
        let Some(order) = number.and_then(|number| self.orders.get(&(*number, event.order))) else {
            return tell(event.time, event.amount);
        };
        for (amount, time) in order.lines() {
            let corrected = order.marks().into_iter().flat_map(super::marks::Marks::amounts);
            corrected.chain([amount]).for_each(|amount| tell(time, amount));
        }
    }

    /// Every day and customer of whom something was heard on it.
    pub(crate) fn members(&self, mut tell: impl FnMut(i64, &Name)) {
        let mut names: Vec<(u32, &Name)> =
            self.numbers.iter().map(|(name, number)| (*number, name)).collect();
        names.sort_unstable();
        for (day, it) in &self.sums.days {
            it.customers().for_each(|number| tell(*day, names[number as usize].1));
        }
    }

    /// About how many bytes are held for the customers of all days, and for the amounts.
    pub(crate) fn bytes(&self) -> (u64, u64) {
        let each = self.sums.days.values().map(super::Day::bytes);
        each.fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1))
    }

    /// By how much the rank of an amount can be wrong on a day.
    pub(crate) fn rank_error(&self, day: i64) -> u64 {
        self.sums.days.get(&day).map_or(0, super::Day::rank_error)
    }

    /// How many records of a customer the batch has on a day, and how many more there are.
    pub(crate) fn member(&self, day: i64, customer: &str) -> Option<(u64, i64)> {
        self.sums.days.get(&day)?.member(*self.numbers.get(customer)?)
    }

    /// How many records more or fewer have an amount on a day.
    pub(crate) fn amount(&self, day: i64, amount: i64) -> Option<i64> {
        self.sums.days.get(&day)?.amount(amount)
    }
}
