//! `wb lambda merges`: what each view carries so that its halves can be merged, and what sketches would save.

use std::process::ExitCode;

use clap::Args;
use lambda::options::Sketches;

use super::super::generate::workload;
use super::super::print::{self, Format, Value};
use super::super::progress::Progress;
use super::super::{Usage, World};
use crate::merges::{self, Extent, Merge};
use crate::sketches::{Approximation, beside_exact};

/// Of which events.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wb lambda merges
  wb lambda merges orders --events 200000 --since 50000 --format csv
  wb lambda merges orders --sketches --registers 4096

`published` are the bytes of the files that a view's merge reads, of which other views may read the same; `handed` those \
of the speed layer's half, as it would go to another process; `looked up` counts reads of a published table, not \
searches in what is in order. With --sketches an approximate speed layer is held beside the exact one; `stated` is a \
standard error for customers, and the most there can be for the rank of a median.")]
pub struct Arguments {
    /// Only this workload
    workload: Option<String>,
    /// Events that the batch has
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    events: u64,
    /// Events since
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    since: u64,
    /// Customers, words and so on; for trades a hundredth of it as symbols
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    keys: u32,
    /// An approximate speed layer beside the exact one, on orders
    #[arg(long)]
    sketches: bool,
    /// Registers of a sketch
    #[arg(long, value_name = "N", default_value_t = Sketches::default().registers)]
    registers: u32,
    /// Amounts of one weight in a sketch
    #[arg(long, value_name = "N", default_value_t = Sketches::default().amounts)]
    amounts: u32,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Arguments {
    /// Does it.
    pub fn run(self, world: &World) -> anyhow::Result<ExitCode> {
        if self.events == 0 || self.since == 0 || self.keys == 0 {
            return Err(Usage::error("--events, --since and --keys must be at least 1"));
        }
        if self.sketches {
            return self.approximate();
        }
        let chosen = self.workload.as_deref().map(workload).transpose()?;
        let all = workloads::WORKLOADS.iter().copied();
        let progress = Progress::start();
        let mut rows = Vec::new();
        for workload in all.filter(|workload| chosen.is_none_or(|chosen| chosen.name == workload.name)) {
            world.stop.check()?;
            progress.say(workload.name);
            rows.extend(merges::measure(workload, &self.extent(workload.name))?.into_iter().map(row));
        }
        progress.end();
        let header = [
            "workload",
            "view",
            "class",
            "rows",
            "published",
            "handed",
            "handed all",
            "looked up",
            "fell back",
            "read us",
            "whole us",
        ];
        print::rows(self.format, &header, &rows)?;
        Ok(ExitCode::SUCCESS)
    }

    fn extent(&self, workload: &str) -> Extent {
        let keys = if workload == "trades" { (self.keys / 100).max(1) } else { self.keys };
        Extent { batched: self.events, since: self.since, keys, cancellations: 0.05 }
    }

    fn approximate(&self) -> anyhow::Result<ExitCode> {
        let sketches = Sketches { registers: self.registers, amounts: self.amounts };
        let options = lambda::Options { approximate: Some(sketches), ..lambda::Options::default() };
        options.check(self.workload.as_deref().unwrap_or("orders")).map_err(Usage::error)?;
        let rows = beside_exact(sketches, &self.extent("orders"))?.map(approximation);
        let header =
            ["view", "key", "right", "said", "error %", "stated %", "exact bytes", "bytes", "exact ns", "ns"];
        print::rows(self.format, &header, &rows)?;
        Ok(ExitCode::SUCCESS)
    }
}

fn row(merge: Merge) -> Vec<Value> {
    let micros = |time: std::time::Duration| Value::Number(time.as_secs_f64() * 1e6, 1);
    vec![
        merge.workload.into(),
        merge.view.into(),
        format!("{:?}", merge.class).to_lowercase().into(),
        Value::Integer(merge.rows.into()),
        Value::Integer(merge.published.into()),
        Value::Integer(merge.handed.0.into()),
        Value::Integer(merge.handed.1.into()),
        Value::Integer(merge.looked_up.into()),
        if merge.fell_back { "yes" } else { "no" }.into(),
        micros(merge.median),
        micros(merge.whole),
    ]
}

fn approximation(one: Approximation) -> Vec<Value> {
    vec![
        one.view.into(),
        one.key.into(),
        Value::Integer(one.right),
        Value::Integer(one.said),
        Value::Number(one.error * 100.0, 2),
        Value::Number(one.stated * 100.0, 2),
        Value::Integer(one.bytes.0.into()),
        Value::Integer(one.bytes.1.into()),
        Value::Integer(one.fold.0.into()),
        Value::Integer(one.fold.1.into()),
    ]
}
