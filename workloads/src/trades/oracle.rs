//! What is true of a log of trades, kept up to date one record at a time.

use std::sync::Arc;

use hashbrown::HashMap;

use super::tally::{Day, Figures, Hour, Rank, Symbol, Terms as Standing};
use crate::calendar::{Unit, day_key, parse_day_key};
use crate::repeats::Repeats;
use crate::shared::{Pages, Shards};
use crate::{
    Event, Millis, Name, Origin, Place, Record, Row, Rows, Terms, Touched, TradeEvent, TradeKind, Truth,
};

/// The oracle at the empty log.
pub(super) fn truth(terms: &Terms) -> Box<dyn Truth> {
    Box::new(Oracle {
        horizon: terms.cancel_horizon,
        repeats: Repeats::new(terms.dedup),
        symbols: HashMap::new(),
        tallies: Vec::new(),
        days: HashMap::new(),
        hours: HashMap::new(),
        named: Shards::new(),
        trades: Pages::new(),
        marks: Pages::new(),
        waiting: 0,
        refused: 0,
    })
}

const DAY: Millis = 86_400_000;

/// End of a chain.
const END: u32 = u32::MAX;

/// One trade and what its marks have made of it.
#[derive(Clone, Copy, Debug)]
struct Trade {
    time: Millis,
    place: Place,
    /// In force unless busted.
    standing: Standing,
    busted: bool,
    /// The correction that holds, if any.
    corrected_by: u32,
    next: u32,
}

/// One bust or correction.
#[derive(Clone, Copy, Debug)]
struct Mark {
    kind: TradeKind,
    time: Millis,
    place: Place,
    standing: Standing,
    next: u32,
}

/// Everything that names one origin of one symbol, as two chains.
#[derive(Clone, Copy, Debug)]
struct Named {
    trades: u32,
    marks: u32,
    n_marks: u32,
}

const NOTHING: Named = Named { trades: END, marks: END, n_marks: 0 };

#[derive(Clone, Debug)]
struct Oracle {
    horizon: Option<Millis>,
    repeats: Repeats,
    symbols: HashMap<Name, u32>,
    /// By the symbol's number.
    tallies: Vec<Symbol>,
    days: HashMap<(u32, i64), Arc<Day>>,
    hours: HashMap<(u32, i64), Hour>,
    named: Shards<(u32, Origin), Named>,
    trades: Pages<Trade>,
    marks: Pages<Mark>,
    waiting: u64,
    refused: u64,
}

/// Rows that may have changed, and the symbol they are of; nothing is noted where nobody wants it.
struct Notes<'a> {
    symbol: &'a str,
    touched: Option<&'a mut Vec<Touched>>,
}

/// The rows of a symbol and of one of its days, before or after a change.
type Glance = [Option<Figures>; 5];

/// The views of a glance.
const GLANCED: [&str; 5] = ["volume", "range", "vwap", "mean", "last"];

impl Oracle {
    /// The number of a symbol, from now on its own.
    fn symbol(&mut self, name: &Name) -> u32 {
        if let Some(number) = self.symbols.get(name) {
            return *number;
        }
        let number = self.tallies.len() as u32;
        self.symbols.insert(name.clone(), number);
        self.tallies.push(Symbol::default());
        number
    }

    fn trade(&mut self, symbol: u32, record: &Record, event: &TradeEvent, notes: &mut Notes<'_>) {
        let number = self.trades.next();
        let mut trade = Trade {
            time: event.time,
            place: record.place,
            standing: Standing { price: event.price, volume: event.volume },
            busted: false,
            corrected_by: END,
            next: END,
        };
        if let Some(origin) = record.origin {
            let named = self.named.entry(number_of(origin), (symbol, origin), NOTHING);
            if named.trades == END {
                self.waiting -= u64::from(named.n_marks);
            }
            trade.next = std::mem::replace(&mut named.trades, number);
            let mut mark = named.marks;
            while mark != END {
                self.apply(&mut trade, mark);
                mark = self.marks.get(mark).next;
            }
        }
        self.trades.push(trade);
        self.change(symbol, number, None, trade.in_force(), notes);
    }

