//! Somebody's own log as a contest's events: its first part is the history, the rest is sent again live.

use std::path::{Path, PathBuf};

use anyhow::ensure;
use workloads::files::SharedDisk;
use workloads::log::file::{FileLog, FsyncPolicy};
use workloads::log::{LogReader, Meta, RawRecord};
use workloads::{Appender, Event, Log, Version};

use super::keys::Keys;
use super::source::{Due, History, SEGMENT, Schedule};
use super::tempo::Tempo;
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

/// Seconds of a live part below which nothing can be read while it lasts.
const SHORTEST: f64 = 0.05;

/// Seconds of a live part below which so little is read that whoever asked for it is told.
const SHORT: f64 = 1.0;

impl Pace {
    /// What goes along with the events; at a rate it is not asked.
    fn tempo(self) -> Tempo {
        let (Pace::Rate(number) | Pace::Speed(number)) = self;
        Tempo::new(number)
    }
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
    /// How long the live part takes.
    seconds: f64,
    /// What was done with the log, in a sentence.
    about: String,
    /// The command that does it again.
    again: String,
}

impl Replay {
    /// Looks at a log. The live part is what fills the plan's seconds, and half of the log at most. Without a pace it is
    /// the plan's rate, or the lower one at which half of a small log takes the plan's seconds.
    pub fn open(
        disk: &SharedDisk,
        (folder, name): (&Path, &str),
        asked: Option<Pace>,
        plan: &Plan,
    ) -> anyhow::Result<Self> {
        let log = FileLog::open(disk, folder)?;
        let total = log.heads()?.total();
        ensure!(total > 1, "{} holds {total} records: at least 2 are needed", folder.display());
        let most = (total / 2) as f64 / plan.live.seconds;
        let pace = asked.unwrap_or(Pace::Rate(plan.live.rate.min(most)));
        let (Pace::Rate(number) | Pace::Speed(number)) = pace;
        ensure!(number > 0.0 && number.is_finite(), "--rate and --speed must be above 0");
        let due = match pace {
            Pace::Rate(_) => Vec::new(),
            Pace::Speed(speed) => due(&log, speed)?,
        };
        let live = match pace {
            Pace::Rate(rate) => (rate * plan.live.seconds).round() as u64,
            Pace::Speed(_) => last(&due, plan.live.seconds * 1e6),
        };
        let live = live.clamp(1, total / 2);
        let history = total - live;
        let seconds = match pace {
            Pace::Rate(rate) => live as f64 / rate,
            Pace::Speed(_) => (due[due.len() - 1] - due[history as usize]) / 1e6,
        };
        ensure!(
            seconds >= SHORTEST || matches!(pace, Pace::Rate(_)),
            "at this --speed the last {live} events are sent within {:.0} ms: choose a lower one, or --rate",
            seconds * 1000.0
        );
        let (folder, meta) = (folder.to_path_buf(), log.meta().clone());
        let (about, again) = (String::new(), again(plan, name, asked));
        let mut replay = Replay { folder, meta, pace, history, total, seconds, about, again };
        replay.about = replay.told(name, asked.is_some(), plan.live.rate);
        Ok(replay)
    }

    /// What is done with the log, in a sentence.
    fn told(&self, name: &str, asked: bool, usual: f64) -> String {
        let (live, seconds) = (self.live(), self.seconds);
        let pace = match self.pace {
            Pace::Speed(speed) => format!("at {speed} times the speed at which it happened"),
            Pace::Rate(rate) if asked => format!("at {rate} events a second, as asked for"),
            Pace::Rate(rate) if rate < usual => {
                format!(
                    "at {rate:.1} events a second and not at the plan's {usual}, so that there is something to read"
                )
            }
            Pace::Rate(rate) => format!("at the plan's {rate} events a second"),
        };
        let history = self.history;
        let short = if seconds < SHORT {
            " Few reads fall into so short a live part: a lower --rate or --speed makes it longer."
        } else {
            ""
        };
        format!(
            "{name} sent again: its first {history} events as history, the last {live} live over {seconds:.2} s {pace}.{short}"
        )
    }

    /// The same, for whoever reads of the run.
    pub fn about(&self) -> &str {
        &self.about
    }

    /// The command that does it again.
    pub fn again(&self) -> &str {
        &self.again
    }

