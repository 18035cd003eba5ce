//! Rows of the tables about orders, as whoever publishes writes them.

use workloads::{Millis, Place};

use super::super::Part;
use super::super::table::halves;
use super::Spent;

/// A customer, by his number.
pub(crate) fn spent(customer: u32, (all, large): Spent) -> [u64; 8] {
    let ([low, high], [large_low, large_high]) = (halves(all[0]), halves(large[0]));
    [customer.into(), 0, low, high, all[1] as u64, large_low, large_high, large[1] as u64]
}

/// A mark on an order of a customer, by his number: a correction with its place and the new amount, or a cancellation.
pub(crate) fn mark((customer, order): (u32, u64), time: Millis, corrects: Option<(Place, i64)>) -> [u64; 6] {
    match corrects {
        None => [customer.into(), order, time as u64, 1, 0, 0],
        Some((Place { partition, offset }, amount)) => {
            [customer.into(), order, time as u64, u64::from(partition) << 1, offset, amount as u64]
        }
    }
}

/// A record that marks can name: its customer, by his number, its order, its own amount and its event time.
pub(crate) fn placed((customer, order): (u32, u64), amount: i64, time: Millis) -> [u64; 4] {
    [customer.into(), order, amount as u64, time as u64]
}

/// Sum and count of everybody's records.
pub(crate) fn revenue(sum: i128, count: i128) -> Part {
    [sum, count].iter().flat_map(|number| number.to_le_bytes()).collect()
}
