//! How fast each part can be, beside a plain loop over the same events, in one run.
//!
//! Rounds are interleaved: every part runs once a round, and the best of its rounds counts, so that a slow moment of
//! the machine hits no part alone. Each part is checked before it is timed: what it answers is what the loop answers.

use std::path::Path;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use ::kappa::Shift;
use anyhow::{Context, ensure};
use serde::Serialize;
use workloads::{Record, Terms, Workload};

use crate::contestants::reference::{Fold, spend_plain};

#[cfg(feature = "kafka")]
pub mod consumer;
mod input;
mod kappa;
mod lambda;
pub mod law;
mod parts;
pub mod replay;
pub mod stores;

pub use input::Input;

/// Throughput of one part.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Limit {
    /// Name of the workload.
    pub workload: &'static str,
    /// The part.
    pub part: String,
    /// Settings that the figure depends on: codec, records a version, workers.
    pub setting: String,
    /// Events of one round.
    pub events: u64,
    /// Million events a second, best round.
    pub million_per_s: f64,
    /// The same over the plain loop's: the first, or the one that does no more than what is asked.
    pub of_loop: f64,
    /// Rounds timed.
    pub rounds: u32,
}

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Events of each workload.
    pub events: u64,
    /// Number of keys (customers or symbols).
    pub keys: u32,
    /// Share of the events that are cancellations or busts.
    pub cancellations: f64,
    /// Rounds; the best counts.
    pub rounds: u32,
}

/// A part that can be timed: it takes all events once.
struct Part<'a> {
    name: String,
    setting: String,
    /// The part before it whose output it reads.
    reads: Option<&'static str>,
    /// The plain loop that its ratio is to, if that is not the first.
    beside: Option<&'static str>,
    run: Box<dyn FnMut() -> anyhow::Result<Duration> + 'a>,
}

impl<'a> Part<'a> {
    fn new(
        name: impl Into<String>,
        setting: impl Into<String>,
        run: impl FnMut() -> anyhow::Result<Duration> + 'a,
    ) -> Self {
        Part { name: name.into(), setting: setting.into(), reads: None, beside: None, run: Box::new(run) }
    }

    /// The same, where it cannot do without what another part leaves.
    fn reading(self, other: &'static str) -> Self {
        Part { reads: Some(other), ..self }
    }

    /// The same, where another plain loop than the first is the limit.
    fn beside(self, other: &'static str) -> Self {
        Part { beside: Some(other), ..self }
    }

    fn is_called(&self, only: &str) -> bool {
        format!("{} {}", self.name, self.setting).contains(only)
    }
}

/// Measures one workload in a scratch folder: all parts, or the plain loop, those whose name or setting holds `only`,
/// and what they read from.
/// `round` is told of each round that begins.
pub fn measure(
    workload: &'static Workload,
    effort: &Effort,
    scratch: &Path,
    only: Option<&str>,
    mut round: impl FnMut(u32),
) -> anyhow::Result<Vec<Limit>> {
    let input = Input::make(workload, effort, scratch).context("making the events to measure with")?;
    let mut parts = plain_loops(workload, &input);
    parts.extend(parts::all(workload, &input));
    if let Some(only) = only {
        choose(&mut parts, only);
    }
    let mut best = vec![Duration::MAX; parts.len()];
    for number in 1..=effort.rounds {
        round(number);
        for (part, best) in parts.iter_mut().zip(&mut best) {
            let took = (part.run)().with_context(|| format!("measuring {} {}", part.name, part.setting))?;
            *best = took.min(*best);
        }
    }
    let events = input.records.len() as u64;
    let speed = |took: &Duration| events as f64 / took.as_secs_f64() / 1e6;
    let loops: Vec<(String, f64)> =
        parts.iter().zip(&best).map(|(part, took)| (part.name.clone(), speed(took))).collect();
    let plain = |part: &Part<'_>| {
        let beside = part.beside.and_then(|beside| loops.iter().find(|(name, _)| name == beside));
        beside.unwrap_or(&loops[0]).1
    };
    let limit = |(part, took): (Part<'_>, &Duration)| Limit {
        workload: workload.name,
        events,
        million_per_s: speed(took),
        of_loop: speed(took) / plain(&part),
        part: part.name,
        setting: part.setting,
        rounds: effort.rounds,
    };
    Ok(parts.into_iter().zip(&best).map(limit).collect())
}

