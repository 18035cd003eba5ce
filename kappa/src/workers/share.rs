//! One worker's share of the work: its part of every job, the job that answers before the others.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use timely::worker::Worker;
use workloads::intake::{Duplicates, Feed};
use workloads::{Log, Millis, Query, Version};

use crate::error::KappaError;
use crate::flow::engine::{Engine, build};
use crate::flow::names::Homes;
use crate::flow::reading::{Found, Moment};
use crate::flow::source::{Begin, Source, partitions};
use crate::jobs::task::Task;
use crate::options::Degraded;
use crate::snapshot::{Note, Restored, Taking};
use crate::workers::pace::Pace;

/// Offsets read in one turn of work: so few that reads need not wait long, and that what was made of them is carried out
/// while the processor still has it at hand.
const BUDGET: usize = 4 * 1024;

/// Offsets that a job beside the one that answers reads at once.
const SLICE: usize = 256;

/// Reading a record from a log is so many times the work of carrying it out.
const READING: u64 = 1;

/// Turns of the worker that one finished version is given before the caller has its say again.
const TURNS: usize = 8;

/// What a worker needs to know of a job.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Brief {
    pub(crate) number: u32,
    pub(crate) task: Task,
    pub(crate) feed: Feed,
    /// Where it begins to read, unless something is known.
    pub(crate) from: Version,
    /// What is known to begin with. Never told to another process.
    #[serde(skip)]
    pub(crate) known: Option<Arc<Restored>>,
    pub(crate) degraded: Degraded,
    /// See [`crate::Options::forget_late_ms`].
    pub(crate) forget_late_ms: Option<u64>,
}

/// How far one worker has come with one job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Standing {
    pub(crate) job: u32,
    /// Every version before this one is complete here.
    pub(crate) frontier: u64,
    /// Offsets read.
    pub(crate) read: u64,
    /// Records set aside because they could not be decoded.
    pub(crate) dead: u64,
    /// The version it has been given and has not read to its end, with the partition that is missing, how far that was
    /// read and how far it must be.
    pub(crate) missing: Option<(u64, u32, u64, u64)>,
    /// The last version that it read to its end, and the smallest of the newest event times of its partitions there.
    pub(crate) low: Option<(u64, Millis)>,
}

/// A worker with its part of every job.
pub(crate) struct Share {
    worker: Worker,
    log: Arc<dyn Log>,
    /// The one that answers first.
    jobs: Vec<Job>,
    pub(crate) pace: Pace,
}

struct Job {
    number: u32,
    engine: Box<dyn Engine>,
    source: Source,
    assigned: VecDeque<(u64, Version)>,
    /// The version that was assigned last.
    last: Version,
    /// Records that were set aside before it began, where no file says which.
    dead: u64,
    /// Its part in a snapshot.
    taking: Option<Taking>,
    /// The last version that was settled, and what is to be settled in its turns.
    settled: Option<u64>,
    settling: Option<Settling>,
    /// See [`Standing::low`].
    low: Option<(u64, Millis)>,
}

/// See [`Share::settle`].
#[derive(Clone, Copy)]
struct Settling {
    newest: u64,
    oldest: u64,
    earliest: Option<Millis>,
}

impl Share {
    pub(crate) fn new(worker: Worker, log: Arc<dyn Log>) -> Self {
        Share { worker, log, jobs: Vec::new(), pace: Pace::default() }
    }

