//! `wb kappa replace`: a changed question beside the running one.

use std::path::PathBuf;
use std::process::ExitCode;

use ::kappa::Task;
use anyhow::Context;
use clap::Args;

use super::super::generate::workload;
use super::super::print::{self, Format, Value};
use super::super::{Usage, World};
use super::jobs;
use crate::driver::noise::quantile;
use crate::plan::Plan;
use crate::protocol::JobOrder;
use crate::replacing::{Outcome, Phase, Phases, Trial};

/// Of which kappa, and what is changed.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wb kappa replace --socket /tmp/kappa.socket --terms big_above=50000
  wb kappa replace --socket /tmp/kappa.socket --status
  wb kappa replace --socket /tmp/kappa.socket --confirm
  wb kappa replace orders --events 20000000 --seconds 60 --terms cancel_horizon=600000

With a socket, it speaks to the kappa that listens there. Without one, it shows how a replacement goes: makes a log, \
follows it live, changes the question in the middle, and prints what readers felt before, during and after.")]
pub struct Arguments {
    /// Name of the workload, to show how it goes
    #[arg(default_value = "orders")]
    workload: String,
    /// Where the running kappa listens
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,
    /// What is changed of its terms, as name=value,..
    #[arg(long, value_name = "TERMS", default_value = "")]
    terms: String,
    /// The only views that are asked for from then on; may be given several times
    #[arg(long, value_name = "NAME")]
    view: Vec<String>,
    /// Only say which jobs there are
    #[arg(long, requires = "socket", conflicts_with_all = ["confirm", "rollback"])]
    status: bool,
    /// Drop the job that answered before
    #[arg(long, requires = "socket", conflicts_with = "rollback")]
    confirm: bool,
    /// Have the job that answered before answer again
    #[arg(long, requires = "socket")]
    rollback: bool,
    /// Events in the log before it is followed live
    #[arg(long, value_name = "N", default_value_t = 2_000_000)]
    events: u64,
    /// Events a second while it is
    #[arg(long, value_name = "R", default_value_t = 20_000.0)]
    rate: f64,
    /// Seconds for which it is followed at most
    #[arg(long, value_name = "S", default_value_t = 30.0)]
    seconds: f64,
    /// Seconds before the question is changed, and after
    #[arg(long, value_name = "S", default_value_t = 3.0)]
    margin: f64,
    /// Worker threads
    #[arg(long, value_name = "N", default_value_t = 1)]
    workers: u32,
    /// Microseconds of each turn that the replacement may take
    #[arg(long, value_name = "US")]
    budget: Option<u64>,
    /// Records that a version of the replacement spans at most while it catches up
    #[arg(long, value_name = "N")]
    granularity: Option<u64>,
    /// Folder in which the log is made; one that is removed again if absent
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Arguments {
    /// Does it.
    pub fn run(self, world: &World) -> anyhow::Result<ExitCode> {
        match &self.socket {
            Some(socket) => jobs::order(socket, &self.order(socket)?, self.format)?,
            None => self.show(world)?,
        }
        Ok(ExitCode::SUCCESS)
    }

    fn order(&self, socket: &std::path::Path) -> anyhow::Result<JobOrder> {
        if self.status {
            return Ok(JobOrder::Status);
        }
        if self.confirm {
            return Ok(JobOrder::Confirm);
        }
        if self.rollback {
            return Ok(JobOrder::Rollback);
        }
        let terms = jobs::changed(&jobs::terms(socket)?, &self.terms).map_err(Usage::error)?;
        Ok(JobOrder::Replace(Task { terms, views: self.view.clone() }))
    }

    fn show(&self, world: &World) -> anyhow::Result<()> {
        let workload = workload(&self.workload)?;
        let mut plan = Plan::load("default")?;
        (plan.live.history, plan.live.rate, plan.live.seconds) = (self.events, self.rate, self.seconds);
        plan.settings.workers = self.workers;
        plan.kappa.replace_us = self.budget.unwrap_or(plan.kappa.replace_us);
        plan.kappa.replace_granularity = self.granularity.unwrap_or(plan.kappa.replace_granularity);
        plan.kappa.check().map_err(Usage::error)?;
        if !(self.rate > 0.0 && self.seconds > 3.0 * self.margin && self.margin > 0.0) {
            return Err(Usage::error(
                "--rate and --margin must be above 0, --seconds above three times --margin",
            ));
        }
        let terms = jobs::changed(&plan.terms, &self.terms).map_err(Usage::error)?;
        let temporary = tempfile::tempdir().context("making a folder")?;
        let folder = self.out.clone().unwrap_or_else(|| temporary.path().to_owned());
        std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
        let (margin_s, clock, stop) = (self.margin, world.clock, &world.stop);
        let task = Task { terms, views: self.view.clone() };
        let trial = Trial { plan, workload, task, margin_s, program: &world.program, clock, stop, folder };
        self.print(&trial.run()?)
    }

    fn print(&self, outcome: &Outcome) -> anyhow::Result<()> {
        let phases = Phases::of(outcome);
        let header = [
            "phase",
            "s",
            "versions",
            "lag p50 ms",
            "lag p99 ms",
            "lag max ms",
            "reads",
            "read p50 ms",
            "read p99 ms",
            "read max ms",
        ];
        print::rows(self.format, &header, &phases.all.iter().map(row).collect::<Vec<_>>())?;
        let (begun, answers) = outcome.replaced_us;
        let seconds = (answers - begun) as f64 / 1e6;
        let read = outcome.progress.last().map_or(0, |last| last.replacement);
        eprintln!(
            "{} events of history, at their end {:.2} s after the start",
            outcome.history, outcome.started_s
        );
        eprintln!(
            "the replacement answered after {seconds:.2} s and {read} records, {:.0} a second beside the live job",
            read as f64 / seconds.max(1e-9)
        );
        for share in [0.25, 0.5, 0.75] {
            let part = outcome.progress.iter().find(|at| at.replacement as f64 >= share * at.live as f64);
            if let Some(at) = part {
                let (percent, since) = (share * 100.0, (at.at_us - begun) as f64 / 1e6);
                eprintln!("  {percent:.0} % after {since:.2} s: {} of {} records", at.replacement, at.live);
            }
        }
        eprintln!("rows of all views: {} before, {} of the replacement", outcome.rows.0, outcome.rows.1);
        eprintln!("taken back within {:.1} ms", outcome.back_s * 1e3);
        let canary = quantile(&mut outcome.canary_us.clone(), 0.99) / 1e3;
        eprintln!("a thread that does nothing else was woken up to {canary:.2} ms late (p99)");
        Ok(())
    }
}

fn row(phase: &Phase) -> Vec<Value> {
    let ms = |us: f64| Value::Number(us / 1e3, 2);
    let [lag, read] = [phase.lag_us, phase.read_us].map(|all| all.map(ms));
    let mut row =
        vec![phase.name.into(), Value::Number(phase.seconds, 2), Value::Integer(phase.versions as i128)];
    row.extend(lag);
    row.push(Value::Integer(phase.reads as i128));
    row.extend(read);
    row
}
