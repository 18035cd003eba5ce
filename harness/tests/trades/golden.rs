//! A small feed, and what follows from it, worked out by hand.
//!
//! ```text
//! 2026-03-02  frame 1  AAPL 145.25 x 10   AAPL 145.5 x 5   BTC 33000.01 x 0.0018      the first batch is due at once
//!             frame 2  AAPL 145.5 x 7     the same again   BTC 32999.5 x 0.5
//!             a message that is none; the connection breaks; frame 2 comes once more
//! 2026-03-03  frame 4  BTC 33010.01 x 0.25, ten past midnight                         the second batch is due
//!             frame 5  AAPL 144 x 1 at 9:00   AAPL 146.1 x 2 a second before   and a trade without a price
//! ```
//!
//! Of AAPL 10 + 5 + 4 times 7 = 43 were traded on the first day and 3 on the second; of BTC 0.0018 + 2 times 0.5 = 1.0018 and
//! 0.25. The last price of AAPL is 144, and the one before it another, 146.1: -2.1, which is -1.437372 %. That of BTC is
//! 33010.01 after 32999.5: 10.51, which is 0.031849 %.

#![allow(dead_code, reason = "each program of tests uses its own part of this")]

use std::net::TcpListener;

use harness::clock::Clock;
use harness::feed::{Act, Due, Rules, Simulator, Token, frame};
use workloads::{TradeEvent, TradeKind};

pub(crate) const SYMBOLS: [&str; 2] = ["AAPL", "BINANCE:BTCUSDT"];
/// With the message that is none.
pub(crate) const FRAMES: u64 = 6;
pub(crate) const TOKEN: &str = "hunter2-never-shown";

/// What `psql` prints of it.
pub(crate) const SPEED_TABLE: &str = "\
id,type,p,s,t,v,percentage_change,absolute_price_change
1,trade,144,AAPL,1772528400000,1,-1.437372,-2.1
2,trade,33010.01,BINANCE:BTCUSDT,1772496600000,0.25,0.031849,10.51
";

/// The rows of the table at the end: view, key, batch, speed, merged; the Kappa and the truth are as what is merged.
const ROWS: &[[&str; 5]] = &[
    ["volume", "AAPL 2026-03-02", "43 (6)", "", "43 (6)"],
    ["volume", "AAPL 2026-03-03", "", "3 (2)", "3 (2)"],
    ["volume", "BINANCE:BTCUSDT 2026-03-02", "1.0018 (3)", "", "1.0018 (3)"],
    ["volume", "BINANCE:BTCUSDT 2026-03-03", "0.25 (1)", "", "0.25 (1)"],
    ["range", "AAPL 2026-03-02", "145.25 .. 145.5", "", "145.25 .. 145.5"],
    ["range", "AAPL 2026-03-03", "", "144 .. 146.1", "144 .. 146.1"],
    ["range", "BINANCE:BTCUSDT 2026-03-02", "32999.5 .. 33000.01", "", "32999.5 .. 33000.01"],
    ["range", "BINANCE:BTCUSDT 2026-03-03", "33010.01 .. 33010.01", "", "33010.01 .. 33010.01"],
    ["last", "AAPL", "145.5 +0.25 +0.172117 %", "144 -2.1 -1.437372 %", "144 -2.1 -1.437372 %"],
    ["last", "BINANCE:BTCUSDT", "33010.01 +10.51 +0.031849 %", "", "33010.01 +10.51 +0.031849 %"],
];

/// The first day at ten in the morning, and the second at ten past midnight and at nine.
const MORNING: i64 = 1_772_445_600_000;
const MIDNIGHT: i64 = 1_772_496_600_000;
const NINE: i64 = 1_772_528_400_000;

/// The feed as it plays.
pub(crate) struct Golden(Simulator);

impl Golden {
    pub(crate) fn start() -> Self {
        let rules =
            Rules { token: Some(Token::new(TOKEN).unwrap()), symbols: SYMBOLS.map(str::to_owned).to_vec() };
        let acts = acts().into_iter().map(|act| Due { at: 0, act });
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        Golden(Simulator::start(listener, rules, Box::new(acts), Clock::start()).unwrap())
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://{}", self.0.address())
    }
}

fn trade(symbol: &str, price: f64, volume: f64, time: i64) -> TradeEvent {
    // These numbers have few decimals, so that rounding finds them.
    let units = |number: f64| (number * 1e8).round() as i64;
    let (kind, target) = (TradeKind::Traded, Default::default());
    TradeEvent { kind, symbol: symbol.into(), price: units(price), volume: units(volume), time, target }
}

fn acts() -> Vec<Act> {
    let apple = |price, volume, time| (trade(SYMBOLS[0], price, volume, time), &["1", "24"][..]);
    let coin = |price, volume, time| (trade(SYMBOLS[1], price, volume, time), &[][..]);
    let second = vec![
        apple(145.5, 7.0, MORNING + 2_000),
        apple(145.5, 7.0, MORNING + 2_000),
        coin(32_999.5, 0.5, MORNING + 2_000),
    ];
    let last = [apple(144.0, 1.0, NINE), apple(146.1, 2.0, NINE - 1_000)];
    let last = frame::trades(last.iter().map(|(trade, conditions)| (trade, *conditions)));
    let spoilt = last.replace(r#"],"type""#, r#",{"c":null,"p":null,"s":"AAPL","t":1,"v":1}],"type""#);
    vec![
        Act::Trades(vec![
            apple(145.25, 10.0, MORNING),
            apple(145.5, 5.0, MORNING + 1_000),
            coin(33_000.01, 0.0018, MORNING),
        ]),
        Act::Ping,
        Act::Trades(second.clone()),
        Act::Say("{\"type\":\"trade\",\"data\"".to_owned()),
        Act::Drop { politely: false },
        Act::Trades(second),
        Act::Trades(vec![coin(33_010.01, 0.25, MIDNIGHT)]),
        Act::Say(spoilt),
    ]
}

/// Holds what was printed against what was worked out.
pub(crate) fn check(printed: &str) {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let lines: Vec<String> = printed.lines().map(words).collect();
    for [view, key, batch, speed, merged] in ROWS {
        let row = words(&format!("{view} {key} {batch} {speed} {merged} {merged} {merged} right"));
        assert!(lines.contains(&row), "expected `{row}` in\n{printed}");
    }
    for said in [
        "batch 1: everything up to",
        "batch 2: everything up to",
        "the connection is lost",
        "connected again: nothing was heard from",
        "5 frames with 12 trades were heard, and 1 signs of life",
        "3 trades afterwards look like ones heard before",
        "2 messages or trades could not be read",
        "0 of the Lambda's are wrong, 0 of the Kappa's",
    ] {
        assert!(printed.contains(said), "expected `{said}` in\n{printed}");
    }
}
