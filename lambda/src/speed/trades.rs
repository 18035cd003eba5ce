//! What the events since the cut change about trades.

use std::collections::BTreeMap;
use std::io;

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use serde::{Deserialize, Serialize};
use workloads::{Millis, Name, Origin, Place, Record, Terms, TradeEvent, TradeKind};

use crate::publication::trades::{Marked, TradesBase};

/// Milliseconds of a day.
const DAY: Millis = 86_400_000;

/// What has changed since the cut.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    numbers: HashMap<Name, u32>,
    symbols: Vec<Symbol>,
    trades: HashMap<(u32, Origin), Named>,
    /// Symbols and days of which trades of the batch were changed, since this was last asked.
    changed: Vec<(u32, i64)>,
}

/// A symbol heard of since the cut.
#[derive(Debug, Default)]
struct Symbol {
    name: Name,
    /// Its rank with the batch, if it knows it.
    rank: Option<u32>,
    prices: i128,
    volumes: i128,
    count: i64,
    /// The trades since the cut and their prices in force, in their order: most come at the end.
    own: Vec<(Millis, Place, Option<i64>)>,
    /// Prices of the batch's trades that were changed; nothing where they were busted.
    changed: BTreeMap<(Millis, Place), Option<i64>>,
    days: BTreeMap<i64, Day>,
}

/// A day of a symbol of which something was heard since the cut.
#[derive(Clone, Debug, Default)]
struct Day {
    volume: i128,
    count: i64,
    value: i128,
    /// How many trades in force since the cut have each price.
    own: HashMap<i64, u64>,
    /// Lowest and highest of these prices.
    range: Option<(i64, i64)>,
    /// By how many trades more or fewer each price has among the batch's.
    changed: BTreeMap<i64, i64>,
}

/// Everything under one origin. Most have one record and no mark, so the rest is kept apart.
#[derive(Debug, Default)]
struct Named {
    first: Option<Line>,
    more: Option<Box<More>>,
}

/// What most trades have not.
#[derive(Debug, Default)]
struct More {
    /// Further records: since the cut, and once a mark has named the trade the batch's too.
    lines: Vec<Line>,
    /// Whether the batch's are among them.
    whole: bool,
    /// The marks, the batch's included.
    marks: Option<Marks>,
}

/// One record of a trade, with its own price and volume.
#[derive(Clone, Copy, Debug)]
struct Line {
    time: Millis,
    place: Place,
    price: i64,
    volume: i64,
    batched: bool,
}

/// The marks on one trade.
#[derive(Clone, Debug, Default)]
struct Marks {
    /// Event time of the earliest bust.
    busted: Option<Millis>,
    /// Event time, place, new price and volume, the latest last.
    corrected: Vec<(Millis, Place, i64, i64)>,
}

/// The speed layer's half of an answer: the symbols asked for, or the days.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Partial {
    /// By name.
    pub(crate) symbols: Vec<(Name, SymbolChange)>,
    /// By name and day.
    pub(crate) days: Vec<(Name, i64, DayChange)>,
}

/// What has changed about a symbol.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct SymbolChange {
    /// Sum of prices.
    pub(crate) prices: i128,
    /// Sum of volumes.
    pub(crate) volumes: i128,
    /// Trades.
    pub(crate) count: i64,
    /// The last trade since the cut.
    pub(crate) last: Option<(Millis, Place, i64)>,
    /// The last one before it with another price.
    pub(crate) previous: Option<(Millis, Place, i64)>,
    /// Prices of the batch's trades that were changed; nothing where they were busted.
    pub(crate) changed: Vec<(Millis, Place, Option<i64>)>,
}

/// What has changed about a day of a symbol.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct DayChange {
    /// Sum of volumes.
    pub(crate) volume: i128,
    /// Trades.
    pub(crate) count: i64,
    /// Sum of price times volume.
    pub(crate) value: i128,
    /// Lowest and highest price since the cut.
    pub(crate) range: Option<(i64, i64)>,
    /// By how many trades more or fewer each price has among the batch's.
    pub(crate) changed: Vec<(i64, i64)>,
}

