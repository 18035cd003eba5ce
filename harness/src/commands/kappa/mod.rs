//! `wb kappa`: what concerns the Kappa alone.

use std::process::ExitCode;

use clap::Subcommand;

use super::World;

pub mod jobs;
pub mod replace;
pub mod replay;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Kappa {
    /// Change the question of a running kappa, or show how that goes on a log of its own.
    Replace(replace::Arguments),
    /// How fast a log is replayed, by the records that a version spans.
    Replay(replay::Arguments),
}

impl Kappa {
    /// Does it.
    pub fn run(self, world: &World) -> anyhow::Result<ExitCode> {
        match self {
            Kappa::Replace(arguments) => arguments.run(world),
            Kappa::Replay(arguments) => arguments.run(world),
        }
    }
}
