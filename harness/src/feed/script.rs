//! What a simulated feed does, and when: trades of the seeded generator in its frames, and what goes wrong on the way.

use std::collections::VecDeque;
use std::iter::Peekable;

use clap::Args;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use workloads::{Draft, Event, Micros, Millis, Shape, TradeEvent, workload};

use super::frame;

/// What is done at some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// When, in microseconds after the first subscription. Nothing is due before what stands before it.
    pub at: Micros,
    /// What.
    pub act: Act,
}

/// What a simulated feed can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Sends trades, each with the conditions that it was made under, to those who asked for their symbols.
    Trades(Vec<(TradeEvent, &'static [&'static str])>),
    /// Sends this text, whatever it is.
    Say(String),
    /// Sends a sign of life.
    Ping,
    /// Breaks the connection, with a word before it or without.
    Drop {
        /// Whether it says so.
        politely: bool,
    },
}

/// Everything that a simulated feed is to do, in its order.
pub type Script = Box<dyn Iterator<Item = Due> + Send>;

/// What goes wrong on the way. Nothing does by default.
#[derive(Clone, Debug, Default, PartialEq, Args)]
pub struct Faults {
    /// The simulated feed breaks the connection after so many frames; 0 never
    #[arg(long, value_name = "FRAMES", default_value_t = 0)]
    pub drop_every: u64,
    /// Frames that nobody is sent while a connection is broken
    #[arg(long, value_name = "FRAMES", default_value_t = 3)]
    pub miss: u64,
    /// Frames that are sent again after a connection was broken
    #[arg(long, value_name = "FRAMES", default_value_t = 1)]
    pub repeat: u64,
    /// Share of frames before which something comes that is none
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    pub malformed: f64,
    /// The simulated feed sends a sign of life after so many frames; 0 never
    #[arg(long, value_name = "FRAMES", default_value_t = 20)]
    pub ping_every: u64,
}

impl Faults {
    /// Whether these can be meant; says in one line what cannot.
    pub fn check(&self) -> Result<(), String> {
        if !(0.0..=1.0).contains(&self.malformed) {
            return Err(format!("--malformed {}: a share is a number from 0 to 1", self.malformed));
        }
        Ok(())
    }
}

/// The symbols of the document.
pub const SYMBOLS: [&str; 7] =
    ["BINANCE:BTCUSDT", "BINANCE:ETHUSDT", "AAPL", "MSFT", "AMZN", "BINANCE:EURUSD", "BINANCE:GBPUSD"];

/// Trades in a frame, in the mean.
const FRAME: f64 = 8.3;
const DAY: Millis = 86_400_000;

/// How quickly a simulated feed plays.
#[derive(Clone, Debug, PartialEq, Args)]
pub struct Pace {
    /// Frames that a simulated feed sends in a second
    #[arg(long, value_name = "FRAMES", default_value_t = 50.0)]
    pub rate: f64,
    /// Seconds of event time that pass in one second of a simulated feed: with 14400, a day in six
    #[arg(long, value_name = "N", default_value_t = 14_400.0)]
    pub accelerate: f64,
    /// Seed of a simulated feed, and of waits before reconnecting
    #[arg(long, value_name = "S", default_value_t = 1)]
    pub seed: u64,
}

impl Pace {
    /// Whether this can be meant; says in one line what cannot.
    pub fn check(&self) -> Result<(), String> {
        let within = |number: f64, most: f64| number > 0.0 && number <= most;
        if !within(self.rate, 100_000.0) {
            return Err(format!("--rate {}: choose a number above 0 and up to 100000", self.rate));
        }
        if !within(self.accelerate, 10_000_000.0) {
            return Err(format!(
                "--accelerate {}: choose a number above 0 and up to 10000000",
                self.accelerate
            ));
        }
        Ok(())
    }

    /// The midnight before which so many seconds of the feed end at `now`, or soon after it.
    pub fn start(&self, now: Millis, seconds: f64) -> Millis {
        let span = (seconds * self.accelerate * 1000.0).min(1e15) as Millis;
        now.saturating_sub(span).div_euclid(DAY) * DAY
    }

