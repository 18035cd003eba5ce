//! The speed layer as a process of its own: it answers the serving layer on a socket, a line of JSON each way.
//!
//! The serving layer says which publication it has taken in. The speed layer answers over the newest one that both
//! have, and keeps an older state until the serving layer has the newer publication too.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use workloads::{Micros, Query, Version};

use super::Speed;
use crate::error::LambdaError;
use crate::layers::Layers;

/// What the serving layer asks.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Ask {
    /// The newest publication that it has taken in.
    pub(crate) has: u64,
    /// The questions; none to hear of the version alone.
    pub(crate) queries: Vec<Query>,
    /// Whether to answer as it was before the first key went out of reach.
    pub(crate) frozen: bool,
}

/// What the speed layer answers.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Reply<P> {
    /// The publication that the halves belong to.
    pub(crate) publication: u64,
    /// What the two together include; absent while there is nothing to be read.
    pub(crate) version: Option<Version>,
    /// The speed layer's half of each answer.
    pub(crate) partials: Vec<P>,
    /// Records that could not be decoded.
    pub(crate) dead: u64,
}

/// A speed layer with its socket.
pub(crate) struct Answering<L: Layers> {
    speed: Speed<L>,
    listener: UnixListener,
    socket: PathBuf,
    callers: Vec<Caller>,
}

/// A serving layer that has called.
struct Caller {
    stream: UnixStream,
    heard: Vec<u8>,
}

impl<L: Layers> Answering<L> {
    /// Listens on a socket, in place of one that an earlier process left.
    pub(crate) fn start(mut speed: Speed<L>, socket: &Path) -> Result<Self, LambdaError> {
        let io = |error| LambdaError::io("listening on", socket, error);
        match std::fs::remove_file(socket) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(io(error)),
            _ => {}
        }
        let listener = UnixListener::bind(socket).map_err(io)?;
        listener.set_nonblocking(true).map_err(io)?;
        speed.taken_in_elsewhere(0);
        Ok(Answering { speed, listener, socket: socket.to_owned(), callers: Vec::new() })
    }

    /// Does a bounded amount of work and answers who has asked; false when there was nothing to do.
    pub(crate) fn step(&mut self, now: Micros) -> Result<bool, LambdaError> {
        let mut worked = self.speed.step(now)?;
        while let Ok((stream, _)) = self.listener.accept() {
            let ready = stream.set_nonblocking(true);
            ready.map_err(|error| LambdaError::io("listening on", &self.socket, error))?;
            self.callers.push(Caller { stream, heard: Vec::new() });
        }
        for mut caller in std::mem::take(&mut self.callers) {
            // A caller who has gone, or talks nonsense, is let go; it calls again.
            if let Some(answered) = self.answer(&mut caller)? {
                worked |= answered;
                self.callers.push(caller);
            }
        }
        Ok(worked)
    }

    /// The newest version that can be read.
    pub(crate) fn version(&self) -> Option<Version> {
        self.speed.version()
    }

    /// Records that could not be decoded.
    pub(crate) fn dead(&self) -> u64 {
        self.speed.dead()
    }

    /// Answers what a caller has asked in full; absent when it has gone.
    fn answer(&mut self, caller: &mut Caller) -> Result<Option<bool>, LambdaError> {
        if !caller.hear() {
            return Ok(None);
        }
        let Some(end) = caller.heard.iter().position(|byte| *byte == b'\n') else { return Ok(Some(false)) };
        let line: Vec<u8> = caller.heard.drain(..=end).collect();
        let Ok(ask) = serde_json::from_slice::<Ask>(&line) else { return Ok(None) };
        let reply = self.reply(&ask)?;
        let mut text = serde_json::to_vec(&reply).expect("a reply has no keys but strings");
        text.push(b'\n');
        Ok(caller.say(&text).then_some(true))
    }

    fn reply(&mut self, ask: &Ask) -> Result<Reply<L::Partial>, LambdaError> {
        self.speed.taken_in_elsewhere(ask.has);
        let dead = self.speed.dead();
        match self.speed.pin(&ask.queries, ask.frozen) {
            Ok(pinned) if pinned.publication <= ask.has => {
                let (publication, version) = (pinned.publication, Some(pinned.version));
                Ok(Reply { publication, version, partials: pinned.partials, dead })
            }
            Ok(_) | Err(LambdaError::NotYet) => {
                Ok(Reply { publication: 0, version: None, partials: Vec::new(), dead })
            }
            Err(error) => Err(error),
        }
    }
}

impl Caller {
    /// Takes in what has come; false when the caller has gone.
    fn hear(&mut self) -> bool {
        let mut buffer = [0; 4096];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return false,
                Ok(read) => self.heard.extend_from_slice(&buffer[..read]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return true,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
        }
    }

    /// Sends all of it, waiting for a caller who is slow to take it; false when he has gone.
    fn say(&mut self, text: &[u8]) -> bool {
        let blocking = self.stream.set_nonblocking(false).is_ok();
        let sent = self.stream.write_all(text).is_ok();
        blocking && sent && self.stream.set_nonblocking(true).is_ok()
    }
}
