//! What all of history up to the cut says about trades.

use std::cmp::Reverse;

use hashbrown::HashMap;
use workloads::calendar::Unit;
use workloads::intake::Duplicates;
use workloads::{Millis, Origin, Place, Terms, TradeKind};

use super::nearest::Nearest;
use super::{Recent, Sieve};
use crate::archive::TradeColumns;

/// How many of the lowest and highest prices of a day are published, and how many of the latest prices of a symbol: so
/// many can be taken back before the batch has to say more.
pub(crate) const NEAREST: usize = 8;

/// How many of a symbol's latest trades at one price are published at most.
pub(crate) const LATEST: usize = 16;

/// How many of a symbol's latest trades are held before those are left out that will not be published.
const HELD: usize = 2 * NEAREST * LATEST;

/// A trade, by the number of its symbol.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Traded {
    /// Number of the symbol.
    pub(crate) symbol: u32,
    /// What marks name it by.
    pub(crate) origin: Origin,
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

/// What is to be computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Volumes by day.
    pub(crate) volume: bool,
    /// Price times volume by day.
    pub(crate) value: bool,
    /// Lowest and highest prices by day.
    pub(crate) range: bool,
    /// Volumes by hour.
    pub(crate) hours: bool,
    /// Sums by symbol.
    pub(crate) mean: bool,
    /// The latest trades of each symbol.
    pub(crate) latest: bool,
    /// What it takes to undo any of it.
    pub(crate) index: bool,
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
    /// The lowest prices.
    pub(crate) lowest: Nearest,
    /// The highest prices, every bit of them turned around so that the highest is the lowest.
    pub(crate) highest: Nearest,
}

/// A sum of volumes and the number of trades in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Volume {
    /// Units of 1e-8.
    pub(crate) sum: i128,
    /// Trades.
    pub(crate) count: u64,
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
    /// The latest trades with their prices, the latest first; of a price no more than are published.
    pub(crate) latest: Vec<(Millis, Place, i64)>,
    /// The earliest of these, if there are still earlier ones at other prices.
    pub(crate) bound: Option<(Millis, Place)>,
    /// By the number of the day.
    pub(crate) days: Recent<Day>,
    /// By the number of the hour.
    pub(crate) hours: Recent<Volume>,
}

/// The batch's half of every answer, and the marks that it takes to undo any part of it.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    /// Per symbol.
    pub(crate) symbols: Vec<Symbol>,
    /// Marks that can still matter to what is yet to come, those on a trade side by side.
    pub(crate) marks: Vec<Mark>,
}

/// The marks that can matter, to the trades there are and to those that may still come.
#[derive(Debug)]
pub(crate) struct Standing {
    /// Those on a trade side by side: the bust, then the corrections, the latest first.
    marks: Vec<Mark>,
    /// Where those on a trade are, from the first to the one after the last.
    places: HashMap<(u32, Origin), (u32, u32)>,
    sieve: Sieve,
}

/// Adds the marks of a stretch of the archive, and says whether it holds repetitions.
pub(crate) fn mark(marks: &mut Vec<Mark>, columns: &TradeColumns, seen: &mut Duplicates) -> bool {
    let mut repeats = false;
    for row in 0..columns.len() {
        // rule: T14
        if !columns.first(row, seen) {
            repeats = true;
        } else if columns.kinds[row] != TradeKind::Traded {
            marks.push(Mark {
                symbol: columns.symbols[row],
                target: columns.targets[row],
                busts: columns.kinds[row] == TradeKind::Busted,
                price: columns.prices[row],
                volume: columns.volumes[row],
                time: columns.times[row],
                place: columns.place(row),
            });
        }
    }
    repeats
}

impl Standing {
    /// What of all marks can matter.
    pub(crate) fn new(mut all: Vec<Mark>, terms: &Terms) -> Self {
        all.sort_unstable_by_key(|mark| (mark.symbol, mark.target, !mark.busts));
        let mut sieve = Sieve::new(all.len());
        let (mut marks, mut places) = (Vec::new(), HashMap::new());
        for of_one in all.chunk_by_mut(|a, b| (a.symbol, a.target) == (b.symbol, b.target)) {
            sieve.add(of_one[0].target.sequence);
            let from = marks.len() as u32;
            let (busting, correcting) = of_one.split_at_mut(of_one.partition_point(|mark| mark.busts));
            // rule: T2
            marks.extend(busting.iter().min_by_key(|mark| (mark.time, mark.place)));
            // rule: T3
            correcting.sort_unstable_by_key(|mark| Reverse((mark.time, mark.place)));
            // Of corrections that none can be refused before, only the latest counts.
            let kept =
                if terms.cancel_horizon.is_none() { correcting.len().min(1) } else { correcting.len() };
            marks.extend(&correcting[..kept]);
            places.insert((of_one[0].symbol, of_one[0].target), (from, marks.len() as u32));
        }
        Standing { marks, places, sieve }
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }

    /// All of them.
    pub(crate) fn into_marks(self) -> Vec<Mark> {
        self.marks
    }

    fn of(&self, symbol: u32, origin: Option<Origin>) -> &[Mark] {
        // rule: T7
        let named = origin.filter(|origin| self.sieve.passes(origin.sequence));
        let place = named.and_then(|origin| self.places.get(&(symbol, origin)));
        place.map_or(&[], |(from, to)| &self.marks[*from as usize..*to as usize])
    }
}

