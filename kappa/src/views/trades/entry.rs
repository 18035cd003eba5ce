//! What was said of the records of one origin, and what that leaves of each.

use workloads::{Millis, Place, TradeKind};

use super::Trade;
use crate::views::marks::{Correction, Marks};

impl Correction for Trade {
    fn moment(&self) -> (Millis, Place) {
        (self.time, self.place)
    }
}

pub(super) fn mark(marks: &mut Marks<Trade>, kind: TradeKind, trade: Trade) {
    if kind == TradeKind::Busted {
        // rule: T2
        marks.withdraw(trade.time);
    } else {
        // rule: T3
        marks.correct(trade);
    }
}

/// Whether a mark of this event time acts on a trade.
// rule: T6
#[inline]
pub(super) fn acts(mark: Millis, trade: Trade, horizon: Option<Millis>) -> bool {
    horizon.is_none_or(|horizon| mark.saturating_sub(trade.time) <= horizon)
}

/// What is in force of a trade.
#[inline]
pub(super) fn in_force(trade: Trade, marks: Option<&Marks<Trade>>, horizon: Option<Millis>) -> Option<Trade> {
    let Some(marks) = marks else { return Some(trade) };
    let acts = |mark| acts(mark, trade, horizon);
    // rule: T4
    if marks.withdrawn().is_some_and(acts) {
        return None;
    }
    // rule: T3
    let correction = marks.corrections().iter().rev().find(|correction| acts(correction.time));
    Some(correction.map_or(trade, |new| Trade { price: new.price, volume: new.volume, ..trade }))
}
