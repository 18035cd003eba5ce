//! What was said of the records of one origin, and what that leaves of each.

use serde::{Deserialize, Serialize};
use workloads::{Millis, TradeKind};

use super::Trade;

/// The marks of one origin. Nearly all trades have none, and most others were busted, once.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) enum Marks {
    #[default]
    None,
    /// Event time of the earliest bust: the one that reaches furthest back.
    Busted(Millis),
    Several(Box<Several>),
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Several {
    /// As above, if there is one.
    busted: Option<Millis>,
    /// In ascending order of (event time, place).
    corrections: Vec<Trade>,
}

impl Marks {
    /// Whatever comes is busted.
    pub(super) const BUSTED: Marks = Marks::Busted(Millis::MIN);

    /// Whether everything is busted that lies no further than a horizon before this time, or after it.
    // rule: T4 T5
    pub(super) fn bust_since(&self, earliest: Millis) -> bool {
        self.busted().is_some_and(|busted| busted <= earliest)
    }

    pub(super) fn add(&mut self, kind: TradeKind, mark: Trade) {
        if kind == TradeKind::Busted {
            self.bust(mark.time);
        } else {
            // rule: T3
            let corrections = &mut self.several().corrections;
            let at = corrections.partition_point(|held| (held.time, held.place) < (mark.time, mark.place));
            corrections.insert(at, mark);
        }
    }

    // rule: T2
    fn bust(&mut self, time: Millis) {
        match self {
            Marks::None => *self = Marks::Busted(time),
            Marks::Busted(earliest) => *earliest = time.min(*earliest),
            Marks::Several(several) => {
                several.busted = Some(several.busted.map_or(time, |earliest| earliest.min(time)));
            }
        }
    }

    fn several(&mut self) -> &mut Several {
        let busted = match self {
            Marks::Busted(time) => Some(*time),
            _ => None,
        };
        if !matches!(self, Marks::Several(_)) {
            *self = Marks::Several(Box::new(Several { busted, corrections: Vec::new() }));
        }
        match self {
            Marks::Several(several) => several,
            _ => unreachable!("it was made several"),
        }
    }

    fn busted(&self) -> Option<Millis> {
        match self {
            Marks::None => None,
            Marks::Busted(time) => Some(*time),
            Marks::Several(several) => several.busted,
        }
    }

    fn corrections(&self) -> &[Trade] {
        match self {
            Marks::Several(several) => &several.corrections,
            _ => &[],
        }
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
pub(super) fn in_force(trade: Trade, marks: Option<&Marks>, horizon: Option<Millis>) -> Option<Trade> {
    let Some(marks) = marks else { return Some(trade) };
    let acts = |mark| acts(mark, trade, horizon);
    // rule: T4
    if marks.busted().is_some_and(acts) {
        return None;
    }
    // rule: T3
    let correction = marks.corrections().iter().rev().find(|correction| acts(correction.time));
    Some(correction.map_or(trade, |new| Trade { price: new.price, volume: new.volume, ..trade }))
}
