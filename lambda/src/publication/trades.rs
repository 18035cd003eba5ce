//! What the batch publishes about trades, as files and as they are asked.

use std::io;

use workloads::{Millis, Name, Origin, Place};

use super::names::{self, Names};
use super::table::{self, Key, Table, halves, whole};
use super::{Files, Loaded, ranked};
use crate::batch::trades::{Answers, Day, Mark, NEAREST, Symbol, Traded};
use crate::error::LambdaError;

/// Words of a day: its key, its sums, and price and count of the nearest prices on both sides.
const DAY: usize = 8 + 4 * NEAREST;

/// A publication about trades.
pub(crate) struct TradesBase {
    names: Names,
    symbols: Table,
    latest: Table,
    days: Table,
    hours: Table,
    marks: Table,
    trades: Table,
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
    /// Whether there are earlier ones.
    pub(crate) more: bool,
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
pub(crate) fn files(names: &[Name], answers: &Answers) -> Files {
    let (sorted, ranks) = ranked(names);
    let rank = |symbol: u32| ranks[symbol as usize];
    let latest: Vec<_> =
        (0..).zip(&answers.symbols).flat_map(|(i, s)| s.latest.iter().map(move |t| (i, *t))).collect();
    // The same answers are the same bytes.
    let mut days: Vec<_> = answers.days.iter().collect();
    days.sort_unstable_by_key(|(key, _)| **key);
    let mut hours: Vec<_> = answers.hours.iter().collect();
    hours.sort_unstable_by_key(|(key, _)| **key);
    let mut marks: Vec<_> = answers.marks.iter().collect();
    marks.sort_by_key(|mark| (mark.symbol, mark.target));
    vec![
        ("names", names::bytes(sorted.iter().copied())),
        ("symbols", table::bytes(answers.symbols.len(), |i| symbol(rank(i as u32), &answers.symbols[i]))),
        (
            "latest",
            table::bytes(latest.len(), |i| {
                let (symbol, (time, place, price)) = latest[i];
                [rank(symbol).into(), 0, time as u64, place.partition.into(), place.offset, price as u64]
            }),
        ),
        ("days", table::bytes(days.len(), |i| day(rank(days[i].0.0), days[i].0.1, days[i].1))),
        (
            "hours",
            table::bytes(hours.len(), |i| {
                let ((symbol, hour), (volume, count)) = hours[i];
                let [low, high] = halves(*volume);
                [rank(*symbol).into(), *hour as u64, low, high, *count]
            }),
        ),
        ("marks", table::bytes(marks.len(), |i| mark(rank(marks[i].symbol), marks[i]))),
        (
            "trades",
            table::bytes(answers.trades.len(), |i| trade(rank(answers.trades[i].symbol), &answers.trades[i])),
        ),
    ]
}

fn symbol(rank: u32, symbol: &Symbol) -> [u64; 8] {
    let [prices, prices_high] = halves(symbol.prices);
    let [volumes, volumes_high] = halves(symbol.volumes);
    [rank.into(), 0, prices, prices_high, volumes, volumes_high, symbol.count, symbol.bound.is_some().into()]
}

fn day(rank: u32, number: i64, day: &Day) -> [u64; DAY] {
    let mut words = [0; DAY];
    (words[0], words[1]) = (rank.into(), number as u64);
    words[2..4].copy_from_slice(&halves(day.volume));
    words[4] = day.count;
    words[5..7].copy_from_slice(&halves(day.value));
    words[7] = day.more.into();
    let lowest = day.lowest.iter();
    let highest = day.highest.iter().rev();
    for (i, (price, count)) in lowest.enumerate().chain((NEAREST..).zip(highest)) {
        (words[8 + 2 * i], words[9 + 2 * i]) = (*price as u64, *count);
    }
    words
}

fn mark(rank: u32, mark: &Mark) -> [u64; 7] {
    let [symbol, sequence] = key(rank, mark.target);
    let place = u64::from(mark.place.partition) << 1 | u64::from(mark.busts);
    [symbol, sequence, mark.time as u64, place, mark.place.offset, mark.price as u64, mark.volume as u64]
}

fn trade(rank: u32, trade: &Traded) -> [u64; 6] {
    let [symbol, sequence] = key(rank, trade.origin.unwrap_or_default());
    let (partition, offset) = (trade.place.partition, trade.place.offset);
    // Both halves fit: a partition has fewer than 2^48 records, a log fewer than 2^16 partitions.
    let place = u64::from(partition) << 48 | offset;
    [symbol, sequence, trade.price as u64, trade.volume as u64, trade.time as u64, place]
}

fn key(rank: u32, origin: Origin) -> Key {
    [u64::from(rank) << 32 | u64::from(origin.source), origin.sequence]
}

impl TradesBase {
    /// A publication that was taken in.
    pub(crate) fn open(mut loaded: Loaded) -> Result<Self, LambdaError> {
        Ok(TradesBase {
            names: loaded.names()?,
            symbols: loaded.table("symbols")?,
            latest: loaded.table("latest")?,
            days: loaded.table("days")?,
            hours: loaded.table("hours")?,
            marks: loaded.table("marks")?,
            trades: loaded.table("trades")?,
        })
    }

