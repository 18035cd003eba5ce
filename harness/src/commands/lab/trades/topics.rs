//! Where trades are written: to one topic that everybody reads, or to one for each layer, without a transaction.

use std::path::Path;

use clap::ValueEnum;
use workloads::{Codec, Draft, Millis};

use super::super::super::{Usage, World};
use super::super::stage::{Ground, Stage};
use crate::logs::LogAddress;

/// How many topics there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Topics {
    /// One, `trades`, which batch and speed layer read both.
    #[default]
    One,
    /// Two, as the document has it: `speed_topic` and `batch_topic`, each written by itself.
    Two,
}

/// What the layers read.
pub(super) struct Written {
    /// What the speed layer reads; everybody, if it is the only one.
    pub(super) speed: Stage,
    /// What the batch reads, if that is another.
    pub(super) batch: Option<Stage>,
    /// Every so manieth write to the second topic is lost; 0 none.
    lose_every: u64,
    writes: u64,
    /// Trades that the second topic lacks.
    pub(super) lost: u64,
}

impl Written {
    /// Opens the topics at the lab's address, or in its folder.
    pub(super) fn open(
        ground: &Ground,
        topics: Topics,
        (folder, lose_every): (&Path, u64),
        world: &World,
    ) -> anyhow::Result<Written> {
        let base: LogAddress = match &ground.log {
            Some(log) => log.to_string().parse().map_err(Usage::error)?,
            None => folder.join("log").into(),
        };
        let place = |name: Option<&str>| {
            let log = name.map_or(Ok(base.clone()), |name| base.beside(name))?;
            let log = Some(log.to_string().parse().map_err(Usage::error)?);
            Ground { log, ..ground.clone() }.open("trades", Codec::Json, world)
        };
        let (speed, batch) = match topics {
            Topics::One => (place(None)?, None),
            Topics::Two => (place(Some("speed_topic"))?, Some(place(Some("batch_topic"))?)),
        };
        Ok(Written { speed, batch, lose_every, writes: 0, lost: 0 })
    }

    /// Writes trades to every topic, one after the other. They are there when this returns.
    pub(super) fn append(&mut self, drafts: &[Draft], now: Millis) -> anyhow::Result<()> {
        if drafts.is_empty() {
            return Ok(());
        }
        self.speed.append(drafts, now)?;
        let Some(batch) = &mut self.batch else { return Ok(()) };
        self.writes += 1;
        if self.lose_every > 0 && self.writes.is_multiple_of(self.lose_every) {
            self.lost += drafts.len() as u64;
            return Ok(());
        }
        batch.append(drafts, now)
    }

    /// What the batch reads.
    pub(super) fn batched(&self) -> &Stage {
        self.batch.as_ref().unwrap_or(&self.speed)
    }
}