    /// Takes on a job. Every worker takes on the same ones in the same order.
    pub(crate) fn open(&mut self, brief: &Brief) -> Result<(), KappaError> {
        let Share { worker, log, .. } = self;
        let mut feed = brief.feed.clone();
        if worker.index() > 0 {
            // Each worker counts the lines of its own file.
            let file = |path: PathBuf| path.with_extension(format!("{}.jsonl", worker.index()));
            feed.dead_letters = feed.dead_letters.map(file);
        }
        let (place, degraded) = ((worker.index(), worker.peers()), &brief.degraded);
        let (from, seen) = match &brief.known {
            Some(known) => {
                (&known.version, known.seen(feed.dedup, &partitions(log.meta().partitions, place))?)
            }
            None => (&brief.from, Duplicates::new(feed.dedup)),
        };
        let newest = brief.known.as_ref().map(|known| known.newest()).transpose()?.unwrap_or_default();
        let late = (degraded.lateness_ms, brief.forget_late_ms);
        let last = from.clone();
        let source = Source::open(&**log, place, &feed, Begin { from, seen, newest }, late)?;
        let homes = Homes::of_log(log.meta(), worker.peers());
        let views: Vec<&str> = brief.task.views.iter().map(String::as_str).collect();
        let mut engine = build(&log.meta().workload, worker, &brief.task.terms, &views, homes)?;
        engine.hurry(degraded.dirty_acts);
        if let Some(known) = &brief.known {
            known.parts.iter().try_for_each(|part| engine.take_up(&mut part.blocks()))?;
            engine.restore(known.time);
        }
        let unnoted = brief.known.as_ref().filter(|_| worker.index() == 0 && feed.dead_letters.is_none());
        let (dead, assigned) = (unnoted.map_or(0, |known| known.dead), VecDeque::new());
        let (number, taking, settled) = (brief.number, None, brief.known.as_ref().map(|known| known.time));
        let (settling, low) = (None, None);
        self.jobs.push(Job { number, engine, source, assigned, last, dead, taking, settled, settling, low });
        Ok(())
    }

    /// Drops a job: its inputs end, and what it held is freed with the next turns.
    pub(crate) fn close(&mut self, job: u32) {
        self.jobs.retain(|it| it.number != job);
    }

    /// This job answers from now on.
    pub(crate) fn lead(&mut self, job: u32) {
        self.jobs.sort_by_key(|it| it.number != job);
        self.jobs.first_mut().into_iter().for_each(Job::settle_all);
    }

    /// Takes on a version of a job. They come in their order.
    pub(crate) fn assign(&mut self, job: u32, time: u64, binding: Version) {
        self.job(job).into_iter().for_each(|job| job.assigned.push_back((time, binding.clone())));
    }

    /// Takes part in a snapshot of a job, at the version that is assigned next, and hands in at this desk.
    pub(crate) fn snapshot(&mut self, job: u32, time: u64, desk: SyncSender<Note>) {
        let part = self.worker.index();
        if let Some(job) = self.job(job) {
            job.engine.snapshot(time);
            job.taking = Some(Taking::new(time, part, desk));
        }
    }

    /// From now on `newest` of a job, which is complete, is read most; versions before `oldest` are given up. No record of a
    /// later version has an event time before `earliest`, if that is known. A job that does not answer settles in its turns.
    pub(crate) fn settle(&mut self, job: u32, newest: u64, oldest: u64, earliest: Option<Millis>) {
        let answers = self.jobs.first().is_some_and(|first| first.number == job);
        if let Some(job) = self.job(job) {
            job.settling = Some(Settling { newest, oldest, earliest });
            if answers {
                job.settle_all();
            }
        }
    }

    /// What each query finds here at a complete version of a job; nothing of one that there is not.
    pub(crate) fn rows(&mut self, job: u32, at: Moment, queries: &[Query]) -> Vec<Found> {
        self.job(job).map_or_else(Vec::new, |job| job.engine.rows(at, queries))
    }

    fn job(&mut self, number: u32) -> Option<&mut Job> {
        self.jobs.iter_mut().find(|job| job.number == number)
    }

    /// A bounded amount of work; false when nothing came of it.
    pub(crate) fn work(&mut self) -> Result<bool, KappaError> {
        let Share { worker, jobs, pace, .. } = self;
        let before = reached(jobs);
        let Some((first, beside)) = jobs.split_first_mut() else {
            worker.step();
            return Ok(false);
        };
        let workers = worker.peers();
        let (mut busy, target) = first.pull(BUDGET, workers)?;
        for _ in 0..TURNS {
            worker.step();
            if target.is_none_or(|time| first.engine.frontier() > time) {
                break;
            }
        }
        for job in beside {
            busy |= job.keep_up(worker, pace)?;
        }
        for job in jobs.iter_mut() {
            busy |= job.save();
        }
        Ok(busy || reached(jobs) != before)
    }

