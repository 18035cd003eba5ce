//! Contestants broken on purpose, one for each class and signature: a judge that misses one fails the tests.
//!
//! Each is the reference with a twist. How large the fault is, and where it strikes, is drawn from the seed in the
//! range that its sentence names, so that no judge can be fitted to it.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use anyhow::bail;
use workloads::{Answer, Log, Query, Version};

use super::reference::{Fold, Reference};
use super::{Component, Contestant, Now, Part, Role, Settings, Start};
use crate::judge::{Class, Signature};
use excess::Excess;

mod excess;
mod label;
mod publisher;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Twist {
    /// Stops following the log after its first reads.
    Frozen,
    /// Leaves out the newest records of each partition.
    Lagging,
    /// For a while after each publication, sums what the last epoch added twice.
    Handover,
    /// Takes each cancelled amount back twice.
    Cancel,
    /// Two replicas, one behind; reads are spread over them.
    Rewind,
    /// Claims more than there is.
    Future,
    /// Stops answering after its first reads.
    Mute,
    /// Adds a number to some rows for a while.
    Seeded,
}

const fn serving(start: Start) -> Part {
    Part { name: "serving", role: Role::Serve, start }
}

const fn broken(
    name: &'static str,
    about: &'static str,
    parts: &'static [Part],
    class: Class,
    signature: Signature,
) -> Contestant {
    Contestant { name, about, parts, workloads: &["orders", "trades"], broken: Some((class, signature)) }
}

/// Stale for ever.
pub static FROZEN: Contestant = broken(
    "broken-frozen",
    "Stops following the log after 10 to 30 reads.",
    &[serving(|log, _, settings| Broken::boxed(Twist::Frozen, log, settings))],
    Class::Stale,
    Signature::NeverCatchesUp,
);

/// Stale by a constant.
pub static LAGGING: Contestant = broken(
    "broken-lagging",
    "Leaves out the newest 300 to 500 records of each partition.",
    &[serving(|log, _, settings| Broken::boxed(Twist::Lagging, log, settings))],
    Class::Stale,
    Signature::BehindByAConstant,
);

/// Wrong after each publication.
pub static HANDOVER: Contestant = broken(
    "broken-handover",
    "For an eighth to a quarter of an epoch after each publication, what the last epoch added is summed twice.",
    &[
        Part { name: "batch", role: Role::Batch, start: |log, _, settings| publisher::start(log, settings) },
        serving(|log, _, settings| Broken::boxed(Twist::Handover, log, settings)),
    ],
    Class::Impossible,
    Signature::JumpAtPublication,
);

/// Ever more wrong.
pub static CANCEL: Contestant = broken(
    "broken-cancel",
    "Takes each cancelled amount back twice.",
    &[serving(|log, _, settings| Broken::boxed(Twist::Cancel, log, settings))],
    Class::Impossible,
    Signature::GrowsWithCancellations,
);

/// Not monotone.
pub static REWIND: Contestant = broken(
    "broken-rewind",
    "Two replicas, one 300 to 500 records behind in each partition; a quarter of the reads go to that one.",
    &[serving(|log, _, settings| Broken::boxed(Twist::Rewind, log, settings))],
    Class::Stale,
    Signature::FallsBack,
);

/// Ahead of the log.
pub static FUTURE: Contestant = broken(
    "broken-future",
    "Claims 1,000 to 5,000 records more than there are in each partition.",
    &[serving(|log, _, settings| Broken::boxed(Twist::Future, log, settings))],
    Class::FromTheFuture,
    Signature::FutureLabel,
);

/// Silent.
pub static MUTE: Contestant = broken(
    "broken-mute",
    "Answers 10 to 30 reads and then no more.",
    &[serving(|log, _, settings| Broken::boxed(Twist::Mute, log, settings))],
    Class::Error,
    Signature::NoAnswer,
);

/// Claims what it does not have yet.
pub static LABEL: Contestant = broken(
    "broken-label",
    "Claims 30 to 60 records that it has fetched but not applied.",
    &[serving(|log, _, settings| label::start(log, settings))],
    Class::Mislabelled,
    Signature::BehindByAConstant,
);

/// Wrong anywhere.
pub static SEEDED: Contestant = broken(
    "broken-seeded",
    "Adds 1 to 1,000,000 to the first column of one key in twenty, for some hundred records at a time.",
    &[serving(|log, _, settings| Broken::boxed(Twist::Seeded, log, settings))],
    Class::Impossible,
    Signature::Scattered,
);