/// Leaves the first part, which most ratios are to, those that are called so, and what these read or are held against.
fn choose(parts: &mut Vec<Part<'_>>, only: &str) {
    let called = parts.iter().filter(|part| part.is_called(only));
    let needed: Vec<&str> = called.flat_map(|part| part.reads.into_iter().chain(part.beside)).collect();
    let mut first = true;
    parts.retain(|part| {
        std::mem::take(&mut first) || part.is_called(only) || needed.contains(&part.name.as_str())
    });
}

/// The plain loop that sums up what customers spend and takes nothing back.
const SPEND_PLAIN: &str = "reference (plain loop): spend_plain";

/// Records that one of several threads is dealt before it is the next one's turn.
const TURN: usize = 512;

/// What the aims are given for, by name: what every ratio is to. Everything where nothing is said.
fn aimed(workload: &Workload) -> Asked {
    match workload.name {
        "orders" => ("sums", &["spend", "big_spenders", "large_orders", "revenue"]),
        "trades" => ("volume", &["volume"]),
        _ => EVERYTHING,
    }
}

/// Every view, by name.
const EVERYTHING: Asked = ("all views", &[]);

/// Views, and what they are called together.
type Asked = (&'static str, &'static [&'static str]);

/// What is timed of a workload: what the aims are given for, and everything.
fn asked(workload: &Workload) -> Vec<Asked> {
    let mut asked = vec![aimed(workload), EVERYTHING];
    asked.dedup();
    asked
}

/// The loop that every ratio is to, first; and what it costs without taking anything back.
fn plain_loops<'a>(workload: &'static Workload, input: &'a Input) -> Vec<Part<'a>> {
    let plain = |(name, views)| {
        let name = format!("reference (plain loop): {name}");
        Part::new(name, "decoded", move || fold(workload, &input.records, views))
    };
    let mut loops: Vec<Part<'a>> = asked(workload).into_iter().map(plain).collect();
    if workload.name == "orders" {
        loops.push(Part::new(SPEND_PLAIN, "decoded, nothing taken back", || {
            let began = Instant::now();
            let spent = spend_plain(input.records.iter());
            let took = began.elapsed();
            ensure!(!spent.is_empty(), "the events hold no order");
            Ok(took)
        }));
    }
    for (name, views) in asked(workload) {
        for (in_turn, dealt) in [(Some(TURN), "in turn"), (None, "by partition")] {
            let part = format!("reference (plain loop): {name}, two at once");
            loops.push(Part::new(part, format!("decoded, {dealt}"), move || {
                let shares = Shift::deal(&input.records, 2, in_turn);
                two(workload, shares.iter().map(|share| &share[..]), views)
            }));
        }
    }
    loops
}

/// What this machine gives two threads that have nothing to do with each other: each has its share of the records, and the
/// slower one counts. In turn, a mark may find nothing to take back; the work is the same all the same.
fn two<'a>(
    workload: &Workload,
    shares: impl Iterator<Item = &'a [Record]>,
    views: &[&str],
) -> anyhow::Result<Duration> {
    let start = &Barrier::new(2);
    let times: anyhow::Result<Vec<Duration>> = thread::scope(|scope| {
        let run = |records| {
            scope.spawn(move || {
                start.wait();
                fold(workload, records, views)
            })
        };
        let threads: Vec<_> = shares.map(run).collect();
        threads.into_iter().map(|thread| thread.join().expect("the plain loop does not panic")).collect()
    });
    times?.into_iter().max().context("there is a share for each thread")
}

fn fold(workload: &Workload, records: &[Record], views: &[&str]) -> anyhow::Result<Duration> {
    let mut fold =
        Fold::new(workload.name, &Terms::default(), views).context("the reference knows the workload")?;
    let began = Instant::now();
    records.iter().for_each(|record| fold.feed(record));
    let took = began.elapsed();
    ensure!(!fold.rows(workload.views[0].name).is_empty(), "the loop has no answer");
    Ok(took)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_comes_with_the_loop_and_with_what_it_reads() {
        let part = |name: &str| Part::new(name, "decoded", || Ok(Duration::ZERO));
        let mut parts = vec![part("loop"), part("archive"), part("batch").reading("archive"), part("speed")];
        choose(&mut parts, "batch dec");
        assert_eq!(
            parts.iter().map(|part| part.name.as_str()).collect::<Vec<_>>(),
            ["loop", "archive", "batch"]
        );
    }
}