    /// Waits until something comes from another worker or somebody wakes this thread.
    pub(crate) fn rest(&mut self, patience: Duration) {
        self.worker.step_or_park(Some(patience));
    }

    /// Whether something is due that nobody wakes it for: a version that it has not read to its end, or a snapshot.
    pub(crate) fn expecting(&self) -> bool {
        self.jobs.iter().any(|job| !job.assigned.is_empty() || job.taking.is_some())
    }

    /// How far it has come with each job.
    pub(crate) fn standings(&self) -> impl Iterator<Item = Standing> + '_ {
        self.jobs.iter().map(Job::standing)
    }
}

/// How many records each worker reads between two versions.
fn reads(from: &Version, to: &Version, workers: usize) -> Vec<u64> {
    let mut reads = vec![0; workers];
    for (partition, (from, to)) in from.0.iter().zip(&to.0).enumerate() {
        reads[partition % workers] += to.saturating_sub(*from);
    }
    reads
}

/// Changes whenever the frontier of some job has moved.
fn reached(jobs: &[Job]) -> u64 {
    jobs.iter().fold(0, |sum, job| sum.wrapping_add(job.engine.frontier()))
}

impl Job {
    /// Reads on in the first version that was assigned. Says whether anything came of it, and which version was read to
    /// its end.
    fn pull(&mut self, budget: usize, workers: usize) -> Result<(bool, Option<u64>), KappaError> {
        let Some((time, binding)) = self.assigned.front() else { return Ok((false, None)) };
        let time = *time;
        self.engine.advance(time);
        self.engine.level(&reads(&self.last, binding, workers), READING);
        let moved = self.source.pull(binding, budget, &mut *self.engine)?;
        if !self.source.reached(binding) {
            return Ok((moved > 0, None));
        }
        self.engine.advance(time + 1);
        self.last = binding.clone();
        self.assigned.pop_front();
        self.low = Some((time, self.source.low()));
        if let Some(taking) = self.taking.as_mut().filter(|taking| taking.time == time) {
            let newest = &self.source.newest();
            taking.seen(self.source.duplicates(), self.dead + self.source.dead(), newest);
        }
        Ok((true, Some(time)))
    }

    /// Works for as long as the turn lasts.
    fn keep_up(&mut self, worker: &mut Worker, pace: &Pace) -> Result<bool, KappaError> {
        let over = pace.turn();
        let mut busy = false;
        loop {
            let settled = self.settle_one();
            let (moved, _) = self.pull(SLICE, worker.peers())?;
            if !moved && !settled {
                return Ok(busy);
            }
            busy = true;
            worker.step();
            if over() {
                return Ok(busy);
            }
        }
    }

    /// Settles one version more, if one is to be.
    fn settle_one(&mut self) -> bool {
        let Some(Settling { newest, oldest, earliest }) = self.settling else { return false };
        let next = self.settled.map_or(0, |settled| settled + 1).min(newest);
        self.engine.settle(next, oldest);
        self.settled = Some(next);
        if next == newest {
            self.settling = None;
            earliest.into_iter().for_each(|earliest| self.engine.forget(earliest));
        }
        true
    }

    fn settle_all(&mut self) {
        while self.settle_one() {}
    }

    /// A little of the snapshot that is being taken; false when nothing came of it.
    fn save(&mut self) -> bool {
        let written = self.taking.as_mut().is_some_and(|taking| taking.turn(&mut *self.engine));
        self.taking.take_if(|taking| taking.is_done());
        written
    }

    fn standing(&self) -> Standing {
        let missing = self.assigned.front().and_then(|(time, binding)| {
            let (partition, read, upto) = self.source.missing(binding)?;
            Some((*time, partition, read, upto))
        });
        let (frontier, read, dead) =
            (self.engine.frontier(), self.source.read(), self.dead + self.source.dead());
        Standing { job: self.number, frontier, read, dead, missing, low: self.low }
    }
}
