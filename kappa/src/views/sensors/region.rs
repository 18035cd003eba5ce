//! The seconds of one region in their order: what is recent, and which of them raised an alert.

use differential_dataflow::difference::Semigroup;
use serde::{Deserialize, Serialize};
use workloads::sensors::{CLEARED_BELOW, RAISED_ABOVE, SPAN};

use super::Readings;
use crate::snapshot::Ordered;

/// Every second of a region that holds readings.
type Seconds = Ordered<i64, Second>;

/// What was said of the seconds of a region.
#[derive(Default)]
pub(super) struct Region {
    /// The first and the last second with readings since alerts were derived.
    touched: Option<(i64, i64)>,
    /// What was said to be recent.
    recent: Readings,
}

#[derive(Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct Second {
    readings: Readings,
    /// Whether an alert stands after it.
    stands: bool,
    /// The readings that raised an alert in it; none if none was raised.
    raised: Readings,
}

impl Region {
    /// Whether there were readings since alerts were derived.
    pub(super) fn is_touched(&self) -> bool {
        self.touched.is_some()
    }

    /// Counts readings of a second.
    pub(super) fn read(&mut self, seconds: &mut Seconds, second: i64, readings: &Readings) {
        seconds.entry(second).readings.plus_equals(readings);
        let (first, last) = self.touched.unwrap_or((second, second));
        self.touched = Some((first.min(second), last.max(second)));
    }

    /// What changes of the ten seconds that end with the newest.
    // rule: S4
    pub(super) fn recent(&mut self, seconds: &Seconds) -> Readings {
        let newest = seconds.last_key_value();
        let recent = newest.map(|(newest, _)| up_to(seconds, *newest)).unwrap_or_default();
        recent.since(&std::mem::replace(&mut self.recent, recent))
    }

    /// Goes through the seconds from the first touched one on, until they are as they were: hands on what changes of
    /// the alert of each.
    // rule: S5 S6
    pub(super) fn derive(&mut self, seconds: &mut Seconds, mut change: impl FnMut(i64, &Readings)) {
        let Some((first, last)) = self.touched.take() else { return };
        let mut stands = seconds.range(..first).next_back().is_some_and(|(_, before)| before.stands);
        let mut next = Some(first);
        while let Some(at) = next {
            let readings = up_to(seconds, at);
            let stood = stands;
            stands = readings.alert(stood);
            let raised = if stands && !stood { readings } else { Readings::default() };
            let second = seconds.entry(at);
            let before = std::mem::replace(second, Second { stands, raised, ..*second });
            if before.raised != raised {
                change(at, &raised.since(&before.raised));
            }
            // Where no touched second is among the ten, only the state can still make a difference.
            let settled = before.stands == stands && at >= last.saturating_add(SPAN - 1);
            next = if settled { None } else { seconds.range(at + 1..).next().map(|(next, _)| *next) };
        }
    }
}

/// The ten seconds that end with this one.
fn up_to(seconds: &Seconds, second: i64) -> Readings {
    let mut sum = Readings::default();
    let span = seconds.range(second - SPAN + 1..=second);
    span.for_each(|(_, second)| sum.plus_equals(&second.readings));
    sum
}

impl Readings {
    /// Whether an alert stands after these ten seconds, when one did before or not.
    // rule: S5
    fn alert(&self, stood: bool) -> bool {
        let count = i128::from(self.count);
        if stood { self.sum >= CLEARED_BELOW * count } else { self.sum > RAISED_ABOVE * count }
    }
}
