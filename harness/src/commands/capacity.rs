//! `wb capacity`: the highest rate that a contestant keeps up with, and its latency on the way there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use workloads::files::RealDisk;

use super::print::{self, Format, Value};
use super::progress::Progress;
use super::{Usage, World};
use crate::capacity::{Found, Trial, search};
use crate::driver::Job;
use crate::judge::Evidence;
use crate::plan::{Contest, Plan};

/// Whom, and where to look.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wb capacity kappa
  wb capacity lambda --workload trades --history 1000000 --seconds 6")]
pub struct Arguments {
    /// Name of the contestant (`wb list contestants`)
    contestant: String,
    /// Name of the workload
    #[arg(long, default_value = "orders")]
    workload: String,
    /// A plan whose settings are used, its rate, contests and faults left out
    #[arg(long, default_value = "short")]
    plan: String,
    /// Events a second to begin with
    #[arg(long, value_name = "R", default_value_t = 10_000.0)]
    from: f64,
    /// Events a second that are not exceeded
    #[arg(long, value_name = "R", default_value_t = 2_000_000.0)]
    most: f64,
    /// How near pass and failure must come, in percent
    #[arg(long, value_name = "PERCENT", default_value_t = 5.0)]
    tolerance: f64,
    /// Seconds of each window
    #[arg(long, value_name = "S", default_value_t = 3.0)]
    seconds: f64,
    /// Events of history, everybody caught up with them before each window; as in the plan if absent
    #[arg(long, value_name = "N")]
    history: Option<u64>,
    /// Folder to keep every run in; below runs/ and removed in the end if absent
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// How rows are printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Arguments {
    /// Does it.
    pub fn run(self, world: &World) -> anyhow::Result<ExitCode> {
        let numbers = [self.from, self.most, self.tolerance, self.seconds];
        if !numbers.iter().all(|number| *number > 0.0 && number.is_finite()) {
            return Err(Usage::error("--from, --most, --tolerance and --seconds must be numbers above 0"));
        }
        // Before anything is run.
        self.plan(self.from)?;
        let kept = match &self.out {
            Some(out) => out.clone(),
            None => PathBuf::from("runs").join(format!(
                "capacity-{}-{}",
                self.contestant,
                world.clock.now().micros
            )),
        };
        let found =
            search(self.from, self.most, self.tolerance / 100.0, |rate| self.trial(rate, &kept, world));
        if self.out.is_none() {
            // What it was for is over; the search's own error says more.
            let _ = fs::remove_dir_all(&kept);
        }
        self.print(&found?)?;
        Ok(ExitCode::SUCCESS)
    }

    /// The plan at a rate. A batch is begun eight times in a window, so that five are over within it.
    fn plan(&self, rate: f64) -> anyhow::Result<Plan> {
        let mut plan = super::plan(&self.plan)?;
        (plan.live.rate, plan.live.seconds) = (rate, self.seconds);
        plan.live.history = self.history.unwrap_or(plan.live.history);
        plan.live.objective_for.clear();
        plan.live.drain_s = plan.live.drain_s.min(self.seconds.max(1.0));
        (plan.settings.cut_every, plan.settings.cut_ms) = (0, (self.seconds * 1000.0 / 8.0) as u64);
        (plan.faults, plan.delivery, plan.disturbances, plan.chance) = Default::default();
        let (workload, contestants) = (self.workload.clone(), vec![self.contestant.clone()]);
        plan.contests = vec![Contest { workload, contestants, repeats: 1 }];
        let text = toml::to_string(&plan).context("writing the plan")?;
        Plan::parse(&text, &plan.name).map_err(Usage::error)
    }

