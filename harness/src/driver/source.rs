//! Events on their way into a log: the history before a run, and the schedule of its live part.

use std::path::{Path, PathBuf};

use anyhow::Context;
use bytes::Bytes;
use workloads::files::SharedDisk;
use workloads::log::file::{FileLog, FsyncPolicy};
use workloads::log::{Appender, Log, Meta, RawRecord};
use workloads::{Draft, Version, Workload};

use super::keys::{KeyNumber, Keys};
use super::stop::Stop;
use crate::plan::{Fsync, Plan, Storage};

/// Records handed to the log at once while a history is made.
const CHUNK: usize = 4096;

/// What is in the log before a live part begins.
#[derive(Clone, Debug)]
pub struct History {
    /// The log that the runs link.
    pub folder: PathBuf,
    /// The keys of its events.
    pub keys: Keys,
    /// Its heads.
    pub heads: Version,
}

/// A record that is due at a time.
#[derive(Clone, Debug)]
pub struct Due {
    /// When, in microseconds since the start of the live part.
    pub intended_us: i64,
    /// Where it goes.
    pub partition: u32,
    /// What goes there.
    pub record: RawRecord,
    /// Its key; absent in a record that cannot be decoded.
    pub key: Option<KeyNumber>,
}

/// A live part's records, in the order of their times.
#[derive(Clone, Debug, Default)]
pub struct Schedule {
    /// The records.
    pub due: Vec<Due>,
    /// When the live part ends.
    pub until_us: i64,
    /// Whether the source did not send what it should have.
    pub faulty: bool,
}

/// What the log of a plan's workload says about itself.
pub fn meta(storage: &Storage, workload: &str, made_by: String) -> Meta {
    Meta {
        workload: workload.to_owned(),
        codec: storage.codec,
        partitions: storage.partitions,
        partition_by: storage.partition_by,
        made_by,
    }
}

impl Fsync {
    /// The same as the log names it.
    pub fn policy(self) -> FsyncPolicy {
        match self {
            Fsync::None => FsyncPolicy::None,
            Fsync::Interval => FsyncPolicy::Interval(100),
            Fsync::Batch => FsyncPolicy::EveryBatch,
        }
    }
}

/// Turns drafts into records of one log.
struct Press<'a> {
    meta: &'a Meta,
    /// Stands in for the number within an origin where there is none.
    turn: u64,
    value: Vec<u8>,
}

impl Press<'_> {
    fn record(&mut self, draft: &Draft, intended: i64, appended: i64) -> (u32, RawRecord) {
        let key = draft.event.key().as_bytes();
        self.meta.codec.encode(&draft.event, &mut self.value);
        self.turn += 1;
        let partition = self.meta.partition_by.partition(key, draft.origin, self.turn, self.meta.partitions);
        let record = RawRecord {
            offset: 0,
            origin: draft.origin,
            intended,
            appended,
            key: Bytes::copy_from_slice(key),
            value: Bytes::copy_from_slice(&self.value),
        };
        (partition, record)
    }
}

/// Writes a plan's history of one workload into a new log. Its records were due, and appended, before `now_ms`.
pub fn history(
    plan: &Plan,
    workload: &Workload,
    disk: &SharedDisk,
    folder: &Path,
    now_ms: i64,
    stop: &Stop,
) -> anyhow::Result<History> {
    let shape = plan.history(workload.name).context("the plan has no events for this workload")?;
    let meta = meta(&plan.log, workload.name, format!("plan {}, seed {}: history", plan.name, plan.seed));
    FileLog::create(disk, folder, &meta)?;
    let mut appender = FileLog::appender(disk, folder, FsyncPolicy::None)?;
    let (mut keys, mut heads) = (Keys::default(), Version::zero(meta.partitions));
    let mut press = Press { meta: &meta, turn: 0, value: Vec::new() };
    let mut waiting = vec![Vec::with_capacity(CHUNK); meta.partitions as usize];
    let length_us = (shape.events as f64 * 1e6 / shape.rate) as i64;
    for draft in (workload.generate)(&shape) {
        keys.note(&draft.event);
        let intended = draft.intended - length_us;
        let (partition, record) = press.record(&draft, intended, now_ms + intended / 1000);
        let chunk = &mut waiting[partition as usize];
        chunk.push(record);
        if chunk.len() == CHUNK {
            heads.0[partition as usize] = appender.append(partition, chunk)?.end;
            chunk.clear();
            stop.check()?;
        }
    }
    for (partition, chunk) in (0..).zip(&waiting).filter(|(_, chunk)| !chunk.is_empty()) {
        heads.0[partition as usize] = appender.append(partition, chunk)?.end;
    }
    Ok(History { folder: folder.to_path_buf(), keys, heads })
}

/// The live part of one repeat. Its keys are added to those of the history.
pub fn schedule(plan: &Plan, workload: &Workload, repeat: u32, keys: &mut Keys) -> anyhow::Result<Schedule> {
    let shape = plan.live(workload.name, repeat).context("the plan has no events for this workload")?;
    let meta = meta(&plan.log, workload.name, String::new());
    let mut press = Press { meta: &meta, turn: shape.first_sequence, value: Vec::new() };
    let due = (workload.generate)(&shape).map(|draft| {
        let (partition, record) = press.record(&draft, draft.intended, 0);
        Due { intended_us: draft.intended, partition, record, key: Some(keys.note(&draft.event)) }
    });
    Ok(Schedule { due: due.collect(), until_us: (plan.live.seconds * 1e6) as i64, faulty: false })
}

/// The log as the source would have filled it without faults.
pub fn clean(
    plan: &Plan,
    workload: &Workload,
    repeat: u32,
    disk: &SharedDisk,
    history: &History,
    folder: &Path,
) -> anyhow::Result<()> {
    let shape = plan.live(workload.name, repeat).context("the plan has no events for this workload")?;
    FileLog::link(disk, &history.folder, folder)?;
    let meta = FileLog::open(disk, folder)?.meta().clone();
    let mut appender = FileLog::appender(disk, folder, FsyncPolicy::None)?;
    let mut press = Press { meta: &meta, turn: shape.first_sequence, value: Vec::new() };
    let mut waiting = vec![Vec::new(); meta.partitions as usize];
    for draft in (workload.generate)(&shape) {
        let (partition, record) = press.record(&draft, draft.intended, 0);
        waiting[partition as usize].push(record);
    }
    for (partition, records) in (0..).zip(&waiting) {
        for chunk in records.chunks(CHUNK) {
            appender.append(partition, chunk)?;
        }
    }
    Ok(())
}
