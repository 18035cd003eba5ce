//! What symbols are called, and how their prices and volumes move.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, LogNormal};

use crate::Name;

/// Units of a price or volume of one.
const ONE: i64 = 100_000_000;

/// How one symbol trades.
struct Habit {
    name: &'static str,
    /// First price, in units of 1e-8.
    price: i64,
    /// Smallest step of the price.
    tick: i64,
    /// Ticks of the smallest move that it usually makes.
    ticks: f64,
    /// Natural logarithm of the median volume, and its deviation.
    volume: (f64, f64),
    /// Volumes are multiples of this.
    lot: i64,
}

const SHARE: (f64, f64) = (2.3, 1.8);
const COIN: (f64, f64) = (-6.32, 2.0);

const fn habit(name: &'static str, price: i64, tick: i64, ticks: f64, volume: (f64, f64), lot: i64) -> Habit {
    Habit { name, price, tick, ticks, volume, lot }
}

/// Those that the seed document subscribes to, most traded first.
const KNOWN: [Habit; 7] = [
    habit("BINANCE:BTCUSDT", 33_000 * ONE, ONE / 100, 1.0, COIN, 1_000),
    habit("BINANCE:ETHUSDT", 2_200 * ONE, ONE / 100, 1.0, (-3.5, 1.9), 10_000),
    habit("AAPL", 145 * ONE, ONE / 10_000, 8.0, SHARE, ONE),
    habit("MSFT", 280 * ONE, ONE / 10_000, 20.0, SHARE, ONE),
    habit("AMZN", 3_500 * ONE, ONE / 100, 7.0, (1.1, 1.6), ONE),
    habit("BINANCE:EURUSD", ONE + ONE / 5, ONE / 10_000, 1.0, SHARE, ONE / 100),
    habit("BINANCE:GBPUSD", ONE + ONE / 3, ONE / 10_000, 1.0, SHARE, ONE / 100),
];

const OTHER: Habit = habit("", 50 * ONE, ONE / 100, 1.0, SHARE, ONE);

fn of(symbol: u32) -> &'static Habit {
    KNOWN.get(symbol as usize).unwrap_or(&OTHER)
}

/// What the symbol of that number is called.
pub(super) fn name(symbol: u32) -> Name {
    match KNOWN.get(symbol as usize) {
        Some(habit) => Name::from(habit.name),
        None => Name::from(format!("SYMBOL-{:05}", symbol + 1)),
    }
}

/// The last prices of all symbols that have traded.
#[derive(Default)]
pub(super) struct Market {
    prices: Vec<i64>,
}

impl Market {
    /// A price that a trade of that symbol might have had instead.
    pub(super) fn near(&self, symbol: u32, dice: &mut ChaCha8Rng) -> i64 {
        let habit = of(symbol);
        moved(self.prices.get(symbol as usize).copied().unwrap_or(habit.price), habit, dice)
    }

    /// The price of the next trade of a symbol: in rather more than half the cases the last one.
    pub(super) fn next_price(&mut self, symbol: u32, dice: &mut ChaCha8Rng) -> i64 {
        let at = symbol as usize;
        for missing in self.prices.len()..=at {
            self.prices.push(of(missing as u32).price);
        }
        if dice.random_bool(0.48) {
            self.prices[at] = moved(self.prices[at], of(symbol), dice);
        }
        self.prices[at]
    }
}

/// A price one heavy-tailed step away, drawn back towards the first price when it has strayed far.
fn moved(price: i64, habit: &Habit, dice: &mut ChaCha8Rng) -> i64 {
    let chance: f64 = 1.0 - dice.random::<f64>();
    let ticks = (habit.ticks * chance.powf(-0.7)).min(3_000.0) as i64;
    // Always drawn, so that what is drawn next does not depend on the price.
    let drawn: bool = dice.random();
    let up = price < habit.price / 2 || (drawn && price <= habit.price * 2);
    price + if up { ticks * habit.tick } else { -ticks * habit.tick }
}

/// A volume of that symbol, at least one lot.
pub(super) fn volume(symbol: u32, dice: &mut ChaCha8Rng) -> i64 {
    let habit = of(symbol);
    let (mean, deviation) = habit.volume;
    let drawn = LogNormal::new(mean, deviation).expect("a finite deviation").sample(dice) * ONE as f64;
    let lots = (drawn.min(1e15) / habit.lot as f64).round() as i64;
    lots.max(1) * habit.lot
}
