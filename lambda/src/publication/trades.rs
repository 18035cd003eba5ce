//! What the batch publishes about trades, as files and as they are asked.

use std::io;

use workloads::{Millis, Name, Origin, Place};

use super::names::{self, Names};
use super::numbers::{self, Numbers, turned};
use super::segments::Segments;
use super::table::{self, Table, whole};
use super::{Files, Loaded, Part, ranked};
use crate::batch::trades::{Answers, Day, Mark, NEAREST, Symbol, Traded, crowded};
use crate::error::LambdaError;

pub(crate) mod rows;

use rows::key;

/// A publication about trades.
pub(crate) struct TradesBase {
    names: Names,
    numbers: Numbers,
    symbols: Table,
    latest: Table,
    days: Table,
    hours: Table,
    /// Marks and what they can name, under the symbol's number and the trade's origin; of marks what is newest counts.
    pub(crate) marks: Segments,
    /// The same for trades.
    pub(crate) trades: Segments,
}

/// A bust or correction that the batch has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Marked {
    /// The earliest bust, by event time.
    Busted(Millis),
    /// A correction: its event time, its place, the new price and volume.
    Corrected(Millis, Place, i64, i64),
}

/// The batch's half of what is known of a symbol.
#[derive(Clone, Debug, Default)]
pub(crate) struct SymbolSums {
    /// Sum of prices.
    pub(crate) prices: i128,
    /// Sum of volumes.
    pub(crate) volumes: i128,
    /// Trades.
    pub(crate) count: u64,
}

/// The latest trades of a symbol that the batch has read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Latest {
    /// With their prices, the latest first.
    pub(crate) trades: Vec<(Millis, Place, i64)>,
    /// Whether there are earlier ones, at any price.
    pub(crate) more: bool,
    /// Prices at which there may be others, earlier than those of the price that are listed.
    pub(crate) crowded: Vec<i64>,
}

/// The batch's half of what is known of a symbol on a day.
#[derive(Clone, Debug, Default)]
pub(crate) struct DaySums {
    /// Sum of volumes.
    pub(crate) volume: i128,
    /// Trades.
    pub(crate) count: u64,
    /// Sum of price times volume.
    pub(crate) value: i128,
    /// The lowest prices, the lowest first, and how many trades have each.
    pub(crate) lowest: Vec<(i64, u64)>,
    /// The highest prices, the highest first, and how many trades have each.
    pub(crate) highest: Vec<(i64, u64)>,
    /// Whether there are more prices than these.
    pub(crate) more: bool,
}

/// The answers as files.
pub(crate) fn files(names: &[Name], answers: &Answers, trades: Part) -> Files {
    let (sorted, ranks) = ranked(names);
    let of_symbol = |(i, symbol): (u32, &Symbol)| {
        let crowded = crowded(symbol);
        let row = move |trade: &(Millis, Place, i64)| rows::latest(i, *trade, crowded.contains(&trade.2));
        symbol.latest.iter().map(row).collect::<Vec<_>>()
    };
    let latest: Vec<_> = (0..).zip(&answers.symbols).flat_map(of_symbol).collect();
    let of_day = |(i, symbol): (u32, &Symbol)| {
        symbol
            .days
            .sorted()
            .into_iter()
            .map(|(number, of)| rows::day((i, number), &day(of)))
            .collect::<Vec<_>>()
    };
    let of_hour = |(i, symbol): (u32, &Symbol)| {
        let hours = symbol.hours.sorted().into_iter();
        hours.map(|(number, of)| rows::hour((i, number), of.sum, of.count)).collect::<Vec<_>>()
    };
    let days: Vec<_> = (0..).zip(&answers.symbols).flat_map(of_day).collect();
    let hours: Vec<_> = (0..).zip(&answers.symbols).flat_map(of_hour).collect();
    let marks = &answers.marks;
    vec![
        ("names", names::bytes(sorted.iter().copied())),
        ("numbers", numbers::bytes(&turned(&ranks))),
        ("symbols", table::bytes(answers.symbols.len(), |i| symbol(i as u32, &answers.symbols[i]))),
        ("latest", table::bytes(latest.len(), |i| latest[i])),
        ("days", table::bytes(days.len(), |i| days[i])),
        ("hours", table::bytes(hours.len(), |i| hours[i])),
        ("marks", table::bytes(marks.len(), |i| mark(&marks[i]))),
        ("trades", trades),
    ]
}

fn symbol(number: u32, symbol: &Symbol) -> [u64; 8] {
    let Symbol { prices, volumes, count, .. } = *symbol;
    rows::symbol(number, &SymbolSums { prices, volumes, count }, symbol.bound.is_some())
}

fn day(day: &Day) -> DaySums {
    DaySums {
        volume: day.volume,
        count: day.count,
        value: day.value,
        lowest: day.lowest.held().collect(),
        highest: day.highest.held().map(|(price, count)| (!price, count)).collect(),
        more: day.lowest.more(),
    }
}

fn mark(mark: &Mark) -> [u64; 7] {
    let marked = match mark.busts {
        true => Marked::Busted(mark.time),
        false => Marked::Corrected(mark.time, mark.place, mark.price, mark.volume),
    };
    rows::mark(key(mark.symbol, mark.target), marked)
}

