//! `wb compare`: everything from a plan to its report.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use tempfile::TempDir;
use workloads::files::{RealDisk, SharedDisk};

use super::{Usage, World, measure, print, run};
use crate::driver::broker::{Broker, copy};
use crate::driver::replay::{Pace, Replay};
use crate::logs::{Clients, LogAddress};
use crate::plan::Plan;
use crate::report;

/// Which plan.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wb compare
  wb compare harness/plans/short.toml --out runs/mine
  wb compare --log my.log --rate 5000
  wb compare short --log kafka://127.0.0.1:9092/short")]
pub struct Arguments {
    /// A plan file, or the name of a built-in plan (`wb list plans`)
    #[arg(default_value = "default")]
    plan: String,
    /// Folder to make for the run; runs/<date>-<plan>, or -<log>, if absent
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Somebody's own log: its first part as history, the rest sent live. With kafka://HOST:PORT/TOPIC the logs of the runs
    /// are topics of that cluster too; with a topic that is not there, the plan's events go through them
    #[arg(long, value_name = "LOG")]
    log: Option<LogAddress>,
    /// With --log: events a second; as in the plan if absent, or fewer where the log is too short for that
    #[arg(long, value_name = "R", requires = "log", conflicts_with = "speed")]
    rate: Option<f64>,
    /// With --log: seconds of event time in one second
    #[arg(long, value_name = "X", requires = "log")]
    speed: Option<f64>,
    /// With a log on Kafka: delete topics that an earlier run with the same plan, cut off, has left there
    #[arg(long, requires = "log")]
    replace: bool,
    #[command(flatten)]
    clients: Clients,
}

impl Default for Arguments {
    fn default() -> Self {
        Arguments {
            plan: "default".to_owned(),
            out: None,
            log: None,
            rate: None,
            speed: None,
            replace: false,
            clients: Clients::default(),
        }
    }
}

impl Arguments {
    /// Does it.
    pub fn run(mut self, world: &World) -> anyhow::Result<ExitCode> {
        self.clients.set_up(self.log.iter_mut())?;
        if self.rate.or(self.speed).is_some_and(|pace| !(pace > 0.0 && pace.is_finite())) {
            return Err(Usage::error("--rate and --speed must be numbers above 0"));
        }
        let mut plan = super::plan(&self.plan)?;
        let (broker, source) = self.source(world)?;
        let replay = source.as_ref().map(|(folder, _)| {
            let pace = self.speed.map(Pace::Speed).or(self.rate.map(Pace::Rate));
            let disk: SharedDisk = Arc::new(RealDisk);
            let name = self.log.as_ref().map(LogAddress::to_string).unwrap_or_default();
            Replay::open(&disk, (folder, &name), pace, &plan)
        });
        let replay = replay.transpose()?;
        if let Some(replay) = &replay {
            plan = Plan { name: named(self.log.as_ref()), ..replay.plan(&plan)? };
            eprintln!("{}", replay.about());
        }
        if let Some(brokers) = broker.as_ref().and_then(Broker::brokers) {
            plan.about = format!("{} {}", plan.about, brokers.about()).trim().to_owned();
        }
        let out = self.out.unwrap_or_else(|| fresh(&plan, world));
        run::run(&plan, (replay, broker), &out, world)?;
        let measured = measure::measure(&out, world)?;
        report::write(&out)?;
        print::text(&report::summary(&out, report::Format::Table)?)?;
        measure::verdict(&out, &measured)
    }
}

impl Arguments {
    /// The cluster that has the logs of the runs, and the folder whose events are sent, if they are not the plan's: for a
    /// topic a copy, which lives as long as its holder.
    fn source(&self, world: &World) -> anyhow::Result<(Option<Broker>, Option<Source>)> {
        let Some(log) = &self.log else { return Ok((None, None)) };
        if let Some(folder) = log.folder() {
            if self.replace {
                return Err(Usage::error("--replace deletes topics, and the log is a folder: leave it out"));
            }
            return Ok((None, Some((folder.to_path_buf(), None))));
        }
        let broker = Some(Broker::new(log.clone(), self.replace, world.environment)?);
        if !log.exists(world.environment)? {
            return Ok((broker, None));
        }
        let holder = tempfile::tempdir().context("making a folder for a copy of the topic")?;
        let folder = holder.path().join("log");
        let disk: SharedDisk = Arc::new(RealDisk);
        copy(&*log.open(world.environment)?, &disk, &folder)?;
        Ok((broker, Some((folder, Some(holder)))))
    }
}

/// A log's folder, and whatever keeps it there.
type Source = (PathBuf, Option<TempDir>);

/// The name of a run over somebody's own log: its folder's without ending, or its topic's.
fn named(log: Option<&LogAddress>) -> String {
    let name = log.map(LogAddress::to_string).unwrap_or_default();
    let name = name.split('?').next().unwrap_or_default();
    let stem = Path::new(name).file_stem();
    let stem = stem.map_or(String::new(), |stem| stem.to_string_lossy().replace(' ', "-"));
    if stem.is_empty() { "log".to_owned() } else { stem }
}

/// `runs/<date>-<plan>`, with a number where that is taken.
fn fresh(plan: &Plan, world: &World) -> PathBuf {
    let now = jiff::Timestamp::from_microsecond(world.clock.now().micros).unwrap_or_default();
    let name = format!("{}-{}", now.strftime("%Y-%m-%d"), plan.name);
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    let folders = std::iter::once(name.clone()).chain(numbered).map(|name| PathBuf::from("runs").join(name));
    folders.into_iter().find(|folder| !folder.exists()).unwrap_or_else(|| PathBuf::from("runs").join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_over_a_log_is_named_after_its_folder() {
        for (folder, name) in
            [("mine/orders.log", "orders"), ("my shop", "my-shop"), ("v1.2.log/", "v1.2"), ("..", "log")]
        {
            assert_eq!(named(Some(&folder.parse().unwrap())), name, "{folder}");
        }
    }
}
