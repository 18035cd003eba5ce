//! Rules of `trades`: what each trade adds to its symbol, day and hour, and how a mark takes it back.

use serde::{Deserialize, Serialize};
use workloads::{Event, Millis, Name, Origin, Place, Record, Terms, TradeKind};

use super::marks::Marks;
use super::{Groupings, Rules, asked};
use crate::flow::fold::Fold;
use crate::flow::keys::{Named, NamedDay};
use crate::flow::outlet::Outlet;
use crate::flow::shards::{Leaf, Near, Shards, Spot};
use crate::snapshot::{Home, Movable, Table};

mod days;
mod entry;
mod symbols;
mod tape;

use days::{Day, Days, Hours, Ladders, hour};
use entry::{acts, in_force, mark};
use symbols::{Symbol, Symbols, Tapes};

const DAY: Millis = 86_400_000;

/// What comes to its end within this part of a horizon is forgotten at once.
const AT_ONCE: Millis = 16;

/// What a trade event says of its symbol.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Act {
    kind: TradeKind,
    /// Of the trade itself, or of the trade that is marked.
    origin: Option<Origin>,
    trade: Trade,
}

/// What a trade was, or what a correction makes of it; time and place are those of the event.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Trade {
    price: i64,
    volume: i64,
    time: Millis,
    place: Place,
}

/// What trades change.
#[derive(Default)]
pub struct Changes {
    days: Fold<Days>,
    symbols: Fold<Symbols>,
    hours: Fold<Hours>,
}

/// The trades that can still be marked, and what lies behind the extremes and the last.
pub struct Trades {
    entries: Shards<(u32, Origin), Trade, Marks<Trade>>,
    horizon: Option<Millis>,
    book: Book,
}

/// The records of one origin, and their marks.
type Entry<'a> = Leaf<'a, (u32, Origin), Trade, Marks<Trade>>;

/// What is kept for the views that are asked for.
struct Book {
    ladders: Option<Ladders>,
    tapes: Option<Tapes>,
}

impl Near for (u32, Origin) {
    fn spot(self) -> Spot {
        // A feed numbers the few trades of a frame in the last eight bits: four of four frames share a page.
        let (frame, index) = (self.1.sequence >> 8, self.1.sequence & 255);
        let number = index >> 2 << 58 | frame >> 2 << 4 | (frame & 3) << 2 | index & 3;
        Spot { lead: self.1.source, number, rest: self.0 }
    }

    fn at(spot: Spot) -> Self {
        let Spot { lead: source, number, rest } = spot;
        let frame = (number << 6 >> 10) << 2 | number >> 2 & 3;
        let index = number >> 58 << 2 | number & 3;
        (rest, Origin { source, sequence: frame << 8 | index })
    }
}

impl Movable for (u32, Origin) {
    fn moved(self, home: &Home) -> Option<Self> {
        Some((home.number(self.0)?, self.1))
    }
}

impl Book {
    /// Counts a trade in force in (`sign` 1) or out (-1).
    fn count(&mut self, symbol: u32, trade: Trade, sign: i64, changes: &mut Changes) {
        let (price, volume) = (i128::from(trade.price), i128::from(trade.volume));
        let signed = i128::from(sign);
        // rule: T1
        let day = NamedDay(symbol, trade.time.div_euclid(DAY));
        let mut change = match &mut self.ladders {
            Some(ladders) => ladders.count(day, trade.price, sign),
            None => Day::default(),
        };
        // rule: T9 T13
        (change.volume, change.price_volume, change.count) = (volume * signed, price * volume * signed, sign);
        changes.days.add(day, &change);
        if changes.hours.wanted() {
            let (hour, change) = hour(symbol, trade, sign);
            changes.hours.add(hour, &change);
        }

        if changes.symbols.wanted() {
            let mut change = match &mut self.tapes {
                Some(tapes) => tapes.count(symbol, trade, sign),
                None => Symbol::default(),
            };
            // rule: T11
            (change.prices, change.volumes, change.count) = (price * signed, volume * signed, sign);
            changes.symbols.add(Named(symbol), &change);
        }
    }

