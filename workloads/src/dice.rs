//! The chances that the generators draw: each from a stream of its own, so that any of them can be drawn again.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Exp1};

use crate::Shape;
use crate::event::{Micros, Millis};

/// How long after what they name marks come in the mean, in seconds of event time.
const MARK_AFTER: f64 = 120.0;

/// How far apart the events are that are named again and again.
const POPULAR: u64 = 256;

/// The dice of one number. The same seed and number give the same throws, whenever they are drawn.
pub(crate) fn dice(base: &ChaCha8Rng, number: u64) -> ChaCha8Rng {
    let mut dice = base.clone();
    dice.set_stream(number);
    dice
}

/// What the dice of a seed are made from.
pub(crate) fn base(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// When the event `i` places after the shape's first is due, after the start.
pub(crate) fn intended(shape: &Shape, i: u64) -> Micros {
    (i as f64 * 1e6 / shape.rate) as Micros
}

/// When a mark that is due then says that it happened: a tenth of their clocks are up to five seconds slow, so
/// that the later of two corrections is not always the higher.
pub(crate) fn marked_at(shape: &Shape, due: Micros, dice: &mut ChaCha8Rng) -> Millis {
    let slow = if dice.random_bool(0.1) { dice.random_range(0..5_000) } else { 0 };
    shape.start.saturating_add(due / 1000 - slow)
}

/// Near which event a mark with the number `at` looks for what it names: minutes back, as far as there is such a
/// past; now and then just before it, or not there yet.
pub(crate) fn aim(shape: &Shape, at: u64, dice: &mut ChaCha8Rng) -> u64 {
    let chance: f64 = dice.random();
    if chance < 0.05 {
        return at + dice.random_range(1..50);
    }
    if at == 0 {
        return 0;
    }
    if chance < 0.15 {
        return at - dice.random_range(1..=at.min(20));
    }
    let wait: f64 = Exp1.sample(dice);
    let back = (wait * MARK_AFTER * shape.rate) as u64;
    let aimed = if back < at { at - back.max(1) } else { dice.random_range(0..at) };
    if chance < 0.45 { aimed - aimed % POPULAR } else { aimed }
}
