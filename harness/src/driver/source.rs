//! Events on their way into a log: the history before a run, and the schedule of its live part.

use std::path::{Path, PathBuf};

use anyhow::Context;
use workloads::faults::{Sending, SourceFaults, inject};
use workloads::files::SharedDisk;
use workloads::log::file::{FileLog, FsyncPolicy};
use workloads::log::{Appender, Log, Meta, RawRecord};
use workloads::{Version, Workload};

use super::Job;
use super::keys::{KeyNumber, Keys};
use super::stop::Stop;
use crate::plan::{Fsync, Plan, Storage};

/// Records handed to the log at once while a history is made.
const CHUNK: usize = 4096;

/// Bytes of a segment of a history.
pub const SEGMENT: u64 = 8 << 20;

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

/// Writes a plan's history of one workload into a new log. Its records were due, and appended, before `now_ms`.
pub fn history(
    plan: &Plan,
    workload: &Workload,
    faults: &SourceFaults,
    disk: &SharedDisk,
    folder: &Path,
    now_ms: i64,
    stop: &Stop,
) -> anyhow::Result<History> {
    FileLog::create(disk, folder, &meta(&plan.log, workload.name, made_by(plan, faults)))?;
    // A run that links this log copies its last segment.
    let mut appender = FileLog::appender(disk, folder, FsyncPolicy::None)?.roll_at(SEGMENT);
    let (keys, heads) = write((plan, workload, faults), &mut appender, now_ms, stop)?;
    Ok(History { folder: folder.to_path_buf(), keys, heads })
}

/// What a log with a plan's history says of how it was made.
pub fn made_by(plan: &Plan, faults: &SourceFaults) -> String {
    format!("plan {}, seed {}: history {faults}", plan.name, plan.seed)
}

/// Writes a plan's history of one workload into an empty log, with these faults. Says where it ends.
pub fn write(
    (plan, workload, faults): (&Plan, &Workload, &SourceFaults),
    appender: &mut dyn Appender,
    now_ms: i64,
    stop: &Stop,
) -> anyhow::Result<(Keys, Version)> {
    let shape = plan.history(workload.name).context("the plan has no events for this workload")?;
    let mut keys = Keys::default();
    let length_us = (shape.events as f64 * 1e6 / shape.rate) as i64;
    let sendings = inject((workload.generate)(&shape), faults, plan.seed).map(|sending| {
        if let Sending::Event(draft) = &sending {
            keys.note(&draft.event);
        }
        let intended = sending.intended() - length_us;
        (sending, intended, now_ms + intended / 1000)
    });
    let meta = meta(&plan.log, workload.name, String::new());
    let heads = pour((appender, Version::zero(meta.partitions)), &meta, sendings, stop)?;
    Ok((keys, heads))
}

/// Appends sendings to a log with these heads, each with its intended time and the time at which it is said to be
/// appended.
fn pour(
    (appender, mut heads): (&mut dyn Appender, Version),
    meta: &Meta,
    sendings: impl Iterator<Item = (Sending, i64, i64)>,
    stop: &Stop,
) -> anyhow::Result<Version> {
    let mut waiting = vec![Vec::with_capacity(CHUNK); meta.partitions as usize];
    for (turn, (sending, intended, appended)) in (0..).zip(sendings) {
        let partition = sending.partition(meta, turn);
        let chunk: &mut Vec<RawRecord> = &mut waiting[partition as usize];
        chunk.push(RawRecord { intended, ..sending.raw(meta.codec, appended) });
        if chunk.len() == CHUNK {
            heads.0[partition as usize] = appender.append(partition, chunk)?.end;
            chunk.clear();
            stop.check()?;
        }
    }
    for (partition, chunk) in (0..).zip(&waiting).filter(|(_, chunk)| !chunk.is_empty()) {
        heads.0[partition as usize] = appender.append(partition, chunk)?.end;
    }
    Ok(heads)
}

/// The live part of one repeat. Its keys are added to those of the history.
pub fn schedule(plan: &Plan, workload: &Workload, repeat: u32, keys: &mut Keys) -> anyhow::Result<Schedule> {
    let shape = plan.live(workload.name, repeat).context("the plan has no events for this workload")?;
    let meta = meta(&plan.log, workload.name, String::new());
    let sendings = inject((workload.generate)(&shape), &plan.faults, shape.seed);
    let due = (shape.first_sequence..).zip(sendings).map(|(turn, sending)| Due {
        intended_us: sending.intended(),
        partition: sending.partition(&meta, turn),
        record: sending.raw(meta.codec, 0),
        key: match &sending {
            Sending::Event(draft) => Some(keys.note(&draft.event)),
            Sending::Poison { .. } => None,
        },
    });
    let (due, until_us) = (due.collect(), (plan.live.seconds * 1e6) as i64);
    Ok(Schedule { due, until_us, faulty: !plan.faults.none() })
}

/// The log as the source would have filled it without faults.
pub fn clean(
    plan: &Plan,
    workload: &Workload,
    repeat: u32,
    history: &History,
    folder: &Path,
    job: &Job<'_>,
) -> anyhow::Result<()> {
    let shape = plan.live(workload.name, repeat).context("the plan has no events for this workload")?;
    FileLog::link(&job.disk, &history.folder, folder)?;
    let now_ms = job.clock.millis();
    let sendings = (workload.generate)(&shape).map(|draft| {
        let (intended, appended) = (draft.intended, now_ms + draft.intended / 1000);
        (Sending::Event(draft), intended, appended)
    });
    let log = FileLog::open(&job.disk, folder)?;
    let mut appender = FileLog::appender(&job.disk, folder, FsyncPolicy::None)?.roll_at(SEGMENT);
    pour((&mut appender, log.heads()?), log.meta(), sendings, &job.stop).map(drop)
}