    /// The generator's trades from a time on, without an end.
    pub fn script(&self, start: Millis, faults: &Faults) -> Script {
        let shape = Shape {
            seed: self.seed,
            events: u64::MAX,
            rate: self.rate * FRAME / self.accelerate,
            keys: SYMBOLS.len() as u32,
            cancellations: 0.0,
            corrections: 0.0,
            start,
            first_sequence: 0,
        };
        generated(&shape, self.accelerate, faults)
    }
}

/// What stands where a frame should, each in its turn.
const MALFORMED: &[&str] = &[
    "not json at all",
    r#"{"type":"trade"}"#,
    r#"{"data":[{"c":null,"s":"AAPL","t":1700000000000,"v":1}],"type":"trade"}"#,
    r#"{"data":[{"c":null,"p":"dear","s":"AAPL","t":1700000000000,"v":1}],"type":"trade"}"#,
    r#"{"data":[{"c":null,"p":1e99,"s":"AAPL","t":1700000000000,"v":1}],"type":"trade"}"#,
    r#"{"data":[{"c":null,"p":1,"s":"AAPL","t":1700000000000,"v":1"#,
];

/// The conditions that some trades of shares are made under; those of coins have none.
const CONDITIONS: &[&[&str]] = &[&["1"], &["1", "12"], &["1", "24"], &[]];

/// The generator's trades from a start on, in its frames, `speed` seconds of them in one second.
pub fn generated(shape: &Shape, speed: f64, faults: &Faults) -> Script {
    let trades = workload("trades").expect("there are trades");
    Box::new(Source {
        drafts: (trades.generate)(shape).peekable(),
        speed,
        faults: faults.clone(),
        conditions: ChaCha8Rng::seed_from_u64(shape.seed),
        dice: ChaCha8Rng::seed_from_u64(!shape.seed),
        frames: 0,
        garbage: 0,
        sent: VecDeque::new(),
        ready: VecDeque::new(),
    })
}

type Frame = Vec<(TradeEvent, &'static [&'static str])>;

struct Source {
    drafts: Peekable<Box<dyn Iterator<Item = Draft> + Send>>,
    speed: f64,
    faults: Faults,
    /// By itself, so that faults change nothing of the trades.
    conditions: ChaCha8Rng,
    dice: ChaCha8Rng,
    frames: u64,
    garbage: usize,
    /// The last frames, to be sent again.
    sent: VecDeque<Frame>,
    ready: VecDeque<Due>,
}

impl Source {
    /// The next frame, and when it is due.
    fn frame(&mut self) -> Option<(Micros, Frame)> {
        let number = |draft: &Draft| draft.origin.map(|origin| origin.sequence >> 8);
        let first = self.drafts.peek()?;
        let (own, at) = (number(first), (first.intended as f64 / self.speed) as Micros);
        let mut frame = Frame::new();
        while let Some(draft) = self.drafts.next_if(|draft| number(draft) == own) {
            if let Event::Trade(trade) = draft.event {
                let coin = trade.symbol.contains(':');
                let drawn = CONDITIONS[self.conditions.random_range(0..CONDITIONS.len())];
                frame.push((trade, if coin { &[] } else { drawn }));
            }
        }
        Some((at, frame))
    }

    /// Makes the next frame ready, with what comes before and after it.
    fn prepare(&mut self) -> Option<()> {
        let (at, frame) = self.frame()?;
        if self.dice.random_bool(self.faults.malformed.clamp(0.0, 1.0)) {
            let text = MALFORMED[self.garbage % MALFORMED.len()];
            self.garbage += 1;
            self.ready.push_back(Due { at, act: Act::Say(text.to_owned()) });
        }
        self.sent.push_back(frame.clone());
        if self.sent.len() as u64 > self.faults.repeat {
            self.sent.pop_front();
        }
        self.ready.push_back(Due { at, act: Act::Trades(frame) });
        self.frames += 1;
        let every = |number: u64| number > 0 && self.frames.is_multiple_of(number);
        if every(self.faults.ping_every) {
            self.ready.push_back(Due { at, act: Act::Ping });
        }
        if every(self.faults.drop_every) {
            let politely = (self.frames / self.faults.drop_every).is_multiple_of(2);
            self.ready.push_back(Due { at, act: Act::Drop { politely } });
            let again = self.sent.iter().cloned().map(|frame| Due { at, act: Act::Trades(frame) });
            self.ready.extend(again.collect::<Vec<_>>());
            (0..self.faults.miss).for_each(|_| drop(self.frame()));
        }
        Some(())
    }
}

