//! `wb lambda law`: what a whole recomputation costs by the length of history.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Args;

use super::super::generate::workload;
use super::super::print::{self, Format, Value};
use super::super::progress::Progress;
use super::super::{Usage, World};
use crate::limits::Effort;
use crate::limits::law::{Law, law};
use crate::report;

/// Share of cancellations in what is measured, as `wb limits` has it.
const CANCELLATIONS: f64 = 0.05;

/// Intervals between two batches of which it is said how long a history they bear.
const INTERVALS: [u64; 4] = [1, 10, 60, 3_600];

/// Of what, and how long a history.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  wb lambda law orders --events 4000000 --out runs/law

The history is archived once, and recomputed up to a sixteenth of it, an eighth and so on; to each of these lengths also \
lead a few batches that go on from the one before, with a 128th of the longest history each. Writes law.csv, law.svg and \
law.png, and prints the line through it: seconds and bytes that are always there, and what each event adds.")]
pub struct Arguments {
    /// Name of the workload
    workload: String,
    /// Events of the longest history
    #[arg(long, value_name = "N", default_value_t = 4_000_000)]
    events: u64,
    /// Customers; for trades a hundredth of it as symbols
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    keys: u32,
    /// Rounds, of which the best counts
    #[arg(long, value_name = "N", default_value_t = 3)]
    rounds: u32,
    /// Folder to write into; made if it is not there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Arguments {
    /// Does it.
    pub fn run(self, world: &World) -> anyhow::Result<ExitCode> {
        let workload = workload(&self.workload)?;
        if self.events < 1_000 || self.rounds == 0 {
            return Err(Usage::error("--events must be at least 1000, --rounds at least 1"));
        }
        let making = |folder: &PathBuf| {
            fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))
        };
        let scratch = self.out.join("archive");
        making(&scratch)?;
        let keys = if workload.name == "trades" { (self.keys / 100).max(1) } else { self.keys };
        let effort = Effort { events: self.events, keys, cancellations: CANCELLATIONS, rounds: self.rounds };
        let progress = Progress::start();
        let measured = law(workload, &effort, &scratch, |what| {
            world.stop.check()?;
            progress.say(what);
            Ok(())
        });
        progress.end();
        let removed = fs::remove_dir_all(&scratch);
        let law = measured?;
        removed.with_context(|| format!("removing {}", scratch.display()))?;
        report::law(&law, &self.out)?;
        print::rows(self.format, &["part", "fixed", "each", "unit", "r2"], &rows(&law))?;
        let (between, afresh) = (law.between, law.afresh);
        eprintln!("incremental: {between} events a batch, {afresh} of them computed in full after all");
        for seconds in INTERVALS {
            let most = law.keeps_up_to(Duration::from_secs(seconds)) / 1e6;
            eprintln!(
                "a batch every {seconds} s keeps up to {most:.1} million events on one core, by this line"
            );
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn rows(law: &Law) -> Vec<Vec<Value>> {
    let row = |part: &str, fixed: f64, each: f64, unit: &str, r2: f64| {
        vec![part.into(), Value::Number(fixed, 3), Value::Number(each, 4), unit.into(), Value::Number(r2, 5)]
    };
    let (seconds, onward, index) = (law.seconds, law.onward, law.index);
    let unit = "ms; us an event";
    vec![
        row("recomputation, CPU", seconds.fixed * 1e3, seconds.each * 1e6, unit, seconds.r2),
        row("incremental, CPU", onward.fixed * 1e3, onward.each * 1e6, unit, onward.r2),
        row("correction index", index.fixed, index.each, "bytes; bytes an event", index.r2),
    ]
}
