//! The records that a mark can name, and what is in force of them.

use std::io;

use workloads::{Millis, OrderEvent, OrderKind, Place, Terms};

use crate::publication::orders::{Marked, OrdersBase};

/// An order heard of since the cut. Most have one record and no mark, so the rest is kept apart.
#[derive(Debug, Default)]
pub(crate) struct Order {
    /// Own amount and event time of its first record.
    pub(super) first: Option<(i64, Millis)>,
    pub(crate) more: Option<Box<More>>,
}

/// What most orders have not.
#[derive(Debug, Default)]
pub(crate) struct More {
    /// Further records: since the cut, and once a mark has named the order the batch's too.
    pub(super) lines: Vec<(i64, Millis)>,
    /// Whether the batch's are among them.
    pub(super) whole: bool,
    /// The marks, the batch's included.
    pub(crate) marks: Option<Marks>,
}

/// The marks on one order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Marks {
    /// Event time of the earliest cancellation.
    pub(crate) cancelled: Option<Millis>,
    /// Event time, place and new amount, the latest last.
    pub(crate) corrected: Vec<(Millis, Place, i64)>,
}

/// The marks that the batch has read of an order.
pub(super) fn batched_marks(
    base: &OrdersBase,
    rank: Option<u32>,
    order: u64,
) -> io::Result<Option<Box<More>>> {
    let Some(rank) = rank else { return Ok(None) };
    let mut marks: Option<Marks> = None;
    base.marks(rank, order, |marked| {
        let marks = marks.get_or_insert_default();
        match marked {
            Marked::Cancelled(time) => marks.cancelled = Some(time),
            Marked::Corrected(time, place, amount) => marks.corrected.push((time, place, amount)),
        }
    })?;
    let Some(mut marks) = marks else { return Ok(None) };
    marks.corrected.sort_unstable();
    Ok(Some(Box::new(More { marks: Some(marks), ..More::default() })))
}

/// Adds a mark to those of its order.
pub(super) fn mark(marks: &mut Marks, event: &OrderEvent, place: Place) {
    if event.kind == OrderKind::Cancelled {
        // rule: O2
        let earliest = marks.cancelled.map_or(event.time, |earlier| earlier.min(event.time));
        marks.cancelled = Some(earliest);
        return;
    }
    // rule: O3
    let correction = (event.time, place, event.amount);
    let at = marks.corrected.partition_point(|other| *other < correction);
    marks.corrected.insert(at, correction);
}

/// What a record counts with under these marks; nothing when it is cancelled.
pub(super) fn in_force(amount: i64, time: Millis, marks: Option<&Marks>, terms: &Terms) -> Option<i64> {
    let Some(marks) = marks else { return Some(amount) };
    // rule: O6
    let refused =
        |marked: Millis| terms.cancel_horizon.is_some_and(|horizon| marked.saturating_sub(time) > horizon);
    // rule: O4
    match marks.cancelled {
        Some(cancelled) if !refused(cancelled) => None,
        // rule: O3
        _ => marks
            .corrected
            .iter()
            .rev()
            .find(|other| !refused(other.0))
            .map_or(Some(amount), |(.., new)| Some(*new)),
    }
}

impl Marks {
    /// The amounts that corrections name.
    pub(super) fn amounts(&self) -> impl Iterator<Item = i64> + '_ {
        self.corrected.iter().map(|(.., amount)| *amount)
    }
}

impl Order {
    pub(super) fn push(&mut self, amount: i64, time: Millis) {
        match self.first {
            None => self.first = Some((amount, time)),
            Some(_) => self.more.get_or_insert_default().lines.push((amount, time)),
        }
    }

    pub(super) fn marks(&self) -> Option<&Marks> {
        self.more.as_ref()?.marks.as_ref()
    }

    pub(super) fn lines(&self) -> impl Iterator<Item = (i64, Millis)> + '_ {
        self.first.into_iter().chain(self.more.iter().flat_map(|more| more.lines.iter().copied()))
    }
}
