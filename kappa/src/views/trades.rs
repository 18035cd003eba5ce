//! Rules of `trades`: what each trade adds to its symbol and day, and how a mark takes it back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use workloads::trades::{day_key, parse_day_key};
use workloads::{Event, Millis, Origin, Place, Record, Row, Terms, TradeKind};

use super::{Changes, Rules};
use crate::fold::{SteadyMap, additive};
use crate::names::Names;
use crate::shards::{Near, Shards};

const DAY: Millis = 86_400_000;

/// A trade event, its symbol as a number.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Act {
    kind: TradeKind,
    symbol: u32,
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

/// A symbol on a day. Lowest and highest are replaced, not added up: their difference is what must be added to the
/// old to make it the new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Day {
    volume: i128,
    price_volume: i128,
    count: i64,
    low: i64,
    high: i64,
}
additive!(Day { volume, price_volume, count, low, high });

/// A symbol. The fields after `count` are replaced, not added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Symbol {
    prices: i128,
    volumes: i128,
    count: i64,
    last: i64,
    time: Millis,
    previous: i64,
    has_previous: i64,
}
additive!(Symbol { prices, volumes, count, last, time, previous, has_previous });

/// The records of one origin, and what was said of them. Nearly all have one record and no mark.
#[derive(Debug, Default)]
struct Entry {
    first: Option<Trade>,
    more: Option<Box<More>>,
}

#[derive(Debug, Default)]
struct More {
    trades: Vec<Trade>,
    /// Event time of the earliest bust: the one that reaches furthest back.
    busted: Option<Millis>,
    /// In ascending order of (event time, place).
    corrections: Vec<Trade>,
}

/// The trades of a symbol in force, in the order that decides which is last.
type Tape = BTreeMap<(Millis, Place), i64>;

/// How many trades in force have a price.
type Ladder = BTreeMap<i64, u64>;

/// The trades that can still be marked, and what lies behind the extremes and the last.
pub struct Trades {
    entries: Shards<(u32, Origin), Entry>,
    horizon: Option<Millis>,
    book: Book,
}

#[derive(Default)]
struct Book {
    /// Whether extremes are asked for.
    range: bool,
    /// Whether the last trades are asked for.
    last: bool,
    ladders: SteadyMap<(u32, i64), Ladder>,
    tapes: SteadyMap<u32, Tape>,
}

impl Near for (u32, Origin) {
    fn stretch(&self) -> u64 {
        // Some thousand frames of a feed.
        self.1.sequence >> 20 ^ u64::from(self.1.source) << 44
    }
}

