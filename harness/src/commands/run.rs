//! `wb run`: runs a plan and keeps what was observed.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::ensure;
use clap::Args;
use workloads::files::RealDisk;

use super::World;
use super::progress::Progress;
use crate::driver::Job;
use crate::driver::broker::Broker;
use crate::driver::campaign::Expected;
use crate::driver::replay::Replay;
use crate::observe::Run;
use crate::plan::Plan;

/// Which plan, and where to.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wb run short --out runs/mine
  wb run full --out runs/full && wb measure runs/full && wb report runs/full")]
pub struct Arguments {
    /// A plan file, or the name of a built-in plan (`wb list plans`)
    plan: String,
    /// Folder to make for the run
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

impl Arguments {
    /// Does it.
    pub fn run(self, world: &World) -> anyhow::Result<ExitCode> {
        let plan = super::plan(&self.plan)?;
        let runs = run(&plan, (None, None), &self.out, world)?;
        eprintln!("{} runs in {out}; next: wb measure {out}", runs.len(), out = self.out.display());
        Ok(ExitCode::SUCCESS)
    }
}

/// Runs a plan into a folder that is not there yet; says first what it will take.
pub fn run(
    plan: &Plan,
    (replay, broker): (Option<Replay>, Option<Broker>),
    out: &Path,
    world: &World,
) -> anyhow::Result<Vec<Run>> {
    ensure!(
        !out.join("plan.toml").exists(),
        "{} holds a run already: choose another folder, or remove it with `wb runs rm {0}`",
        out.display()
    );
    let expected = Expected::of(plan);
    let (disk, memory) = (expected.disk >> 20, expected.memory >> 20);
    eprintln!(
        "plan {}: {} runs, about {:.0} s, up to {disk} MB on disk and {memory} MB of memory",
        plan.name, expected.runs, expected.seconds
    );
    expected.fits(out)?;
    let progress = Progress::start();
    let job = Job {
        plan,
        replay,
        broker,
        out,
        program: world.program.clone(),
        disk: Arc::new(RealDisk),
        clock: world.clock,
        stop: world.stop.clone(),
        progress: progress.shared(),
    };
    let runs = job.run_all();
    progress.end();
    runs
}