/// A number drawn from a seed and whatever tells the draws apart.
fn draw(seed: u64, what: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    (seed, what).hash(&mut hasher);
    hasher.finish()
}

/// A number from `from` up to below `upto`.
fn between(seed: u64, what: impl Hash, from: u64, upto: u64) -> u64 {
    from + draw(seed, what) % (upto - from)
}

/// Records between two cuts of a contestant that is told nothing.
fn epoch(settings: &Settings) -> u64 {
    if settings.cut_every == 0 { 10_000 } else { settings.cut_every }
}

struct Broken {
    twist: Twist,
    seed: u64,
    main: Reference,
    behind: Option<Reference>,
    /// How many reads, or records, its size is.
    size: u64,
    reads: u64,
    excess: Excess,
}

impl Broken {
    fn boxed(twist: Twist, log: Arc<dyn Log>, settings: &Settings) -> anyhow::Result<Box<dyn Component>> {
        let seed = settings.seed;
        let (from, upto) = match twist {
            Twist::Frozen | Twist::Mute => (10, 30),
            Twist::Lagging | Twist::Rewind => (300, 500),
            Twist::Handover => (epoch(settings) / 8, epoch(settings) / 4),
            Twist::Future => (1_000, 5_000),
            Twist::Seeded => (100, 900),
            Twist::Cancel => (1, 2),
        };
        let size = between(seed, "size", from, upto.max(from + 1));
        let behind = match twist {
            Twist::Rewind => Some(Reference::start(Arc::clone(&log), settings)?),
            _ => None,
        };
        // A window of an epoch must be entered and left in steps that are smaller than it.
        let step = settings.granularity.min(epoch(settings) / 16).max(1);
        let main = Reference::start(log, &Settings { granularity: step, ..settings.clone() })?;
        let excess = Excess::new(epoch(settings), size);
        Ok(Box::new(Broken { twist, seed, main, behind, size, reads: 0, excess }))
    }

    fn advance(&mut self) -> anyhow::Result<bool> {
        let heads = self.main.heads()?;
        let late = Version(heads.0.iter().map(|head| head.saturating_sub(self.size)).collect());
        match self.twist {
            Twist::Frozen if self.reads >= self.size => Ok(false),
            Twist::Lagging => self.main.advance(&late, Fold::feed),
            Twist::Handover => {
                let excess = &mut self.excess;
                let moved = self.main.advance(&heads, |fold, record| excess.repeat_epoch(fold, record))?;
                excess.turn(self.main.applied().total());
                Ok(moved)
            }
            Twist::Cancel => {
                let excess = &mut self.excess;
                self.main.advance(&heads, |fold, record| excess.repeat_cancellation(fold, record))
            }
            _ => {
                let moved = match &mut self.behind {
                    Some(behind) => behind.advance(&late, Fold::feed)?,
                    None => false,
                };
                Ok(self.main.advance(&heads, Fold::feed)? || moved)
            }
        }
    }

    /// Adds to the rows of a key that is struck at this version.
    fn strike(&self, queries: &[Query], answer: &mut Answer) {
        let window = self.main.applied().total() / self.size;
        for (query, rows) in queries.iter().zip(&mut answer.rows) {
            for (key, row) in rows.iter_mut() {
                let chance = draw(self.seed, (&query.view, key, window));
                if chance.is_multiple_of(20) {
                    row[0] += i128::from(between(chance, "amount", 1, 1_000_000));
                }
            }
        }
    }
}

impl Component for Broken {
    fn step(&mut self, _now: Now) -> anyhow::Result<bool> {
        self.advance()
    }

    fn read(&mut self, queries: &[Query]) -> anyhow::Result<Answer> {
        self.reads += 1;
        let mut answer = self.main.answer(queries);
        match self.twist {
            Twist::Mute if self.reads > self.size => bail!("no answer"),
            Twist::Rewind if draw(self.seed, self.reads).is_multiple_of(4) => {
                answer = self.behind.as_ref().map_or(answer, |behind| behind.answer(queries));
            }
            Twist::Future => {
                let ahead = self.main.applied().0.iter().map(|next| next + self.size);
                answer.version = Some(Version(ahead.collect()));
            }
            Twist::Handover | Twist::Cancel => self.excess.add(queries, &mut answer),
            Twist::Seeded => self.strike(queries, &mut answer),
            _ => {}
        }
        Ok(answer)
    }

    fn version(&self) -> Option<Version> {
        Some(self.main.applied().clone())
    }

    fn dead(&self) -> u64 {
        self.main.dead()
    }
}
