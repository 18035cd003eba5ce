//! A contestant with a known limit: what the search for the highest rate must find.

use std::sync::Arc;

use workloads::{Answer, Log, Query, Version};

use super::reference::{Fold, Reference};
use super::{Component, Contestant, Now, Part, Role, Settings};

/// Events a second that it takes.
pub const LIMIT: u64 = 5_000;

/// Microseconds of events that it may make up for.
const BURST_US: i64 = 20_000;

/// The contestant.
pub static SLOW: Contestant = Contestant {
    name: "slow",
    about: "The reference held to 5,000 events a second once it has caught up: what `wb capacity` must find.",
    parts: &[Part { name: "slow", role: Role::Serve, start: |log, _, settings| start(log, settings) }],
    workloads: &[],
    broken: None,
};

struct Slow {
    main: Reference,
    /// Up to when, in microseconds, its share has been used; nothing before it has caught up with its first log.
    used: Option<i64>,
}

fn start(log: Arc<dyn Log>, settings: &Settings) -> anyhow::Result<Box<dyn Component>> {
    Ok(Box::new(Slow { main: Reference::start(log, settings)?, used: None }))
}

impl Component for Slow {
    fn step(&mut self, now: Now) -> anyhow::Result<bool> {
        let heads = self.main.heads()?;
        let each = 1_000_000 / LIMIT as i64;
        let Some(used) = self.used else {
            let moved = self.main.advance(&heads, Fold::feed)?;
            self.used = (!moved && heads.total() > 0).then_some(now.micros);
            return Ok(moved);
        };
        let used = used.max(now.micros - BURST_US);
        let (applied, mut left) = (self.main.applied().clone(), ((now.micros - used) / each).max(0) as u64);
        let upto = applied.0.iter().zip(&heads.0).map(|(next, head)| {
            let taken = (head - next).min(left);
            left -= taken;
            next + taken
        });
        let moved = self.main.advance(&Version(upto.collect()), Fold::feed)?;
        let taken = self.main.applied().total() - applied.total();
        self.used = Some(used + taken as i64 * each);
        Ok(moved)
    }

    fn read(&mut self, queries: &[Query]) -> anyhow::Result<Answer> {
        Ok(self.main.answer(queries))
    }

    fn version(&self) -> Option<Version> {
        Some(self.main.applied().clone())
    }

    fn dead(&self) -> u64 {
        self.main.dead()
    }
}
