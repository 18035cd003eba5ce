//! `wb kappa replay`: how fast a log is replayed, by the records that a version spans.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use workloads::Log;
use workloads::files::{RealDisk, SharedDisk};

use super::super::answer::view;
use super::super::generate::workload;
use super::super::print::{self, Format, Value};
use super::super::progress::Progress;
use super::super::{Usage, World};
#[cfg(feature = "kafka")]
use crate::limits::consumer::plain;
use crate::limits::replay::{Curve, Point, curve};
#[cfg(feature = "kafka")]
use crate::logs::unlock;
use crate::logs::{Clients, LogAddress};
use crate::report;

/// Names every view.
const ALL: &str = "all";

/// Which log, and in which ways.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wb generate orders --events 5000000 --log /tmp/orders.log && wb kappa replay --log /tmp/orders.log
  wb kappa replay --log kafka://127.0.0.1:9092/orders -X profile=throughput --views all --views spend

Every line is a whole replay from the first record to the last. With --out the curve is drawn too. A log on Kafka is \
also read by a plain consumer as most are written: two threads, each with a hash map and a poll for every message. The last \
column says which share of its speed the Kappa comes to.")]
pub struct Arguments {
    /// The log
    #[arg(long, value_name = "LOG")]
    log: LogAddress,
    /// Records that a version spans at most
    #[arg(long, value_name = "N,..", value_delimiter = ',', default_value = "1000,10000,100000,1000000")]
    granularity: Vec<u64>,
    /// Worker threads
    #[arg(long, value_name = "N,..", value_delimiter = ',', default_value = "1,2")]
    workers: Vec<u32>,
    /// Views that are computed, or `all`; given several times, a curve for each
    #[arg(long, value_name = "VIEW,..", default_value = ALL)]
    views: Vec<String>,
    /// Rounds, of which the best counts
    #[arg(long, value_name = "N", default_value_t = 1)]
    rounds: u32,
    /// Folder for replay.csv, replay.svg and replay.png; made if it is not there
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    clients: Clients,
}

impl Arguments {
    /// Does it.
    pub fn run(mut self, world: &World) -> anyhow::Result<ExitCode> {
        self.clients.set_up([&mut self.log])?;
        if self.granularity.contains(&0) || self.workers.contains(&0) || self.rounds == 0 {
            return Err(Usage::error("--granularity, --workers and --rounds must be above 0"));
        }
        if self.out.is_some() && self.views.len() > 1 {
            return Err(Usage::error("--out draws one curve: give --views once"));
        }
        let log = self.log.open(world.environment)?;
        let views: Vec<Vec<&str>> =
            self.views.iter().map(|text| named(&*log, text)).collect::<Result<_, _>>()?;
        let plain = self.plain(&*log, world)?;
        let mut rows = Vec::new();
        for (name, views) in self.views.iter().zip(&views) {
            let measured = self.curve(&log, (name, views), world)?;
            if let Some(out) = &self.out {
                fs::create_dir_all(out).with_context(|| format!("making {}", out.display()))?;
                report::replay(&measured, out)?;
            }
            rows.extend(measured.points.iter().map(|point| row(name, &measured, point, plain)));
        }
        let columns = ["views", "workers", "g", "s", "M records/s", "of plain"];
        let shown = columns.len() - usize::from(plain.is_none());
        print::rows(self.format, &columns[..shown], &rows)?;
        Ok(ExitCode::SUCCESS)
    }

    fn curve(
        &self,
        log: &Arc<dyn Log>,
        (name, views): (&str, &[&str]),
        world: &World,
    ) -> anyhow::Result<Curve> {
        let progress = Progress::start();
        let begins = |round: u32, workers: u32, g: u64| {
            progress.say(&format!("{name}: round {round} of {}: {workers} workers, g = {g}", self.rounds));
        };
        let (disk, ways): (SharedDisk, _) = (Arc::new(RealDisk), (&self.workers[..], &self.granularity[..]));
        let measured = curve(log, &disk, views, ways, self.rounds, &world.stop, begins);
        progress.end();
        measured
    }

    /// Nothing else reads files.
    #[cfg(not(feature = "kafka"))]
    fn plain(&self, _log: &dyn Log, _world: &World) -> anyhow::Result<Option<f64>> {
        Ok(None)
    }
}

/// The views that are meant; none where all are.
fn named<'a>(log: &dyn Log, text: &'a str) -> anyhow::Result<Vec<&'a str>> {
    if text == ALL {
        return Ok(Vec::new());
    }
    let workload = workload(&log.meta().workload)?;
    let names: Vec<&str> = text.split(',').collect();
    names.iter().try_for_each(|name| view(workload, name).map(drop))?;
    Ok(names)
}

#[cfg(feature = "kafka")]
impl Arguments {
    /// What else reads a topic, before and beside it: million records a second at best.
    fn plain(&self, log: &dyn Log, world: &World) -> anyhow::Result<Option<f64>> {
        let LogAddress::Kafka(address, settings) = &self.log else { return Ok(None) };
        let credentials = unlock(address, settings, world.environment)?;
        let mut best: f64 = 0.0;
        for round in 1..=self.rounds {
            world.stop.check()?;
            let (records, took) = plain(log, (address, &credentials), 2)?;
            let (seconds, speed) = (took.as_secs_f64(), records as f64 / took.as_secs_f64() / 1e6);
            eprintln!(
                "round {round}: a plain consumer, 2 threads and a hash map each: {records} records in {seconds:.3} s, {speed:.3} M records/s"
            );
            best = best.max(speed);
        }
        Ok(Some(best))
    }
}

fn row(views: &str, curve: &Curve, point: &Point, plain: Option<f64>) -> Vec<Value> {
    let speed = curve.speed(point);
    let mut row = vec![
        Value::from(views),
        Value::Integer(point.workers.into()),
        Value::Integer(point.granularity.into()),
        Value::Number(point.seconds, 3),
        Value::Number(speed, 3),
    ];
    row.extend(plain.map(|plain| Value::Number(speed / plain, 2)));
    row
}
