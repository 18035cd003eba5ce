//! What is heard becomes records: appended and acknowledged before it is counted. What cannot be read is kept with its reason.

use std::collections::{HashSet, VecDeque};
use std::path::PathBuf;

use anyhow::Context;
use serde::Serialize;
use workloads::files::{Disk, DiskFile, RealDisk};
use workloads::{Draft, Event, Micros, Millis, Origin, TradeEvent};

use super::topics::Written;
use crate::feed::frame::Undecodable;
use crate::feed::{Gap, Heard};

/// Where trades come from.
const FEED: u32 = 0;
/// Trades with the number of one frame.
const FRAME: usize = 1 << 8;
/// Trades that are remembered, to see what comes again.
const REMEMBERED: usize = 4096;

/// What came of a feed so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    /// Frames of trades.
    pub(super) frames: u64,
    /// Trades in the log.
    pub(super) trades: u64,
    /// What could not be read.
    pub(super) undecodable: u64,
    /// Signs of life.
    pub(super) pings: u64,
    /// Times that a connection broke, and attempts that failed.
    pub(super) losses: u64,
    /// Trades that look like ones from before a connection broke. They count, as nobody can know.
    pub(super) again: u64,
    /// Times in which nothing was heard.
    pub(super) gaps: Vec<Gap>,
    /// Highest event time.
    pub(super) newest: Option<Millis>,
}

/// A line of the file of what could not be read.
#[derive(Serialize)]
struct Rejected<'a> {
    /// When it came.
    received: Millis,
    /// Why it could not be read.
    reason: &'a str,
    /// As it came, where that is text.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
    /// The same as hexadecimal digits, where it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    value_hex: Option<String>,
}

/// Who writes what is heard.
pub(super) struct Ingest {
    /// Where to.
    pub(super) written: Written,
    /// What came of it.
    pub(super) tally: Tally,
    /// File of what could not be read.
    rejects: PathBuf,
    file: Option<Box<dyn DiskFile>>,
    /// Number of the next frame: no other run has it, as it begins with the microseconds of the day it began on.
    next: u64,
    recent: VecDeque<TradeEvent>,
    /// What was heard before the connection broke last, and the highest event time of it.
    before: HashSet<TradeEvent>,
    until: Millis,
}

impl Ingest {
    /// Nothing heard yet.
    pub(super) fn new(written: Written, rejects: PathBuf, began: Micros) -> Self {
        Ingest {
            written,
            tally: Tally::default(),
            rejects,
            file: None,
            next: began.unsigned_abs(),
            recent: VecDeque::new(),
            before: HashSet::new(),
            until: Millis::MIN,
        }
    }

    /// Takes something that was heard; the trades of it are in the log when this returns, and are given back.
    pub(super) fn take(&mut self, heard: &Heard, now: Millis) -> anyhow::Result<Vec<TradeEvent>> {
        match heard {
            Heard::Trades(trades, gap) => return self.frame(trades, *gap, now),
            Heard::Undecodable(undecodable) => self.reject(undecodable, now)?,
            Heard::Ping => self.tally.pings += 1,
            Heard::Lost(..) => {
                self.tally.losses += 1;
                self.before = self.recent.iter().cloned().collect();
                self.until = self.tally.newest.unwrap_or(Millis::MIN);
            }
            Heard::Refused(..) | Heard::Back | Heard::Nothing => {}
        }
        Ok(Vec::new())
    }

    fn frame(
        &mut self,
        trades: &[Result<TradeEvent, Undecodable>],
        gap: Option<Gap>,
        now: Millis,
    ) -> anyhow::Result<Vec<TradeEvent>> {
        let good: Vec<TradeEvent> = trades.iter().filter_map(|trade| trade.as_ref().ok()).cloned().collect();
        let drafts: Vec<Draft> = (0_u64..)
            .zip(&good)
            .map(|(index, trade)| {
                let (frame, index) = (self.next + index / FRAME as u64, index % FRAME as u64);
                let origin = Some(Origin { source: FEED, sequence: frame << 8 | index });
                Draft { origin, intended: 0, event: Event::Trade(trade.clone()) }
            })
            .collect();
        self.next += 1 + (good.len() / FRAME) as u64;
        self.written.append(&drafts, now)?;
        for undecodable in trades.iter().filter_map(|trade| trade.as_ref().err()) {
            self.reject(undecodable, now)?;
        }
        self.tally.frames += 1;
        self.tally.trades += good.len() as u64;
        self.tally.gaps.extend(gap);
        good.iter().for_each(|trade| self.remember(trade));
        Ok(good)
    }

    /// Counts a trade that looks like one of before, and remembers it.
    fn remember(&mut self, trade: &TradeEvent) {
        let looks_alike = trade.time <= self.until && self.before.contains(trade);
        self.tally.again += u64::from(looks_alike);
        self.tally.newest = self.tally.newest.max(Some(trade.time));
        self.recent.push_back(trade.clone());
        if self.recent.len() > REMEMBERED {
            self.recent.pop_front();
        }
    }

    /// Keeps what could not be read, with its reason.
    fn reject(&mut self, undecodable: &Undecodable, received: Millis) -> anyhow::Result<()> {
        let Undecodable { reason, value } = undecodable;
        let text = std::str::from_utf8(value).ok();
        let hex = || value.iter().map(|byte| format!("{byte:02x}")).collect();
        let value_hex = if text.is_none() { Some(hex()) } else { None };
        let mut line = serde_json::to_vec(&Rejected { received, reason, value: text, value_hex })?;
        line.push(b'\n');
        let path = &self.rejects;
        let file = match &mut self.file {
            Some(file) => file,
            none => {
                let file = if path.exists() { RealDisk.open(path) } else { RealDisk.create(path) };
                none.insert(file.with_context(|| format!("opening {}", path.display()))?)
            }
        };
        file.append(&line).with_context(|| format!("writing {}", path.display()))?;
        self.tally.undecodable += 1;
        Ok(())
    }

    /// Where what could not be read is.
    pub(super) fn rejects(&self) -> &std::path::Path {
        &self.rejects
    }
}
