//! `wb lambda rollback`: an older publication served again.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use workloads::files::{RealDisk, SharedDisk};

use super::super::World;

/// Which one.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  wb lambda rollback --state runs/STATE --to 7

Stop the batch first; speed and serving layer may go on. The publication is published once more, under the number after \
the newest: the speed layer begins again at its cut and reads everything since from the log, and answers when it has \
caught up. When the batch is started again, its next publication takes over.")]
pub struct Arguments {
    /// State folder of the Lambda
    #[arg(long, value_name = "DIR")]
    state: PathBuf,
    /// Number of the publication
    #[arg(long, value_name = "N")]
    to: u64,
}

impl Arguments {
    /// Does it.
    pub fn run(self, world: &World) -> anyhow::Result<ExitCode> {
        let disk: SharedDisk = Arc::new(RealDisk);
        let run = lambda::rollback(&disk, &self.state, self.to, world.clock.now().micros)?;
        eprintln!("publication {} is served again as {}, cut {}", self.to, run.number, run.cut);
        Ok(ExitCode::SUCCESS)
    }
}