/// One more event.
pub(crate) fn apply(
    changes: &mut Changes,
    base: &TradesBase,
    terms: &Terms,
    event: &TradeEvent,
    record: &Record,
) -> io::Result<()> {
    let number = changes.number(&event.symbol, base);
    let symbol = &mut changes.symbols[number as usize];
    if event.kind == TradeKind::Traded {
        let (price, volume) = (event.price, event.volume);
        let line = Line { time: event.time, place: record.place, price, volume, batched: false };
        // rule: T7
        let Some(origin) = record.origin else {
            symbol.count(&line, (price, volume), 1);
            return Ok(());
        };
        let named = named(&mut changes.trades, (number, origin), base, symbol.rank)?;
        named.push(line);
        if let Some(terms) = in_force(&line, named.marks(), terms) {
            symbol.count(&line, terms, 1);
        }
        return Ok(());
    }
    let named = named(&mut changes.trades, (number, event.target), base, symbol.rank)?;
    let more = named.more.get_or_insert_default();
    if !more.whole {
        more.whole = true;
        if let Some(rank) = symbol.rank {
            base.trades(rank, event.target, |time, place, price, volume| {
                more.lines.push(Line { time, place, price, volume, batched: true });
            })?;
        }
    }
    let before = more.marks.clone();
    mark(more.marks.get_or_insert_default(), event, record.place);
    for line in named.lines() {
        let then = in_force(line, before.as_ref(), terms);
        let now = in_force(line, named.marks(), terms);
        if then != now {
            then.into_iter().for_each(|terms| symbol.count(line, terms, -1));
            now.into_iter().for_each(|terms| symbol.count(line, terms, 1));
            if line.batched {
                changes.changed.push((number, line.time.div_euclid(DAY)));
            }
        }
    }
    Ok(())
}