    /// The plan's contests on this log alone, with what stands in the log itself.
    pub fn plan(&self, plan: &Plan) -> anyhow::Result<Plan> {
        let mut plan = Plan { about: self.about.clone(), ..plan.clone() };
        plan.contests.retain(|contest| contest.workload == self.meta.workload);
        ensure!(!plan.contests.is_empty(), "plan {} has no contest for {}", plan.name, self.meta.workload);
        plan.faults = workloads::faults::SourceFaults::default();
        (plan.log.codec, plan.log.partitions) = (self.meta.codec, self.meta.partitions);
        plan.log.partition_by = self.meta.partition_by;
        plan.live.history = self.history;
        plan.live.seconds = self.seconds;
        plan.live.rate = match self.pace {
            Pace::Rate(rate) => rate,
            Pace::Speed(_) => self.live() as f64 / self.seconds,
        };
        Ok(plan)
    }

    /// Records that are sent live.
    pub fn live(&self) -> u64 {
        self.total - self.history
    }

    /// How long they take, in seconds.
    pub fn seconds(&self) -> f64 {
        self.seconds
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
        let (mut tempo, mut start) = (self.pace.tempo(), None);
        for number in 0..self.total {
            let Some((partition, record, event)) = merge.next()? else { break };
            let key = event.as_ref().map(|event| keys.note(event));
            let moment = tempo.next(event.as_ref().map(Event::time));
            if number < self.history {
                let chunk = &mut waiting[partition as usize];
                chunk.push(RawRecord { intended: -1, ..record });
                if chunk.len() == CHUNK {
                    heads.0[partition as usize] = appender.append(partition, chunk)?.end;
                    chunk.clear();
                }
                continue;
            }
            let intended_us = match self.pace {
                Pace::Rate(rate) => (due.len() as f64 * 1e6 / rate) as i64,
                Pace::Speed(_) => (moment - *start.get_or_insert(moment)) as i64,
            };
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
        // The last event of a few is due long before its second is over.
        let until_us = due.last().map_or(0, |due: &Due| due.intended_us + 1).max((self.seconds * 1e6) as i64);
        let schedule = Schedule { due, until_us, faulty: false };
        Ok((History { folder: folder.to_path_buf(), keys, heads }, schedule))
    }
}

/// The command over a plan and a log.
fn again(plan: &Plan, log: &str, pace: Option<Pace>) -> String {
    let pace = match pace {
        Some(Pace::Rate(rate)) => format!(" --rate {rate}"),
        Some(Pace::Speed(speed)) => format!(" --speed {speed}"),
        None => String::new(),
    };
    // Settings in an address are the shell's business without them.
    let quote = if log.contains('?') { "'" } else { "" };
    format!("wb compare {} --log {quote}{log}{quote}{pace}", plan.name)
}

/// When each record of a log is due at a speed, in microseconds since the first.
fn due(log: &FileLog, speed: f64) -> anyhow::Result<Vec<f64>> {
    let (mut merge, mut tempo) = (Merge::open(log)?, Tempo::new(speed));
    let (mut due, mut readable) = (Vec::new(), false);
    while let Some((_, _, event)) = merge.next()? {
        readable |= event.is_some();
        due.push(tempo.next(event.as_ref().map(Event::time)));
    }
    ensure!(readable, "the log holds no event that can be read");
    Ok(due)
}

/// How many records are due within the last microseconds.
fn last(due: &[f64], micros: f64) -> u64 {
    let from = due.last().map_or(0.0, |end| end - micros);
    (due.len() - due.partition_point(|at| *at < from)) as u64
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
        self.reader.read(u64::MAX, CHUNK, &mut records)?;
        self.ahead.extend(records.into_iter().map(|record| {
            let event = meta.codec.decode(&meta.workload, &record.key, &record.value, record.appended);
            (record, event.ok())
        }));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use workloads::files::RealDisk;
    use workloads::{OrderEvent, OrderKind};

    use super::*;

    /// A log of one event a millisecond, but for those of which `time` says otherwise.
    fn log(folder: &Path, count: u64, time: impl Fn(u64) -> i64) -> SharedDisk {
        let disk: SharedDisk = Arc::new(RealDisk);
        let plan = Plan::load("short").unwrap();
        let meta = super::super::source::meta(&plan.log, "orders", "by hand".into());
        FileLog::create(&disk, folder, &meta).unwrap();
        let mut appender = FileLog::appender(&disk, folder, FsyncPolicy::None).unwrap();
        for number in 0..count {
            let (kind, customer) = (OrderKind::Placed, format!("c{}", number % 7).as_str().into());
            let event =
                Event::Order(OrderEvent { kind, customer, order: number, amount: 1, time: time(number) });
            let mut value = Vec::new();
            meta.codec.encode(&event, &mut value);
            let (key, value) = (event.key().as_bytes().to_vec().into(), value.into());
            let appended = number as i64;
            let record = RawRecord { offset: 0, origin: None, intended: 0, appended, key, value };
            appender.append((number % 2) as u32, &[record]).unwrap();
        }
        disk
    }

    fn sent(count: u64, speed: f64, time: impl Fn(u64) -> i64) -> (f64, u64, Vec<i64>) {
        let folder = tempfile::tempdir().unwrap();
        let disk = log(&folder.path().join("log"), count, time);
        let plan = Plan::load("short").unwrap();
        let replay =
            Replay::open(&disk, (&folder.path().join("log"), "my.log"), Some(Pace::Speed(speed)), &plan)
                .unwrap();
        let (_, schedule) = replay.split(&disk, &folder.path().join("history")).unwrap();
        let due: Vec<i64> = schedule.due.iter().map(|due| due.intended_us).collect();
        assert_eq!(due.len() as u64, replay.live());
        assert!(due.is_sorted() && due[0] == 0);
        assert!((due[due.len() - 1] as f64 - replay.seconds() * 1e6).abs() <= 1.0, "as long as expected");
        (replay.plan(&plan).unwrap().live.seconds, replay.live(), due)
    }

    #[test]
    fn the_live_part_is_what_fills_the_seconds_of_the_plan() {
        let (seconds, live, due) = sent(4_000, 1.0, |number| number as i64);
        assert_eq!((live, due[1]), (1_001, 1_000));
        assert!((seconds - 1.0).abs() < 1e-9, "{seconds}");
    }

    #[test]
    fn times_out_of_order_and_far_ahead_neither_stretch_nor_stop_it() {
        let year = 31_536_000_000;
        let time = |number: u64| match number % 500 {
            17 => 0,
            // Years ahead, each a little further.
            123 => year * (1 + number as i64 / 500),
            _ => number as i64,
        };
        let (seconds, live, _) = sent(4_000, 1.0, time);
        assert!(live <= 2_000 && (0.05..=2.0).contains(&seconds), "{live} events in {seconds} s");
    }

    #[test]
    fn a_small_log_is_sent_so_slowly_that_it_can_be_read_meanwhile() {
        let folder = tempfile::tempdir().unwrap();
        let disk = log(&folder.path().join("log"), 101, |number| number as i64);
        let plan = Plan::load("short").unwrap();
        let open = |pace| Replay::open(&disk, (&folder.path().join("log"), "my.log"), pace, &plan).unwrap();
        let replay = open(None);
        assert_eq!((replay.live(), replay.seconds()), (50, plan.live.seconds));
        assert_eq!(replay.plan(&plan).unwrap().live.rate, 50.0 / plan.live.seconds);
        let (_, schedule) = replay.split(&disk, &folder.path().join("history")).unwrap();
        assert_eq!(schedule.until_us, (plan.live.seconds * 1e6) as i64);
        assert!(replay.about().contains("and not at the plan's 20000"), "{}", replay.about());
        assert!(replay.again().ends_with("log"), "{}", replay.again());
        let hurried = open(Some(Pace::Rate(20_000.0)));
        assert!(hurried.about().ends_with("makes it longer."), "{}", hurried.about());
        assert!(hurried.again().ends_with("log --rate 20000"), "{}", hurried.again());
    }

    #[test]
    fn events_of_one_moment_are_refused_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let disk = log(folder.path(), 100, |_| 7);
        let plan = Plan::load("short").unwrap();
        let error =
            Replay::open(&disk, (folder.path(), "my.log"), Some(Pace::Speed(1.0)), &plan).unwrap_err();
        assert!(error.to_string().contains("choose a lower one, or --rate"), "{error}");
    }
}
