//! What was said of an order id and customer, and what that leaves of a record.

use serde::{Deserialize, Serialize};
use workloads::{Millis, OrderKind, Place};

use super::Act;

/// One record of an order, as it was placed.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Line {
    pub(super) amount: i64,
    pub(super) time: Millis,
}

/// The marks of one order id and customer. Most orders have none, and most others were cancelled, once.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) enum Marks {
    #[default]
    None,
    /// Event time of the earliest cancellation: the one that reaches furthest back.
    Cancelled(Millis),
    Several(Box<Several>),
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Several {
    /// As above, if there is one.
    cancelled: Option<Millis>,
    /// In ascending order of (event time, place).
    corrections: Vec<(Millis, Place, i64)>,
}

impl Marks {
    /// Whatever comes is cancelled.
    pub(super) const CANCELLED: Marks = Marks::Cancelled(Millis::MIN);

    /// Whether everything is cancelled that lies no further than a horizon before this time, or after it.
    // rule: O4 O5
    pub(super) fn cancel_since(&self, earliest: Millis) -> bool {
        self.cancelled().is_some_and(|cancelled| cancelled <= earliest)
    }

    pub(super) fn add(&mut self, act: &Act) {
        if act.kind == OrderKind::Cancelled {
            self.cancel(act.time);
        } else {
            // rule: O3
            let corrections = &mut self.several().corrections;
            let at = corrections.partition_point(|(time, place, _)| (*time, *place) < (act.time, act.place));
            corrections.insert(at, (act.time, act.place, act.amount));
        }
    }

    // rule: O2
    fn cancel(&mut self, time: Millis) {
        match self {
            Marks::None => *self = Marks::Cancelled(time),
            Marks::Cancelled(earliest) => *earliest = time.min(*earliest),
            Marks::Several(several) => {
                several.cancelled = Some(several.cancelled.map_or(time, |earliest| earliest.min(time)));
            }
        }
    }

    fn several(&mut self) -> &mut Several {
        let cancelled = match self {
            Marks::Cancelled(time) => Some(*time),
            _ => None,
        };
        if !matches!(self, Marks::Several(_)) {
            *self = Marks::Several(Box::new(Several { cancelled, corrections: Vec::new() }));
        }
        match self {
            Marks::Several(several) => several,
            _ => unreachable!("it was made several"),
        }
    }

    fn cancelled(&self) -> Option<Millis> {
        match self {
            Marks::None => None,
            Marks::Cancelled(time) => Some(*time),
            Marks::Several(several) => several.cancelled,
        }
    }

    fn corrections(&self) -> &[(Millis, Place, i64)] {
        match self {
            Marks::Several(several) => &several.corrections,
            _ => &[],
        }
    }
}

/// Whether a mark of this event time acts on a line.
// rule: O6
#[inline]
pub(super) fn acts(mark: Millis, line: Line, horizon: Option<Millis>) -> bool {
    horizon.is_none_or(|horizon| mark.saturating_sub(line.time) <= horizon)
}

/// The amount in force of a line.
#[inline]
pub(super) fn in_force(line: Line, marks: Option<&Marks>, horizon: Option<Millis>) -> Option<i64> {
    let Some(marks) = marks else { return Some(line.amount) };
    let acts = |mark| acts(mark, line, horizon);
    // rule: O4
    if marks.cancelled().is_some_and(acts) {
        return None;
    }
    // rule: O3
    let correction = marks.corrections().iter().rev().find(|(time, _, _)| acts(*time));
    Some(correction.map_or(line.amount, |(_, _, amount)| *amount))
}
