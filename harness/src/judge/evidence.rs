//! What the judge is given: one folder of observations and the log that it is about.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use workloads::files::{RealDisk, SharedDisk};
use workloads::log::file::FileLog;
use workloads::log::lend;
use workloads::{Log, Place, Record, Version};

use crate::contestants::{Role, contestant};
use crate::observe::{Arrival, Mark, Observation, Run, Watched, read};

/// One run's observations, in memory.
pub struct Evidence {
    /// What is common to them.
    pub run: Run,
    /// The reads as they stand in their file, whole views as differences: in full they would fill the memory.
    pub reads: Vec<Observation>,
    /// The appends, in their order.
    pub arrivals: Vec<Arrival>,
    /// What was announced.
    pub watched: Vec<Watched>,
    /// What happened.
    pub marks: Vec<Mark>,
    /// The log that the contestant followed.
    pub log: Arc<dyn Log>,
}

impl Evidence {
    /// Reads the folder of one run's observations; logs are looked for from the run folder.
    pub fn load(run_folder: &Path, folder: &Path) -> anyhow::Result<Self> {
        let file = folder.join("run.json");
        let text = std::fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
        let run: Run =
            serde_json::from_slice(&text).with_context(|| format!("reading {}", file.display()))?;
        let disk: SharedDisk = Arc::new(RealDisk);
        let log = FileLog::open(&disk, &run_folder.join(&run.log))
            .with_context(|| format!("opening the log that {} was observed on", folder.display()))?;
        Ok(Evidence {
            reads: read(&folder.join("reads.jsonl.gz"))?,
            arrivals: read(&folder.join("arrivals.jsonl.gz"))?,
            watched: read(&folder.join("watched.jsonl.gz"))?,
            marks: read(&folder.join("marks.jsonl.gz"))?,
            log: Arc::new(log),
            run,
        })
    }

    /// What the component of that name does; a name that nobody knows serves, unless it is `batch`.
    pub fn role(&self, component: &str) -> Role {
        let parts = contestant(&self.run.contestant).map_or(&[][..], |contestant| contestant.parts);
        let part = parts.iter().find(|part| part.name == component);
        part.map_or(if component == "batch" { Role::Batch } else { Role::Serve }, |part| part.role)
    }

    /// Versions that the serving component announced, with the time at which the driver had them.
    pub fn announced(&self) -> impl Iterator<Item = &Watched> {
        self.watched.iter().filter(|line| self.role(&line.component) == Role::Serve)
    }

    /// Publications of a batch.
    pub fn published(&self) -> impl Iterator<Item = &Watched> {
        self.watched.iter().filter(|line| self.role(&line.component) == Role::Batch)
    }

    /// Whether the contestant has a batch, so that a run without a publication tested nothing.
    pub fn has_batch(&self) -> bool {
        let parts = contestant(&self.run.contestant).map_or(&[][..], |contestant| contestant.parts);
        parts.iter().any(|part| part.role == Role::Batch)
    }
}

/// The records of a stretch of a log, decoded; those that cannot be decoded are absent.
pub struct Stretch {
    /// Where it begins.
    pub from: Version,
    /// Where it ends.
    pub upto: Version,
    records: Vec<Vec<Option<Record>>>,
}

impl Stretch {
    /// Reads it.
    pub fn read(log: &dyn Log, from: &Version, upto: &Version) -> anyhow::Result<Self> {
        let mut records = Vec::new();
        for (partition, (from, upto)) in from.0.iter().zip(&upto.0).enumerate() {
            let mut held = Vec::with_capacity(upto.saturating_sub(*from) as usize);
            each(log, partition as u32, *from, *upto, |record| held.push(record))?;
            records.push(held);
        }
        Ok(Stretch { from: from.clone(), upto: upto.clone(), records })
    }

    /// The record at a place of the stretch, if it could be decoded.
    pub fn get(&self, place: Place) -> Option<&Record> {
        let partition = place.partition as usize;
        let index = place.offset.checked_sub(*self.from.0.get(partition)?)?;
        self.records[partition].get(index as usize)?.as_ref()
    }

    /// Every record, partition by partition.
    pub fn iter(&self) -> impl Iterator<Item = &Record> {
        self.records.iter().flatten().flatten()
    }
}

/// Reads one partition of a log and shows the record of each offset, or that there is none that can be decoded.
pub fn each(
    log: &dyn Log,
    partition: u32,
    from: u64,
    upto: u64,
    mut show: impl FnMut(Option<Record>),
) -> anyhow::Result<()> {
    let meta = log.meta();
    let mut next = from;
    let done = lend(log, partition, from..upto, &mut |record| {
        (next..record.offset).for_each(|_| show(None));
        next = record.offset + 1;
        let event = meta.codec.decode(&meta.workload, record.key, record.value, record.appended).ok();
        show(event.map(|event| Record {
            place: Place { partition, offset: record.offset },
            origin: record.origin,
            intended: record.intended,
            appended: record.appended,
            event,
        }));
        Ok(())
    });
    done.with_context(|| format!("reading partition {partition}"))?;
    (next..upto).for_each(|_| show(None));
    Ok(())
}
