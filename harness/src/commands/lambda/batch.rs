//! `wb lambda batch`: the batch by hand, on its schedule, once, or one day of it.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use lambda::day::Compared;
use lambda::options::{Batching, DayTime};
use lambda::{Batch, LambdaConfig, Options, Serving};
use workloads::files::{RealDisk, SharedDisk};
use workloads::intake::Feed;
use workloads::{Dedup, Log, Terms};

use super::super::answer::dedup;
use super::super::print::{self, Format, Value};
use super::super::{Usage, World, code};
use crate::logs::{Clients, LogAddress};

/// How long to rest when there is nothing to do.
const REST: Duration = Duration::from_millis(2);

/// Over which log, and when.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wb lambda batch --log runs/orders.log --state runs/STATE --once
  wb lambda batch --log runs/orders.log --state runs/STATE --at 00:05
  wb lambda batch --log runs/orders.log --state runs/STATE --interval 60 --batch incremental
  wb lambda batch --state runs/STATE --day 2026-07-21

Days on which nothing ran are made up for by one batch, as each takes in everything up to its cut. A day rebuilt alone \
is held against what is published, row by row, for the views whose rows are of one day; exit code 3 if they differ.")]
pub struct Arguments {
    /// State folder of the Lambda; made if it is not there
    #[arg(long, value_name = "DIR")]
    state: PathBuf,
    /// The log to follow
    #[arg(long, value_name = "LOG", required_unless_present = "day")]
    log: Option<LogAddress>,
    /// A batch every so many records
    #[arg(long, value_name = "N")]
    every: Option<u64>,
    /// A batch every so many seconds
    #[arg(long, value_name = "SECONDS")]
    interval: Option<u64>,
    /// A batch at this time of every day, UTC
    #[arg(long, value_name = "HH:MM")]
    at: Option<DayTime>,
    /// One batch, now
    #[arg(long)]
    once: bool,
    /// What it computes, and by which fold: full, incremental, shared
    #[arg(long, value_name = "KIND", default_value = "full", value_parser = batching)]
    batch: Batching,
    /// Speed and serving layer are processes of their own; without it they are kept here, for the hand-over
    #[arg(long)]
    apart: bool,
    /// Compute this day again, alone
    #[arg(long, value_name = "DAY", conflicts_with_all = ["log", "every", "interval", "at", "once", "batch", "apart"])]
    day: Option<String>,
    /// By what duplicates are recognised: none, offset, origin, content
    #[arg(long, value_name = "SETTING", default_value = "origin", value_parser = dedup)]
    dedup: Dedup,
    /// Where the archive lies, a folder or s3://BUCKET/PREFIX?endpoint=URL&keys=FILE, if not in the state folder
    #[arg(long, value_name = "ADDRESS", default_value = "", hide_default_value = true)]
    archive: String,
    /// How to print the rows of a day that differ
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    clients: Clients,
}

impl Arguments {
    /// Does it.
    pub fn run(mut self, world: &World) -> anyhow::Result<ExitCode> {
        self.clients.set_up(self.log.iter_mut())?;
        let disk: SharedDisk = Arc::new(RealDisk);
        match &self.day {
            Some(day) => self.rebuild(&disk, day),
            None => self.follow(&disk, world),
        }
    }

    fn terms(&self) -> Terms {
        Terms { dedup: self.dedup, ..Terms::default() }
    }

    /// Batches until there is no more to do, or until somebody wants to end.
    fn follow(&self, disk: &SharedDisk, world: &World) -> anyhow::Result<ExitCode> {
        let path = self.log.as_ref().context("--log is missing")?;
        let log = path.open(world.environment)?;
        let config = self.config(&log)?;
        let mut batch = Batch::start(Arc::clone(&log), disk, &config)?;
        let mut serving = match self.apart {
            true => None,
            false => Some(Serving::start(Arc::clone(&log), disk, &config)?),
        };
        let before = batch.number();
        let mut said = before;
        loop {
            world.stop.check()?;
            let now = world.clock.now().micros;
            let mut busy = batch.step(now)?;
            if let Some(serving) = &mut serving {
                busy |= serving.step(now)?;
            }
            if batch.number() > said {
                said = batch.number();
                let version = batch.version().unwrap_or_default();
                eprintln!("publication {said}: everything up to {version}");
            }
            if self.once && said > before && !busy {
                return Ok(ExitCode::SUCCESS);
            }
            if !busy {
                std::thread::sleep(REST);
            }
        }
    }

    fn config(&self, log: &Arc<dyn Log>) -> anyhow::Result<LambdaConfig> {
        let zero = |what: Option<u64>| what == Some(0);
        if zero(self.every) || zero(self.interval) {
            return Err(Usage::error(
                "--every and --interval must be at least 1: a schedule of 0 is never due",
            ));
        }
        if !self.once && self.every.is_none() && self.interval.is_none() && self.at.is_none() {
            return Err(Usage::error("when is a batch due? give --every, --interval, --at or --once"));
        }
        // The first batch is due at once, whatever the schedule.
        let once = if self.once { u64::MAX } else { 0 };
        let terms = self.terms();
        Ok(LambdaConfig {
            workload: log.meta().workload.clone(),
            feed: Feed { dedup: terms.dedup, ..Feed::default() },
            terms,
            state: self.state.clone(),
            granularity: 10_000,
            cut_every: self.every.unwrap_or(once),
            cut_ms: self.interval.map_or(0, |seconds| seconds.saturating_mul(1000)),
            socket: None,
            options: Options {
                at: self.at,
                batch: self.batch,
                archive: self.archive.clone(),
                ..Options::default()
            },
        })
    }

    fn rebuild(&self, disk: &SharedDisk, day: &str) -> anyhow::Result<ExitCode> {
        let rebuilt = lambda::day::rebuild(disk, &self.state, &self.archive, day, &self.terms())?;
        if rebuilt.views.is_empty() {
            return Err(Usage::error(
                "no view of this workload has rows of one day: nothing can be rebuilt alone",
            ));
        }
        let rows: Vec<_> = rebuilt.views.iter().flat_map(differing).collect();
        for Compared { view, again, .. } in &rebuilt.views {
            eprintln!("{}: {} rows of {day} computed again, at {}", view.name, again.len(), rebuilt.version);
        }
        if rows.is_empty() {
            eprintln!("all as published");
            return Ok(ExitCode::SUCCESS);
        }
        print::rows(self.format, &["view", "key", "computed", "published"], &rows)?;
        Ok(code::wrong())
    }
}

/// A kind of batch by its name.
fn batching(name: &str) -> Result<Batching, String> {
    let kinds = [Batching::Full, Batching::Incremental, Batching::Shared];
    let known = kinds.into_iter().find(|kind| kind.name() == name);
    let each = |(name, about): &(&str, &str)| format!("{name} ({about})");
    known.ok_or_else(|| format!("it is {}", Batching::ALL.each_ref().map(each).join(", ")))
}

/// The rows that are not as published.
fn differing(compared: &Compared) -> Vec<Vec<Value>> {
    let keys = compared
        .again
        .keys()
        .chain(compared.published.keys().filter(|key| !compared.again.contains_key(*key)));
    let text = |row: Option<&Vec<i128>>| {
        row.map_or_else(String::new, |row| row.iter().map(i128::to_string).collect::<Vec<_>>().join(" "))
    };
    keys.map(|key| (key, compared.again.get(key), compared.published.get(key)))
        .filter(|(_, again, published)| again != published)
        .map(|(key, again, published)| {
            vec![compared.view.name.into(), key.as_str().into(), text(again).into(), text(published).into()]
        })
        .collect()
}