/// The row of a trade that marks can name.
pub(crate) fn trade(trade: Traded) -> [u64; 6] {
    let key = key(trade.symbol, trade.origin);
    rows::trade(key, trade.time, trade.place, (trade.price, trade.volume))
}

impl TradesBase {
    /// A publication that was taken in.
    pub(crate) fn open(mut loaded: Loaded) -> Result<Self, LambdaError> {
        let names = loaded.names()?;
        Ok(TradesBase {
            numbers: loaded.numbers(&names)?,
            names,
            symbols: loaded.table("symbols")?,
            latest: loaded.table("latest")?,
            days: loaded.table("days")?,
            hours: loaded.table("hours")?,
            marks: loaded.segments("marks")?,
            trades: loaded.segments("trades")?,
        })
    }

    /// The symbols, by rank.
    pub(crate) fn names(&self) -> &Names {
        &self.names
    }

    /// Which number stands for each of them in the tables.
    pub(crate) fn numbers(&self) -> &Numbers {
        &self.numbers
    }

    /// The sums of a symbol.
    pub(crate) fn sums(&self, rank: u32) -> io::Result<SymbolSums> {
        let mut sums = SymbolSums::default();
        self.symbols.find([self.number(rank).into(), 0], |words| {
            sums.prices = whole(words[0], words[1]);
            sums.volumes = whole(words[2], words[3]);
            sums.count = words[4];
        })?;
        Ok(sums)
    }

    /// The latest trades of a symbol.
    pub(crate) fn latest(&self, rank: u32) -> io::Result<Latest> {
        let mut latest = Latest::default();
        self.symbols.find([self.number(rank).into(), 0], |words| latest.more = words[5] == 1)?;
        self.latest.find([self.number(rank).into(), 0], |words| {
            let (place, price) = (Place { partition: words[1] as u32, offset: words[2] }, words[3] as i64);
            latest.trades.push((words[0] as Millis, place, price));
            if words[1] & rows::CROWDED > 0 && !latest.crowded.contains(&price) {
                latest.crowded.push(price);
            }
        })?;
        Ok(latest)
    }

    /// What is known of a symbol on a day.
    pub(crate) fn day(&self, rank: u32, day: i64) -> io::Result<DaySums> {
        let mut sums = DaySums::default();
        self.days.find([self.number(rank).into(), day as u64], |words| sums = day_sums(words))?;
        Ok(sums)
    }

    /// The same of every symbol and day.
    pub(crate) fn days(&self, mut each: impl FnMut(u32, i64, DaySums)) -> io::Result<()> {
        self.days
            .all(|[number, day], words| each(self.numbers.rank(number as u32), day as i64, day_sums(words)))
    }

    /// Volume and number of the trades of a symbol in an hour.
    pub(crate) fn hour(&self, rank: u32, hour: i64) -> io::Result<(i128, i128)> {
        let mut sums = (0, 0);
        self.hours.find([self.number(rank).into(), hour as u64], |words| sums = hour_sums(words))?;
        Ok(sums)
    }

    /// The same of every symbol and hour.
    pub(crate) fn hours(&self, mut each: impl FnMut(u32, i64, (i128, i128))) -> io::Result<()> {
        self.hours.all(|[number, hour], words| {
            each(self.numbers.rank(number as u32), hour as i64, hour_sums(words));
        })
    }

    /// The marks on a trade that the batch has read and that can still matter.
    pub(crate) fn marks(&self, rank: u32, origin: Origin, mut each: impl FnMut(Marked)) -> io::Result<()> {
        self.marks.newest(key(self.number(rank), origin), |words| {
            let (time, price, volume) = (words[0] as Millis, words[3] as i64, words[4] as i64);
            let place = Place { partition: (words[1] >> 1) as u32, offset: words[2] };
            let busted = words[1] & 1 == 1;
            each(if busted { Marked::Busted(time) } else { Marked::Corrected(time, place, price, volume) });
        })
    }

    /// The records of a trade that the batch has read: event time, place, and their own price and volume.
    pub(crate) fn trades(
        &self,
        rank: u32,
        origin: Origin,
        mut each: impl FnMut(Millis, Place, i64, i64),
    ) -> io::Result<()> {
        self.trades.find(key(self.number(rank), origin), |words| {
            let place = Place { partition: (words[3] >> 48) as u32, offset: words[3] & ((1 << 48) - 1) };
            each(words[2] as Millis, place, words[0] as i64, words[1] as i64);
        })
    }

    fn number(&self, rank: u32) -> u32 {
        self.numbers.number(rank)
    }
}

fn hour_sums(words: &[u64]) -> (i128, i128) {
    (whole(words[0], words[1]), words[2].into())
}

fn day_sums(words: &[u64]) -> DaySums {
    let nearest = |words: &[u64]| {
        let pairs = words.chunks_exact(2).map(|pair| (pair[0] as i64, pair[1]));
        pairs.take_while(|(_, count)| *count > 0).collect()
    };
    DaySums {
        volume: whole(words[0], words[1]),
        count: words[2],
        value: whole(words[3], words[4]),
        more: words[5] == 1,
        lowest: nearest(&words[6..6 + 2 * NEAREST]),
        highest: nearest(&words[6 + 2 * NEAREST..]),
    }
}