impl Entry {
    fn trades(&self) -> impl Iterator<Item = Trade> + '_ {
        self.first.into_iter().chain(self.more.iter().flat_map(|more| more.trades.iter().copied()))
    }

    // rule: T2 T5
    fn enter(&mut self, trade: Trade) {
        match self.first {
            None => self.first = Some(trade),
            Some(_) => self.more.get_or_insert_default().trades.push(trade),
        }
    }

    fn mark(&mut self, kind: TradeKind, mark: Trade) {
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
    fn in_force(&self, trade: Trade, horizon: Option<Millis>) -> Option<Trade> {
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

impl Book {
    /// Counts a trade in force in (`sign` 1) or out (-1).
    fn count(&mut self, symbol: u32, trade: Trade, sign: i64, changes: &mut Changes<Trades>) {
        let (price, volume) = (i128::from(trade.price), i128::from(trade.volume));
        let signed = i128::from(sign);
        // rule: T1
        let day = (symbol, trade.time.div_euclid(DAY));
        let mut change = if self.range { self.range(day, trade.price, sign) } else { Day::default() };
        // rule: T9 T13
        (change.volume, change.price_volume, change.count) = (volume * signed, price * volume * signed, sign);
        changes.fine.add(day, &change);

        let mut change = if self.last { self.last(symbol, trade, sign) } else { Symbol::default() };
        // rule: T11
        (change.prices, change.volumes, change.count) = (price * signed, volume * signed, sign);
        changes.coarse.add(symbol, &change);
    }

    // rule: T10
    fn range(&mut self, day: (u32, i64), price: i64, sign: i64) -> Day {
        let ladder = self.ladders.entry(day).or_default();
        let before = extremes(ladder);
        step(ladder, price, sign);
        extremes(ladder).since(&before)
    }

    // rule: T12
    fn last(&mut self, symbol: u32, trade: Trade, sign: i64) -> Symbol {
        let tape = self.tapes.entry(symbol).or_default();
        let before = latest(tape);
        if sign > 0 {
            tape.insert((trade.time, trade.place), trade.price);
        } else {
            tape.remove(&(trade.time, trade.place));
        }
        latest(tape).since(&before)
    }

    fn count_all(
        &mut self,
        symbol: u32,
        entry: &Entry,
        sign: i64,
        horizon: Option<Millis>,
        changes: &mut Changes<Trades>,
    ) {
        for trade in entry.trades().filter_map(|trade| entry.in_force(trade, horizon)) {
            self.count(symbol, trade, sign, changes);
        }
    }
}

fn step(ladder: &mut Ladder, price: i64, sign: i64) {
    let held = ladder.entry(price).or_default();
    *held = held.saturating_add_signed(sign);
    if *held == 0 {
        ladder.remove(&price);
    }
}

fn extremes(ladder: &Ladder) -> Day {
    match (ladder.first_key_value(), ladder.last_key_value()) {
        (Some((low, _)), Some((high, _))) => Day { low: *low, high: *high, ..Day::default() },
        _ => Day::default(),
    }
}

fn latest(tape: &Tape) -> Symbol {
    let Some(((time, _), last)) = tape.last_key_value() else { return Symbol::default() };
    let previous = tape.values().rev().find(|price| *price != last);
    Symbol {
        last: *last,
        time: *time,
        previous: previous.copied().unwrap_or_default(),
        has_previous: i64::from(previous.is_some()),
        ..Symbol::default()
    }
}

impl Rules for Trades {
    type Act = Act;
    type FineKey = (u32, i64);
    type Fine = Day;
    type CoarseKey = u32;
    type Coarse = Symbol;

    fn new(terms: &Terms, views: &[&str]) -> Self {
        let asked = |view| views.is_empty() || views.contains(&view);
        let book = Book { range: asked("range"), last: asked("last"), ..Book::default() };
        Trades { entries: Shards::new(), horizon: terms.cancel_horizon, book }
    }

    fn act(record: &Record, names: &mut Names) -> Option<Act> {
        let Event::Trade(event) = &record.event else { return None };
        let symbol = names.number(&event.symbol);
        let origin = if event.kind == TradeKind::Traded { record.origin } else { Some(event.target) };
        let trade = Trade { price: event.price, volume: event.volume, time: event.time, place: record.place };
        Some(Act { kind: event.kind, symbol, origin, trade })
    }

    fn group(act: &Act) -> u64 {
        u64::from(act.symbol)
    }

    fn apply(&mut self, act: &Act, changes: &mut Changes<Self>) {
        let Some(origin) = act.origin else {
            // rule: T7
            return self.book.count(act.symbol, act.trade, 1, changes);
        };
        let entry = self.entries.entry((act.symbol, origin));
        if act.kind == TradeKind::Traded {
            // rule: T5
            if let Some(trade) = entry.in_force(act.trade, self.horizon) {
                self.book.count(act.symbol, trade, 1, changes);
            }
            entry.enter(act.trade);
        } else {
            self.book.count_all(act.symbol, entry, -1, self.horizon, changes);
            entry.mark(act.kind, act.trade);
            self.book.count_all(act.symbol, entry, 1, self.horizon, changes);
        }
    }

    fn is_fine(view: &str) -> Option<bool> {
        match view {
            "volume" | "range" | "vwap" => Some(true),
            "mean" | "last" => Some(false),
            _ => None,
        }
    }

    fn fine_row(view: &str, sum: &Day, _terms: &Terms) -> Option<Row> {
        // rule: T8
        (sum.count != 0).then(|| match view {
            "range" => vec![i128::from(sum.low), i128::from(sum.high)],
            "vwap" => vec![sum.price_volume, sum.volume],
            _ => vec![sum.volume, i128::from(sum.count)],
        })
    }

    fn coarse_row(view: &str, sum: &Symbol) -> Option<Row> {
        // rule: T8
        (sum.count != 0).then(|| match view {
            "mean" => vec![sum.prices, sum.volumes, i128::from(sum.count)],
            _ => change_row(sum),
        })
    }

    fn print_fine((symbol, day): (u32, i64), names: &Names) -> String {
        day_key(names.name(symbol), day)
    }

    fn print_coarse(symbol: u32, names: &Names) -> String {
        names.name(symbol).to_owned()
    }

    fn parse_fine(key: &str, names: &Names) -> Option<(u32, i64)> {
        let (symbol, day) = parse_day_key(key)?;
        Some((names.known(symbol)?, day))
    }

    fn parse_coarse(key: &str, names: &Names) -> Option<u32> {
        names.known(key)
    }
}

// rule: T12
fn change_row(sum: &Symbol) -> Row {
    let (last, previous) = (i128::from(sum.last), i128::from(sum.previous));
    let (change, over, under) =
        if sum.has_previous == 0 { (0, 0, 1) } else { (last - previous, (last - previous) * 100, previous) };
    vec![last, change, over, under, i128::from(sum.time)]
}
