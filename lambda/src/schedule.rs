//! When the batch is due.

use workloads::Micros;

/// Cuts after so many records or so much time. What falls due while a batch is under way is skipped, not queued;
/// the next one keeps to the rhythm.
#[derive(Debug)]
pub(crate) struct Schedule {
    every: u64,
    interval: Micros,
    last: Option<(u64, Micros)>,
}

impl Schedule {
    /// Every `cut_every` records and every `cut_ms` milliseconds; 0 leaves it to the other.
    pub(crate) fn new(cut_every: u64, cut_ms: u64) -> Self {
        Schedule { every: cut_every, interval: 1000 * cut_ms as Micros, last: None }
    }

    /// Whether a batch up to `records` should begin now. The first is due at once; none is without a new record.
    pub(crate) fn due(&self, records: u64, now: Micros) -> bool {
        let Some((cut, then)) = self.last else { return true };
        let new = records.saturating_sub(cut);
        let counted = self.every > 0 && new >= self.every;
        let waited = self.interval > 0 && now.saturating_sub(then) >= self.interval;
        new > 0 && (counted || waited)
    }

    /// Notes that a batch up to `records` began at `now`.
    pub(crate) fn begun(&mut self, records: u64, now: Micros) {
        // The interval is counted from the time at which this one was due, so that cuts keep their rhythm.
        let then = match self.last {
            Some((_, last)) if self.interval > 0 && now >= last => now - (now - last) % self.interval,
            _ => now,
        };
        self.last = Some((records, then));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_that_overruns_its_interval_is_skipped_not_queued() {
        let mut schedule = Schedule::new(0, 10);
        assert!(schedule.due(5, 0));
        schedule.begun(5, 0);
        assert!(!schedule.due(9, 9_999));
        assert!(schedule.due(9, 35_000));
        schedule.begun(9, 35_000);
        assert!(!schedule.due(12, 39_000));
        assert!(schedule.due(12, 40_000));
    }

    #[test]
    fn nothing_new_needs_no_batch() {
        let mut schedule = Schedule::new(3, 10);
        schedule.begun(7, 0);
        assert!(!schedule.due(7, 1_000_000));
        assert!(!schedule.due(9, 0));
        assert!(schedule.due(10, 0));
    }
}