    /// Counts the trades on which a mark acts in or out, as all their marks leave them. What lies behind the others may be
    /// forgotten.
    fn count_all(
        &mut self,
        symbol: u32,
        entry: &Entry<'_>,
        marks: Option<&Marks<Trade>>,
        (mark, sign): (Millis, i64),
        horizon: Option<Millis>,
        changes: &mut Changes,
    ) {
        for trade in entry.values().filter(|trade| acts(mark, *trade, horizon)) {
            if let Some(trade) = in_force(trade, marks, horizon) {
                self.count(symbol, trade, sign, changes);
            }
        }
    }
}

impl Groupings for Changes {
    fn folds(&mut self) -> Vec<&mut dyn Outlet> {
        vec![&mut self.days, &mut self.symbols, &mut self.hours]
    }
}

impl Rules for Trades {
    type Act = Act;
    type Changes = Changes;

    fn new(terms: &Terms, views: &[&str]) -> Self {
        let ladders = asked(views, &["range"]).then(Ladders::default);
        let tapes = asked(views, &["last"]).then(Tapes::default);
        Trades {
            entries: Shards::new(Marks::EVER),
            horizon: terms.cancel_horizon,
            book: Book { ladders, tapes },
        }
    }

    fn acts(record: &Record, mut act: impl FnMut(&Name, Act)) {
        let Event::Trade(event) = &record.event else { return };
        let origin = if event.kind == TradeKind::Traded { record.origin } else { Some(event.target) };
        let trade = Trade { price: event.price, volume: event.volume, time: event.time, place: record.place };
        act(&event.symbol, Act { kind: event.kind, origin, trade });
    }

    /// Prices and moments are in one order only where all of a symbol's trades are.
    fn spread(views: &[&str]) -> bool {
        !asked(views, &["range", "last"])
    }

    fn told(act: &Act) -> bool {
        act.kind != TradeKind::Traded
    }

    fn forget(&mut self, earliest: Millis) {
        // rule: T6
        let Some(horizon) = self.horizon.filter(|horizon| *horizon < Millis::MAX) else { return };
        let Some(before) = earliest.checked_sub(horizon) else { return };
        let steps = (before, horizon / AT_ONCE);
        // rule: T4 T5
        self.entries.forget(steps, |_, trade| trade.time < before, |marks| marks.is_withdrawn_by(earliest));
        self.book.ladders.iter_mut().for_each(|ladders| ladders.forget(before.div_euclid(DAY)));
        self.book.tapes.iter_mut().for_each(|tapes| tapes.forget(before));
    }

    fn tables(&mut self) -> Vec<&mut dyn Table> {
        let mut tables: Vec<&mut dyn Table> = vec![&mut self.entries];
        tables.extend(self.book.ladders.as_mut().map(Ladders::table));
        tables.extend(self.book.tapes.as_mut().map(|tapes| tapes as &mut dyn Table));
        tables
    }

    fn restore(&mut self) {
        self.book.ladders.iter_mut().for_each(Ladders::restore);
    }

    fn apply(&mut self, symbol: u32, act: &Act, changes: &mut Changes) {
        let Some(origin) = act.origin else {
            // rule: T7
            return self.book.count(symbol, act.trade, 1, changes);
        };
        let mut entry = self.entries.at((symbol, origin));
        if act.kind == TradeKind::Traded {
            // rule: T5
            if let Some(trade) = in_force(act.trade, entry.aside(), self.horizon) {
                self.book.count(symbol, trade, 1, changes);
            }
            // rule: T2
            entry.push(act.trade);
        } else {
            self.book.count_all(symbol, &entry, entry.aside(), (act.trade.time, -1), self.horizon, changes);
            let held = entry.hold_aside();
            mark(held, act.kind, act.trade);
            let marks = held.clone();
            self.book.count_all(symbol, &entry, Some(&marks), (act.trade.time, 1), self.horizon, changes);
        }
    }
}
