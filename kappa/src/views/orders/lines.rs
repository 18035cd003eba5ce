//! What was said of an order id and customer, and what that leaves of a record.

use serde::{Deserialize, Serialize};
use workloads::{Millis, OrderKind, Place};

use super::Act;
use crate::views::marks::{Correction, Marks};

/// One record of an order, as it was placed.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Line {
    pub(super) amount: i64,
    pub(super) time: Millis,
}

/// Another amount.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Amount {
    time: Millis,
    place: Place,
    amount: i64,
}

impl Correction for Amount {
    fn moment(&self) -> (Millis, Place) {
        (self.time, self.place)
    }
}

pub(super) fn mark(marks: &mut Marks<Amount>, act: &Act) {
    let Act { kind, time, place, amount, .. } = *act;
    if kind == OrderKind::Cancelled {
        // rule: O2
        marks.withdraw(time);
    } else {
        // rule: O3
        marks.correct(Amount { time, place, amount });
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
pub(super) fn in_force(line: Line, marks: Option<&Marks<Amount>>, horizon: Option<Millis>) -> Option<i64> {
    let Some(marks) = marks else { return Some(line.amount) };
    let acts = |mark| acts(mark, line, horizon);
    // rule: O4
    if marks.withdrawn().is_some_and(acts) {
        return None;
    }
    // rule: O3
    let correction = marks.corrections().iter().rev().find(|correction| acts(correction.time));
    Some(correction.map_or(line.amount, |correction| correction.amount))
}
