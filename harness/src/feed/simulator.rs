//! A feed that is not one: it listens on a socket and plays a script to whoever asks for it.
//!
//! As with the real one, a token has one connection. When that breaks, the script goes on for the next.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use workloads::Micros;

use super::script::{Due, Script};
use super::session::Session;
use super::{Act, Token};
use crate::clock::Clock;

/// How often it looks whether somebody calls.
const TURN: Duration = Duration::from_millis(2);
/// Connections at once, those that are being refused included.
const MOST: usize = 32;

/// Who is let in, and what there is.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// The token that is asked for, if one is.
    pub token: Option<Token>,
    /// The symbols that there are; every one if empty.
    pub symbols: Vec<String>,
}

/// What it has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Connections that were let in.
    pub connections: u64,
    /// Connections that were refused.
    pub refused: u64,
    /// Frames of trades that were sent.
    pub frames: u64,
    /// Trades in them.
    pub trades: u64,
    /// Connections that it broke.
    pub drops: u64,
    /// Whether everything was done.
    pub over: bool,
}

/// A simulated feed. It ends with this.
pub struct Simulator {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// What its threads share.
pub(super) struct Shared {
    pub(super) rules: Rules,
    pub(super) clock: Clock,
    stop: AtomicBool,
    play: Mutex<Play>,
}

/// The script, and how far it is.
pub(super) struct Play {
    script: Script,
    next: Option<Due>,
    /// Whether somebody is connected.
    taken: bool,
    /// When the script's time began, by the clock.
    began: Option<Micros>,
    told: Told,
}

impl Simulator {
    /// Plays a script to whoever connects to this listener.
    pub fn start(listener: TcpListener, rules: Rules, mut script: Script, clock: Clock) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let next = script.next();
        let play = Play { script, next, taken: false, began: None, told: Told::default() };
        let shared = Arc::new(Shared { rules, clock, stop: AtomicBool::new(false), play: Mutex::new(play) });
        let own = Arc::clone(&shared);
        let thread = thread::Builder::new().name("feed".into()).spawn(move || accept(&listener, &own))?;
        Ok(Simulator { address, shared, thread: Some(thread) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it has done so far.
    pub fn told(&self) -> Told {
        self.shared.play().told
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // One that has panicked has said so itself.
            let _ = thread.join();
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    let mut sessions: Vec<JoinHandle<()>> = Vec::new();
    while !shared.ended() {
        sessions.retain(|session| !session.is_finished());
        match listener.accept() {
            // The connection is closed where there are too many.
            Ok((stream, _)) if sessions.len() < MOST => {
                let shared = Arc::clone(shared);
                let begin = move || serve(stream, &shared);
                sessions.extend(thread::Builder::new().name("feed session".into()).spawn(begin));
            }
            _ => thread::sleep(TURN),
        }
    }
    sessions.into_iter().for_each(|session| drop(session.join()));
}

/// Plays to one connection for as long as it lasts.
fn serve(stream: TcpStream, shared: &Shared) {
    match Session::open(stream, shared) {
        Some(mut session) => {
            session.play(shared);
            shared.play().leave();
        }
        None => shared.play().told.refused += 1,
    }
}

impl Shared {
    pub(super) fn play(&self) -> MutexGuard<'_, Play> {
        self.play.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn ended(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

impl Play {
    /// Takes the one connection; false if somebody has it.
    pub(super) fn take(&mut self) -> bool {
        let free = !self.taken;
        self.taken = true;
        self.told.connections += u64::from(free);
        free
    }

    /// The connection is free again.
    pub(super) fn leave(&mut self) {
        self.taken = false;
    }

    /// Somebody is there to listen from `now` on: nothing became due while nobody was.
    pub(super) fn listened(&mut self, now: Micros) {
        self.began = self.next.as_ref().map(|due| now - due.at);
    }

    /// What is due by now, if anything is.
    pub(super) fn due(&mut self, now: Micros) -> Option<Act> {
        let began = self.began.unwrap_or(now);
        let due = self.next.take_if(|due| began + due.at <= now)?;
        self.next = self.script.next();
        self.told.drops += u64::from(matches!(due.act, Act::Drop { .. }));
        Some(due.act)
    }

    /// Notes what was sent.
    pub(super) fn sent(&mut self, act: &Act, asked: &dyn Fn(&str) -> bool) {
        if let Act::Trades(trades) = act {
            self.told.frames += 1;
            self.told.trades += trades.iter().filter(|(trade, _)| asked(&trade.symbol)).count() as u64;
        }
    }

    /// Whether everything was done, which is noted.
    pub(super) fn over(&mut self) -> bool {
        self.told.over = self.next.is_none();
        self.told.over
    }
}
