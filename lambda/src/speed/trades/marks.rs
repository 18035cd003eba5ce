//! The trades that a mark can name, and what is in force of them.

use std::io;

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use workloads::{Millis, Origin, Place, Terms, TradeEvent, TradeKind};

use crate::publication::trades::{Marked, TradesBase};

/// Everything under one origin. Most have one record and no mark, so the rest is kept apart.
#[derive(Debug, Default)]
pub(crate) struct Named {
    first: Option<Line>,
    pub(crate) more: Option<Box<More>>,
}

/// What most trades have not.
#[derive(Debug, Default)]
pub(crate) struct More {
    /// Further records: since the cut, and once a mark has named the trade the batch's too.
    pub(super) lines: Vec<Line>,
    /// Whether the batch's are among them.
    pub(super) whole: bool,
    /// The marks, the batch's included.
    pub(crate) marks: Option<Marks>,
}

/// One record of a trade, with its own price and volume.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    pub(super) time: Millis,
    pub(super) place: Place,
    pub(super) price: i64,
    pub(super) volume: i64,
    pub(super) batched: bool,
}

/// The marks on one trade.
#[derive(Clone, Debug, Default)]
pub(crate) struct Marks {
    /// Event time of the earliest bust.
    pub(crate) busted: Option<Millis>,
    /// Event time, place, new price and volume, the latest last.
    pub(crate) corrected: Vec<(Millis, Place, i64, i64)>,
}

/// What is known under an origin, the marks that the batch has read included.
pub(super) fn named<'a>(
    trades: &'a mut HashMap<(u32, Origin), Named>,
    key: (u32, Origin),
    base: &TradesBase,
    rank: Option<u32>,
) -> io::Result<&'a mut Named> {
    match trades.entry(key) {
        Entry::Occupied(known) => Ok(known.into_mut()),
        // rule: T5
        Entry::Vacant(new) => Ok(new.insert(Named { first: None, more: batched_marks(base, rank, key.1)? })),
    }
}

/// The marks that the batch has read of a trade.
fn batched_marks(base: &TradesBase, rank: Option<u32>, origin: Origin) -> io::Result<Option<Box<More>>> {
    let Some(rank) = rank else { return Ok(None) };
    let mut marks: Option<Marks> = None;
    base.marks(rank, origin, |marked| {
        let marks = marks.get_or_insert_default();
        match marked {
            Marked::Busted(time) => marks.busted = Some(time),
            Marked::Corrected(time, place, price, volume) => {
                marks.corrected.push((time, place, price, volume));
            }
        }
    })?;
    let Some(mut marks) = marks else { return Ok(None) };
    marks.corrected.sort_unstable();
    Ok(Some(Box::new(More { marks: Some(marks), ..More::default() })))
}

/// Adds a mark to those of its trade.
pub(super) fn mark(marks: &mut Marks, event: &TradeEvent, place: Place) {
    if event.kind == TradeKind::Busted {
        // rule: T2
        let earliest = marks.busted.map_or(event.time, |earlier| earlier.min(event.time));
        marks.busted = Some(earliest);
        return;
    }
    // rule: T3
    let correction = (event.time, place, event.price, event.volume);
    let at = marks.corrected.partition_point(|other| *other < correction);
    marks.corrected.insert(at, correction);
}

/// Price and volume that a trade counts with under these marks; nothing when it is busted.
pub(super) fn in_force(line: &Line, marks: Option<&Marks>, terms: &Terms) -> Option<(i64, i64)> {
    let own = (line.price, line.volume);
    let Some(marks) = marks else { return Some(own) };
    // rule: T6
    let refused = |marked: Millis| {
        terms.cancel_horizon.is_some_and(|horizon| marked.saturating_sub(line.time) > horizon)
    };
    // rule: T4
    match marks.busted {
        Some(busted) if !refused(busted) => None,
        _ => {
            // rule: T3
            let corrected = marks.corrected.iter().rev().find(|other| !refused(other.0));
            Some(corrected.map_or(own, |(.., price, volume)| (*price, *volume)))
        }
    }
}

impl Named {
    pub(super) fn push(&mut self, line: Line) {
        match self.first {
            None => self.first = Some(line),
            Some(_) => self.more.get_or_insert_default().lines.push(line),
        }
    }

    pub(super) fn marks(&self) -> Option<&Marks> {
        self.more.as_ref()?.marks.as_ref()
    }

    pub(super) fn lines(&self) -> impl Iterator<Item = &Line> {
        self.first.iter().chain(self.more.iter().flat_map(|more| &more.lines))
    }
}
