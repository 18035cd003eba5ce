//! A publication about trades that grows.

use std::io;

use hashbrown::HashMap;
use workloads::{Event, Millis, Origin, Place, Record, Terms, TradeKind};

use self::nearest::{Low, day, latest};
use super::{Grown, Grows, changed, named, renumbered};
use crate::error::LambdaError;
use crate::layers::{Trades, look_up};
use crate::publication::table;
use crate::publication::trades::{DaySums, Latest, Marked, SymbolSums, TradesBase, rows};
use crate::speed::trades::{Changes, Symbol};

mod nearest;

/// A trade that marks can name: the number of its symbol in the state, where it comes from, its event time and place, its
/// own price and volume.
type Named = (u32, Origin, Millis, Place, (i64, i64));

/// A state, and the numbers that its symbols have in the publication that follows.
struct Growth<'a> {
    base: &'a TradesBase,
    state: &'a Changes,
    numbers: Vec<u32>,
}

impl Grows<Trades> for Trades {
    type Index = Vec<Named>;

    fn index(index: &mut Vec<Named>, state: &Changes, record: &Record) {
        let (Event::Trade(event), Some(origin)) = (&record.event, record.origin) else { return };
        if event.kind == TradeKind::Traded {
            let number = state.numbers.get(&event.symbol);
            let own = (event.price, event.volume);
            index.extend(number.map(|number| (*number, origin, event.time, record.place, own)));
        }
    }

    fn grow(
        terms: &Terms,
        base: &TradesBase,
        state: &Changes,
        index: Vec<Named>,
    ) -> Result<Result<Grown, &'static str>, LambdaError> {
        let names = state.numbers.iter().map(|(name, number)| (name, *number));
        let rank = |own: u32| state.symbols[own as usize].rank;
        let (numbers, new) = renumbered(names, rank, (base.names(), base.numbers()));
        let (names, by_rank, ranks) = named(base.names(), base.numbers(), new);
        let growth = Growth { base, state, numbers };
        let mut grown = Grown { files: vec![("names", names), ("numbers", by_rank)], kept: Vec::new() };
        if let Err(Low) = growth.symbols(&ranks, &mut grown).map_err(look_up)? {
            return Ok(Err("too few of the latest trades of a symbol are left"));
        }
        if let Err(Low) = growth.days(&mut grown).map_err(look_up)? {
            return Ok(Err("too few of the lowest or highest prices of a day are left"));
        }
        growth.hours(&mut grown).map_err(look_up)?;
        grown.take("marks", base.marks.grown(growth.marks(terms), true).map_err(look_up)?);
        let trade = |(own, origin, time, place, own_terms): Named| {
            rows::trade(rows::key(growth.numbers[own as usize], origin), time, place, own_terms)
        };
        let trades = base.trades.grown(index.into_iter().map(trade).collect(), false);
        grown.take("trades", trades.map_err(look_up)?);
        Ok(Ok(grown))
    }
}

