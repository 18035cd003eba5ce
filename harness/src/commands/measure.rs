//! `wb measure`: judges a run folder and computes its measurements.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::progress::Progress;
use super::{World, code};
use crate::measures::{self, Measured};

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
        Ok(verdict(&measured))
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
    if measured.vacuous > 0 {
        eprintln!("{} runs tested nothing", measured.vacuous);
    }
    if measured.wrong_reads + measured.wrong_finals > 0 {
        let (reads, finals) = (measured.wrong_reads, measured.wrong_finals);
        eprintln!("wrong answers: {reads} reads and {finals} final answers; measures/witnesses.csv shows them");
    }
    Ok(measured)
}

/// Wrong answers of contestants that should give none have an exit code of their own.
pub fn verdict(measured: &Measured) -> ExitCode {
    if measured.wrong_reads + measured.wrong_finals > 0 { code::wrong() } else { ExitCode::SUCCESS }
}