/// What is known under an origin, the marks that the batch has read included.
fn named<'a>(
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
fn mark(marks: &mut Marks, event: &TradeEvent, place: Place) {
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
fn in_force(line: &Line, marks: Option<&Marks>, terms: &Terms) -> Option<(i64, i64)> {
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

impl Symbol {
    /// Counts a trade with this price and volume in force, or with `times` -1 takes it back.
    fn count(&mut self, line: &Line, (price, volume): (i64, i64), times: i64) {
        let (prices, volumes) = (i128::from(price), i128::from(volume));
        // rule: T11
        self.prices += prices * i128::from(times);
        self.volumes += volumes * i128::from(times);
        self.count += times;
        // rule: T1
        let day = self.days.entry(line.time.div_euclid(DAY)).or_default();
        // rule: T9
        day.volume += volumes * i128::from(times);
        day.count += times;
        // rule: T13
        day.value = day.value.wrapping_add(prices.wrapping_mul(volumes).wrapping_mul(i128::from(times)));
        // rule: T12
        let place = (line.time, line.place);
        let counted = times > 0;
        if line.batched {
            self.changed.insert(place, counted.then_some(price));
        } else {
            let at = self.own.partition_point(|other| (other.0, other.1) < place);
            match self.own.get_mut(at) {
                Some(known) if (known.0, known.1) == place => known.2 = counted.then_some(price),
                _ => self.own.insert(at, (place.0, place.1, Some(price))),
            }
        }
        day.weigh(price, times, line.batched);
    }

    fn days(&self) -> impl Iterator<Item = (&Name, i64, &Day)> {
        self.days.iter().map(|(day, it)| (&self.name, *day, it))
    }

    /// What has changed, and for `last` about the latest trades.
    fn change(&self, view: &str) -> SymbolChange {
        let sums = SymbolChange {
            prices: self.prices,
            volumes: self.volumes,
            count: self.count,
            ..Default::default()
        };
        if view != "last" {
            return sums;
        }
        // rule: T12
        let mut own =
            self.own.iter().rev().filter_map(|(time, place, price)| Some((*time, *place, (*price)?)));
        let last = own.next();
        let previous = last.and_then(|last| own.find(|other| other.2 != last.2));
        let changed = self.changed.iter().map(|((time, place), price)| (*time, *place, *price)).collect();
        SymbolChange { last, previous, changed, ..sums }
    }
}

impl Day {
    /// Adds to the prices of the day, or takes from them.
    fn weigh(&mut self, price: i64, times: i64, batched: bool) {
        // rule: T10
        if batched {
            *self.changed.entry(price).or_default() += times;
        } else if times > 0 {
            *self.own.entry(price).or_default() += 1;
            self.range =
                Some(self.range.map_or((price, price), |(low, high)| (low.min(price), high.max(price))));
        } else if let Some(count) = self.own.get_mut(&price) {
            *count -= 1;
            if *count == 0 {
                self.own.remove(&price);
                self.narrow(price);
            }
        }
    }

    /// The range once a price is no longer there: only one at an end of it needs a look at all the others.
    fn narrow(&mut self, price: i64) {
        if self.range.is_some_and(|(low, high)| price == low || price == high) {
            let (low, high) = (self.own.keys().min(), self.own.keys().max());
            self.range = low.copied().zip(high.copied());
        }
    }

    fn change(&self) -> DayChange {
        DayChange {
            volume: self.volume,
            count: self.count,
            value: self.value,
            range: self.range,
            changed: self.changed.iter().map(|(price, times)| (*price, *times)).collect(),
        }
    }
}

impl Named {
    fn push(&mut self, line: Line) {
        match self.first {
            None => self.first = Some(line),
            Some(_) => self.more.get_or_insert_default().lines.push(line),
        }
    }

    fn marks(&self) -> Option<&Marks> {
        self.more.as_ref()?.marks.as_ref()
    }

    fn lines(&self) -> impl Iterator<Item = &Line> {
        self.first.iter().chain(self.more.iter().flat_map(|more| &more.lines))
    }
}

impl Changes {
    /// The number of a symbol, from now on its own.
    fn number(&mut self, name: &Name, base: &TradesBase) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.symbols.len() as u32;
        self.symbols.push(Symbol { name: name.clone(), rank: base.names().rank(name), ..Symbol::default() });
        self.numbers.insert(name.clone(), number);
        number
    }

    /// The symbols and days of which trades of the batch were changed since this was last asked.
    pub(crate) fn changed(&mut self) -> Vec<(Name, i64)> {
        let mut changed = std::mem::take(&mut self.changed);
        changed.sort_unstable();
        changed.dedup();
        changed.into_iter().map(|(number, day)| (self.symbols[number as usize].name.clone(), day)).collect()
    }

    /// The changes of symbols, one or all, as `view` needs them.
    pub(crate) fn symbols(&self, view: &str, name: Option<&str>) -> Partial {
        let changes = self.named(name).map(|symbol| (symbol.name.clone(), symbol.change(view)));
        Partial { symbols: changes.collect(), days: Vec::new() }
    }

    /// The changes of days, one of one symbol or all of all.
    pub(crate) fn days(&self, key: Option<(&str, i64)>) -> Partial {
        let days = self.named(key.map(|(name, _)| name)).flat_map(Symbol::days);
        let asked = days.filter(|(_, day, _)| key.is_none_or(|(_, asked)| *day == asked));
        let changes = asked.map(|(name, day, it)| (name.clone(), day, it.change()));
        Partial { symbols: Vec::new(), days: changes.collect() }
    }

    /// The symbol of that name, or all.
    fn named(&self, name: Option<&str>) -> impl Iterator<Item = &Symbol> {
        let one = name.map(|name| self.numbers.get(name).copied());
        let all = if one.is_none() { &self.symbols[..] } else { &[] };
        all.iter().chain(one.flatten().map(|number| &self.symbols[number as usize]))
    }
}
