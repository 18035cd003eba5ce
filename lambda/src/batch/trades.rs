//! What all of history up to the cut says about trades.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use hashbrown::HashMap;
use workloads::calendar::Unit;
use workloads::intake::Duplicates;
use workloads::{Millis, Origin, Place, Terms, TradeKind};

use super::Sieve;
use crate::archive::TradeColumns;

/// How many of the lowest and highest prices of a day are published, and how many changes of a symbol's price: so
/// many can be taken back before the batch has to say more.
pub(crate) const NEAREST: usize = 8;

/// How many of a symbol's latest trades are published at most, while the price does not change.
pub(crate) const LATEST: usize = 64;

/// Milliseconds of a day.
const DAY: Millis = 86_400_000;

/// A trade, by the number of its symbol.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Traded {
    /// Number of the symbol.
    pub(crate) symbol: u32,
    /// What marks name it by.
    pub(crate) origin: Option<Origin>,
    /// Units of 1e-8, before any correction.
    pub(crate) price: i64,
    /// Units of 1e-8, before any correction.
    pub(crate) volume: i64,
    /// Event time.
    pub(crate) time: Millis,
    /// Where it stands in the log.
    pub(crate) place: Place,
}

/// A bust or correction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    /// Number of the symbol.
    pub(crate) symbol: u32,
    /// The trade that it names.
    pub(crate) target: Origin,
    /// Whether it busts; it corrects if not.
    pub(crate) busts: bool,
    /// The new price of a correction.
    pub(crate) price: i64,
    /// The new volume of a correction.
    pub(crate) volume: i64,
    /// Event time.
    pub(crate) time: Millis,
    /// Where it stands in the log.
    pub(crate) place: Place,
}

/// What the log holds up to the cut, each record once.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// Trades.
    pub(crate) trades: Vec<Traded>,
    /// Marks on trades.
    pub(crate) marks: Vec<Mark>,
}

/// The trades in force of a symbol on a day.
#[derive(Clone, Debug, Default)]
pub(crate) struct Day {
    /// Sum of volumes.
    pub(crate) volume: i128,
    /// Trades.
    pub(crate) count: u64,
    /// Sum of price times volume.
    pub(crate) value: i128,
    /// The lowest prices, and how many trades have each.
    pub(crate) lowest: BTreeMap<i64, u64>,
    /// The highest prices, and how many trades have each.
    pub(crate) highest: BTreeMap<i64, u64>,
    /// Whether there were more prices than either has room for.
    pub(crate) more: bool,
}

/// The trades in force of a symbol.
#[derive(Clone, Debug, Default)]
pub(crate) struct Symbol {
    /// Sum of prices.
    pub(crate) prices: i128,
    /// Sum of volumes.
    pub(crate) volumes: i128,
    /// Trades.
    pub(crate) count: u64,
    /// The latest trades with their prices, the latest first.
    pub(crate) latest: Vec<(Millis, Place, i64)>,
    /// The earliest of these, if there are still earlier ones.
    pub(crate) bound: Option<(Millis, Place)>,
}

/// The batch's half of every answer, and what it takes to undo any part of it.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    /// Per symbol.
    pub(crate) symbols: Vec<Symbol>,
    /// Per symbol and day.
    pub(crate) days: HashMap<(u32, i64), Day>,
    /// Per symbol and hour: the sum of volumes and the trades.
    pub(crate) hours: HashMap<(u32, i64), (i128, u64)>,
    /// Marks that can still matter to what is yet to come.
    pub(crate) marks: Vec<Mark>,
    /// Every trade that a mark can name.
    pub(crate) trades: Vec<Traded>,
}

/// The marks on one trade, as far as they can matter.
#[derive(Clone, Debug, Default)]
struct Marks {
    busted: Option<Mark>,
    /// Latest first.
    corrected: Vec<Mark>,
}

/// Adds a stretch of the archive to the history.
pub(crate) fn read(history: &mut History, columns: &TradeColumns, seen: &mut Duplicates) {
    for row in 0..columns.len() {
        // rule: T14
        if !columns.first(row, seen) {
            continue;
        }
        let (symbol, place, time) = (columns.symbols[row], columns.place(row), columns.times[row]);
        let (price, volume) = (columns.prices[row], columns.volumes[row]);
        match columns.kinds[row] {
            TradeKind::Traded => {
                let origin = columns.origin(row);
                history.trades.push(Traded { symbol, origin, price, volume, time, place });
            }
            kind => {
                let (busts, target) = (kind == TradeKind::Busted, columns.targets[row]);
                history.marks.push(Mark { symbol, target, busts, price, volume, time, place });
            }
        }
    }
}

