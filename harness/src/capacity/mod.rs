//! The highest rate that a contestant keeps up with: what it means to keep up, and how the rate is found.
//!
//! A rate is *sustainable* when all of this holds over a window of it: the generator kept to its schedule; the backlog
//! (events due less events in served answers) does not grow, the upper 95 % bound of its slope being under 1 % of the
//! rate; latency has no trend that surely exceeds the objective within the window; what is left is served soon after the
//! last event; a batch, if there is one, published five times; and no answer was wrong, the last ones least of all.

use std::collections::BTreeMap;

use anyhow::Context;

use crate::judge::evidence::Stretch;
use crate::judge::{Bases, Evidence, Verdicts, judge};
use crate::measures::latency;
use crate::observe::Kind;

mod search;
mod slope;

pub use search::{Found, search};
pub use slope::Slope;

/// Points in which the window is looked at.
const POINTS: i64 = 60;

/// Share of the rate that the backlog may grow by.
const GROWTH: f64 = 0.01;

/// Share of the window in which what is left must be served, and the least time that it is given.
const DRAIN: (f64, i64) = (0.1, 250_000);

/// Publications that a window must hold of a contestant with a batch.
const CYCLES: usize = 5;

/// What one window of a rate showed.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// Events a second.
    pub rate: f64,
    /// What did not hold; nothing for a sustainable rate.
    pub failures: Vec<String>,
    /// Median and 99th percentile of the latency, microseconds.
    pub latency_us: [f64; 2],
    /// Growth of the backlog as a share of the rate.
    pub growth: Slope,
    /// From the last event until everything was served, microseconds.
    pub drain_us: Option<i64>,
}

impl Trial {
    /// One that came to nothing.
    pub fn failed(rate: f64, why: String) -> Self {
        let (latency_us, growth) = ([f64::NAN; 2], Slope { mid: f64::NAN, low: f64::NAN, high: f64::NAN });
        Trial { rate, failures: vec![why], latency_us, growth, drain_us: None }
    }

    /// Whether the rate was sustained.
    pub fn sustained(&self) -> bool {
        self.failures.is_empty()
    }

    /// What a run at some rate showed.
    pub fn of(evidence: &Evidence) -> anyhow::Result<Self> {
        let verdicts = judge(evidence, &mut Bases::default())?;
        let run = &evidence.run;
        let latencies = latency::measure(evidence, &verdicts)?;
        let served = latencies.iter().find(|it| it.stop == "speed").context("latency is always measured")?;
        let quantile = |share| match served.corrected.is_empty() {
            true => f64::NAN,
            false => served.corrected.value_at_quantile(share) as f64,
        };
        let backlog = backlog(evidence)?;
        let growth = Slope::of(&backlog);
        let growth = growth.scaled(1.0 / run.rate);
        let drain_us = drained(evidence)?;
        let medians: Vec<(f64, f64)> =
            served.bins.iter().map(|bin| (bin.at_us as f64 / 1e6, bin.quantiles[0] as f64)).collect();
        let trend = Slope::of(&thinned(&medians));
        let mut failures = wrong(evidence, &verdicts);
        let mut fails = |fails: bool, why: String| failures.extend(fails.then_some(why));
        let objective = run.objective_us as f64;
        let (late, window) = (run.noise.generator_p99_us, run.live_until_us as f64 / 1e6);
        fails(late > objective, format!("the generator was {:.1} ms late (p99)", late / 1e3));
        let high = growth.high;
        fails(
            high.is_nan() || high >= GROWTH,
            format!("the backlog grows by up to {:.1} % of the rate", 100.0 * high),
        );
        let grown = trend.low * window;
        fails(grown > objective, format!("latency rises by {:.1} ms or more", grown / 1e3));
        let most = ((DRAIN.0 * run.live_until_us as f64) as i64).max(DRAIN.1);
        fails(
            drain_us.is_none_or(|drain| drain > most),
            format!("not everything is served {} ms after the last event", most / 1000),
        );
        let published = verdicts.publications.len();
        fails(
            evidence.has_batch() && published < CYCLES,
            format!("{published} publications in the window, {CYCLES} are needed: lengthen --seconds"),
        );
        let latency_us = [quantile(0.5), quantile(0.99)];
        Ok(Trial { rate: run.rate, failures, latency_us, growth, drain_us })
    }
}

/// Seconds, and events due by then that no served answer reflects.
fn backlog(evidence: &Evidence) -> anyhow::Result<Vec<(f64, f64)>> {
    let (run, heads) = (&evidence.run, evidence.log.heads()?);
    let stretch = Stretch::read(&*evidence.log, &run.live_from, &heads)?;
    let mut due: Vec<i64> = stretch.iter().map(|record| record.intended).collect();
    due.sort_unstable();
    let from = run.live_from.total();
    let claims = evidence.reads.iter().filter_map(|read| {
        Some((read.answered_us, read.answer.as_ref()?.version.as_ref()?.total().saturating_sub(from)))
    });
    let mut served: BTreeMap<i64, u64> = claims.collect();
    if served.is_empty() {
        // Answers without labels say nothing: what was announced must do.
        let said =
            evidence.announced().map(|line| (line.received_us, line.version.total().saturating_sub(from)));
        served.extend(said);
    }
    let at = |point: i64| {
        let time = run.live_until_us * point / POINTS;
        let reflected = served.range(..=time).map(|(_, events)| *events).max().unwrap_or(0);
        let due = due.partition_point(|intended| *intended <= time);
        (time as f64 / 1e6, due as f64 - reflected as f64)
    };
    // The first tenth is for the caches.
    Ok((POINTS / 10..=POINTS).map(at).collect())
}

/// So few points that every pair of them can be looked at.
fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let step = points.len().div_ceil(POINTS as usize).max(1);
    points.iter().copied().step_by(step).collect()
}

/// From the last append until a version that covers everything was announced.
fn drained(evidence: &Evidence) -> anyhow::Result<Option<i64>> {
    let heads = evidence.log.heads()?;
    let last = evidence.arrivals.iter().map(|arrival| arrival.acked_us).max().unwrap_or(0);
    let covers = evidence.announced().filter(|line| line.version.covers(&heads));
    Ok(covers.map(|line| (line.received_us - last).max(0)).min())
}

/// What was answered that should not have been, or dropped.
fn wrong(evidence: &Evidence, verdicts: &Verdicts) -> Vec<String> {
    let wrong = verdicts.reads.iter().filter(|read| read.class.wrong());
    let (finals, reads): (Vec<_>, Vec<_>) = wrong.partition(|read| read.kind == Kind::Final);
    let rows: u64 = verdicts.details.iter().map(|detail| detail.wrong).sum();
    let said = |count: u64, what: &str| (count > 0).then(|| format!("{count} {what}"));
    [
        said(reads.len() as u64, "wrong or unanswered reads"),
        said((finals.len() as u64).max(u64::from(rows > 0)), "of the final answers are not the truth"),
        said(evidence.run.dead_letters, "events were dropped"),
    ]
    .into_iter()
    .flatten()
    .collect()
}
