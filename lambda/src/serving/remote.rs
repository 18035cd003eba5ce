//! A speed layer in another process, asked over a socket.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use workloads::files::SharedDisk;
use workloads::{Micros, Query, Version};

use super::SpeedSide;
use crate::error::LambdaError;
use crate::layers::Layers;
use crate::publication::{Loading, Shelf};
use crate::speed::Pinned;
use crate::speed::remote::{Ask, Reply};

/// How long the speed layer may take over an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Microseconds between two looks at the state folder.
const LOOK: Micros = 2_000;

/// The speed layer's process, and the publications that it may speak of.
pub(crate) struct Remote<L: Layers> {
    socket: PathBuf,
    line: Option<BufReader<UnixStream>>,
    shelf: Shelf,
    looked: Option<Micros>,
    loading: Option<Loading>,
    /// The newest publication that was not what the batch wrote, and why.
    refused: Option<(u64, String)>,
    /// Publications taken in, by number, oldest first.
    bases: Vec<(u64, Arc<L::Base>)>,
    version: Option<Version>,
    dead: u64,
}

impl<L: Layers> Remote<L> {
    /// Asks nothing yet: the other process may start later.
    pub(crate) fn start(disk: &SharedDisk, state: &Path, socket: &Path) -> Result<Self, LambdaError> {
        Ok(Remote {
            socket: socket.to_owned(),
            line: None,
            shelf: Shelf::open(disk, state)?,
            looked: None,
            loading: None,
            refused: None,
            bases: Vec::new(),
            version: None,
            dead: 0,
        })
    }

    fn has(&self) -> u64 {
        self.bases.last().map_or(0, |(number, _)| *number)
    }

    /// Takes in a piece of the newest publication, if there is one that is not taken in.
    fn load(&mut self, now: Micros) -> Result<bool, LambdaError> {
        if self.loading.is_none() && self.looked.is_none_or(|then| then >= now || now >= then + LOOK) {
            self.looked = Some(now);
            let passed = self.passed().max(self.has());
            if let Some(number) = self.shelf.current()?.filter(|number| *number > passed) {
                match Loading::begin(&self.shelf, number, self.bases.is_empty()) {
                    Ok(loading) => self.loading = Some(loading),
                    Err(error) => return self.refuse(number, error),
                }
            }
        }
        let passed = self.passed();
        let Some(loading) = &mut self.loading else { return Ok(false) };
        let number = loading.number();
        match loading.step() {
            Ok(true) => {}
            Ok(false) => return Ok(true),
            // It was too old to be kept by the time it was half taken in.
            Err(_) if self.shelf.current()? > Some(number.max(passed)) => {
                self.loading = None;
                return Ok(true);
            }
            Err(error) => return self.refuse(number, error),
        }
        if let Some(loading) = self.loading.take() {
            self.bases.push((number, Arc::new(L::base(loading.finish())?)));
            if number > passed {
                self.refused = None;
            }
        }
        Ok(true)
    }

    /// Passes over a publication that is not what the batch wrote, as the speed layer does: there is one to go on with, or
    /// at the start perhaps an older one to begin with.
    fn refuse(&mut self, number: u64, error: LambdaError) -> Result<bool, LambdaError> {
        self.loading = None;
        if number > self.passed() {
            self.refused = Some((number, error.to_string()));
        }
        if !self.bases.is_empty() {
            return Ok(true);
        }
        let Some(older) = self.shelf.before(number)? else { return Err(error) };
        match Loading::begin(&self.shelf, older, true) {
            Ok(loading) => self.loading = Some(loading),
            Err(error) => return self.refuse(older, error),
        }
        Ok(true)
    }

    /// Number of the newest publication that was passed over.
    fn passed(&self) -> u64 {
        self.refused.as_ref().map_or(0, |(number, _)| *number)
    }

    /// Asks, and lets go of what the speed layer will not speak of again. Without an answer the call is ended, and
    /// begins anew with the next question.
    fn ask(&mut self, queries: &[Query], frozen: bool) -> Result<Reply<L::Partial>, LambdaError> {
        let ask = Ask { has: self.has(), queries: queries.to_vec(), frozen };
        let reply = self.exchange(&ask);
        let Some(reply) = reply else {
            (self.line, self.version) = (None, None);
            return Err(LambdaError::Remote(self.socket.display().to_string()));
        };
        self.bases.retain(|(number, _)| *number >= reply.publication);
        (self.version, self.dead) = (reply.version.clone(), reply.dead);
        Ok(reply)
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
        let loaded = self.load(now)?;
        let before = self.version.clone();
        match self.ask(&[], false) {
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
        self.refused.as_ref().map(|(_, why)| why.as_str())
    }

    fn dead(&self) -> u64 {
        self.dead
    }
}