/// The answers that follow from a history of so many symbols.
pub(crate) fn answers(mut history: History, symbols: usize, terms: &Terms) -> Answers {
    let marks = standing(&history.marks, terms);
    let mut sieve = Sieve::new(history.marks.len());
    history.marks.iter().for_each(|mark| sieve.add(mark.target.sequence));
    let mut answers = Answers { symbols: vec![Symbol::default(); symbols], ..Answers::default() };
    for trade in &history.trades {
        // rule: T7
        let named = trade.origin.filter(|origin| sieve.passes(origin.sequence));
        let marks = named.and_then(|origin| marks.get(&(trade.symbol, origin)));
        let in_force = marks.map_or(Some((trade.price, trade.volume)), |marks| in_force(trade, marks, terms));
        if let Some((price, volume)) = in_force {
            count(&mut answers, trade, price, volume);
        }
    }
    answers.symbols.iter_mut().for_each(keep_latest);
    // rule: T5
    answers.marks =
        marks.into_values().flat_map(|marks| marks.busted.into_iter().chain(marks.corrected)).collect();
    // rule: T7
    history.trades.retain(|trade| trade.origin.is_some());
    answers.trades = history.trades;
    answers
}

/// The marks of each trade that can matter, to the records there are and to those that may still come.
fn standing(marks: &[Mark], terms: &Terms) -> HashMap<(u32, Origin), Marks> {
    let mut standing: HashMap<(u32, Origin), Marks> = HashMap::new();
    for mark in marks {
        let marks = standing.entry((mark.symbol, mark.target)).or_default();
        if !mark.busts {
            marks.corrected.push(*mark);
        } else if marks.busted.is_none_or(|earliest| mark.time < earliest.time) {
            // rule: T2
            marks.busted = Some(*mark);
        }
    }
    for marks in standing.values_mut() {
        // rule: T3
        marks.corrected.sort_unstable_by_key(|mark| Reverse((mark.time, mark.place)));
        if terms.cancel_horizon.is_none() {
            marks.corrected.truncate(1);
        }
    }
    standing
}

/// Price and volume that a marked trade counts with; nothing when it is busted.
fn in_force(trade: &Traded, marks: &Marks, terms: &Terms) -> Option<(i64, i64)> {
    // rule: T6
    let acts = |mark: &Mark| {
        terms.cancel_horizon.is_none_or(|horizon| mark.time.saturating_sub(trade.time) <= horizon)
    };
    // rule: T4
    if marks.busted.as_ref().is_some_and(acts) {
        return None;
    }
    // rule: T3
    let corrected = marks.corrected.iter().find(|mark| acts(mark));
    Some(corrected.map_or((trade.price, trade.volume), |mark| (mark.price, mark.volume)))
}

/// Counts a trade in force to its symbol and to its day.
fn count(answers: &mut Answers, trade: &Traded, price: i64, volume: i64) {
    // rule: T1
    let day = answers.days.entry((trade.symbol, trade.time.div_euclid(DAY))).or_default();
    // rule: T9
    day.volume += i128::from(volume);
    day.count += 1;
    // rule: T13
    day.value = day.value.wrapping_add(i128::from(price) * i128::from(volume));
    // rule: T10
    day.add(price);
    // rule: T16
    let hour = answers.hours.entry((trade.symbol, Unit::Hour.of(trade.time))).or_default();
    hour.0 += i128::from(volume);
    hour.1 += 1;
    let symbol = &mut answers.symbols[trade.symbol as usize];
    // rule: T11
    symbol.prices += i128::from(price);
    symbol.volumes += i128::from(volume);
    symbol.count += 1;
    // rule: T12
    if symbol.bound.is_none_or(|bound| (trade.time, trade.place) > bound) {
        symbol.latest.push((trade.time, trade.place, price));
    }
    if symbol.latest.len() >= 4 * LATEST {
        keep_latest(symbol);
    }
}

/// Keeps those of a symbol's latest trades that are to be published.
pub(crate) fn keep_latest(symbol: &mut Symbol) {
    symbol.latest.sort_unstable_by_key(|(time, place, _)| Reverse((*time, *place)));
    let mut changes = 0;
    let kept = symbol.latest.windows(2).position(|pair| {
        changes += usize::from(pair[0].2 != pair[1].2);
        changes == NEAREST
    });
    let kept = kept.map_or(LATEST, |before| (before + 2).min(LATEST));
    if symbol.latest.len() > kept {
        symbol.latest.truncate(kept);
        symbol.bound = symbol.latest.last().map(|(time, place, _)| (*time, *place));
    }
}

impl Day {
    /// Adds a price to the nearest on either side. One that is not among them will never be: none is taken away.
    fn add(&mut self, price: i64) {
        let full = self.lowest.len() == NEAREST;
        if !full || self.lowest.last_key_value().is_some_and(|(last, _)| price <= *last) {
            *self.lowest.entry(price).or_default() += 1;
        } else {
            self.more = true;
        }
        if self.highest.len() < NEAREST
            || self.highest.first_key_value().is_some_and(|(last, _)| price >= *last)
        {
            *self.highest.entry(price).or_default() += 1;
        }
        if self.lowest.len() > NEAREST {
            self.lowest.pop_last();
            self.more = true;
        }
        if self.highest.len() > NEAREST {
            self.highest.pop_first();
        }
    }
}
