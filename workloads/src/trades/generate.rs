//! A feed from a seed: frames of trades of a few symbols, busts and corrections among them.
//!
//! Of what was generated only the last prices are kept. A trade's symbol and origin can be drawn again from its
//! number: so a mark can name any trade of the past, also of an earlier shape with the same seed, keys and shares
//! (whose prices the later shape does not take over).

use std::collections::VecDeque;

use super::frame::{Frame, Frames, Slot};
use super::market::{Market, name, volume};
use crate::dice::{aim, base, dice, intended, marked_at};
use crate::{Draft, Event, Millis, Origin, Shape, TradeEvent, TradeKind};

/// Where trades come from.
const FEED: u32 = 0;
/// Where busts and corrections come from.
const DESK: u32 = 1;
/// Streams of the dice of marks; those below are the frames'.
const MARKS: u64 = 3 << 62;
/// How far back a trade is looked for; only shapes of almost nothing but marks reach it.
const REACH: u64 = 64;

/// The events of a seeded run.
pub(super) fn generate(shape: &Shape) -> Box<dyn Iterator<Item = Draft> + Send> {
    let mut source = Source {
        frames: Frames::new(shape, base(shape.seed)),
        shape: shape.clone(),
        market: Market::default(),
        ready: VecDeque::new(),
        next: 0,
    };
    Box::new((0..shape.events).map(move |_| source.draft()))
}

struct Source {
    shape: Shape,
    frames: Frames,
    market: Market,
    /// What is left of the current frame.
    ready: VecDeque<Draft>,
    /// How many events were made ready.
    next: u64,
}

impl Source {
    fn draft(&mut self) -> Draft {
        loop {
            if let Some(draft) = self.ready.pop_front() {
                return draft;
            }
            self.unpack();
        }
    }

    /// Makes the next frame's events ready; of the very first frame only those from the shape's first on.
    fn unpack(&mut self) {
        let mut frame = self.frames.holding(self.shape.first_sequence + self.next);
        let times = self.times(&frame);
        let mut last: Option<TradeEvent> = None;
        for (index, (slot, time)) in (0..).zip(frame.slots.iter().zip(times)) {
            let number = frame.number + index;
            let event = match slot.kind {
                TradeKind::Traded => {
                    let symbol = name(slot.symbol);
                    let price = self.market.next_price(slot.symbol, &mut frame.dice);
                    let volume = volume(slot.symbol, &mut frame.dice);
                    let target = Origin::default();
                    let drawn = TradeEvent { kind: TradeKind::Traded, symbol, price, volume, time, target };
                    let trade = last.take().filter(|_| slot.repeats).unwrap_or(drawn);
                    last = Some(trade.clone());
                    trade
                }
                TradeKind::Busted | TradeKind::Corrected => self.mark(slot, number),
            };
            if number < self.shape.first_sequence + self.next {
                continue;
            }
            let origin = match slot.kind {
                TradeKind::Traded => Origin { source: FEED, sequence: frame.number << 8 | index },
                TradeKind::Busted | TradeKind::Corrected => Origin { source: DESK, sequence: number },
            };
            let intended = intended(&self.shape, number - self.shape.first_sequence);
            self.ready.push_back(Draft { origin: Some(origin), intended, event: Event::Trade(event) });
        }
        self.next += self.ready.len() as u64;
    }

    /// When each of a frame's trades happened: the last of them just before the frame was sent.
    fn times(&self, frame: &Frame) -> Vec<Millis> {
        let sent = |number: u64| {
            let i = number.saturating_sub(self.shape.first_sequence);
            self.shape.start.saturating_add(intended(&self.shape, i) / 1000)
        };
        match frame.swept {
            Some(event) => vec![sent(event); frame.slots.len()],
            None => {
                let end = frame.slots.iter().map(|slot| slot.after).max().unwrap_or(0);
                let start = sent(frame.number).saturating_sub(end);
                frame.slots.iter().map(|slot| start.saturating_add(slot.after)).collect()
            }
        }
    }

