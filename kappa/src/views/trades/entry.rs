//! The records of one origin, and what marks leave of them.

use serde::{Deserialize, Serialize};
use workloads::{Millis, TradeKind};

use super::Trade;

/// The records of one origin, and what was said of them. Nearly all have one record and no mark.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Entry {
    first: Option<Trade>,
    more: Option<Box<More>>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct More {
    trades: Vec<Trade>,
    /// Event time of the earliest bust: the one that reaches furthest back.
    busted: Option<Millis>,
    /// In ascending order of (event time, place).
    corrections: Vec<Trade>,
}

impl Entry {
    #[inline]
    pub(super) fn trades(&self) -> impl Iterator<Item = Trade> + '_ {
        self.first.into_iter().chain(self.more.iter().flat_map(|more| more.trades.iter().copied()))
    }

    // rule: T2 T5
    #[inline]
    pub(super) fn enter(&mut self, trade: Trade) {
        match self.first {
            None => self.first = Some(trade),
            Some(_) => self.more.get_or_insert_default().trades.push(trade),
        }
    }

    pub(super) fn mark(&mut self, kind: TradeKind, mark: Trade) {
        let more = self.more.get_or_insert_default();
        if kind == TradeKind::Busted {
            // rule: T2
            more.busted = Some(more.busted.map_or(mark.time, |earliest| earliest.min(mark.time)));
        } else {
            // rule: T3
            let at =
                more.corrections.partition_point(|held| (held.time, held.place) < (mark.time, mark.place));
            more.corrections.insert(at, mark);
        }
    }

    /// What is in force of a trade.
    #[inline]
    pub(super) fn in_force(&self, trade: Trade, horizon: Option<Millis>) -> Option<Trade> {
        let Some(more) = &self.more else { return Some(trade) };
        // rule: T6
        let acts = |mark: Millis| horizon.is_none_or(|horizon| mark.saturating_sub(trade.time) <= horizon);
        // rule: T4
        if more.busted.is_some_and(acts) {
            return None;
        }
        // rule: T3
        let correction = more.corrections.iter().rev().find(|correction| acts(correction.time));
        Some(correction.map_or(trade, |new| Trade { price: new.price, volume: new.volume, ..trade }))
    }
}
