//! A feed of trades over WebSocket: a client of its protocol, and a simulator that speaks the same over a real socket.
//!
//! A client opens `ws://HOST:PORT?token=..`, sends `{"type":"subscribe","symbol":".."}` for each symbol, and is sent frames
//! of trades, `{"data":[{"c":null,"p":189.5,"s":"AAPL","t":1700000000000,"v":10}],"type":"trade"}`, and now and then a
//! `{"type":"ping"}`. What it asked for and cannot have is said in a `{"type":"error","msg":".."}`.
//!
//! A trade has no number of its own. Whoever was away cannot know what was missed, nor whether what looks the same is.

mod address;
mod backoff;
mod client;
pub mod frame;
mod script;
mod session;
mod simulator;
mod token;
mod wire;

pub use address::FeedAddress;
pub use backoff::Backoff;
pub use client::{Client, Gap, Heard, Limits, Wanted};
pub use frame::Frame;
pub use script::{Act, Due, Faults, Pace, SYMBOLS, Script, generated};
pub use simulator::{Rules, Simulator, Told};
pub use token::{Token, TokenSource};

/// What is wrong with a feed, in one line that holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FeedError(pub String);

/// What somebody else wrote, so that a terminal only shows it.
fn printable(text: &str) -> String {
    const LONGEST: usize = 200;
    let plain = |char: char| if char.is_control() { char::REPLACEMENT_CHARACTER } else { char };
    text.chars().take(LONGEST).map(plain).collect()
}
