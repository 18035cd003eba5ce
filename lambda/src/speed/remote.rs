//! The speed layer as a process of its own: it answers the serving layer on a socket, a line of JSON each way.
//!
//! The serving layer says which publications it has taken in, and the speed layer which ones it keeps a state for. It
//! answers over the newest one that both have, and keeps an older state until the serving layer has the newer publication
//! too. The serving layer takes in what the speed layer has: if each looked for the newest by itself, one could miss
//! what the other has, again and again, when batches publish faster than either takes them in.

use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
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
    /// The publications that it has taken in.
    pub(crate) has: Vec<u64>,
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
    /// The publications that are spoken of, now or later; the last is to be taken in next.
    pub(crate) publications: Vec<u64>,
    /// Why the newest publication is not among them, if it is not what the batch wrote.
    pub(crate) refused: Option<String>,
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
        speed.taken_in_elsewhere(Vec::new());
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

    /// What becomes readable when somebody calls or asks: there is something to do then.
    pub(crate) fn wakes(&self) -> Vec<BorrowedFd<'_>> {
        let callers = self.callers.iter().map(|caller| caller.stream.as_fd());
        std::iter::once(self.listener.as_fd()).chain(callers).collect()
    }

    /// The newest version that can be read.
    pub(crate) fn version(&self) -> Option<Version> {
        self.speed.version()
    }

    /// Why the newest publication is not read from, if it is not what the batch wrote.
    pub(crate) fn refused(&self) -> Option<&str> {
        self.speed.refused()
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
        self.speed.taken_in_elsewhere(ask.has.clone());
        let pinned = match self.speed.pin(&ask.queries, ask.frozen) {
            Ok(pinned) => Some(pinned).filter(|pinned| ask.has.contains(&pinned.publication)),
            Err(LambdaError::NotYet) => None,
            Err(error) => return Err(error),
        };
        let publications = self.speed.publications();
        let (refused, dead) = (self.speed.refused().map(str::to_owned), self.speed.dead());
        let (publication, version, partials) = match pinned {
            Some(pinned) => (pinned.publication, Some(pinned.version), pinned.partials),
            None => (0, None, Vec::new()),
        };
        Ok(Reply { publication, version, partials, publications, refused, dead })
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
