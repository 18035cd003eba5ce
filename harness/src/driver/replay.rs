//! Somebody's own log as a contest's events: its first part is the history, the rest is sent again live.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use workloads::files::SharedDisk;
use workloads::log::file::{FileLog, FsyncPolicy};
use workloads::log::{LogReader, Meta, RawRecord};
use workloads::{Appender, Event, Log, Version};

use super::keys::Keys;
use super::source::{Due, History, SEGMENT, Schedule};
use crate::plan::Plan;

/// Records read or appended at once.
const CHUNK: usize = 4096;

/// How fast a log is sent again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// So many events a second.
    Rate(f64),
    /// So many seconds of event time in one second.
    Speed(f64),
}

/// A log to be sent again.
#[derive(Clone, Debug)]
pub struct Replay {
    folder: PathBuf,
    meta: Meta,
    pace: Pace,
    /// Records that are history.
    history: u64,
    /// Records in all.
    total: u64,
}

impl Replay {
    /// Looks at a log. The live part is what fills the plan's seconds, and half of the log at most.
    pub fn open(disk: &SharedDisk, folder: &Path, pace: Pace, plan: &Plan) -> anyhow::Result<Self> {
        let (Pace::Rate(number) | Pace::Speed(number)) = pace;
        ensure!(number > 0.0, "--rate and --speed must be above 0");
        let log = FileLog::open(disk, folder)?;
        let total = log.heads()?.total();
        ensure!(total > 1, "{} holds {total} records: at least 2 are needed", folder.display());
        let live = match pace {
            Pace::Rate(rate) => (rate * plan.live.seconds) as u64,
            Pace::Speed(speed) => newest(&log, (speed * plan.live.seconds * 1000.0) as i64)?,
        };
        let history = total - live.clamp(1, total / 2);
        Ok(Replay { folder: folder.to_path_buf(), meta: log.meta().clone(), pace, history, total })
    }

    /// The plan's contests on this log alone, with what stands in the log itself.
    pub fn plan(&self, plan: &Plan) -> anyhow::Result<Plan> {
        let mut plan = plan.clone();
        plan.contests.retain(|contest| contest.workload == self.meta.workload);
        ensure!(!plan.contests.is_empty(), "plan {} has no contest for {}", plan.name, self.meta.workload);
        plan.faults = workloads::faults::SourceFaults::default();
        (plan.log.codec, plan.log.partitions) = (self.meta.codec, self.meta.partitions);
        plan.log.partition_by = self.meta.partition_by;
        plan.live.history = self.history;
        if let Pace::Rate(rate) = self.pace {
            plan.live.rate = rate;
        } else {
            plan.live.rate = (self.total - self.history) as f64 / plan.live.seconds;
        }
        Ok(plan)
    }

    /// Writes the history into a new log, and gives back what is to be sent after it.
    pub fn split(&self, disk: &SharedDisk, folder: &Path) -> anyhow::Result<(History, Schedule)> {
        let meta =
            Meta { made_by: format!("{}, its first part", self.folder.display()), ..self.meta.clone() };
        FileLog::create(disk, folder, &meta)?;
        let mut appender = FileLog::appender(disk, folder, FsyncPolicy::None)?.roll_at(SEGMENT);
        let (mut keys, mut heads) = (Keys::default(), Version::zero(meta.partitions));
        let mut waiting: Vec<Vec<RawRecord>> = vec![Vec::new(); meta.partitions as usize];
        let mut due = Vec::new();
        let mut merge = Merge::open(&FileLog::open(disk, &self.folder)?)?;
        let mut first = None;
        for number in 0..self.total {
            let Some((partition, record, event)) = merge.next()? else { break };
            let key = event.as_ref().map(|event| keys.note(event));
            if number < self.history {
                let chunk = &mut waiting[partition as usize];
                chunk.push(RawRecord { intended: -1, ..record });
                if chunk.len() == CHUNK {
                    heads.0[partition as usize] = appender.append(partition, chunk)?.end;
                    chunk.clear();
                }
                continue;
            }
            let time = event.as_ref().map(Event::time);
            let start = *first.get_or_insert(time.unwrap_or(0));
            let earliest = due.last().map_or(0, |due: &Due| due.intended_us);
            let intended_us = match self.pace {
                Pace::Rate(rate) => (due.len() as f64 * 1e6 / rate) as i64,
                Pace::Speed(speed) => {
                    time.map_or(earliest, |time| ((time - start) as f64 * 1000.0 / speed) as i64)
                }
            };
            // Times that step back are sent with their predecessor.
            let intended_us = intended_us.max(earliest);
            due.push(Due {
                intended_us,
                partition,
                record: RawRecord { intended: intended_us, ..record },
                key,
            });
        }
        for (partition, chunk) in (0..).zip(&waiting).filter(|(_, chunk)| !chunk.is_empty()) {
            heads.0[partition as usize] = appender.append(partition, chunk)?.end;
        }
        let until_us = due.last().map_or(0, |due| due.intended_us + 1);
        let schedule = Schedule { due, until_us, faulty: false };
        Ok((History { folder: folder.to_path_buf(), keys, heads }, schedule))
    }
}

/// How many events happened within the last `millis` of a log.
fn newest(log: &FileLog, millis: i64) -> anyhow::Result<u64> {
    let (mut merge, mut times) = (Merge::open(log)?, Vec::new());
    while let Some((_, _, event)) = merge.next()? {
        times.extend(event.as_ref().map(Event::time));
    }
    let last = times.iter().copied().max().context("the log holds no event that can be read")?;
    Ok(times.iter().filter(|time| last - **time <= millis).count() as u64)
}

/// The records of all partitions in one sequence: by the time they were appended, then by their own.
struct Merge {
    meta: Meta,
    lanes: Vec<Lane>,
}

struct Lane {
    reader: Box<dyn LogReader>,
    ahead: std::collections::VecDeque<(RawRecord, Option<Event>)>,
}

impl Merge {
    fn open(log: &FileLog) -> anyhow::Result<Self> {
        let meta = log.meta().clone();
        let lane = |partition| {
            let reader = log.reader(partition, 0)?;
            Ok(Lane { reader, ahead: std::collections::VecDeque::new() })
        };
        Ok(Merge { lanes: (0..meta.partitions).map(lane).collect::<anyhow::Result<_>>()?, meta })
    }

    fn next(&mut self) -> anyhow::Result<Option<(u32, RawRecord, Option<Event>)>> {
        let mut best: Option<(u32, (i64, i64))> = None;
        for (partition, lane) in (0..).zip(&mut self.lanes) {
            if lane.ahead.is_empty() {
                lane.fill(&self.meta)?;
            }
            let Some((record, event)) = lane.ahead.front() else { continue };
            let place = (record.appended, event.as_ref().map_or(i64::MIN, Event::time));
            if best.is_none_or(|(_, other)| place < other) {
                best = Some((partition, place));
            }
        }
        let Some((partition, _)) = best else { return Ok(None) };
        let next = self.lanes[partition as usize].ahead.pop_front();
        Ok(next.map(|(record, event)| (partition, record, event)))
    }
}

impl Lane {
    fn fill(&mut self, meta: &Meta) -> anyhow::Result<()> {
        let mut records = Vec::new();
        self.reader.read(CHUNK, &mut records)?;
        self.ahead.extend(records.into_iter().map(|record| {
            let event = meta.codec.decode(&meta.workload, &record.key, &record.value, record.appended);
            (record, event.ok())
        }));
        Ok(())
    }
}
