//! `wb generate`: a workload's seeded events, into a log.

use std::ops::Range;
use std::process::ExitCode;

use clap::Args;
use workloads::faults::SourceFaults;
#[cfg(feature = "kafka")]
use workloads::log::kafka::Transactions;
use workloads::log::{RawRecord, lend};
use workloads::partition::PartitionBy;
use workloads::{Appender, Codec, Log, LogError, Meta};

use super::log::import::partition_by;
use super::{Usage, World};
use crate::driver::source;
use crate::logs::{Clients, LogAddress, Lookup};
use crate::plan::Plan;

/// Which events, and where to.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  wb generate orders --events 1000000 --seed 7 \\
      --faults late=0.01,resend=0.001 --log runs/orders.log
  wb generate orders --events 1000000 --transactional 500 --abort 0.1 \\
      --log kafka://127.0.0.1:9092/orders")]
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
    /// The log to make, a folder or kafka://HOST:PORT/TOPIC
    #[arg(long, value_name = "LOG")]
    log: LogAddress,
    /// Go on with what an earlier one with the same arguments has left: what the log holds is left out
    #[arg(long)]
    resume: bool,
    /// On Kafka: write so many events of a partition in a transaction
    #[cfg(feature = "kafka")]
    #[arg(long, value_name = "N")]
    transactional: Option<usize>,
    /// Share of the transactions that are aborted, and sent again in another one
    #[cfg(feature = "kafka")]
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, requires = "transactional")]
    abort: f64,
    #[command(flatten)]
    clients: Clients,
}

/// A log's writer that leaves out what the log holds already.
struct Rest {
    inner: Box<dyn Appender>,
    /// Where each partition ends, and how many records of it are still to be left out.
    held: Vec<(u64, usize)>,
}

impl Rest {
    /// The records that a log holds are the first of those that are sent.
    fn of(log: &dyn Log, inner: Box<dyn Appender>) -> anyhow::Result<Self> {
        let mut held = Vec::new();
        for (partition, head) in (0..).zip(log.heads()?.0) {
            let mut count = 0;
            lend(log, partition, 0..head, &mut |_| {
                count += 1;
                Ok(())
            })?;
            held.push((head, count));
        }
        Ok(Rest { inner, held })
    }
}

impl Appender for Rest {
    fn append(&mut self, partition: u32, records: &[RawRecord]) -> Result<Range<u64>, LogError> {
        let number = self.held.len() as u32;
        let held =
            self.held.get_mut(partition as usize).ok_or(LogError::NoPartition { partition, number })?;
        let known = held.1.min(records.len());
        held.1 -= known;
        if known == records.len() {
            return Ok(held.0..held.0);
        }
        let range = self.inner.append(partition, &records[known..])?;
        held.0 = range.end;
        Ok(range)
    }

    fn sync(&mut self) -> Result<(), LogError> {
        self.inner.sync()
    }
}

impl Arguments {
    /// Does it.
    pub fn run(mut self, world: &World) -> anyhow::Result<ExitCode> {
        self.clients.set_up([&mut self.log])?;
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
        let (now_ms, lookup) = (world.clock.millis(), world.environment);
        let made_by = source::made_by(&plan, &faults);
        let (meta, resumed) =
            (source::meta(&plan.log, workload.name, made_by), self.resume && self.log.exists(lookup)?);
        if resumed {
            self.agree(self.log.open(lookup)?.meta(), &meta)?;
        } else {
            self.log.create(&meta, lookup)?;
        }
        let mut appender = self.appender(lookup)?;
        if resumed {
            // Only now: to be the writer ends what another has left open.
            let rest = Rest::of(&*self.log.open(lookup)?, appender)?;
            let held: usize = rest.held.iter().map(|(_, count)| count).sum();
            eprintln!("{held} records are in {} already", self.log);
            appender = Box::new(rest);
        }
        let wanted = (&plan, workload, &faults);
        source::write(wanted, appender.as_mut(), now_ms, &world.stop)?;
        appender.sync()?;
        drop(appender);
        let heads = self.log.open(lookup)?.heads()?;
        eprintln!("{} records in {}, heads {heads}", self.events, self.log);
        Ok(ExitCode::SUCCESS)
    }

    fn appender(&self, lookup: Lookup) -> anyhow::Result<Box<dyn Appender>> {
        #[cfg(feature = "kafka")]
        if let Some(every) = self.transactional {
            let transactions = Transactions { every, abort: self.abort, seed: self.seed };
            return self.log.transactional(transactions, lookup);
        }
        self.log.appender(lookup)
    }

    /// An error unless a log is what these arguments would have made.
    fn agree(&self, held: &Meta, wanted: &Meta) -> anyhow::Result<()> {
        let by = |meta: &Meta| match meta.partition_by {
            PartitionBy::Key => "key",
            PartitionBy::RoundRobin => "round-robin",
        };
        let said = |meta: &Meta| {
            [
                meta.workload.clone(),
                format!("--codec {}", meta.codec),
                format!("--partitions {}", meta.partitions),
                format!("--partition-by {}", by(meta)),
            ]
        };
        match said(held).iter().zip(&said(wanted)).find(|(held, wanted)| held != wanted) {
            None => Ok(()),
            Some((held, wanted)) => Err(Usage::error(format!(
                "--resume: {} was made with {held}, not {wanted}: go on with {held}, or choose another --log",
                self.log
            ))),
        }
    }

    /// Whether these numbers make a log at all.
    fn check(&self) -> anyhow::Result<()> {
        if !(self.rate > 0.0 && self.rate.is_finite()) {
            return Err(Usage::error("--rate must be a number above 0"));
        }
        #[cfg(feature = "kafka")]
        if self.transactional == Some(0) || !(0.0..1.0).contains(&self.abort) {
            return Err(Usage::error("--transactional must be at least 1, and --abort from 0 to below 1"));
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
