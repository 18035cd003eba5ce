//! `wb answer`: one contestant's answer over a finished log.

use std::process::ExitCode;

use anyhow::{anyhow, ensure};
use clap::Args;
use workloads::{Dedup, Log, Query, Terms, Version, View, Workload};

use super::generate::workload;
use super::print::{self, Format, Value};
use super::{Usage, World};
use crate::contestants::Contestant;
use crate::logs::{Clients, LogAddress};
use crate::upto;

/// Which contestant, asked what, over which log.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wb answer orders revenue --log runs/orders.log --contestant kappa
  wb answer orders spend --key customer-00042 --log runs/orders.log \\
      --contestant lambda --at 1200,1187 --format csv")]
pub struct Arguments {
    /// Name of the workload
    workload: String,
    /// Name of the view
    view: String,
    /// Log to read
    #[arg(long, value_name = "LOG")]
    log: LogAddress,
    /// Who answers
    #[arg(long, value_name = "NAME")]
    contestant: String,
    /// Only the row of this key
    #[arg(long)]
    key: Option<String>,
    /// The version to answer at: the next offset of each partition; the head if absent
    #[arg(long, value_name = "OFFSETS")]
    at: Option<String>,
    /// By what duplicates are recognised: none, offset, origin, content
    #[arg(long, value_name = "SETTING", default_value = "origin", value_parser = dedup)]
    dedup: Dedup,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    clients: Clients,
}

pub(super) fn dedup(text: &str) -> Result<Dedup, String> {
    serde_json::from_value(serde_json::Value::from(text)).map_err(|error| error.to_string())
}

impl Arguments {
    /// Does it.
    pub fn run(mut self, world: &World) -> anyhow::Result<ExitCode> {
        self.clients.set_up([&mut self.log])?;
        let workload = workload(&self.workload)?;
        let view = view(workload, &self.view)?;
        let contestant = crate::contestants::find(&self.contestant).map_err(Usage::error)?;
        able(contestant, workload)?;
        let log = self.log.open(world.environment)?;
        let held = &log.meta().workload;
        ensure!(held == workload.name, "{} holds {held}, not {}", self.log, workload.name);
        let version = version(log.as_ref(), self.at.as_deref())?;
        let terms = Terms { dedup: self.dedup, ..Terms::default() };
        let query = Query { view: view.name.to_owned(), key: self.key };
        let (answer, dead) = upto::answer(contestant, log, &terms, &version, &[query], &world.stop)?;
        let header: Vec<&str> = std::iter::once("key").chain(view.columns.iter().copied()).collect();
        let rows = answer.rows.into_iter().flatten().map(|(key, row)| {
            std::iter::once(Value::from(key)).chain(row.into_iter().map(Value::Integer)).collect()
        });
        print::rows(self.format, &header, &rows.collect::<Vec<_>>())?;
        if dead > 0 {
            eprintln!("{dead} records could not be decoded and were left out");
        }
        if let Some(version) = answer.version {
            eprintln!("version {version}");
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The view of that name.
pub(super) fn view(workload: &Workload, name: &str) -> anyhow::Result<&'static View> {
    let names = || workload.views.iter().map(|view| view.name).collect::<Vec<_>>().join(", ");
    let unknown = || Usage::error(format!("{} has no view `{name}`: it has {}", workload.name, names()));
    workload.view(name).ok_or_else(unknown)
}

/// Whether it can do that workload at all.
fn able(contestant: &Contestant, workload: &Workload) -> anyhow::Result<()> {
    let can = contestant.workloads;
    if can.is_empty() || can.contains(&workload.name) {
        return Ok(());
    }
    let (name, wanted) = (contestant.name, workload.name);
    Err(Usage::error(format!("{name} cannot do {wanted}: it does {}", can.join(", "))))
}

/// The version meant, if the log has come so far.
fn version(log: &dyn Log, at: Option<&str>) -> anyhow::Result<Version> {
    let heads = log.heads()?;
    let Some(text) = at else { return Ok(heads) };
    let version: Version = text
        .parse()
        .map_err(|_| anyhow!("--at {text}: expected offsets with commas between, such as {heads}"))?;
    let (given, held) = (version.0.len(), heads.0.len());
    ensure!(given == held, "--at {text}: the log has {held} partitions, not {given}; its heads are {heads}");
    ensure!(heads.covers(&version), "--at {text} is past the head: this log ends at {heads}");
    Ok(version)
}
