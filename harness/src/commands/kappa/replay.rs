//! `wb kappa replay`: how fast a log is replayed, by the records that a version spans.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use workloads::files::{RealDisk, SharedDisk};

use super::super::print::{self, Format, Value};
use super::super::progress::Progress;
use super::super::{Usage, World};
#[cfg(feature = "kafka")]
use crate::limits::consumer::plain;
use crate::limits::replay::{Curve, Point, curve};
use crate::logs::LogAddress;
#[cfg(feature = "kafka")]
use crate::logs::unlock;
use crate::report;
#[cfg(feature = "kafka")]
use workloads::Log;

/// Which log, and in which ways.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  wb generate orders --events 5000000 --log /tmp/orders.log && wb kappa replay --log /tmp/orders.log

Every line is a whole replay of all views from the first record to the last. With --out the curve is drawn too.")]
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
    /// Rounds, of which the best counts
    #[arg(long, value_name = "N", default_value_t = 1)]
    rounds: u32,
    /// Folder for replay.csv, replay.svg and replay.png; made if it is not there
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Arguments {
    /// Does it.
    pub fn run(self, world: &World) -> anyhow::Result<ExitCode> {
        if self.granularity.contains(&0) || self.workers.contains(&0) || self.rounds == 0 {
            return Err(Usage::error("--granularity, --workers and --rounds must be above 0"));
        }
        let disk: SharedDisk = Arc::new(RealDisk);
        let log = self.log.open(world.environment)?;
        #[cfg(feature = "kafka")]
        self.plain(&*log, world)?;
        let progress = Progress::start();
        let begins = |round: u32, workers: u32, g: u64| {
            progress.say(&format!("round {round} of {}: {workers} workers, g = {g}", self.rounds));
        };
        let ways = (&self.workers[..], &self.granularity[..]);
        let measured = curve(&log, &disk, ways, self.rounds, &world.stop, begins);
        progress.end();
        let measured = measured?;
        if let Some(out) = &self.out {
            fs::create_dir_all(out).with_context(|| format!("making {}", out.display()))?;
            report::replay(&measured, out)?;
        }
        let rows: Vec<Vec<Value>> = measured.points.iter().map(|point| row(&measured, point)).collect();
        print::rows(self.format, &["workers", "g", "s", "M records/s"], &rows)?;
        Ok(ExitCode::SUCCESS)
    }
}

#[cfg(feature = "kafka")]
impl Arguments {
    /// What else reads a topic, before and beside it.
    fn plain(&self, log: &dyn Log, world: &World) -> anyhow::Result<()> {
        let LogAddress::Kafka(address, settings) = &self.log else { return Ok(()) };
        let credentials = unlock(address, settings, world.environment)?;
        for round in 1..=self.rounds {
            world.stop.check()?;
            let (records, took) = plain(log, (address, &credentials), 2)?;
            let (seconds, speed) = (took.as_secs_f64(), records as f64 / took.as_secs_f64() / 1e6);
            eprintln!(
                "round {round}: a plain consumer, 2 threads and a hash map each: {records} records in {seconds:.3} s, {speed:.3} M records/s"
            );
        }
        Ok(())
    }
}

fn row(curve: &Curve, point: &Point) -> Vec<Value> {
    vec![
        Value::Integer(point.workers.into()),
        Value::Integer(point.granularity.into()),
        Value::Number(point.seconds, 3),
        Value::Number(curve.speed(point), 3),
    ]
}