    fn mark(&self, slot: &Slot, number: u64) -> TradeEvent {
        let mut dice = dice(self.frames.base(), MARKS | number);
        let due = intended(&self.shape, number.saturating_sub(self.shape.first_sequence));
        let (symbol, target) = self.named(aim(&self.shape, number, &mut dice));
        let time = marked_at(&self.shape, due, &mut dice);
        let (price, volume) = match slot.kind {
            TradeKind::Corrected => (self.market.near(symbol, &mut dice), volume(symbol, &mut dice)),
            _ => (0, 0),
        };
        TradeEvent { kind: slot.kind, symbol: name(symbol), price, volume, time, target }
    }

    /// Symbol and origin of the last trade up to `number`.
    fn named(&self, number: u64) -> (u32, Origin) {
        let mut frame = self.frames.holding(number);
        for number in (number.saturating_sub(REACH)..=number).rev() {
            if number < frame.number {
                frame = self.frames.holding(number);
            }
            let index = number - frame.number;
            let slot = &frame.slots[index as usize];
            if slot.kind == TradeKind::Traded {
                return (slot.symbol, Origin { source: FEED, sequence: frame.number << 8 | index });
            }
        }
        (0, Origin { source: FEED, sequence: number << 8 })
    }
}

#[cfg(test)]
mod tests {
    use hashbrown::{HashMap, HashSet};

    use super::*;

    fn shape(events: u64, rate: f64) -> Shape {
        Shape {
            seed: 11,
            events,
            rate,
            keys: 7,
            cancellations: 0.0,
            corrections: 0.0,
            start: 1_700_000_000_000,
            first_sequence: 0,
        }
    }

    fn trades(shape: &Shape) -> Vec<(Origin, TradeEvent)> {
        let of = |draft: Draft| match draft.event {
            Event::Trade(trade) => (draft.origin.expect("every trade has an origin"), trade),
            _ => unreachable!("trades generate trades"),
        };
        generate(shape).map(of).collect()
    }

    fn share(number: usize, of: usize) -> f64 {
        number as f64 / of as f64
    }

    #[track_caller]
    fn near(what: &str, value: f64, expected: f64, tolerance: f64) {
        assert!((value - expected).abs() <= tolerance, "{what}: {value} and not {expected}");
    }

    fn frames(trades: &[(Origin, TradeEvent)]) -> Vec<&[(Origin, TradeEvent)]> {
        trades.chunk_by(|a, b| a.0.sequence >> 8 == b.0.sequence >> 8).collect()
    }

    #[test]
    fn frames_have_the_sizes_mixes_and_times_of_the_real_feed() {
        let trades = trades(&shape(83_000, 100.0));
        let frames = frames(&trades);
        near("trades a frame", share(trades.len(), frames.len()), 8.3, 0.01);
        assert!(frames.iter().all(|frame| frame.len() <= 10));
        assert!(
            frames.iter().filter(|frame| frame.len() == 10).count() * 2 > frames.len(),
            "the median is 10"
        );
        let mixed =
            frames.iter().filter(|frame| frame.iter().any(|trade| trade.1.symbol != frame[0].1.symbol));
        near("frames that mix symbols", share(mixed.count(), frames.len()), 2.0 / 3.0, 0.03);
        let pairs: Vec<i64> = frames
            .iter()
            .flat_map(|frame| frame.windows(2).map(|two| two[1].1.time - two[0].1.time))
            .collect();
        let of = |sign: i64| share(pairs.iter().filter(|step| step.signum() == sign).count(), pairs.len());
        near("neighbours with one time", of(0), 0.486, 0.02);
        near("neighbours backwards", of(-1), 0.05, 0.01);
    }

    #[test]
    fn ties_repeats_and_unchanged_prices_are_as_frequent_as_in_the_real_feed() {
        let trades = trades(&shape(83_000, 100.0));
        let mut ties: HashMap<(&str, i64), usize> = HashMap::new();
        let mut seen = HashSet::new();
        let mut last: HashMap<&str, i64> = HashMap::new();
        let (mut repeats, mut neighbours, mut unchanged) = (0, 0, 0);
        for (_, trade) in &trades {
            *ties.entry((&trade.symbol, trade.time)).or_default() += 1;
            repeats += usize::from(!seen.insert(trade));
            if let Some(price) = last.insert(&trade.symbol, trade.price) {
                neighbours += 1;
                unchanged += usize::from(price == trade.price);
            }
        }
        let most = ties.into_values().max().unwrap_or(0);
        assert!((120..=190).contains(&most), "{most} trades share a symbol and a millisecond");
        near("repeats in every field", share(repeats, trades.len()), 0.068, 0.01);
        near("unchanged prices", share(unchanged, neighbours), 0.55, 0.06);
    }