    fn mark(&mut self, symbol: u32, event: &TradeEvent, place: Place, notes: &mut Notes<'_>) {
        let number = self.marks.next();
        let named = self.named.entry(number_of(event.target), (symbol, event.target), NOTHING);
        let next = std::mem::replace(&mut named.marks, number);
        named.n_marks += 1;
        let mut at = named.trades;
        self.waiting += u64::from(at == END);
        let standing = Standing { price: event.price, volume: event.volume };
        self.marks.push(Mark { kind: event.kind, time: event.time, place, standing, next });
        while at != END {
            let before = self.trades.get(at);
            let mut after = before;
            self.apply(&mut after, number);
            self.trades.set(at, after);
            self.change(symbol, at, before.in_force(), after.in_force(), notes);
            at = before.next;
        }
    }

    /// One more mark for a trade, in whatever order they come.
    fn apply(&mut self, trade: &mut Trade, number: u32) {
        let mark = self.marks.get(number);
        let after = i128::from(mark.time) - i128::from(trade.time);
        if self.horizon.is_some_and(|horizon| after > i128::from(horizon)) {
            self.refused += 1;
        } else if mark.kind == TradeKind::Busted {
            trade.busted = true;
        } else if trade.corrected_by == END || self.marks.get(trade.corrected_by).rank() < mark.rank() {
            trade.corrected_by = number;
            trade.standing = mark.standing;
        }
    }

    /// A trade counts `after` in place of `before`.
    fn change(
        &mut self,
        symbol: u32,
        number: u32,
        before: Option<Standing>,
        after: Option<Standing>,
        notes: &mut Notes<'_>,
    ) {
        if before == after {
            return;
        }
        let trade = self.trades.get(number);
        let rank: Rank = (trade.time, trade.place, number);
        let day = trade.time.div_euclid(DAY);
        let rows = notes.touched.is_some().then(|| self.glance(symbol, day));
        let hour = self.hours.entry((symbol, Unit::Hour.of(trade.time))).or_default();
        let was = *hour;
        before.into_iter().for_each(|standing| hour.add(standing, -1));
        after.into_iter().for_each(|standing| hour.add(standing, 1));
        if was != *hour {
            notes.note_hour(Unit::Hour.of(trade.time));
        }
        let tally = &mut self.tallies[symbol as usize];
        let daily = Arc::make_mut(self.days.entry((symbol, day)).or_default());
        if let Some(standing) = before {
            tally.take(rank, standing);
            daily.take(standing);
        }
        if let Some(standing) = after {
            tally.put(rank, standing);
            daily.put(standing);
        }
        if let Some(rows) = rows {
            notes.note(day, &rows, &self.glance(symbol, day));
        }
    }

    fn glance(&self, symbol: u32, day: i64) -> Glance {
        let (tally, daily) = (&self.tallies[symbol as usize], self.days.get(&(symbol, day)));
        let daily = |view: fn(&Day) -> Option<Figures>| daily.and_then(|day| view(day));
        [daily(Day::volume), daily(Day::range), daily(Day::vwap), tally.mean(), tally.last()]
    }
}

/// What an origin's neighbours are known by: the number of its frame.
fn number_of(origin: Origin) -> u64 {
    origin.sequence >> 8
}

impl Trade {
    fn in_force(&self) -> Option<Standing> {
        (!self.busted).then_some(self.standing)
    }
}

impl Mark {
    /// Of two corrections the higher one holds.
    fn rank(&self) -> (Millis, Place) {
        (self.time, self.place)
    }
}

