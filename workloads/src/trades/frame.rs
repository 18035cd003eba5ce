//! Which trades arrive together, as the seed alone decides: drawn again from a frame's number whenever needed.
//!
//! A frame's number is the number of its first event. Frames come in blocks of ten, of 83 events together, so that
//! the frame of any event is found without looking at those before it.

use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Zipf};

use crate::dice::dice;
use crate::{Millis, Shape, TradeKind};

/// How many events the frames of a block hold, before they are shuffled: 8.3 in the mean, 10 in the median.
const SIZES: [u8; 10] = [10, 10, 10, 10, 10, 10, 8, 7, 5, 3];
/// Events in a block.
const BLOCK: u64 = 83;
/// Share of the pairs of blocks in which one large order sweeps a symbol's book within a millisecond.
const SWEEPS: f64 = 0.025;
/// Streams of the dice for blocks and sweeps; those of frames are the frames' numbers.
const BLOCKS: u64 = 1 << 62;
const PAIRS: u64 = 1 << 63;

/// Percent of the trades of the first seven symbols, from which a symbol's number is drawn.
const MIX: [f64; 7] = [46.6, 30.8, 9.1, 8.1, 5.2, 0.1, 0.1];
/// What the first seven have together when there are more.
const FIRST_SEVEN: f64 = 0.8;

/// One place in a frame.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Slot {
    pub(super) kind: TradeKind,
    /// Number of the symbol, from 0. Of a mark only once it has found what it names.
    pub(super) symbol: u32,
    /// Event time from the frame's.
    pub(super) after: Millis,
    /// Whether it equals the trade before it in the frame in every field.
    pub(super) repeats: bool,
}

/// What arrives together.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    /// Number of its first event, and so its own.
    pub(super) number: u64,
    pub(super) slots: Vec<Slot>,
    /// Number of the event whose time all its trades share, if it is part of a sweep.
    pub(super) swept: Option<u64>,
    /// The rest of its dice.
    pub(super) dice: ChaCha8Rng,
}

/// Draws frames.
pub(super) struct Frames {
    base: ChaCha8Rng,
    keys: u32,
    busts: f64,
    marks: f64,
    /// Ranks of the symbols after the first seven.
    others: Option<Zipf<f64>>,
}

impl Frames {
    pub(super) fn new(shape: &Shape, base: ChaCha8Rng) -> Self {
        let keys = shape.keys.max(1);
        let others = keys.checked_sub(7).filter(|others| *others > 0);
        let others = others.map(|n| Zipf::new(f64::from(n), 0.8).expect("some symbols and a positive skew"));
        Frames {
            base,
            keys,
            busts: shape.cancellations,
            marks: shape.cancellations + shape.corrections,
            others,
        }
    }

    /// What all dice are made from.
    pub(super) fn base(&self) -> &ChaCha8Rng {
        &self.base
    }

    /// The frame that holds the event of that number.
    pub(super) fn holding(&self, event: u64) -> Frame {
        let block = event / BLOCK;
        let mut sizes = SIZES;
        sizes.shuffle(&mut dice(&self.base, BLOCKS | block));
        let mut number = block * BLOCK;
        for size in sizes {
            if event < number + u64::from(size) {
                return self.frame(number, size);
            }
            number += u64::from(size);
        }
        unreachable!("the sizes of a block's frames add up to the block")
    }

    fn frame(&self, number: u64, size: u8) -> Frame {
        let mut dice = dice(&self.base, number);
        let sweep = self.sweep(number);
        let alone = dice.random_bool(0.31).then(|| self.symbol(&mut dice));
        let only = sweep.map(|(_, symbol)| symbol).or(alone);
        let mut slots: Vec<Slot> = Vec::with_capacity(usize::from(size));
        for _ in 0..size {
            let slot = self.slot(slots.last(), only, sweep.is_some(), &mut dice);
            slots.push(slot);
        }
        Frame { number, slots, swept: sweep.map(|(event, _)| event), dice }
    }

    fn slot(&self, before: Option<&Slot>, only: Option<u32>, swept: bool, dice: &mut ChaCha8Rng) -> Slot {
        let chance: f64 = dice.random();
        let kind = match chance {
            chance if chance < self.busts => TradeKind::Busted,
            chance if chance < self.marks => TradeKind::Corrected,
            _ => TradeKind::Traded,
        };
        let drawn = only.unwrap_or_else(|| self.symbol(dice));
        let step = step(dice);
        let again = dice.random_bool(0.076);
        let Some(before) = before else { return Slot { kind, symbol: drawn, after: 0, repeats: false } };
        let repeats = again && kind == TradeKind::Traded && before.kind == TradeKind::Traded;
        let symbol = if repeats { before.symbol } else { drawn };
        let after = if repeats || swept { before.after } else { before.after + step };
        Slot { kind, symbol, after, repeats }
    }

    /// The sweep that a frame is part of: the event whose time all its trades have, and the symbol.
    fn sweep(&self, number: u64) -> Option<(u64, u32)> {
        let pair = number / (2 * BLOCK);
        let mut dice = dice(&self.base, PAIRS | pair);
        let swept = dice.random_bool(SWEEPS);
        let length = dice.random_range(20..=2 * BLOCK);
        let first = pair * 2 * BLOCK;
        (swept && number - first < length).then(|| (first, self.symbol(&mut dice)))
    }

    fn symbol(&self, dice: &mut ChaCha8Rng) -> u32 {
        if let Some(others) = &self.others
            && !dice.random_bool(FIRST_SEVEN)
        {
            return 6 + others.sample(dice) as u32;
        }
        let known = &MIX[..MIX.len().min(self.keys as usize)];
        let mut left = dice.random_range(0.0..known.iter().sum());
        let last = known.len() - 1;
        known[..last]
            .iter()
            .position(|share| {
                left -= share;
                left < 0.0
            })
            .unwrap_or(last) as u32
    }
}

/// Milliseconds from one trade to the next in its frame: half the time none, sometimes backwards.
fn step(dice: &mut ChaCha8Rng) -> Millis {
    let chance: f64 = dice.random();
    if chance < 0.443 {
        0
    } else if chance < 0.495 {
        -dice.random_range(1..60)
    } else {
        dice.random_range(1..25)
    }
}
