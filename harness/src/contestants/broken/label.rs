//! Claims the records that it has fetched, and answers from those that it has applied.

use std::sync::Arc;

use workloads::{Answer, Log, Query, Version};

use super::between;
use crate::contestants::reference::{Fold, Reference};
use crate::contestants::{Component, Now, Settings};

/// After this long without a whole block, microseconds, a smaller one is taken.
const PATIENCE: i64 = 5_000;

struct Label {
    main: Reference,
    /// What is claimed; the state is one block older.
    label: Version,
    block: u64,
    /// When the last block was taken.
    moved: i64,
}

/// Starts it.
pub(super) fn start(log: Arc<dyn Log>, settings: &Settings) -> anyhow::Result<Box<dyn Component>> {
    let label = log.starts()?;
    let main = Reference::start(log, settings)?;
    let block = between(settings.seed, "block", 30, 60);
    Ok(Box::new(Label { main, label, block, moved: 0 }))
}

impl Label {
    /// The label, one block further.
    fn next(&self, heads: &Version) -> Version {
        let mut left = self.block;
        let further = |(label, head): (&u64, &u64)| {
            let taken = (head - label).min(left);
            left -= taken;
            label + taken
        };
        Version(self.label.0.iter().zip(&heads.0).map(further).collect())
    }
}

impl Component for Label {
    fn step(&mut self, now: Now) -> anyhow::Result<bool> {
        let heads = self.main.heads()?;
        let waiting = heads.total() - self.label.total();
        if waiting == 0 || (waiting < self.block && now.micros - self.moved < PATIENCE) {
            return Ok(false);
        }
        while self.main.advance(&self.label, Fold::feed)? {}
        self.label = self.next(&heads);
        self.moved = now.micros;
        Ok(true)
    }

    fn read(&mut self, queries: &[Query]) -> anyhow::Result<Answer> {
        Ok(Answer { version: Some(self.label.clone()), ..self.main.answer(queries) })
    }

    fn version(&self) -> Option<Version> {
        Some(self.label.clone())
    }

    fn dead(&self) -> u64 {
        self.main.dead()
    }
}
