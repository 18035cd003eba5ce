//! The logs of runs on brokers: a topic for each run, filled with the history before it and kept as files after it.

use std::path::Path;

use anyhow::{Context, ensure};
use workloads::files::SharedDisk;
use workloads::log::file::{FileLog, FsyncPolicy};
use workloads::log::{RawRecord, lend};
use workloads::{Appender, Log, LogError, Meta};

use crate::logs::{LogAddress, Lookup};
use crate::plan::Spec;

/// Records handed over at once.
const CHUNK: usize = 4096;

/// A cluster on which runs have their logs.
#[derive(Clone, Debug)]
pub struct Broker {
    /// The topics' names begin with that of this one.
    base: LogAddress,
    lookup: Lookup,
}

impl Broker {
    /// The logs of runs are topics whose names begin like this one's.
    pub fn new(base: LogAddress, lookup: Lookup) -> Self {
        Broker { base, lookup }
    }

    /// Where a run has its log.
    pub fn place(&self, spec: &Spec) -> anyhow::Result<LogAddress> {
        self.base.beside(&format!("{}.{}-{}", spec.workload, spec.contestant, spec.repeat))
    }

    /// Where whoever follows the log finds secrets.
    pub fn lookup(&self) -> Lookup {
        self.lookup
    }

    /// Makes a run's topic, which begins with all of a history, and hands out its writer.
    pub fn fill(
        &self,
        place: &LogAddress,
        disk: &SharedDisk,
        history: &Path,
    ) -> anyhow::Result<Box<dyn Appender>> {
        let log = FileLog::open(disk, history)?;
        place.create(log.meta(), self.lookup)?;
        let mut appender = place.appender(self.lookup)?;
        pour(&log, appender.as_mut()).with_context(|| format!("copying the history to {place}"))?;
        Ok(appender)
    }

    /// Keeps what a run's topic holds as a log of files, each record at its offset, and deletes the topic.
    pub fn keep(&self, place: &LogAddress, disk: &SharedDisk, folder: &Path) -> anyhow::Result<()> {
        let log = place.open(self.lookup)?;
        copy(&*log, disk, folder)?;
        let (copied, held) = (FileLog::open(disk, folder)?.heads()?, log.heads()?);
        ensure!(copied == held, "{place} ends at {held} and holds records up to {copied} only");
        place.delete(self.lookup)
    }
}

/// Copies a log into a folder. Holes are closed.
pub fn copy(log: &dyn Log, disk: &SharedDisk, folder: &Path) -> anyhow::Result<()> {
    let meta: &Meta = log.meta();
    FileLog::create(disk, folder, meta)?;
    let mut appender = FileLog::appender(disk, folder, FsyncPolicy::None)?;
    pour(log, &mut appender)?;
    Ok(appender.sync()?)
}

fn pour(log: &dyn Log, appender: &mut dyn Appender) -> Result<(), LogError> {
    let (starts, heads) = (log.starts()?, log.heads()?);
    let mut chunk: Vec<RawRecord> = Vec::with_capacity(CHUNK);
    for (partition, (start, head)) in (0..).zip(starts.0.iter().zip(&heads.0)) {
        lend(log, partition, *start..*head, &mut |record| {
            chunk.push(record.keep());
            if chunk.len() == CHUNK {
                appender.append(partition, &chunk)?;
                chunk.clear();
            }
            Ok(())
        })?;
        appender.append(partition, &chunk)?;
        chunk.clear();
    }
    Ok(())
}
