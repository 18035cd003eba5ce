//! `wb log`: records into a log and out of it, and whether a log is whole.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::World;

mod ahead;
pub mod copy;
pub mod export;
pub mod fields;
pub mod import;
pub mod lines;
pub mod merge;
pub mod moment;
pub mod reading;
mod sink;
pub mod verify;

/// What to do with a log.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wb log import orders.csv --log runs/mine.log
  wb log export runs/mine.log --style jsonl | head
  wb log verify runs/mine.log
  wb log copy runs/mine.log runs/one.log --partitions 1
  wb log copy runs/mine.log kafka://127.0.0.1:9092/mine")]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a log of a CSV file or of JSON lines
    Import(import::Arguments),
    /// Print a log's events as CSV or as JSON lines
    Export(export::Arguments),
    /// Check every batch of a log against its checksum; of one on Kafka, read every record
    Verify(verify::Arguments),
    /// Make a log of another log: another codec, other partitions
    Copy(copy::Arguments),
}

impl Arguments {
    /// Does it.
    pub fn run(self, world: &World) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Import(arguments) => arguments.run(world),
            Command::Export(arguments) => arguments.run(world.environment),
            Command::Verify(arguments) => arguments.run(world.environment),
            Command::Copy(arguments) => arguments.run(world.environment),
        }
    }
}
