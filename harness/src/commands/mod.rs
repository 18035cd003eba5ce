//! The command line: one file a command. Data goes to standard output, everything else to standard error.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::clock::Clock;
use crate::driver::Stop;
use crate::lang::Lang;
use crate::plan::Plan;

pub mod answer;
pub mod capacity;
pub mod compare;
pub mod contestant;
pub mod feed;
pub mod generate;
#[cfg(feature = "kafka")]
pub mod kafka;
pub mod kappa;
pub mod lab;
pub mod lambda;
pub mod limits;
pub mod list;
pub mod log;
pub mod measure;
pub mod print;
pub mod progress;
pub mod report;
pub mod run;
pub mod runs;
pub mod serve;

pub use print::Format;

/// What commands get from the outside.
#[derive(Clone)]
pub struct World {
    /// Whether somebody wants to end.
    pub stop: Stop,
    /// This program, which hosts components.
    pub program: PathBuf,
    /// The clock.
    pub clock: Clock,
    /// Looks up a variable of the environment: where secrets may stand.
    pub environment: fn(&str) -> Option<String>,
    /// The language of whoever reads.
    pub lang: Lang,
}

impl World {
    /// The same for somebody who asks for a language.
    pub fn speaking(&self, lang: Option<Lang>) -> World {
        World { lang: lang.unwrap_or(self.lang), ..self.clone() }
    }
}

/// What was asked for cannot be meant, whatever the disk holds: exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(String);

impl Usage {
    /// The error that says this.
    pub fn error(said: impl std::fmt::Display) -> anyhow::Error {
        Usage(format!("{said:#}")).into()
    }
}

/// The plan of that name. One that is there and cannot be meant is a mistake in what was asked for.
pub(crate) fn plan(name: &str) -> anyhow::Result<Plan> {
    Plan::load(name).map_err(|error| if error.is::<std::io::Error>() { error } else { Usage::error(error) })
}

/// Exit codes.
pub mod code {
    use std::process::ExitCode;

    /// A mistake in what was asked for.
    pub fn usage() -> ExitCode {
        ExitCode::from(2)
    }

    /// Wrong answers.
    pub fn wrong() -> ExitCode {
        ExitCode::from(3)
    }

    /// A missed objective.
    pub fn missed() -> ExitCode {
        ExitCode::from(4)
    }
}

/// The program.
#[derive(Debug, Parser)]
#[command(name = "wb", version, about = ABOUT, long_about = None, after_help = EXAMPLES)]
pub struct Cli {
    /// What to do; `compare` with the default plan when absent.
    #[command(subcommand)]
    pub command: Option<Command>,
}

const ABOUT: &str = "\
What it costs, and what it buys, to compute the same views twice (Lambda) rather than once over a replayable log \
(Kappa): runs both over the same events, judges every answer that a reader saw, and writes a page of what it found.

Start with `wb` alone. It takes about 90 seconds, prints the finding, and leaves a folder below runs/ with the page, \
report.html, and everything that was measured.";

const EXAMPLES: &str = "\
Examples:
  wb                                 the default comparison
  wb compare short                   a small one
  wb list                            what can be run, asked and set
  wb log import orders.csv --log my.log && wb compare --log my.log
  wb answer orders revenue --log my.log --contestant kappa

Exit codes: 0 fine, 1 run error, 2 usage, 3 wrong answers, 4 regression or missed objective, 130 interrupted";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Generate, run, measure and report a plan; prints the finding and where the report is.
    Compare(compare::Arguments),
    /// Write a workload's seeded events into a log.
    Generate(generate::Arguments),
    /// Run a plan and keep what was observed.
    Run(run::Arguments),
    /// Judge the observations of a run folder and compute its measurements.
    Measure(measure::Arguments),
    /// Make the page, the figures and the summary of a measured run folder.
    Report(report::Arguments),
    /// The runs on this disk.
    Runs(runs::Arguments),
    /// One contestant's answer over a finished log, as rows.
    Answer(answer::Arguments),
    /// The highest rate that a contestant keeps up with, and its latency on the way there.
    Capacity(capacity::Arguments),
    /// How many events a second each part can do, beside a plain loop.
    Limits(limits::Arguments),
    /// Workloads, views, contestants, faults and plans, a line each.
    List(list::Arguments),
    /// Records into a log and out of it, and whether a log is whole.
    Log(log::Arguments),
    /// What concerns the Lambda alone: its batches, exports, costs and mistakes.
    #[command(subcommand)]
    Lambda(lambda::Lambda),
    /// What concerns the Kappa alone: a changed question beside the running one, and replays.
    #[command(subcommand)]
    Kappa(kappa::Kappa),
    /// The systems of the course's documents, step by step.
    Lab(lab::Arguments),
    /// A live page: Lambda, Kappa and the truth side by side, with faults to switch on and off.
    Serve(serve::Arguments),
    /// A simulated feed of trades over WebSocket.
    #[command(subcommand)]
    Feed(feed::Feed),
    /// Topics of a Kafka cluster.
    #[cfg(feature = "kafka")]
    #[command(subcommand)]
    Topic(kafka::topic::Topic),
    /// Records into a topic of Kafka: lines, numbers, or as many as possible.
    #[cfg(feature = "kafka")]
    Produce(kafka::produce::Arguments),
    /// Records of a topic of Kafka, as one of a group.
    #[cfg(feature = "kafka")]
    Consume(kafka::consume::Arguments),
    /// Host one component of a contestant, as the driver does.
    Contestant(contestant::Arguments),
}

impl Default for Command {
    fn default() -> Self {
        Command::Compare(compare::Arguments::default())
    }
}

impl Command {
    /// Does it.
    pub fn run(self, world: &World) -> anyhow::Result<ExitCode> {
        match self {
            Command::Compare(arguments) => arguments.run(world),
            Command::Generate(arguments) => arguments.run(world),
            Command::Run(arguments) => arguments.run(world),
            Command::Measure(arguments) => arguments.run(world),
            Command::Report(arguments) => arguments.run(),
            Command::Runs(arguments) => arguments.run(),
            Command::Answer(arguments) => arguments.run(world),
            Command::Capacity(arguments) => arguments.run(world),
            Command::Limits(arguments) => arguments.run(world),
            Command::List(arguments) => arguments.run(),
            Command::Log(arguments) => arguments.run(world),
            Command::Lambda(what) => what.run(world),
            Command::Kappa(what) => what.run(world),
            Command::Lab(arguments) => arguments.run(world),
            Command::Serve(arguments) => arguments.run(world),
            Command::Feed(what) => what.run(world),
            #[cfg(feature = "kafka")]
            Command::Topic(what) => what.run(world),
            #[cfg(feature = "kafka")]
            Command::Produce(arguments) => arguments.run(world),
            #[cfg(feature = "kafka")]
            Command::Consume(arguments) => arguments.run(world),
            Command::Contestant(arguments) => arguments.run(&world.clock, world.environment),
        }
    }
}
