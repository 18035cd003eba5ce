//! Rows of the tables about trades, as whoever publishes writes them. Symbols are known by their numbers.

use workloads::{Millis, Origin, Place};

use super::super::table::{Key, halves};
use super::{DaySums, Marked, SymbolSums};
use crate::batch::trades::NEAREST;

/// Words of a day: its key, its sums, and price and count of the nearest prices on both sides.
pub(crate) const DAY: usize = 8 + 4 * NEAREST;

/// The key of a trade.
pub(crate) fn key(symbol: u32, origin: Origin) -> Key {
    [u64::from(symbol) << 32 | u64::from(origin.source), origin.sequence]
}

/// The sums of a symbol, and whether there are earlier trades than those that are published.
pub(crate) fn symbol(symbol: u32, sums: &SymbolSums, more: bool) -> [u64; 8] {
    let ([prices, prices_high], [volumes, volumes_high]) = (halves(sums.prices), halves(sums.volumes));
    [symbol.into(), 0, prices, prices_high, volumes, volumes_high, sums.count, more.into()]
}

/// What stands beside the partition of a trade at a price at which there may be earlier ones.
pub(crate) const CROWDED: u64 = 1 << 32;

/// One of a symbol's latest trades, and whether there may be earlier ones at its price.
pub(crate) fn latest(symbol: u32, (time, place, price): (Millis, Place, i64), crowded: bool) -> [u64; 6] {
    let partition = u64::from(place.partition) | if crowded { CROWDED } else { 0 };
    [symbol.into(), 0, time as u64, partition, place.offset, price as u64]
}

/// A symbol on a day. Of the nearest prices there are no more than have room.
pub(crate) fn day((symbol, number): (u32, i64), day: &DaySums) -> [u64; DAY] {
    let mut words = [0; DAY];
    (words[0], words[1]) = (symbol.into(), number as u64);
    words[2..4].copy_from_slice(&halves(day.volume));
    words[4] = day.count;
    words[5..7].copy_from_slice(&halves(day.value));
    words[7] = day.more.into();
    let (lowest, highest) = ((0..).zip(&day.lowest), (NEAREST..).zip(&day.highest));
    for (i, (price, count)) in lowest.chain(highest) {
        (words[8 + 2 * i], words[9 + 2 * i]) = (*price as u64, *count);
    }
    words
}

/// A symbol in an hour.
pub(crate) fn hour((symbol, hour): (u32, i64), volume: i128, count: u64) -> [u64; 5] {
    let [low, high] = halves(volume);
    [symbol.into(), hour as u64, low, high, count]
}

/// A mark on a trade.
pub(crate) fn mark([symbol, sequence]: Key, marked: Marked) -> [u64; 7] {
    match marked {
        Marked::Busted(time) => [symbol, sequence, time as u64, 1, 0, 0, 0],
        Marked::Corrected(time, place, price, volume) => {
            let partition = u64::from(place.partition) << 1;
            [symbol, sequence, time as u64, partition, place.offset, price as u64, volume as u64]
        }
    }
}

/// A trade that marks can name, with its own price and volume.
pub(crate) fn trade(
    [symbol, sequence]: Key,
    time: Millis,
    Place { partition, offset }: Place,
    (price, volume): (i64, i64),
) -> [u64; 6] {
    // Both halves fit: a partition has fewer than 2^48 records, a log fewer than 2^16 partitions.
    let place = u64::from(partition) << 48 | offset;
    [symbol, sequence, price as u64, volume as u64, time as u64, place]
}
