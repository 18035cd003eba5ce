//! The client: asks for symbols, hands on what it hears, and comes back when the connection breaks.
//!
//! It keeps nothing of what it has handed on. What was missed while it was away it cannot know: it says from when to when.

use std::collections::BTreeSet;
use std::time::Duration;

use tungstenite::{Error, Message};
use workloads::Millis;

use super::frame::{self, Frame, Undecodable};
use super::wire::{self, Refused, Socket};
use super::{Backoff, FeedAddress, FeedError, Token, printable};
use crate::clock::Clock;

/// What is asked of which feed.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Where it is.
    pub address: FeedAddress,
    /// What it knows the client by.
    pub token: Option<Token>,
    /// Whose trades are wanted.
    pub symbols: Vec<String>,
}

/// What is put up with.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Bytes that a message may have.
    pub frame: usize,
    /// How long the feed may take to answer.
    pub answer: Duration,
    /// After so long without a word it is asked whether it is still there.
    pub quiet: Duration,
    /// After so long without a word it is not.
    pub silent: Duration,
    /// The shortest and the longest wait before another attempt to connect.
    pub waits: (Duration, Duration),
    /// How long attempts go on while none of them brings a message.
    pub patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            frame: 1 << 20,
            answer: Duration::from_secs(5),
            quiet: Duration::from_secs(10),
            silent: Duration::from_secs(30),
            waits: (Duration::from_millis(100), Duration::from_secs(30)),
            patience: Duration::from_secs(300),
        }
    }
}

/// A time in which nothing was heard because there was no connection, by the clock of whoever listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// When something was heard last.
    pub from: Millis,
    /// When something was heard again.
    pub to: Millis,
}

/// What was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Nothing for a moment.
    Nothing,
    /// Trades; the first of a new connection with the time in which there was none.
    Trades(Vec<Result<workloads::TradeEvent, Undecodable>>, Option<Gap>),
    /// A message that could not be read.
    Undecodable(Undecodable),
    /// A sign of life.
    Ping,
    /// The feed has not got what was asked for: which symbol, if it says so, and its own words.
    Refused(Option<String>, String),
    /// The connection broke: why, and how long until the next attempt. After a message that was too large it is what is heard next.
    Lost(String, Duration),
    /// It is there again, and what was asked for before is asked for again.
    Back,
}

/// A client of one feed.
pub struct Client {
    wanted: Wanted,
    limits: Limits,
    clock: Clock,
    socket: Option<Socket>,
    backoff: Backoff,
    /// When to try again, in microseconds of the clock.
    again: i64,
    /// When something came last.
    heard: i64,
    /// When something that could be read came last.
    useful: i64,
    /// Whether it was asked since whether it is still there.
    asked: bool,
    /// Why the connection broke last.
    why: String,
    /// When something was heard last before the connection broke, until something is heard again.
    since: Option<Millis>,
    refused: BTreeSet<String>,
    /// What is said next, before anything is listened for.
    next: Option<Heard>,
}

impl Client {
    /// Connects for the first time, and asks for the symbols. What does not work at once is an error.
    pub fn open(wanted: Wanted, limits: Limits, clock: Clock, seed: u64) -> Result<Self, FeedError> {
        let now = clock.micros();
        let backoff = Backoff::new(limits.waits.0, limits.waits.1, seed);
        let (refused, since, next) = (BTreeSet::new(), None, None);
        let mut client = Client {
            wanted,
            limits,
            clock,
            socket: None,
            backoff,
            again: now,
            heard: now,
            useful: now,
            asked: false,
            why: String::new(),
            since,
            refused,
            next,
        };
        match client.connect() {
            Ok(()) => Ok(client),
            Err(refused) => Err(client.fault(&refused)),
        }
    }

    /// Waits a moment for something to be heard. An error is one that no further attempt would mend.
    pub fn hear(&mut self) -> Result<Heard, FeedError> {
        if let Some(next) = self.next.take() {
            return Ok(next);
        }
        let Some(socket) = &mut self.socket else { return self.come_back() };
        match socket.read() {
            Ok(message) => {
                self.heard = self.clock.micros();
                self.asked = false;
                self.message(message)
            }
            Err(Error::Io(error)) if error.kind() == std::io::ErrorKind::WouldBlock => Ok(self.nothing()),
            Err(Error::Capacity(error)) => {
                let reason = format!("a message beyond {} bytes: {error}", self.limits.frame);
                Ok(self.break_off(reason))
            }
            Err(error) => Ok(self.lose(wire::lost(&error))),
        }
    }

    /// Ends the connection as is polite. Nothing that comes then is heard.
    pub fn close(mut self) {
        if let Some(socket) = &mut self.socket {
            // Whether the other side takes note is its own business.
            let _ = socket.close(None);
            let _ = socket.flush();
        }
    }

    fn message(&mut self, message: Message) -> Result<Heard, FeedError> {
        let undecodable = |reason: &str, value: &[u8]| {
            Ok(Heard::Undecodable(Undecodable { reason: reason.to_owned(), value: value.to_vec() }))
        };
        match message {
            Message::Text(text) => self.text(text.as_str()),
            Message::Binary(bytes) => undecodable("a message of bytes where text is due", &bytes),
            // The answer to a ping is on its way by itself.
            Message::Ping(_) => {
                self.useful = self.heard;
                Ok(Heard::Ping)
            }
            Message::Pong(_) | Message::Frame(_) => Ok(Heard::Nothing),
            Message::Close(_) => Ok(self.lose("the feed ended it".to_owned())),
        }
    }

