//! `wb generate`: a workload's seeded events, into a log.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use workloads::Codec;
use workloads::faults::SourceFaults;
use workloads::files::{RealDisk, SharedDisk};
use workloads::partition::PartitionBy;

use super::log::import::partition_by;
use super::{Usage, World};
use crate::driver::source;
use crate::plan::Plan;

/// Which events, and where to.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  wb generate orders --events 1000000 --seed 7 \\
      --faults late=0.01,resend=0.001 --log runs/orders.log")]
pub struct Arguments {
    /// Name of the workload
    workload: String,
    /// Number of events, cancellations and corrections included
    #[arg(long, value_name = "N")]
    events: u64,
    /// Seed of everything random
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Events a second, for their times
    #[arg(long, value_name = "R", default_value_t = 20_000.0)]
    rate: f64,
    /// Number of customers, symbols, words, regions or accounts; as in the default plan if absent
    #[arg(long, value_name = "N")]
    keys: Option<u32>,
    /// What goes wrong at the source, as name=share,.. (`wb list faults`)
    #[arg(long, value_name = "FAULTS", default_value = "none")]
    faults: String,
    /// How events are written
    #[arg(long, default_value = "bin")]
    codec: Codec,
    /// Number of partitions
    #[arg(long, value_name = "N", default_value_t = 2)]
    partitions: u32,
    /// How events are spread over them: key or round-robin
    #[arg(long, default_value = "key", value_parser = partition_by)]
    partition_by: PartitionBy,
    /// Folder to make for the log
    #[arg(long, value_name = "DIR")]
    log: PathBuf,
}

impl Arguments {
    /// Does it.
    pub fn run(self, world: &World) -> anyhow::Result<ExitCode> {
        let workload = workload(&self.workload)?;
        self.check()?;
        let mut plan = Plan::load("default")?;
        plan.seed = self.seed;
        plan.live.history = self.events;
        plan.live.rate = self.rate;
        plan.log.codec = self.codec;
        plan.log.partitions = self.partitions;
        plan.log.partition_by = self.partition_by;
        if let (Some(keys), Some(events)) = (self.keys, plan.workloads.get_mut(workload.name)) {
            events.keys = keys;
        }
        let faults = SourceFaults::parse(&self.faults).map_err(Usage::error)?;
        let disk: SharedDisk = Arc::new(RealDisk);
        let stop = &world.stop;
        let made = source::history(&plan, workload, &faults, &disk, &self.log, world.clock.millis(), stop)?;
        eprintln!("{} records in {}, heads {}", made.heads.total(), self.log.display(), made.heads);
        Ok(ExitCode::SUCCESS)
    }

    /// Whether these numbers make a log at all.
    fn check(&self) -> anyhow::Result<()> {
        if !(self.rate > 0.0 && self.rate.is_finite()) {
            return Err(Usage::error("--rate must be a number above 0"));
        }
        if self.keys == Some(0) {
            return Err(Usage::error("--keys must be at least 1"));
        }
        Ok(())
    }
}

/// The workload of that name.
pub fn workload(name: &str) -> anyhow::Result<&'static workloads::Workload> {
    let names = || workloads::WORKLOADS.iter().map(|workload| workload.name).collect::<Vec<_>>().join(", ");
    let unknown = || Usage::error(format!("no workload `{name}`: there are {}", names()));
    workloads::workload(name).ok_or_else(unknown)
}
