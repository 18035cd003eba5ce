//! Consumes nothing and answers nothing: what remains in its figures is the harness.

use std::sync::Arc;

use anyhow::Context;
use workloads::{Answer, Log, Query, Rows, Version};

use super::{Component, Contestant, Now, Part, Role};

/// The contestant. Its answers are empty and claim no version, so they are not judged.
pub static NOOP: Contestant = Contestant {
    name: "noop",
    about: "Consumes nothing and answers nothing: weighs the harness.",
    parts: &[Part {
        name: "noop",
        role: Role::Serve,
        start: |log, _, _| Ok(Box::new(Noop { heads: log.starts()?, log })),
    }],
    workloads: &[],
    broken: None,
};

struct Noop {
    log: Arc<dyn Log>,
    heads: Version,
}

impl Component for Noop {
    fn step(&mut self, _now: Now) -> anyhow::Result<bool> {
        let heads = self.log.heads().context("asking the log for its heads")?;
        let moved = heads != self.heads;
        self.heads = heads;
        Ok(moved)
    }

    fn read(&mut self, queries: &[Query]) -> anyhow::Result<Answer> {
        Ok(Answer { version: None, rows: vec![Rows::new(); queries.len()] })
    }

    fn version(&self) -> Option<Version> {
        Some(self.heads.clone())
    }
}