impl Iterator for Source {
    type Item = Due;

    fn next(&mut self) -> Option<Due> {
        while self.ready.is_empty() {
            self.prepare()?;
        }
        self.ready.pop_front()
    }
}

impl Act {
    /// The text to send to somebody who asked for these symbols, if there is anything in it for him.
    pub(super) fn text(&self, asked: &dyn Fn(&str) -> bool) -> Option<String> {
        match self {
            Act::Trades(trades) => {
                let mut own = trades.iter().filter(|(trade, _)| asked(&trade.symbol)).peekable();
                own.peek()?;
                Some(frame::trades(own.map(|(trade, conditions)| (trade, *conditions))))
            }
            Act::Say(text) => Some(text.clone()),
            Act::Ping => Some(frame::PING.to_owned()),
            Act::Drop { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape() -> Shape {
        Shape {
            seed: 5,
            events: 8_300,
            rate: 100.0,
            keys: 7,
            cancellations: 0.0,
            corrections: 0.0,
            start: 1_700_000_000_000,
            first_sequence: 0,
        }
    }

    fn frames(faults: &Faults) -> Vec<Frame> {
        let frame = |due: Due| match due.act {
            Act::Trades(frame) => Some(frame),
            _ => None,
        };
        generated(&shape(), 1.0, faults).filter_map(frame).collect()
    }

    #[test]
    fn without_faults_every_trade_is_sent_once_in_the_generators_frames() {
        let frames = frames(&Faults { ping_every: 0, ..Faults::default() });
        assert_eq!(frames.len(), 1_000);
        let sent = frames.iter().flatten().map(|(trade, _)| Event::Trade(trade.clone()));
        let drawn = (workload("trades").expect("there are trades").generate)(&shape());
        assert!(sent.eq(drawn.map(|draft| draft.event)));
        let conditions = frames.iter().flatten().filter(|(_, conditions)| !conditions.is_empty()).count();
        assert!(conditions > 0, "shares have conditions");
    }

    #[test]
    fn what_is_missed_and_sent_again_is_what_the_faults_say() {
        let whole = frames(&Faults::default());
        let faults = Faults { drop_every: 10, miss: 3, repeat: 2, ..Faults::default() };
        let broken = frames(&faults);
        assert_eq!(broken[..10], whole[..10]);
        assert_eq!(broken[10..12], whole[8..10], "two are sent again");
        assert_eq!(broken[12..22], whole[13..23], "three are missed");
        let drops =
            generated(&shape(), 1.0, &faults).filter(|due| matches!(due.act, Act::Drop { .. })).count();
        assert_eq!(drops, 77, "after every ten of thirteen frames");
    }

    #[test]
    fn what_is_malformed_comes_as_often_as_it_is_asked_for() {
        let faults = Faults { malformed: 0.1, ..Faults::default() };
        let said = |due: &Due| matches!(due.act, Act::Say(_));
        let number = generated(&shape(), 1.0, &faults).filter(said).count();
        assert!((60..150).contains(&number), "{number}");
        assert!(Faults { malformed: 1.5, ..Faults::default() }.check().is_err());
    }

    #[test]
    fn a_frame_holds_only_what_was_asked_for() {
        let act = Act::Trades(frames(&Faults::default())[0].clone());
        let text = act.text(&|symbol| symbol == "AAPL");
        assert!(text.is_none_or(|text| text.contains("AAPL") && !text.contains("BINANCE")));
        assert_eq!(act.text(&|_| false), None);
    }
}