    fn trial(&self, rate: f64, kept: &Path, world: &World) -> anyhow::Result<Trial> {
        let plan = self.plan(rate)?;
        let number = fs::read_dir(kept).map_or(0, Iterator::count) + 1;
        let out = kept.join(format!("{number:02}-{rate:.0}"));
        let progress = Progress::start();
        progress.say(&format!("{} at {rate:.0} events/s", self.contestant));
        let job = Job {
            plan: &plan,
            replay: None,
            broker: None,
            out: &out,
            program: world.program.clone(),
            disk: Arc::new(RealDisk),
            clock: world.clock,
            stop: world.stop.clone(),
            progress: Arc::new(|_| {}),
        };
        let ran = job.run_all();
        progress.end();
        world.stop.check()?;
        let trial = match ran {
            Ok(_) => {
                let place = format!("observations/{}/{}-1", self.workload, self.contestant);
                Trial::of(&Evidence::load(&out, &out.join(place))?)?
            }
            Err(error) => Trial::failed(rate, format!("{error:#}")),
        };
        if self.out.is_none() {
            // Some gigabytes lie there at high rates.
            let _ = fs::remove_dir_all(out.join("logs"));
        }
        eprintln!("{}", said(&trial));
        Ok(trial)
    }

    fn print(&self, found: &Found) -> anyhow::Result<()> {
        let mut trials = found.trials.clone();
        trials.sort_by(|a, b| a.rate.total_cmp(&b.rate));
        let rows: Vec<Vec<Value>> = trials.iter().map(row).collect();
        print::rows(self.format, &HEADER, &rows)?;
        for (what, end) in [("sustained", &found.pass), ("not sustained", &found.failure)] {
            let Some((first, again)) = end else { continue };
            eprintln!("{what}: {}\n{what}, again: {}", said(first), said(again));
        }
        match (&found.pass, knee(&trials)) {
            (Some((pass, _)), Some(knee)) => eprintln!(
                "{} keeps up with {:.0} events/s on {}; p99 is twice its least from {knee:.0} events/s on",
                self.contestant, pass.rate, self.workload
            ),
            (Some((pass, _)), None) => eprintln!(
                "{} keeps up with {:.0} events/s on {}; p99 stays within twice its least",
                self.contestant, pass.rate, self.workload
            ),
            (None, _) => eprintln!("{} keeps up with no rate that was tried", self.contestant),
        }
        Ok(())
    }
}

const HEADER: [&str; 7] = ["events/s", "sustained", "p50 ms", "p99 ms", "growth %", "drain ms", "why not"];

fn row(trial: &Trial) -> Vec<Value> {
    vec![
        Value::Number(trial.rate, 0),
        Value::from(if trial.sustained() { "yes" } else { "no" }),
        number(trial.latency_us[0] / 1e3, 2),
        number(trial.latency_us[1] / 1e3, 2),
        number(100.0 * trial.growth.high, 2),
        number(trial.drain_us.map_or(f64::NAN, |drain| drain as f64 / 1e3), 1),
        Value::from(trial.failures.join("; ")),
    ]
}

/// What is not known is no number.
fn number(value: f64, decimals: usize) -> Value {
    if value.is_finite() { Value::Number(value, decimals) } else { Value::from("-") }
}

fn said(trial: &Trial) -> String {
    let [p50, p99] = trial.latency_us.map(|us| us / 1e3);
    let how = if trial.sustained() { "kept up with".to_owned() } else { trial.failures.join("; ") };
    format!("{:.0} events/s: {how} (p50 {p50:.2} ms, p99 {p99:.2} ms)", trial.rate)
}

/// The least rate, of some in their order, from which on p99 latency is above twice the least there is.
fn knee(trials: &[Trial]) -> Option<f64> {
    let least =
        trials.iter().map(|trial| trial.latency_us[1]).filter(|p99| p99.is_finite()).reduce(f64::min)?;
    let above = trials
        .iter()
        .rev()
        .take_while(|trial| trial.latency_us[1].is_nan() || trial.latency_us[1] > 2.0 * least);
    above.last().map(|trial| trial.rate)
}
