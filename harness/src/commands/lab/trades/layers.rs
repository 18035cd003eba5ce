//! The Lambda and the Kappa of the lab: the one with a batch once a day of event time, the other with one flow.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use lambda::Export;
use lambda::options::Options;
use workloads::files::{RealDisk, SharedDisk};
use workloads::{Rows, Terms, TradeEvent, Version};

use super::super::super::World;
use super::super::follower::Follower;
use super::moment::{DUE, Moment};
use super::topics::Written;
use crate::contestants::{Role, Settings, find};
use crate::upto;

/// How long a batch may take.
const PATIENCE: Duration = Duration::from_secs(300);
/// Rounds in which nobody does anything, after which a batch waits for records.
const IDLE: u32 = 10;

/// Who follows the topics.
pub(super) struct Layers {
    lambda: Follower,
    kappa: Follower,
    moment: Moment,
    /// The Lambda's folder.
    pub(super) state: PathBuf,
    /// Where the batch's views are written as Parquet.
    pub(super) parquet: PathBuf,
    /// Batches so far.
    pub(super) batches: u64,
    /// Whether one is due.
    due: bool,
}

/// A batch that was published.
pub(super) struct Batched {
    /// Its number in this run.
    pub(super) number: u64,
    /// Everything below is in it.
    pub(super) version: Version,
}

impl Layers {
    /// Both at the beginning of the topics, or where the folder says that they were.
    pub(super) fn start(written: &Written, folder: &Path, moment: Moment) -> anyhow::Result<Layers> {
        let settings = |name: &str| {
            let settings = upto::settings(written.speed.log.meta(), &Terms::default());
            Settings { state: folder.join(name), ..settings }
        };
        let at = Some(DUE.parse().map_err(anyhow::Error::msg)?);
        let told = Settings { cut_ms: 0, lambda: Options { at, ..Options::default() }, ..settings("lambda") };
        let (speed, batch) = (Arc::clone(&written.speed.log), Arc::clone(&written.batched().log));
        let lambda =
            Follower::apart(find("lambda")?, (Arc::clone(&speed), Some((Role::Batch, batch))), told)?;
        let kappa = Follower::start(find("kappa")?, speed, settings("kappa"))?;
        let (state, parquet) = (folder.join("lambda"), folder.join("parquet"));
        Ok(Layers { lambda, kappa, moment, state, parquet, batches: 0, due: false })
    }

    /// Hears of trades that are in the topics; a batch that falls due by them is computed and published at once.
    pub(super) fn hear(
        &mut self,
        trades: &[TradeEvent],
        written: &Written,
        world: &World,
    ) -> anyhow::Result<Option<Batched>> {
        let now = world.clock.micros();
        let published = self.lambda.version(Role::Batch);
        // The first is due at once.
        self.due |= published.is_none();
        for trade in trades {
            self.due |= self.moment.hear(trade.time, now);
        }
        self.lambda.tell(self.moment.now());
        let heads = written.batched().log.heads()?;
        // Nothing new needs no batch.
        if !self.due || published.is_some_and(|published| published.covers(&heads)) {
            return Ok(None);
        }
        let Some(version) = self.batch(written.lost > 0, world)? else { return Ok(None) };
        self.due = false;
        self.batches += 1;
        self.export()?;
        Ok(Some(Batched { number: self.batches, version }))
    }

    /// Goes on until a batch is published, and says up to where. Where the batch's topic lacks records, the layers agree on a
    /// cut that it has not come to: then there is none before it has.
    fn batch(&mut self, lossy: bool, world: &World) -> anyhow::Result<Option<Version>> {
        let (before, began, mut idle) = (self.lambda.version(Role::Batch), world.clock.micros(), 0);
        loop {
            world.stop.check()?;
            let busy = self.lambda.turn(world)?;
            let published = self.lambda.version(Role::Batch);
            if published != before {
                return Ok(published);
            }
            idle = if busy { 0 } else { idle + 1 };
            if lossy && idle > IDLE {
                return Ok(None);
            }
            let waited = world.clock.micros() - began;
            anyhow::ensure!(waited < PATIENCE.as_micros() as i64, "no batch was published in {PATIENCE:?}");
            if !busy {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }

    /// Everybody takes in all that is there.
    pub(super) fn follow(&mut self, written: &Written, world: &World) -> anyhow::Result<()> {
        let heads = written.speed.log.heads()?;
        self.lambda.reach(&heads, world)?;
        self.kappa.reach(&heads, world)
    }

    /// A view as the Lambda merges it, and as the Kappa has it.
    pub(super) fn rows(&mut self, view: &str) -> anyhow::Result<(Rows, Rows)> {
        Ok((self.lambda.rows(view)?, self.kappa.rows(view)?))
    }

    /// The views as the newest batch published them, and the version that they are of.
    pub(super) fn published(&self) -> anyhow::Result<Export> {
        let disk: SharedDisk = Arc::new(RealDisk);
        Ok(Export::read(&disk, &self.state, None, &Terms::default())?)
    }

    /// Writes them as Parquet.
    fn export(&self) -> anyhow::Result<()> {
        let disk: SharedDisk = Arc::new(RealDisk);
        Ok(self.published()?.write(&disk, &self.parquet)?)
    }
}
