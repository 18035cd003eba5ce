//! How quiet the machine is: a thread that only sleeps, and the kernel's pressure figures.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::clock::Clock;

/// How long the canary sleeps at a time.
const SLEEP_US: i64 = 1000;

/// Sleeps until `over`, and says how late it was woken each time, in microseconds.
pub fn canary(clock: &Clock, over: &AtomicBool) -> Vec<i64> {
    let mut late = Vec::new();
    while !over.load(Ordering::Relaxed) {
        let until = clock.micros() + SLEEP_US;
        clock.sleep_until(until);
        late.push(clock.micros() - until);
    }
    late
}

/// Microseconds in which some task has waited for a core since the machine started; absent where the kernel
/// does not say.
pub fn pressure_us() -> Option<u64> {
    let text = fs::read_to_string("/proc/pressure/cpu").ok()?;
    let line = text.lines().find(|line| line.starts_with("some "))?;
    line.rsplit_once("total=")?.1.trim().parse().ok()
}

/// The value below which a share of the items lie; 0 without items.
pub fn quantile(items: &mut [i64], share: f64) -> f64 {
    items.sort_unstable();
    let place = (items.len() as f64 * share).ceil() as usize;
    items.get(place.saturating_sub(1)).map_or(0.0, |value| *value as f64)
}
