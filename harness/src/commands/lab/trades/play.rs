//! The lab while it plays: what is heard goes into the log, the layers follow, and at the end everybody is compared.

use std::process::ExitCode;
use std::time::Duration;

use workloads::Millis;
use workloads::calendar::Unit;

use super::super::super::progress::Progress;
use super::super::super::{World, code, print};
use super::ingest::{Ingest, Tally};
use super::layers::Layers;
use super::listen::{Listener, Next};
use super::shown::{KAPPA, SPEED, Shown};
use super::verdict::{self, Verdict};
use crate::feed::Heard;
use crate::lang::context;

/// How long to wait for something to be heard.
const TURN: Duration = Duration::from_millis(100);
/// Frames taken in before the layers are told.
const FRAMES: u32 = 64;

/// Everything that plays together.
pub(super) struct Lab<'a> {
    pub(super) ingest: Ingest,
    pub(super) layers: Layers,
    pub(super) shown: Shown,
    pub(super) world: &'a World,
    pub(super) progress: Progress,
    /// Whether the connection is broken, which has been said.
    pub(super) down: bool,
}

impl Lab<'_> {
    fn say(&self, key: &str, fields: impl Into<minijinja::Value>) -> anyhow::Result<()> {
        print::text(&self.world.lang.say(key, fields))
    }

    /// Takes what is heard until there was enough of it, or somebody wants to end.
    pub(super) fn play(&mut self, listener: &Listener, until: Option<i64>) -> anyhow::Result<()> {
        loop {
            if until.is_some_and(|until| self.world.clock.micros() >= until) {
                listener.end();
            }
            let mut wait = TURN;
            for _ in 0..FRAMES {
                match listener.next(wait)? {
                    Next::Heard(heard) => self.hear(&heard)?,
                    Next::Nothing => break,
                    Next::Over => return self.follow(),
                }
                wait = Duration::ZERO;
            }
            self.follow()?;
            let tally = &self.ingest.tally;
            let fields =
                context! { frames => tally.frames, trades => tally.trades, batches => self.layers.batches };
            self.progress.say(&self.world.lang.say("trades.progress", fields));
        }
    }

    fn hear(&mut self, heard: &Heard) -> anyhow::Result<()> {
        let trades = self.ingest.take(heard, self.world.clock.millis())?;
        trades.iter().for_each(|trade| self.shown.note(trade));
        match heard {
            Heard::Lost(why, wait) if !self.down => {
                self.down = true;
                let milliseconds = wait.as_millis() as u64;
                self.say("trades.lost", context! { why, milliseconds })?;
            }
            Heard::Refused(symbol, said) => {
                let key = if symbol.is_some() { "trades.unknown-symbol" } else { "trades.refused" };
                self.say(key, context! { symbol, said })?;
            }
            Heard::Trades(_, Some(gap)) => {
                self.down = false;
                let second = |time: Millis| Unit::Second.print(Unit::Second.of(time));
                let (from, to, milliseconds) = (second(gap.from), second(gap.to), gap.to - gap.from);
                self.say("trades.gap", context! { from, to, milliseconds })?;
            }
            _ => {}
        }
        // Once somebody wants to end nothing new is begun: what was heard is in the log.
        if trades.is_empty() || self.world.stop.wanted() {
            return Ok(());
        }
        if let Some(batched) = self.layers.hear(&trades, &self.ingest.written, self.world)? {
            let (number, version) = (batched.number, batched.version.to_string());
            let trades = batched.version.total();
            self.say("trades.batch", context! { number, version, trades })?;
        }
        Ok(())
    }

    /// The layers take in what there is, and the last prices go into their tables.
    fn follow(&mut self) -> anyhow::Result<()> {
        if self.world.stop.wanted() || self.ingest.tally.trades == 0 {
            return Ok(());
        }
        self.layers.follow(&self.ingest.written, self.world)?;
        let (lambda, kappa) = self.layers.rows("last")?;
        let troubled = self.shown.trouble.is_some();
        self.shown.put(SPEED, lambda);
        self.shown.put(KAPPA, kappa);
        match &self.shown.trouble {
            Some(trouble) if !troubled => {
                self.say("trades.table-trouble", context! { said => trouble.to_string() })
            }
            None if troubled => self.say("trades.table-again", ()),
            _ => Ok(()),
        }
    }

    pub(super) fn interrupted(&self) -> anyhow::Result<()> {
        self.progress.end();
        self.say("trades.interrupted", context! { trades => self.ingest.tally.trades })
    }

    /// What came in, what everybody makes of it, and whether that is the truth.
    pub(super) fn end(mut self) -> anyhow::Result<ExitCode> {
        self.progress.end();
        let tally = self.ingest.tally.clone();
        anyhow::ensure!(tally.trades > 0, "no trade came: look at --symbols and --minutes");
        let verdict = verdict::judge(&mut self.layers, &self.ingest.written, self.world)?;
        self.told(&tally)?;
        let tables = self.tables(&verdict)?;
        let (rows, lambda, kappa) = (verdict.rows, verdict.lambda, verdict.kappa);
        self.say("trades.verdict", context! { rows, lambda, kappa })?;
        let right = verdict.lambda + verdict.kappa == 0 && tables;
        Ok(if right { ExitCode::SUCCESS } else { code::wrong() })
    }

    /// What came in, and where it is.
    fn told(&self, tally: &Tally) -> anyhow::Result<()> {
        let (frames, trades, pings) = (tally.frames, tally.trades, tally.pings);
        self.say("trades.heard", context! { frames, trades, pings })?;
        if tally.losses > 0 {
            let missing: Millis = tally.gaps.iter().map(|gap| gap.to - gap.from).sum();
            let (gaps, again, seconds) = (tally.gaps.len(), tally.again, missing as f64 / 1000.0);
            self.say("trades.gaps", context! { gaps, seconds, again })?;
        }
        if tally.undecodable > 0 {
            let (undecodable, file) = (tally.undecodable, self.ingest.rejects().display().to_string());
            self.say("trades.undecodable", context! { undecodable, file })?;
        }
        let written = &self.ingest.written;
        if let Some(batch) = &written.batch {
            let (whole, batch, lost) = (&*written.speed.log, &*batch.log, written.lost);
            let differing = verdict::differing(whole, batch)?;
            let (speed, batch) = (whole.heads()?.total(), batch.heads()?.total());
            self.say("trades.two-topics", context! { speed, batch, lost, differing })?;
        }
        let parquet = self.layers.parquet.display().to_string();
        let archive = self.layers.state.join("archive").display().to_string();
        self.say("trades.files", context! { parquet, archive })
    }

    /// Whether the tables in the database hold what is true.
    fn tables(&mut self, verdict: &Verdict) -> anyhow::Result<bool> {
        let Some(address) = self.shown.address() else { return Ok(true) };
        if let Some(trouble) = &self.shown.trouble {
            anyhow::bail!("the last prices could not be written: {trouble}");
        }
        let wanted = self.shown.wanted(&verdict.last);
        let mut right = true;
        for table in [SPEED, KAPPA] {
            let held = self.shown.held(table, &verdict.last)?;
            right &= held == wanted;
            let (rows, same) = (held.len(), held == wanted);
            let address = address.as_str();
            self.say("trades.table", context! { table, address, rows, same })?;
        }
        Ok(right)
    }
}