    /// The symbols, by rank.
    pub(crate) fn names(&self) -> &Names {
        &self.names
    }

    /// The sums of a symbol.
    pub(crate) fn sums(&self, rank: u32) -> io::Result<SymbolSums> {
        let mut sums = SymbolSums::default();
        self.symbols.find([rank.into(), 0], |words| {
            sums.prices = whole(words[0], words[1]);
            sums.volumes = whole(words[2], words[3]);
            sums.count = words[4];
        })?;
        Ok(sums)
    }

    /// The latest trades of a symbol.
    pub(crate) fn latest(&self, rank: u32) -> io::Result<Latest> {
        let mut latest = Latest::default();
        self.symbols.find([rank.into(), 0], |words| latest.more = words[5] == 1)?;
        self.latest.find([rank.into(), 0], |words| {
            let place = Place { partition: words[1] as u32, offset: words[2] };
            latest.trades.push((words[0] as Millis, place, words[3] as i64));
        })?;
        Ok(latest)
    }

    /// What is known of a symbol on a day.
    pub(crate) fn day(&self, rank: u32, day: i64) -> io::Result<DaySums> {
        let mut sums = DaySums::default();
        self.days.find([rank.into(), day as u64], |words| sums = day_sums(words))?;
        Ok(sums)
    }

    /// The same of every symbol and day.
    pub(crate) fn days(&self, mut each: impl FnMut(u32, i64, DaySums)) -> io::Result<()> {
        self.days.all(|[rank, day], words| each(rank as u32, day as i64, day_sums(words)))
    }

    /// Volume and number of the trades of a symbol in an hour.
    pub(crate) fn hour(&self, rank: u32, hour: i64) -> io::Result<(i128, i128)> {
        let mut sums = (0, 0);
        self.hours.find([rank.into(), hour as u64], |words| sums = hour_sums(words))?;
        Ok(sums)
    }

    /// The same of every symbol and hour.
    pub(crate) fn hours(&self, mut each: impl FnMut(u32, i64, (i128, i128))) -> io::Result<()> {
        self.hours.all(|[rank, hour], words| each(rank as u32, hour as i64, hour_sums(words)))
    }

    /// The marks on a trade that the batch has read and that can still matter.
    pub(crate) fn marks(&self, rank: u32, origin: Origin, mut each: impl FnMut(Marked)) -> io::Result<()> {
        self.marks.find(key(rank, origin), |words| {
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
        self.trades.find(key(rank, origin), |words| {
            let place = Place { partition: (words[3] >> 48) as u32, offset: words[3] & ((1 << 48) - 1) };
            each(words[2] as Millis, place, words[0] as i64, words[1] as i64);
        })
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
