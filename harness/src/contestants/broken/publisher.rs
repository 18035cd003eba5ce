//! A batch that computes nothing and publishes on time.

use std::sync::Arc;

use anyhow::{Context, bail};
use workloads::{Answer, Log, Query, Version};

use super::epoch;
use crate::contestants::{Component, Now, Settings};

struct Publisher {
    log: Arc<dyn Log>,
    epoch: u64,
    published: Option<Version>,
    cuts: u64,
}

/// Starts it.
pub(super) fn start(log: Arc<dyn Log>, settings: &Settings) -> anyhow::Result<Box<dyn Component>> {
    Ok(Box::new(Publisher { log, epoch: epoch(settings), published: None, cuts: 0 }))
}

impl Component for Publisher {
    fn step(&mut self, _now: Now) -> anyhow::Result<bool> {
        let heads = self.log.heads().context("asking the log for its heads")?;
        let cuts = heads.total() / self.epoch;
        if cuts == self.cuts {
            return Ok(false);
        }
        (self.cuts, self.published) = (cuts, Some(heads));
        Ok(true)
    }

    fn read(&mut self, _queries: &[Query]) -> anyhow::Result<Answer> {
        bail!("a batch answers no reads: ask the serving component")
    }

    fn version(&self) -> Option<Version> {
        self.published.clone()
    }
}
