//! `wb lab`: the systems of the course's documents, step by step on their real parts.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::World;
use super::print::{self, Format, Value};

pub mod archive;
#[cfg(feature = "kafka")]
pub mod groups;
pub mod sensors;
mod stage;
pub mod wordcount;

/// Which lab; all are listed when absent.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  wb lab\n  wb lab groups --bootstrap 127.0.0.1:9092")]
pub struct Arguments {
    #[command(subcommand)]
    lab: Option<Lab>,
}

/// The labs.
#[derive(Debug, Subcommand)]
pub enum Lab {
    /// Two consumers of one group share the partitions; one leaves, the other takes over.
    #[cfg(feature = "kafka")]
    Groups(groups::Arguments),
    /// Words of typed, piped or sent text, in all and in windows of two seconds.
    Wordcount(wordcount::Arguments),
    /// Temperatures, their averages, and an alert where it is too hot; a broker may be killed on the way.
    Sensors(sensors::Arguments),
    /// One log to a stream processor and to a Parquet archive at once, then a batch that must agree.
    Archive(archive::Arguments),
}

/// Names, what is shown, and what must be there.
const LABS: &[(&str, &str, &str)] = &[
    (
        "groups",
        "two consumers of one group share the partitions; one leaves, the other takes over",
        "one broker: scripts/kafka up",
    ),
    (
        "wordcount",
        "words of typed, piped or sent text, in all and in windows of two seconds",
        "nothing; with --log kafka://.. or --lines kafka://.. one broker",
    ),
    (
        "sensors",
        "a reading a second from each region, its averages, and exactly the alerts that are due",
        "nothing; with --log kafka://.. and --fault three brokers: scripts/kafka up 3",
    ),
    (
        "archive",
        "one log to a stream processor and to a Parquet archive at once, then a batch that agrees",
        "nothing; with --log kafka://.. one broker",
    ),
];

impl Arguments {
    /// Does it.
    pub fn run(self, world: &World) -> anyhow::Result<ExitCode> {
        let Some(lab) = self.lab else { return list() };
        match lab {
            #[cfg(feature = "kafka")]
            Lab::Groups(arguments) => arguments.run(world),
            Lab::Wordcount(arguments) => arguments.run(world),
            Lab::Sensors(arguments) => arguments.run(world),
            Lab::Archive(arguments) => arguments.run(world),
        }
    }
}

fn list() -> anyhow::Result<ExitCode> {
    let row = |(name, about, needs): &(&str, &str, &str)| {
        vec![Value::from(*name), Value::from(*about), Value::from(*needs)]
    };
    print::rows(Format::Table, &["lab", "shows", "needs"], &LABS.iter().map(row).collect::<Vec<_>>())?;
    Ok(ExitCode::SUCCESS)
}
