//! `wb lambda runs`: the batch's history, as a scheduler shows it.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use jiff::Timestamp;
use lambda::runs::{Run, runs};
use workloads::Micros;
use workloads::files::{RealDisk, SharedDisk};

use super::super::print::{self, Format, Value};

/// Whose history.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  wb lambda runs --state runs/STATE

`skipped` are batches that fell due before this one and were passed over; `attempts` is how often it was begun. `afresh` \
is why a batch that goes on from the one before (--batch incremental) computed everything from the beginning; `from 3` \
says that it went on from publication 3, or serves it again.")]
pub struct Arguments {
    /// State folder of the Lambda
    #[arg(long, value_name = "DIR")]
    state: PathBuf,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

const HEADER: [&str; 13] = [
    "number", "started", "ended", "took_ms", "cut", "rows", "bytes", "checksum", "status", "attempts",
    "skipped", "afresh", "said",
];

impl Arguments {
    /// Does it.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        let disk: SharedDisk = Arc::new(RealDisk);
        let rows: Vec<_> = runs(&disk, &self.state)?.iter().map(row).collect();
        print::rows(self.format, &HEADER, &rows)?;
        Ok(ExitCode::SUCCESS)
    }
}

fn row(run: &Run) -> Vec<Value> {
    let took = run.ended.map_or(0, |ended| (ended - run.started) / 1000);
    let from = run.from.map(|from| format!("from {from}"));
    vec![
        Value::Integer(run.number.into()),
        time(Some(run.started)).into(),
        time(run.ended).into(),
        Value::Integer(took.into()),
        run.cut.to_string().into(),
        Value::Integer(run.rows.into()),
        Value::Integer(run.bytes.into()),
        format!("{:08x}", run.checksum).into(),
        run.status.name().into(),
        Value::Integer(run.attempts.into()),
        Value::Integer(run.skipped.into()),
        run.afresh.clone().unwrap_or_default().into(),
        run.error.clone().or(from).unwrap_or_default().into(),
    ]
}

/// To the millisecond, UTC.
pub(super) fn time(at: Option<Micros>) -> String {
    let at = at.and_then(|at| Timestamp::from_microsecond(at).ok());
    at.map_or_else(String::new, |at| format!("{at:.3}"))
}
