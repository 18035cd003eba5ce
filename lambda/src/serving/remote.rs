//! A speed layer in another process, asked over a socket.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use workloads::{Micros, Query, Version};

use super::SpeedSide;
use crate::error::LambdaError;
use crate::layers::Layers;
use crate::publication::{Newest, Shelf};
use crate::speed::Pinned;
use crate::speed::remote::{Ask, Reply};

/// How long the speed layer may take over an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Microseconds after which the speed layer is asked for its version, if no read has asked it.
const ASK: Micros = 500;

/// The speed layer's process, and the publications that it may speak of.
pub(crate) struct Remote<L: Layers> {
    socket: PathBuf,
    line: Option<BufReader<UnixStream>>,
    newest: Newest,
    /// Publications taken in, by number.
    bases: Vec<(u64, Arc<L::Base>)>,
    /// The publication that the speed layer took in last, or is taking in.
    wanted: Option<u64>,
    /// When the speed layer was last heard, and whether it was since.
    asked: Option<Micros>,
    heard: bool,
    version: Option<Version>,
    /// Why the speed layer does not read from the newest publication.
    refused: Option<String>,
    dead: u64,
}

impl<L: Layers> Remote<L> {
    /// Asks nothing yet: the other process may start later.
    pub(crate) fn start(shelf: Shelf, socket: &Path) -> Self {
        Remote {
            socket: socket.to_owned(),
            line: None,
            newest: Newest::told(shelf),
            bases: Vec::new(),
            wanted: None,
            asked: None,
            heard: false,
            version: None,
            refused: None,
            dead: 0,
        }
    }

    fn has(&self, number: u64) -> bool {
        self.bases.iter().any(|(taken, _)| *taken == number)
    }

    /// Takes in a piece of what the speed layer took in last, unless that is done. It is the speed layer that falls back
    /// on an older one if the newest is not what the batch wrote.
    fn load(&mut self) -> Result<bool, LambdaError> {
        let mut worked = self.newest.under_way().is_some();
        if let Some(number) = self.wanted.filter(|number| !self.has(*number)) {
            let check = self.bases.is_empty();
            worked |= self.newest.begin(number, check)?;
        }
        if let Some(loaded) = self.newest.step(self.bases.is_empty())? {
            self.bases.push((loaded.manifest.number, Arc::new(L::base(loaded)?)));
        }
        Ok(worked)
    }

    /// Asks, and lets go of what the speed layer will not speak of again. Without an answer the call is ended, and
    /// begins anew with the next question.
    fn ask(&mut self, queries: &[Query], frozen: bool) -> Result<Reply<L::Partial>, LambdaError> {
        let has = self.bases.iter().map(|(number, _)| *number).collect();
        let ask = Ask { has, queries: queries.to_vec(), frozen };
        let reply = self.exchange(&ask);
        let Some(reply) = reply else {
            (self.line, self.version) = (None, None);
            return Err(LambdaError::Remote(self.socket.display().to_string()));
        };
        if let Some(wanted) = reply.publications.last() {
            self.wanted = Some(*wanted);
            self.bases.retain(|(number, _)| reply.publications.contains(number));
        }
        (self.version, self.dead, self.heard) = (reply.version.clone(), reply.dead, true);
        self.refused.clone_from(&reply.refused);
        Ok(reply)
    }

    /// Whether a read has just heard all there is to hear. A clock that stands still is that of a stepped run, which asks
    /// every time.
    fn just_heard(&mut self, now: Micros) -> bool {
        if std::mem::take(&mut self.heard) && self.asked.is_some_and(|then| then < now) {
            self.asked = Some(now);
            return true;
        }
        self.asked.is_some_and(|then| then < now && now < then + ASK)
    }

    fn exchange(&mut self, ask: &Ask) -> Option<Reply<L::Partial>> {
        if self.line.is_none() {
            let stream = UnixStream::connect(&self.socket).ok()?;
            stream.set_read_timeout(Some(PATIENCE)).ok()?;
            self.line = Some(BufReader::new(stream));
        }
        let line = self.line.as_mut()?;
        let mut text = serde_json::to_vec(ask).ok()?;
        text.push(b'\n');
        line.get_mut().write_all(&text).ok()?;
        text.clear();
        line.read_until(b'\n', &mut text).ok()?;
        serde_json::from_slice(&text).ok()
    }
}

impl<L: Layers> SpeedSide<L> for Remote<L> {
    fn step(&mut self, now: Micros) -> Result<bool, LambdaError> {
        let loaded = self.load()?;
        if !loaded && self.just_heard(now) {
            return Ok(false);
        }
        let before = self.version.clone();
        let asked = self.ask(&[], false);
        (self.asked, self.heard) = (Some(now), false);
        match asked {
            Ok(_) => Ok(loaded || self.version != before),
            // The other process has not started, or is starting again: there is nothing to be read meanwhile.
            Err(LambdaError::Remote(_)) => Ok(loaded),
            Err(error) => Err(error),
        }
    }

    fn version(&self) -> Option<Version> {
        self.version.clone()
    }

    fn pin(&mut self, queries: &[Query], frozen: bool) -> Result<Pinned<L>, LambdaError> {
        let reply = self.ask(queries, frozen)?;
        let base = self.bases.iter().find(|(number, _)| *number == reply.publication);
        match (base, reply.version) {
            (Some((publication, base)), Some(version)) => {
                let (publication, base) = (*publication, Arc::clone(base));
                Ok(Pinned { publication, base, version, partials: reply.partials })
            }
            _ => Err(LambdaError::NotYet),
        }
    }

    fn refused(&self) -> Option<&str> {
        self.newest.refused().or(self.refused.as_deref())
    }

    fn dead(&self) -> u64 {
        self.dead
    }
}