impl Growth<'_> {
    /// What is known by the number of a symbol in the publication that follows.
    fn changed(&self) -> HashMap<u32, &Symbol> {
        self.numbers.iter().copied().zip(&self.state.symbols).collect()
    }

    /// The rank that a number has in the publication before.
    fn rank(&self, number: u32) -> Option<u32> {
        (number < self.base.names().len()).then(|| self.base.numbers().rank(number))
    }

    /// The sums of each symbol, and its latest trades.
    fn symbols(&self, ranks: &[u32], grown: &mut Grown) -> io::Result<Result<(), Low>> {
        let changed_symbols = self.changed();
        let (mut symbols, mut all) = (Vec::new(), Vec::new());
        for number in 0..ranks.len() as u32 {
            let rank = self.rank(number);
            let mut sums = rank.map_or_else(|| Ok(SymbolSums::default()), |rank| self.base.sums(rank))?;
            let mut trades = rank.map_or_else(|| Ok(Latest::default()), |rank| self.base.latest(rank))?;
            if let Some(symbol) = changed_symbols.get(&number) {
                sums.prices += symbol.prices;
                sums.volumes += symbol.volumes;
                sums.count = changed(sums.count, symbol.count);
                match latest(&trades, symbol, sums.count) {
                    Ok(now) => trades = now,
                    Err(low) => return Ok(Err(low)),
                }
            }
            symbols.push(rows::symbol(number, &sums, trades.more));
            let crowded = |price| trades.crowded.contains(&price);
            all.extend(trades.trades.iter().map(|trade| rows::latest(number, *trade, crowded(trade.2))));
        }
        grown.files.push(("symbols", table::bytes(symbols.len(), |row| symbols[row])));
        grown.files.push(("latest", table::bytes(all.len(), |row| all[row])));
        Ok(Ok(()))
    }

    fn days(&self, grown: &mut Grown) -> io::Result<Result<(), Low>> {
        let mut all: Vec<((u32, i64), DaySums)> = Vec::new();
        self.base.days(|rank, day, sums| all.push(((self.base.numbers().number(rank), day), sums)))?;
        let places: HashMap<(u32, i64), usize> =
            all.iter().enumerate().map(|(place, (key, _))| (*key, place)).collect();
        for (number, symbol) in self.numbers.iter().zip(&self.state.symbols) {
            for (number_of_day, change) in &symbol.days {
                let key = (*number, *number_of_day);
                let place = places.get(&key).copied();
                let before = place.map_or_else(DaySums::default, |place| all[place].1.clone());
                match (day(before, change), place) {
                    (Ok(now), Some(place)) => all[place].1 = now,
                    (Ok(now), None) => all.push((key, now)),
                    (Err(low), _) => return Ok(Err(low)),
                }
            }
        }
        all.retain(|(_, sums)| sums.count > 0);
        let part = table::bytes(all.len(), |row| rows::day(all[row].0, &all[row].1));
        grown.files.push(("days", part));
        Ok(Ok(()))
    }

    fn hours(&self, grown: &mut Grown) -> io::Result<()> {
        let mut new: HashMap<(u32, i64), (i128, i64)> = HashMap::new();
        for (number, symbol) in self.numbers.iter().zip(&self.state.symbols) {
            new.extend(symbol.hours.iter().map(|(hour, change)| ((*number, *hour), *change)));
        }
        let mut all = Vec::new();
        self.base.hours(|rank, hour, (volume, count)| {
            let key = (self.base.numbers().number(rank), hour);
            let change = new.remove(&key).unwrap_or_default();
            all.push((key, volume + change.0, changed(count as u64, change.1)));
        })?;
        let mut new: Vec<_> = new.into_iter().collect();
        new.sort_unstable();
        all.extend(new.into_iter().map(|(key, (volume, count))| (key, volume, changed(0, count))));
        all.retain(|(.., count)| *count > 0);
        let row = |row: usize| rows::hour(all[row].0, all[row].1, all[row].2);
        grown.files.push(("hours", table::bytes(all.len(), row)));
        Ok(())
    }

    /// The marks of every trade that has any: the earliest bust, and of corrections those that may hold.
    fn marks(&self, terms: &Terms) -> Vec<[u64; 7]> {
        let mut all = Vec::new();
        for ((own, origin), it) in &self.state.trades {
            let Some(marks) = it.more.as_ref().and_then(|more| more.marks.as_ref()) else { continue };
            let key = rows::key(self.numbers[*own as usize], *origin);
            all.extend(marks.busted.map(|time| rows::mark(key, Marked::Busted(time))));
            let least =
                if terms.cancel_horizon.is_none() { marks.corrected.len().saturating_sub(1) } else { 0 };
            let corrected = marks.corrected[least..].iter().copied();
            let marked = corrected.map(|(time, place, price, volume)| {
                rows::mark(key, Marked::Corrected(time, place, price, volume))
            });
            all.extend(marked);
        }
        all.sort_unstable();
        all
    }
}