impl Notes<'_> {
    fn note_hour(&mut self, hour: i64) {
        if let Some(touched) = self.touched.as_deref_mut() {
            touched.push(Touched { view: "volume_hour", key: Unit::Hour.key(self.symbol, hour) });
        }
    }

    fn note(&mut self, day: i64, before: &Glance, after: &Glance) {
        let Some(touched) = self.touched.as_deref_mut() else { return };
        let mut daily = None;
        for (at, (before, after)) in before.iter().zip(after).enumerate() {
            if before == after {
                continue;
            }
            let view = GLANCED[at];
            let key = match by_symbol(view) {
                Some(_) => self.symbol.to_owned(),
                None => daily.get_or_insert_with(|| day_key(self.symbol, day)).clone(),
            };
            touched.push(Touched { view, key });
        }
    }
}

/// How a view by symbol and day is read off; absent for the others.
fn by_day(view: &str) -> Option<fn(&Day) -> Option<Figures>> {
    match view {
        "volume" => Some(Day::volume),
        "range" => Some(Day::range),
        "vwap" => Some(Day::vwap),
        _ => None,
    }
}

/// How a view by symbol is read off; absent for the others.
fn by_symbol(view: &str) -> Option<fn(&Symbol) -> Option<Figures>> {
    match view {
        "mean" => Some(Symbol::mean),
        "last" => Some(Symbol::last),
        _ => None,
    }
}

/// The figures that a view shows.
fn row(view: &str, figures: Figures) -> Row {
    let width = super::VIEWS.iter().find(|known| known.name == view).map_or(0, |view| view.columns.len());
    figures[..width].to_vec()
}

impl Truth for Oracle {
    fn feed(&mut self, record: &Record, touched: Option<&mut Vec<Touched>>) {
        let Event::Trade(event) = &record.event else { return };
        if !self.repeats.first(record) {
            return;
        }
        let symbol = self.symbol(&event.symbol);
        let mut notes = Notes { symbol: &event.symbol, touched };
        match event.kind {
            TradeKind::Traded => self.trade(symbol, record, event, &mut notes),
            TradeKind::Busted | TradeKind::Corrected => self.mark(symbol, event, record.place, &mut notes),
        }
    }

    fn row(&self, view: &str, key: &str) -> Option<Row> {
        if view == "volume_hour" {
            let (symbol, hour) = Unit::Hour.parse_key(key)?;
            return self.hours.get(&(*self.symbols.get(symbol)?, hour))?.row();
        }
        let figures = match by_symbol(view) {
            Some(read) => read(&self.tallies[*self.symbols.get(key)? as usize]),
            None => {
                let (symbol, day) = parse_day_key(key)?;
                by_day(view)?(self.days.get(&(*self.symbols.get(symbol)?, day))?)
            }
        };
        Some(row(view, figures?))
    }

    fn rows(&self, view: &str) -> Rows {
        if let Some(read) = by_symbol(view) {
            let figures = |at: u32| read(&self.tallies[at as usize]);
            let rows = self
                .symbols
                .iter()
                .filter_map(|(name, at)| Some((name.to_string(), row(view, figures(*at)?))));
            return rows.collect();
        }
        let mut names = vec![""; self.tallies.len()];
        self.symbols.iter().for_each(|(name, at)| names[*at as usize] = name);
        if view == "volume_hour" {
            let row = |((symbol, hour), it): (&(u32, i64), &Hour)| {
                Some((Unit::Hour.key(names[*symbol as usize], *hour), it.row()?))
            };
            return self.hours.iter().filter_map(row).collect();
        }
        let Some(read) = by_day(view) else { return Rows::new() };
        let rows = self.days.iter().filter_map(|((symbol, day), daily)| {
            Some((day_key(names[*symbol as usize], *day), row(view, read(daily)?)))
        });
        rows.collect()
    }

    fn waiting(&self) -> u64 {
        self.waiting
    }

    fn refused(&self) -> u64 {
        self.refused
    }

    fn fork(&self) -> Box<dyn Truth> {
        Box::new(self.clone())
    }
}
