//! What the events since the cut change about trades.

use std::io;

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};
use workloads::{Millis, Name, Origin, Record, Terms, TradeEvent, TradeKind};

use crate::publication::trades::TradesBase;

mod day;
mod marks;
mod symbol;

pub(crate) use day::{Day, DayChange};
use marks::{Line, Named, in_force, mark, named};
pub(crate) use symbol::{Symbol, SymbolChange};

/// Milliseconds of a day.
const DAY: Millis = 86_400_000;

/// What has changed since the cut.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    pub(crate) numbers: HashMap<Name, u32>,
    pub(crate) symbols: Vec<Symbol>,
    pub(crate) trades: HashMap<(u32, Origin), Named>,
    /// Symbols and days of which trades of the batch were changed, since this was last asked.
    changed: Vec<(u32, i64)>,
}

/// The speed layer's half of an answer: the symbols asked for, or the days.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Partial {
    /// By name.
    pub(crate) symbols: Vec<(Name, SymbolChange)>,
    /// By name and day.
    pub(crate) days: Vec<(Name, i64, DayChange)>,
    /// By name and hour: sum of volumes and trades.
    pub(crate) hours: Vec<(Name, i64, (i128, i64))>,
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

impl Changes {
    /// The number of a symbol, from now on its own.
    fn number(&mut self, name: &Name, base: &TradesBase) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.symbols.len() as u32;
        self.symbols.push(Symbol::new(name, base.names().rank(name)));
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

    /// Event times of the trades that an event is about, once it is folded.
    pub(crate) fn times(&self, event: &TradeEvent) -> Vec<Millis> {
        if event.kind == TradeKind::Traded {
            return vec![event.time];
        }
        let number = self.numbers.get(&event.symbol);
        let named = number.and_then(|number| self.trades.get(&(*number, event.target)));
        named.into_iter().flat_map(|named| named.lines().map(|line| line.time)).collect()
    }

    /// The changes of symbols, one or all, as `view` needs them.
    pub(crate) fn symbols(&self, view: &str, name: Option<&str>) -> Partial {
        let changes = self.named(name).map(|symbol| (symbol.name.clone(), symbol.change(view)));
        Partial { symbols: changes.collect(), ..Partial::default() }
    }

    /// The changes of days, one of one symbol or all of all.
    pub(crate) fn days(&self, key: Option<(&str, i64)>) -> Partial {
        let days = self.named(key.map(|(name, _)| name)).flat_map(Symbol::days);
        let asked = days.filter(|(_, day, _)| key.is_none_or(|(_, asked)| *day == asked));
        let changes = asked.map(|(name, day, it)| (name.clone(), day, it.change()));
        Partial { days: changes.collect(), ..Partial::default() }
    }

    /// The changes of hours, one of one symbol or all of all.
    pub(crate) fn hours(&self, key: Option<(&str, i64)>) -> Partial {
        let hours = self.named(key.map(|(name, _)| name)).flat_map(Symbol::hours);
        let asked = hours.filter(|(_, hour, _)| key.is_none_or(|(_, asked)| *hour == asked));
        let changes = asked.map(|(name, hour, it)| (name.clone(), hour, it));
        Partial { hours: changes.collect(), ..Partial::default() }
    }

    /// The symbol of that name, or all.
    fn named(&self, name: Option<&str>) -> impl Iterator<Item = &Symbol> {
        let one = name.map(|name| self.numbers.get(name).copied());
        let all = if one.is_none() { &self.symbols[..] } else { &[] };
        all.iter().chain(one.flatten().map(|number| &self.symbols[number as usize]))
    }
}