    fn text(&mut self, text: &str) -> Result<Heard, FeedError> {
        let now = self.clock.millis();
        match frame::read(text, now) {
            Ok(Frame::Trades(trades)) => {
                self.useful = self.heard;
                self.backoff.worked();
                let gap = self.since.take().map(|from| Gap { from, to: now });
                Ok(Heard::Trades(trades, gap))
            }
            Ok(Frame::Ping) => {
                self.useful = self.heard;
                Ok(Heard::Ping)
            }
            Ok(Frame::Refusal(said)) => self.refusal(&said),
            Err(undecodable) => Ok(Heard::Undecodable(undecodable)),
        }
    }

    /// The feed has not got a symbol, or does not do something else. Without any symbol there is nothing to wait for.
    fn refusal(&mut self, said: &str) -> Result<Heard, FeedError> {
        let said = self.shown(said);
        let named = |symbol: &&String| {
            said.split(|char: char| char.is_whitespace() || "\"'`,;".contains(char))
                .any(|word| word == **symbol)
        };
        let symbol = self.wanted.symbols.iter().find(named).cloned();
        self.refused.extend(symbol.clone());
        if self.wanted.symbols.iter().all(|symbol| self.refused.contains(symbol)) {
            let symbols = self.wanted.symbols.join(", ");
            return Err(FeedError(format!(
                "the feed at {} has none of {symbols}: {said}; name others with --symbols",
                self.wanted.address
            )));
        }
        Ok(Heard::Refused(symbol, said))
    }

    /// What a feed says, without the token and without anything that would do more than be read.
    fn shown(&self, said: &str) -> String {
        let hidden = self.wanted.token.as_ref().map_or(said.to_owned(), |token| token.hide(said));
        printable(&hidden)
    }

    /// Nothing came: asks after a while, and gives the connection up after another.
    fn nothing(&mut self) -> Heard {
        let waited = self.clock.micros() - self.heard;
        if waited > self.limits.silent.as_micros() as i64 {
            return self.lose(format!("nothing was heard for {} s", self.limits.silent.as_secs()));
        }
        if waited > self.limits.quiet.as_micros() as i64 && !self.asked {
            self.asked = true;
            let sent = self.socket.as_mut().map(|socket| socket.send(Message::Ping(Vec::new().into())));
            if let Some(Err(error)) = sent {
                return self.lose(wire::lost(&error));
            }
        }
        Heard::Nothing
    }

    /// Something so large came that the rest of the connection cannot be made out.
    fn break_off(&mut self, reason: String) -> Heard {
        self.next = Some(self.lose(reason.clone()));
        Heard::Undecodable(Undecodable { reason, value: Vec::new() })
    }

    fn lose(&mut self, why: String) -> Heard {
        self.socket = None;
        self.why.clone_from(&why);
        let since = self.clock.millis() - (self.clock.micros() - self.heard) / 1000;
        self.since.get_or_insert(since);
        let wait = self.backoff.failed();
        self.again = self.clock.micros() + wait.as_micros() as i64;
        Heard::Lost(why, wait)
    }

    /// Tries to connect once it is time.
    fn come_back(&mut self) -> Result<Heard, FeedError> {
        let wait = self.again - self.clock.micros();
        if wait > 0 {
            std::thread::sleep(Duration::from_micros(wait.min(50_000) as u64));
            return Ok(Heard::Nothing);
        }
        if self.clock.micros() - self.useful > self.limits.patience.as_micros() as i64 {
            return Err(self.fault(&Refused::Now(self.why.clone())));
        }
        match self.connect() {
            Ok(()) => Ok(Heard::Back),
            Err(Refused::Now(why)) => Ok(self.lose(why)),
            Err(refused) => Err(self.fault(&refused)),
        }
    }

    fn connect(&mut self) -> Result<(), Refused> {
        let mut socket = wire::connect(&self.wanted.address, self.wanted.token.as_ref(), &self.limits)?;
        let mut wanted = self.wanted.symbols.iter().filter(|symbol| !self.refused.contains(*symbol));
        let asked = wanted
            .try_for_each(|symbol| socket.write(Message::text(frame::subscribe(symbol))))
            .and_then(|()| socket.flush());
        asked.map_err(|error| Refused::Now(wire::lost(&error)))?;
        self.heard = self.clock.micros();
        self.asked = false;
        self.socket = Some(socket);
        Ok(())
    }

    /// Why it is given up, in one line.
    fn fault(&self, refused: &Refused) -> FeedError {
        let address = &self.wanted.address;
        FeedError(match refused {
            Refused::Token if self.wanted.token.is_none() => {
                format!(
                    "the feed at {address} asks for a token: export it and name the variable with --token env:NAME"
                )
            }
            Refused::Token => {
                format!(
                    "the feed at {address} refuses the token: put a valid one where --token says that it stands"
                )
            }
            Refused::Never(why) => format!("cannot follow the feed at {address}: {}", self.shown(why)),
            Refused::Now(why) => {
                let why = self.shown(why);
                format!(
                    "cannot reach the feed at {address}: {why}; is it there? `wb feed simulate` is one to try with"
                )
            }
        })
    }
}