    #[test]
    fn symbols_volumes_and_price_steps_are_those_of_the_real_feed() {
        let trades = trades(&shape(83_000, 100.0));
        let of = |symbol: &'static str| {
            trades.iter().map(|trade| &trade.1).filter(move |trade| trade.symbol == symbol)
        };
        for (symbol, mix) in [
            ("BINANCE:BTCUSDT", 0.466),
            ("BINANCE:ETHUSDT", 0.308),
            ("AAPL", 0.091),
            ("MSFT", 0.081),
            ("AMZN", 0.055),
        ] {
            near(symbol, share(of(symbol).count(), trades.len()), mix, 0.02);
        }
        let mut apple: Vec<i64> = of("AAPL").map(|trade| trade.volume / 100_000_000).collect();
        apple.sort_unstable();
        assert!((8..=12).contains(&apple[apple.len() / 2]), "median volume {}", apple[apple.len() / 2]);
        assert!(apple[apple.len() - 1] > 1_000, "largest volume {}", apple[apple.len() - 1]);
        let prices: Vec<i64> = of("AMZN").map(|trade| trade.price).collect();
        let mut steps: Vec<f64> = prices
            .windows(2)
            .filter(|two| two[0] != two[1])
            .map(|two| ((two[1] - two[0]) as f64 / two[0] as f64).abs() * 10_000.0)
            .collect();
        steps.sort_by(f64::total_cmp);
        near("median step of AMZN in basis points", steps[steps.len() / 2], 0.33, 0.1);
        assert!(steps[steps.len() - 1] > 30.0 * steps[steps.len() / 2], "steps have a heavy tail");
    }

    #[test]
    fn a_second_shape_goes_on_where_the_first_ended_but_for_prices() {
        let whole = Shape { cancellations: 0.1, corrections: 0.1, ..shape(3_000, 20_000.0) };
        let first = Shape { events: 1_004, ..whole.clone() };
        let second = Shape { events: 1_996, first_sequence: 1_004, ..whole.clone() };
        let parts: Vec<_> = trades(&first).into_iter().chain(trades(&second)).collect();
        assert_eq!(parts.len(), 3_000);
        for (one, other) in trades(&whole).iter().zip(&parts) {
            let of = |trade: &TradeEvent| (trade.kind, trade.symbol.clone(), trade.volume, trade.target);
            assert_eq!((one.0, of(&one.1)), (other.0, of(&other.1)));
        }
    }

    #[test]
    fn marks_name_trades_of_their_symbol_some_before_them() {
        let shape = Shape { cancellations: 0.05, corrections: 0.03, keys: 20, ..shape(50_000, 20_000.0) };
        let trades = trades(&shape);
        let places: HashMap<(Origin, &str), usize> = trades
            .iter()
            .enumerate()
            .map(|(at, (origin, trade))| ((*origin, trade.symbol.as_str()), at))
            .collect();
        let marks: Vec<_> =
            trades.iter().enumerate().filter(|(_, t)| t.1.kind != TradeKind::Traded).collect();
        near("marks", share(marks.len(), trades.len()), 0.08, 0.006);
        let named = |mark: &TradeEvent| places.get(&(mark.target, mark.symbol.as_str())).copied();
        let unknown = marks.iter().filter(|(_, (_, mark))| named(mark).is_none()).count();
        assert!(unknown < 10, "{unknown} marks name nothing");
        let early =
            marks.iter().filter(|(at, (_, mark))| named(mark).is_some_and(|trade| trade > *at)).count();
        near("marks before their trade", share(early, marks.len()), 0.045, 0.02);
    }

    #[test]
    fn shares_of_one_and_no_keys_are_survived() {
        let odd = Shape { cancellations: 1.0, keys: 0, rate: 0.0, ..shape(1_000, 1.0) };
        assert!(trades(&odd).iter().all(|(_, mark)| mark.kind == TradeKind::Busted));
    }
}
