//! The records of one order id, and what marks leave of them.

use serde::{Deserialize, Serialize};
use workloads::{Millis, OrderKind, Place};

use super::Act;

/// One record of an order, as it was placed.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Line {
    pub(super) amount: i64,
    pub(super) time: Millis,
}

/// The records of one order id and customer, and what was said of them. Most orders have one line and no mark.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) lines: Lines,
    marks: Option<Box<Marks>>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) enum Lines {
    #[default]
    None,
    One(Line),
    Many(Vec<Line>),
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Marks {
    /// Event time of the earliest cancellation: the one that reaches furthest back.
    cancelled: Option<Millis>,
    /// In ascending order of (event time, place).
    corrections: Vec<(Millis, Place, i64)>,
}

impl Lines {
    #[inline]
    pub(super) fn push(&mut self, line: Line) {
        match self {
            Lines::None => *self = Lines::One(line),
            Lines::One(first) => *self = Lines::Many(vec![*first, line]),
            Lines::Many(lines) => lines.push(line),
        }
    }

    #[inline]
    pub(super) fn all(&self) -> &[Line] {
        match self {
            Lines::None => &[],
            Lines::One(line) => std::slice::from_ref(line),
            Lines::Many(lines) => lines,
        }
    }
}

impl Order {
    pub(super) fn mark(&mut self, act: &Act) {
        let marks = self.marks.get_or_insert_default();
        if act.kind == OrderKind::Cancelled {
            // rule: O2
            marks.cancelled = Some(marks.cancelled.map_or(act.time, |earliest| earliest.min(act.time)));
        } else {
            // rule: O3
            let at =
                marks.corrections.partition_point(|(time, place, _)| (*time, *place) < (act.time, act.place));
            marks.corrections.insert(at, (act.time, act.place, act.amount));
        }
    }

    /// The amount in force of a line.
    #[inline]
    pub(super) fn in_force(&self, line: Line, horizon: Option<Millis>) -> Option<i64> {
        let Some(marks) = &self.marks else { return Some(line.amount) };
        // rule: O6
        let acts = |mark: Millis| horizon.is_none_or(|horizon| mark.saturating_sub(line.time) <= horizon);
        // rule: O4
        if marks.cancelled.is_some_and(acts) {
            return None;
        }
        // rule: O3
        let correction = marks.corrections.iter().rev().find(|(time, _, _)| acts(*time));
        Some(correction.map_or(line.amount, |(_, _, amount)| *amount))
    }
}
