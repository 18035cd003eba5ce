//! One connection of a simulated feed.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use tungstenite::handshake::server::{ErrorResponse, Request as Call, Response};
use tungstenite::http::StatusCode;
use tungstenite::protocol::WebSocketConfig;
use tungstenite::{Error, Message, WebSocket};
use workloads::Micros;

use super::Act;
use super::frame::{self, Request};
use super::simulator::Shared;

/// How long a client may take over its call, and over taking what it is sent.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long it is listened to at a time.
const TURN: Duration = Duration::from_millis(2);
/// Nothing is sent before a client has asked for nothing more for so long, so that it misses nothing of what it asks for.
const SETTLED: Micros = 30_000;
/// Bytes that a request may have, and symbols that may be asked for.
const LARGEST: usize = 1 << 16;
const SYMBOLS: usize = 1_000;
/// Acts before it listens again.
const BURST: u32 = 64;

/// A connection that was let in.
pub(super) struct Session {
    socket: WebSocket<TcpStream>,
    asked: BTreeSet<String>,
    /// When it asked for something last.
    since: Micros,
    listening: bool,
}

impl Session {
    /// Lets a caller in, unless its token is wrong or another one is there.
    pub(super) fn open(stream: TcpStream, shared: &Shared) -> Option<Self> {
        stream.set_nonblocking(false).ok()?;
        stream.set_nodelay(true).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        stream.set_write_timeout(Some(PATIENCE)).ok()?;
        let config = WebSocketConfig::default().max_message_size(Some(LARGEST)).max_frame_size(Some(LARGEST));
        let mut taken = false;
        #[allow(clippy::result_large_err, reason = "the library says how a call is answered")]
        let admit = |call: &Call, response: Response| match status(call, shared) {
            StatusCode::OK => {
                taken = true;
                Ok(response)
            }
            status => {
                let mut refusal = ErrorResponse::new(None);
                *refusal.status_mut() = status;
                Err(refusal)
            }
        };
        let socket = tungstenite::accept_hdr_with_config(stream, admit, Some(config));
        let Ok(socket) = socket else {
            if taken {
                shared.play().leave();
            }
            return None;
        };
        if socket.get_ref().set_read_timeout(Some(TURN)).is_err() {
            shared.play().leave();
            return None;
        }
        Some(Session { socket, asked: BTreeSet::new(), since: 0, listening: false })
    }

    /// Plays until the connection ends, or the script does.
    pub(super) fn play(&mut self, shared: &Shared) {
        while !shared.ended() && self.turn(shared).is_ok() {}
    }

    /// Listens for a moment, then does what is due.
    fn turn(&mut self, shared: &Shared) -> Result<(), Error> {
        self.listen(shared)?;
        let now = shared.clock.micros();
        if self.asked.is_empty() || now - self.since < SETTLED {
            return Ok(());
        }
        for _ in 0..BURST {
            let due = {
                let mut play = shared.play();
                if !std::mem::replace(&mut self.listening, true) {
                    play.listened(now);
                }
                if play.over() {
                    drop(play);
                    return self.part(true);
                }
                play.due(now)
            };
            match due {
                Some(Act::Drop { politely }) => return self.part(politely),
                Some(act) => self.send(&act, shared)?,
                None => break,
            }
        }
        Ok(())
    }

    fn send(&mut self, act: &Act, shared: &Shared) -> Result<(), Error> {
        let asked = |symbol: &str| self.asked.contains(symbol);
        let Some(text) = act.text(&asked) else { return Ok(()) };
        shared.play().sent(act, &asked);
        self.socket.send(Message::text(text))
    }

    /// Ends the connection, with a word before it or without.
    fn part(&mut self, politely: bool) -> Result<(), Error> {
        if politely {
            let _ = self.socket.close(None);
            let _ = self.socket.flush();
        }
        let _ = self.socket.get_ref().shutdown(Shutdown::Both);
        Err(Error::ConnectionClosed)
    }

    /// Takes what the client asks for.
    fn listen(&mut self, shared: &Shared) -> Result<(), Error> {
        loop {
            match self.socket.read() {
                Ok(Message::Text(text)) => self.answer(text.as_str(), shared)?,
                Ok(Message::Close(_)) => return Err(Error::ConnectionClosed),
                Ok(_) => {}
                Err(Error::Io(error))
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn answer(&mut self, text: &str, shared: &Shared) -> Result<(), Error> {
        let known = |symbol: &String| {
            let all = &shared.rules.symbols;
            all.is_empty() || all.contains(symbol)
        };
        let said = match serde_json::from_str::<Request>(text) {
            Ok(Request { kind, symbol }) => match kind.as_str() {
                "subscribe" if self.asked.len() >= SYMBOLS => Some("too many symbols".to_owned()),
                "subscribe" if known(&symbol) => {
                    self.asked.insert(symbol);
                    None
                }
                "subscribe" => Some(format!("unknown symbol {symbol}")),
                "unsubscribe" => {
                    self.asked.remove(&symbol);
                    None
                }
                other => Some(format!("unknown type {other}")),
            },
            Err(_) => Some("not a request".to_owned()),
        };
        self.since = shared.clock.micros();
        said.map_or(Ok(()), |said| self.socket.send(Message::text(frame::refusal(&said))))
    }
}

/// How a call is answered: whoever is let in takes the one connection.
fn status(call: &Call, shared: &Shared) -> StatusCode {
    let query = call.uri().query().unwrap_or_default();
    match &shared.rules.token {
        Some(token) if !token.stands_in(query) => StatusCode::UNAUTHORIZED,
        _ if !shared.play().take() => StatusCode::TOO_MANY_REQUESTS,
        _ => StatusCode::OK,
    }
}
