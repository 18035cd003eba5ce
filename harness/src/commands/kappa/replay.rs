//! `wb kappa replay`: how fast a log is replayed, by the records that a version spans.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use ::kappa::{Kappa, KappaConfig, Options};
use anyhow::Context;
use clap::Args;
use workloads::files::{RealDisk, SharedDisk};
use workloads::intake::Feed;
use workloads::log::file::FileLog;
use workloads::{Log, Terms};

use super::super::print::{self, Format, Value};
use super::super::{Usage, World};

/// Which log, and in which ways.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  wb generate orders --events 5000000 --log /tmp/orders.log && wb kappa replay --log /tmp/orders.log

Every line is a whole replay of all views from the first record to the last.")]
pub struct Arguments {
    /// The log
    #[arg(long, value_name = "DIR")]
    log: PathBuf,
    /// Records that a version spans at most
    #[arg(long, value_name = "N,..", value_delimiter = ',', default_value = "1000,10000,100000,1000000")]
    granularity: Vec<u64>,
    /// Worker threads
    #[arg(long, value_name = "N,..", value_delimiter = ',', default_value = "1,2")]
    workers: Vec<u32>,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Arguments {
    /// Does it.
    pub fn run(self, world: &World) -> anyhow::Result<ExitCode> {
        if self.granularity.contains(&0) || self.workers.contains(&0) {
            return Err(Usage::error("--granularity and --workers must be above 0"));
        }
        let disk: SharedDisk = Arc::new(RealDisk);
        let log: Arc<dyn Log> = Arc::new(FileLog::open(&disk, &self.log)?);
        let mut rows = Vec::new();
        for workers in &self.workers {
            for granularity in &self.granularity {
                let (seconds, records) = replay(&log, &disk, *granularity, *workers, world)?;
                rows.push(vec![
                    Value::Integer((*workers).into()),
                    Value::Integer((*granularity).into()),
                    Value::Number(seconds, 3),
                    Value::Number(records as f64 / seconds / 1e6, 3),
                ]);
            }
        }
        print::rows(self.format, &["workers", "g", "s", "M records/s"], &rows)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Seconds of one replay, and its records.
fn replay(
    log: &Arc<dyn Log>,
    disk: &SharedDisk,
    granularity: u64,
    workers: u32,
    world: &World,
) -> anyhow::Result<(f64, u64)> {
    let heads = log.heads()?;
    let config = KappaConfig {
        terms: Terms::default(),
        feed: Feed::default(),
        state: None,
        workers,
        granularity,
        version_ms: 0,
        spin: false,
        options: Options { window_ms: 0, ..Options::default() },
    };
    let began = Instant::now();
    let mut kappa = Kappa::start(Arc::clone(log), disk, &config).context("starting the kappa")?;
    while kappa.version().as_ref() != Some(&heads) {
        kappa.step(0)?;
        world.stop.check()?;
    }
    Ok((began.elapsed().as_secs_f64(), heads.total()))
}
