//! The clock of the scheduled batch: the event time that has come so far.

use workloads::{Micros, Millis};

use crate::contestants::Now;

/// When the batch is due on every day of event time.
pub(super) const DUE: &str = "00:05";
/// The same in milliseconds.
const DUE_MS: Millis = 5 * 60_000;
const DAY: Millis = 86_400_000;

/// A clock that stands at the highest event time heard, so that a day is over when trades of the next one come, however
/// quickly its days pass. What claims to be of the future does not move it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    now: Option<Millis>,
    /// When the feed began, by the lab's clock and by event time, and how many seconds of it pass in one.
    began: (Micros, Millis),
    speed: f64,
}

impl Moment {
    /// A clock that has heard nothing yet, or up to some event time.
    pub(super) fn new(now: Option<Millis>, began: (Micros, Millis), speed: f64) -> Self {
        Moment { now, began, speed }
    }

    /// What components are told.
    pub(super) fn now(&self) -> Now {
        Now { micros: self.now.unwrap_or_default() * 1000 }
    }

    /// Hears an event time when the lab's clock says so; true if the time of a batch has passed by it.
    pub(super) fn hear(&mut self, time: Millis, clock: Micros) -> bool {
        let passed = (clock - self.began.0) as f64 / 1000.0 * self.speed;
        let slack = 60_000.0 * self.speed.max(1.0);
        let time = time.min(self.began.1.saturating_add((passed + slack) as Millis));
        let before = self.now.replace(self.now.map_or(time, |now| now.max(time)));
        let day = |time: Millis| (time - DUE_MS).div_euclid(DAY);
        before.is_some_and(|before| day(before) < self.now.map_or(Millis::MIN, day))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_due_once_a_day_of_event_time_has_passed() {
        let mut moment = Moment::new(None, (0, 10 * DAY), 86_400.0);
        let mut hear = |time: Millis, clock: Micros| moment.hear(time, clock);
        assert!(!hear(10 * DAY + 1_000, 0), "nothing has passed before the first");
        assert!(hear(10 * DAY + DUE_MS, 1_000_000), "five past midnight");
        assert!(!hear(10 * DAY + DUE_MS - 1, 1_000_000), "an earlier trade does not turn it back");
        assert!(!hear(11 * DAY + DUE_MS - 1, 1_000_000));
        assert!(hear(11 * DAY + DUE_MS, 1_000_000));
    }

    #[test]
    fn a_trade_of_the_far_future_does_not_move_the_clock_there() {
        let mut moment = Moment::new(None, (0, 10 * DAY), 1.0);
        moment.hear(10 * DAY, 0);
        moment.hear(900 * DAY, 1_000_000);
        assert_eq!(moment.now().micros, (10 * DAY + 61_000) * 1000);
    }
}
