//! `wb lambda`: what concerns the Lambda alone.

use std::process::ExitCode;

use clap::Subcommand;

use super::World;

pub mod batch;
pub mod counterexamples;
pub mod export;
pub mod law;
pub mod merges;
pub mod rollback;
pub mod runs;
pub mod switches;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Lambda {
    /// The batch by hand: on its schedule, once, or one day of it.
    Batch(batch::Arguments),
    /// The batch's history, as a scheduler shows it.
    Runs(runs::Arguments),
    /// Serve an older publication again.
    Rollback(rollback::Arguments),
    /// The answers as JSON and Parquet files.
    Export(export::Arguments),
    /// What a whole recomputation costs by the length of history.
    Law(law::Arguments),
    /// Switch on every mistake in turn, and say what the judge sees of it.
    Switches(switches::Arguments),
    /// The smallest log that shows what is wrong with each wrong merge.
    Counterexamples(counterexamples::Arguments),
    /// What each view carries so that batch and speed layer can be merged, and what sketches would save.
    Merges(merges::Arguments),
}

impl Lambda {
    /// Does it.
    pub fn run(self, world: &World) -> anyhow::Result<ExitCode> {
        match self {
            Lambda::Batch(arguments) => arguments.run(world),
            Lambda::Runs(arguments) => arguments.run(),
            Lambda::Rollback(arguments) => arguments.run(world),
            Lambda::Export(arguments) => arguments.run(world.environment),
            Lambda::Law(arguments) => arguments.run(world),
            Lambda::Switches(arguments) => arguments.run(world),
            Lambda::Counterexamples(arguments) => arguments.run(world),
            Lambda::Merges(arguments) => arguments.run(world),
        }
    }
}
