//! `wb measure`: judges a run folder and computes its measurements.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;

use super::progress::Progress;
use super::{World, code};
use crate::measures::{self, Measured, Measurement};
use crate::plan::Plan;
use crate::report::{self, Verdict};

/// Which run.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  wb measure runs/mine && wb report runs/mine")]
pub struct Arguments {
    /// Run folder
    #[arg(value_name = "DIR")]
    run: PathBuf,
}

impl Arguments {
    /// Does it.
    pub fn run(self, world: &World) -> anyhow::Result<ExitCode> {
        let measured = measure(&self.run, world)?;
        eprintln!("measurements in {run}; next: wb report {run}", run = self.run.display());
        verdict(&self.run, &measured)
    }
}

/// Measures a run folder, and says what is not as it should be.
pub fn measure(run: &Path, world: &World) -> anyhow::Result<Measured> {
    let progress = Progress::start();
    let measured = measures::measure(run, &mut |name| {
        progress.say(&format!("judging {name}"));
    });
    progress.end();
    let measured = measured?;
    world.stop.check()?;
    for run in &measured.unfinished {
        eprintln!("left out: {run}");
    }
    for why in &measured.untested {
        eprintln!("{why}");
    }
    if measured.vacuous > 0 {
        eprintln!("{} runs tested nothing", measured.vacuous);
    }
    if measured.unanswered > 0 {
        eprintln!("{} reads were not answered while components were paused or killed", measured.unanswered);
    }
    if measured.wrong_reads + measured.wrong_finals > 0 {
        let (reads, finals) = (measured.wrong_reads, measured.wrong_finals);
        eprintln!(
            "wrong answers: {reads} reads and {finals} final answers; measures/witnesses.csv shows them"
        );
    }
    Ok(measured)
}

/// What a measured run folder's command ends with: wrong answers of contestants that should give none come first,
/// then latencies above the objective, which only a quiet machine decides.
pub fn verdict(run: &Path, measured: &Measured) -> anyhow::Result<ExitCode> {
    if measured.wrong_reads + measured.wrong_finals > 0 {
        return Ok(code::wrong());
    }
    let plan = Plan::read(&run.join("plan.toml"))?;
    let mut missed = false;
    for (contestant, workload, millis) in late(run, &plan)? {
        let quiet = report::find(run)?.noise.verdict == Verdict::Quiet;
        let decided = if quiet { "missed" } else { "not decided, for the machine was not quiet" };
        let objective = plan.live.objective_ms;
        eprintln!(
            "objective of {objective} ms: {decided}: p99 of {contestant} on {workload} is {millis:.1} ms"
        );
        missed |= quiet;
    }
    Ok(if missed { code::missed() } else { ExitCode::SUCCESS })
}

/// Contestants and workloads with a p99 latency above the objective that they have, and that p99 in milliseconds.
fn late(run: &Path, plan: &Plan) -> anyhow::Result<Vec<(String, String, f64)>> {
    let path = run.join("measurements.csv");
    let mut rows = csv::Reader::from_path(&path).with_context(|| format!("reading {}", path.display()))?;
    let mut late = Vec::new();
    for row in rows.deserialize() {
        let row: Measurement = row.with_context(|| format!("reading {}", path.display()))?;
        // Over all repeats together.
        let headline = row.measure == "latency.speed.p99" && row.repeat == 0;
        let bound = plan.live.objective_for.contains(&row.contestant);
        if headline && bound && row.value > plan.live.objective_ms * 1000.0 {
            late.push((row.contestant, row.workload, row.value / 1000.0));
        }
    }
    Ok(late)
}
