//! The logs of runs on brokers: a topic for each run, filled with the history before it and kept as files after it.

use std::path::Path;

use anyhow::{Context, ensure};
use workloads::files::SharedDisk;
use workloads::log::file::{FileLog, FsyncPolicy};
use workloads::log::{RawRecord, lend};
use workloads::{Appender, Log, LogError, Meta};

use crate::logs::{Brokers, LogAddress, Lookup};
use crate::plan::Spec;

/// Records handed over at once.
const CHUNK: usize = 4096;

/// A cluster on which runs have their logs.
#[derive(Clone, Debug)]
pub struct Broker {
    /// The topics' names begin with that of this one.
    base: LogAddress,
    /// What is to be told of it.
    brokers: Option<Brokers>,
    /// Whether topics that are there already are deleted.
    replace: bool,
    lookup: Lookup,
}

impl Broker {
    /// The logs of runs are topics whose names begin like this one's. Those that are there already are deleted, or are
    /// in the way.
    pub fn new(base: LogAddress, replace: bool, lookup: Lookup) -> anyhow::Result<Self> {
        let brokers = base.brokers(lookup)?;
        Ok(Broker { base, brokers, replace, lookup })
    }

    /// What those who read of the runs are told of it.
    pub fn brokers(&self) -> Option<&Brokers> {
        self.brokers.as_ref()
    }

    /// Sees to it that no topic of these runs is there yet.
    pub fn clear(&self, specs: &[Spec]) -> anyhow::Result<()> {
        for spec in specs {
            let place = self.place(spec)?;
            if !place.exists(self.lookup)? {
                continue;
            }
            ensure!(
                self.replace,
                "{place} is there already: a run that was cut off has left it, or another one is at work; give --replace to \
                 delete what was left, or `wb topic delete '{place}'` for this one"
            );
            place.delete(self.lookup)?;
        }
        Ok(())
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
        let filled = place.appender(self.lookup).and_then(|mut appender| {
            pour(&log, appender.as_mut()).with_context(|| format!("copying the history to {place}"))?;
            Ok(appender)
        });
        // Nobody will need what was half filled, and it would be in the way of the next run.
        filled.inspect_err(|_| drop(place.delete(self.lookup)))
    }

    /// Keeps what a run's topic holds as a log of files, each record at its offset, and deletes the topic.
    pub fn keep(&self, place: &LogAddress, disk: &SharedDisk, folder: &Path) -> anyhow::Result<()> {
        let kept = self.kept(place, disk, folder);
        kept.with_context(|| {
            format!("keeping {place} as files; `wb topic delete '{place}'` when it is not needed")
        })?;
        place.delete(self.lookup)
    }

    fn kept(&self, place: &LogAddress, disk: &SharedDisk, folder: &Path) -> anyhow::Result<()> {
        let log = place.open(self.lookup)?;
        copy(&*log, disk, folder)?;
        let (copied, held) = (FileLog::open(disk, folder)?.heads()?, log.heads()?);
        ensure!(copied == held, "it ends at {held} and holds records up to {copied} only");
        Ok(())
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
