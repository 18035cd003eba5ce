//! Whether the machine was quiet enough for wall-clock figures to be believed.

use serde::Serialize;

use super::folder::Folder;
use super::unit;
use crate::observe::{Noise, Run};

/// How far wall-clock figures can be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Absolute limits hold.
    Quiet,
    /// Only ratios taken in one interleaved run hold.
    Noisy,
    /// Nothing that a clock measured holds.
    Void,
    /// Nothing is known of it.
    Unknown,
}

/// The verdict with what it rests on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// Why, in one clause.
    pub why: String,
}

/// A thread that only sleeps may be woken this late on a quiet machine.
const CANARY_P99_US: f64 = 1_000.0;
/// With `noop`, which leaves its core idle, this share of the time may be spent waiting for one.
const PRESSURE: f64 = 0.25;

/// Judges the runs of a folder. A contestant may well be the cause of a late canary on its own core; only what is late under
/// `noop` as well voids a run.
pub(crate) fn judge(folder: &Folder) -> Judgement {
    let worst =
        |runs: &[&Run], of: fn(&Noise) -> f64| runs.iter().map(|run| of(&run.noise)).fold(0.0, f64::max);
    let all: Vec<&Run> = folder.runs.iter().collect();
    let idle: Vec<&Run> = all.iter().copied().filter(|run| run.contestant == "noop").collect();
    if all.is_empty() {
        return Judgement { verdict: Verdict::Unknown, why: "the runs' own records are not there".into() };
    }
    let objective = all.iter().map(|run| run.objective_us).min().unwrap_or(0) as f64;
    let (late, pressure) =
        (worst(&idle, |noise| noise.generator_p99_us), worst(&idle, |noise| noise.pressure));
    if late > objective {
        let why = format!(
            "under noop the generator was {} late (p99) against an objective of {}",
            unit::time(late),
            unit::time(objective)
        );
        return Judgement { verdict: Verdict::Void, why };
    }
    if pressure > PRESSURE {
        let why = format!("under noop tasks waited for a core {} of the time", unit::percent(pressure));
        return Judgement { verdict: Verdict::Void, why };
    }
    let canary = worst(&all, |noise| noise.canary_p99_us);
    let verdict = if canary < CANARY_P99_US { Verdict::Quiet } else { Verdict::Noisy };
    let limit = unit::time(CANARY_P99_US);
    let why = format!(
        "a sleeping thread was woken {} late (p99 of the worst run; quiet is under {limit})",
        unit::time(canary)
    );
    Judgement { verdict, why }
}