/// Adds the trades of a stretch of the archive to the answers, for as many symbols as have numbers. Each trade that a
/// mark can name is handed to `named`.
pub(crate) fn count(
    (answers, symbols): (&mut Answers, usize),
    columns: &TradeColumns,
    seen: &mut Duplicates,
    (standing, asked, terms): (&Standing, Asked, &Terms),
    named: &mut impl FnMut(Traded),
) {
    if answers.symbols.len() < symbols {
        answers.symbols.resize_with(symbols, Symbol::default);
    }
    let (marked, placed) = (!standing.is_empty(), asked.index || asked.latest);
    for row in 0..columns.len() {
        // rule: T14
        if !columns.first(row, seen) || columns.kinds[row] != TradeKind::Traded {
            continue;
        }
        let (symbol, origin) = (columns.symbols[row], columns.origin(row));
        let (price, volume) = (columns.prices[row], columns.volumes[row]);
        let time = columns.times[row];
        let place = if placed { columns.place(row) } else { Place { partition: 0, offset: 0 } };
        // rule: T7
        if let (true, Some(origin)) = (asked.index, origin) {
            named(Traded { symbol, origin, price, volume, time, place });
        }
        let marks = if marked { standing.of(symbol, origin) } else { &[] };
        if let Some(in_force) = in_force((price, volume), time, marks, terms) {
            add(&mut answers.symbols[symbol as usize], in_force, (time, place), asked);
        }
    }
}

/// Price and volume that a trade counts with under the marks on it; nothing when it is busted.
#[inline]
fn in_force(own: (i64, i64), time: Millis, marks: &[Mark], terms: &Terms) -> Option<(i64, i64)> {
    // rule: T6
    let acts =
        |mark: &&Mark| terms.cancel_horizon.is_none_or(|horizon| mark.time.saturating_sub(time) <= horizon);
    // rule: T3 T4
    match marks.iter().find(acts) {
        Some(mark) if mark.busts => None,
        Some(mark) => Some((mark.price, mark.volume)),
        None => Some(own),
    }
}

/// Counts a trade in force to its symbol, its day and its hour.
#[inline]
fn add(symbol: &mut Symbol, (price, volume): (i64, i64), (time, place): (Millis, Place), asked: Asked) {
    if asked.volume || asked.value || asked.range {
        // rule: T1
        symbol.days.of(Unit::Day.of(time)).add(price, volume, asked);
    }
    if asked.hours {
        // rule: T16
        let hour = symbol.hours.of(Unit::Hour.of(time));
        hour.sum += i128::from(volume);
        hour.count += 1;
    }
    if asked.mean {
        // rule: T11
        symbol.prices += i128::from(price);
        symbol.volumes += i128::from(volume);
        symbol.count += 1;
    }
    // rule: T12
    if asked.latest && symbol.bound.is_none_or(|bound| (time, place) > bound) {
        symbol.latest.push((time, place, price));
        if symbol.latest.len() >= HELD {
            keep_latest(symbol);
        }
    }
}

impl Day {
    #[inline]
    fn add(&mut self, price: i64, volume: i64, asked: Asked) {
        // rule: T9
        self.volume += i128::from(volume);
        self.count += 1;
        if asked.value {
            // rule: T13
            self.value = self.value.wrapping_add(i128::from(price) * i128::from(volume));
        }
        if asked.range {
            // rule: T10
            self.lowest.add(price, 1);
            self.highest.add(!price, 1);
        }
    }

    fn join(&mut self, other: &Day) {
        self.volume += other.volume;
        self.count += other.count;
        self.value = self.value.wrapping_add(other.value);
        self.lowest.join(&other.lowest);
        self.highest.join(&other.highest);
    }
}

/// Adds what was counted elsewhere of other trades.
pub(crate) fn join(answers: &mut Answers, other: Answers) {
    let symbols = answers.symbols.len().max(other.symbols.len());
    answers.symbols.resize_with(symbols, Symbol::default);
    for (symbol, more) in answers.symbols.iter_mut().zip(other.symbols) {
        symbol.prices += more.prices;
        symbol.volumes += more.volumes;
        symbol.count += more.count;
        symbol.days.join(more.days, |day, more| day.join(&more));
        symbol.hours.join(more.hours, |hour, more| {
            hour.sum += more.sum;
            hour.count += more.count;
        });
        symbol.latest.extend(more.latest);
        symbol.bound = symbol.bound.max(more.bound);
        // What lies before either bound may have been left out on one side.
        symbol.latest.retain(|(time, place, _)| symbol.bound.is_none_or(|bound| (*time, *place) >= bound));
        keep_latest(symbol);
    }
}

/// Keeps those of a symbol's latest trades that are to be published.
pub(crate) fn keep_latest(symbol: &mut Symbol) {
    symbol.latest.sort_unstable_by_key(|(time, place, _)| Reverse((*time, *place)));
    let mut prices: Vec<(i64, usize)> = Vec::with_capacity(NEAREST);
    let (mut kept, mut earlier) = (Vec::with_capacity(HELD), false);
    for trade in &symbol.latest {
        let full = prices.len() == NEAREST;
        match prices.iter_mut().find(|(price, _)| *price == trade.2) {
            // At that price there are as many, and later ones.
            Some((_, times)) if *times == LATEST => continue,
            // With the first trade at the last of the prices it is enough.
            _ if full => {
                earlier = true;
                break;
            }
            Some((_, times)) => *times += 1,
            None => prices.push((trade.2, 1)),
        }
        kept.push(*trade);
    }
    symbol.latest = kept;
    if earlier {
        symbol.bound = symbol.latest.last().map(|(time, place, _)| (*time, *place));
    }
}

/// The prices of which as many of the latest trades are held as may be: there may be earlier ones.
pub(crate) fn crowded(symbol: &Symbol) -> Vec<i64> {
    let mut prices: Vec<i64> = symbol.latest.iter().map(|(.., price)| *price).collect();
    prices.sort_unstable();
    let crowded = prices.chunk_by(|a, b| a == b).filter(|same| same.len() == LATEST);
    crowded.map(|same| same[0]).collect()
}
