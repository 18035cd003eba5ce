//! `wb limits`: how fast each part can be, beside a plain loop over the same events.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use clap::Args;

use super::generate::workload;
use super::print::{self, Format, Value};
use super::progress::Progress;
use super::{Usage, World};
use crate::limits::stores::{self, StoreLimit};
use crate::limits::{self, Effort, Limit};

/// How much to measure.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wb limits
  wb limits trades --events 500000 --format csv
  wb limits stores --keys 1000000

Ratios are to the plain loop of the same run; absolute figures hold for this machine at this moment.")]
pub struct Arguments {
    /// Only this workload; `stores` for the speed layer's stores, PostgreSQL if `scripts/postgres up` has started it
    workload: Option<String>,
    /// Events of each workload
    #[arg(long, value_name = "N", default_value_t = 500_000)]
    events: u64,
    /// Customers, words, regions or accounts; for trades a hundredth of it as symbols
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    keys: u32,
    /// Share of the events that are cancellations or busts
    #[arg(long, value_name = "SHARE", default_value_t = 0.05)]
    cancellations: f64,
    /// Rounds, of which the best counts
    #[arg(long, value_name = "N", default_value_t = 5)]
    rounds: u32,
    /// Only parts whose name or setting holds this text, beside the plain loop
    #[arg(long, value_name = "TEXT")]
    part: Option<String>,
    /// Folder to make for logs, removed at the end
    #[arg(long, value_name = "DIR", default_value = "runs/limits")]
    scratch: PathBuf,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Arguments {
    /// Does it.
    pub fn run(self, world: &World) -> anyhow::Result<ExitCode> {
        if self.workload.as_deref() == Some("stores") {
            return self.stores();
        }
        let chosen = self.workload.as_deref().map(workload).transpose()?;
        let all = workloads::WORKLOADS.iter().copied();
        let workloads = all.filter(|workload| chosen.is_none_or(|chosen| chosen.name == workload.name));
        if self.events == 0 || self.rounds == 0 {
            return Err(Usage::error("--events and --rounds must be at least 1"));
        }
        if !(0.0..=0.5).contains(&self.cancellations) {
            return Err(Usage::error("--cancellations must be between 0 and 0.5"));
        }
        let scratch = &self.scratch;
        ensure!(
            !scratch.exists(),
            "{} is there already: remove it, or name another --scratch",
            scratch.display()
        );
        let progress = Progress::start();
        let measured = workloads.map(|workload| {
            world.stop.check()?;
            let keys = if workload.name == "trades" { (self.keys / 100).max(1) } else { self.keys };
            let (events, cancellations, rounds) = (self.events, self.cancellations, self.rounds);
            let effort = Effort { events, keys, cancellations, rounds };
            let folder = scratch.join(workload.name);
            fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
            limits::measure(workload, &effort, &folder, self.part.as_deref(), |round| {
                progress.say(&format!("{}: round {round} of {rounds}", workload.name));
            })
        });
        let measured: anyhow::Result<Vec<Vec<Limit>>> = measured.collect();
        progress.end();
        let removed = fs::remove_dir_all(scratch).with_context(|| format!("removing {}", scratch.display()));
        let rows: Vec<Vec<Value>> = measured?.into_iter().flatten().map(row).collect();
        let header = ["workload", "part", "setting", "events", "M/s", "of loop"];
        print::rows(self.format, &header, &rows)?;
        removed.map(|()| ExitCode::SUCCESS)
    }
}

impl Arguments {
    /// The stores alone.
    fn stores(&self) -> anyhow::Result<ExitCode> {
        let scratch = &self.scratch;
        ensure!(!scratch.exists(), "{} is there already: name another --scratch", scratch.display());
        fs::create_dir_all(scratch).with_context(|| format!("making {}", scratch.display()))?;
        let measured = stores::measure(self.keys.max(1).into(), scratch);
        let removed = fs::remove_dir_all(scratch).with_context(|| format!("removing {}", scratch.display()));
        let rows: Vec<Vec<Value>> = measured?.into_iter().map(store_row).collect();
        let header = [
            "store",
            "keys",
            "records at once",
            "upserts",
            "new/s",
            "changed/s",
            "read median us",
            "read p99 us",
        ];
        print::rows(self.format, &header, &rows)?;
        removed.map(|()| ExitCode::SUCCESS)
    }
}

fn store_row(limit: StoreLimit) -> Vec<Value> {
    let micros = |time: std::time::Duration| Value::Number(time.as_secs_f64() * 1e6, 1);
    let per_s = limit.per_s.map(|(new, changed)| [new, changed].map(|speed| Value::Number(speed, 0)));
    // Nothing is written to memory.
    let [new, changed] = per_s.unwrap_or_else(|| [Value::from(""), Value::from("")]);
    vec![
        Value::from(limit.store),
        Value::Integer(limit.keys.into()),
        Value::Integer(limit.records as i128),
        Value::Integer(limit.upserts.into()),
        new,
        changed,
        micros(limit.median),
        micros(limit.p99),
    ]
}

fn row(limit: Limit) -> Vec<Value> {
    vec![
        Value::from(limit.workload),
        limit.part.into(),
        limit.setting.into(),
        Value::Integer(limit.events.into()),
        Value::Number(limit.million_per_s, 3),
        Value::Number(limit.of_loop, 3),
    ]
}
