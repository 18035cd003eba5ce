//! Follows a log: binds versions, has them worked on, and answers at the newest that is complete.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use workloads::files::SharedDisk;
use workloads::intake::Feed;
use workloads::{Answer, Log, Micros, Query, Terms, Version};

use crate::binder::Binder;
use crate::bindings::Bindings;
use crate::crew::{Blueprint, Crew};
use crate::engine::gather;
use crate::error::KappaError;
use crate::options::Options;
use crate::window::Window;

/// Versions worked on at the same time: enough that no worker waits for another, few enough to bound memory.
const IN_FLIGHT: usize = 3;

/// Everything a [`Kappa`] is told.
#[derive(Clone, Debug, PartialEq)]
pub struct KappaConfig {
    /// What must be agreed on.
    pub terms: Terms,
    /// How it is fed.
    pub feed: Feed,
    /// Folder for the file of bindings; they are kept in memory alone when absent.
    pub state: Option<PathBuf>,
    /// Worker threads; 1 works in the caller's thread, so that a stepped run is repeatable.
    pub workers: u32,
    /// Records a version spans at most.
    pub granularity: u64,
    /// Milliseconds between two versions; 0 binds whatever is there.
    pub version_ms: u64,
    /// Whether idle workers spin or park.
    pub spin: bool,
    /// What else can be chosen.
    pub options: Options,
}

/// One dataflow over a log, read at complete versions.
pub struct Kappa {
    log: Arc<dyn Log>,
    crew: Crew,
    views: &'static [workloads::View],
    binder: Binder,
    bindings: Option<Bindings>,
    /// Follows the log no further than this.
    limit: Option<Version>,
    /// Number of the next version that will be bound.
    next: u64,
    bound: VecDeque<(u64, Version)>,
    in_flight: VecDeque<(u64, Version)>,
    window: Window,
}

impl Kappa {
    /// Starts at the beginning of the log. Versions that were bound before are met again, several of them at a time.
    pub fn start(log: Arc<dyn Log>, disk: &SharedDisk, config: &KappaConfig) -> Result<Self, KappaError> {
        let heads = log.heads()?;
        let (bindings, recorded) = match &config.state {
            Some(state) => {
                Bindings::open(disk, state, &heads).map(|(file, recorded)| (Some(file), recorded))?
            }
            None => (None, Vec::new()),
        };
        let mut kappa = Kappa::new(log, config)?;
        kappa.bindings = bindings;
        kappa.next = recorded.len() as u64;
        let end = recorded.last().cloned().unwrap_or_else(|| Version::zero(heads.0.len() as u32));
        kappa.binder = Binder::new(end, config.granularity, config.version_ms);
        kappa.bound = coarser(recorded, config.granularity);
        Ok(kappa)
    }

    /// A Kappa that has followed the log to exactly `version` and stays there.
    pub fn at(log: Arc<dyn Log>, terms: &Terms, version: &Version) -> Result<Self, KappaError> {
        let heads = log.heads()?;
        if !heads.covers(version) {
            return Err(KappaError::PastHead { asked: version.clone(), heads });
        }
        let feed = Feed { dedup: terms.dedup, ..Feed::default() };
        let config = KappaConfig {
            terms: terms.clone(),
            feed,
            state: None,
            workers: 1,
            granularity: 100_000,
            version_ms: 0,
            spin: false,
            options: Options { window_ms: 0, ..Options::default() },
        };
        let mut kappa = Kappa::new(log, &config)?;
        kappa.limit = Some(version.clone());
        while kappa.step(0)? {}
        Ok(kappa)
    }

    fn new(log: Arc<dyn Log>, config: &KappaConfig) -> Result<Self, KappaError> {
        let meta = log.meta();
        let empty = Version::zero(meta.partitions);
        let unknown = || KappaError::UnknownWorkload(meta.workload.clone());
        let views = workloads::workload(&meta.workload).ok_or_else(unknown)?.views;
        if config.granularity == 0 {
            return Err(KappaError::Nothing);
        }
        let blueprint = Blueprint {
            log: Arc::clone(&log),
            workload: meta.workload.clone(),
            terms: config.terms.clone(),
            feed: config.feed.clone(),
        };
        Ok(Kappa {
            crew: Crew::start(blueprint, config.workers)?,
            log,
            views,
            binder: Binder::new(empty.clone(), config.granularity, config.version_ms),
            bindings: None,
            limit: None,
            next: 0,
            bound: VecDeque::new(),
            in_flight: VecDeque::new(),
            window: Window::new(&config.options, None, empty),
        })
    }

    /// Does a bounded amount of work; false when there was nothing to do.
    pub fn step(&mut self, now: Micros) -> Result<bool, KappaError> {
        let bound = self.bind(now)?;
        while self.in_flight.len() < IN_FLIGHT {
            let Some((time, binding)) = self.bound.pop_front() else { break };
            self.crew.assign(time, &binding)?;
            self.in_flight.push_back((time, binding));
        }
        let worked = self.crew.work(!self.in_flight.is_empty())?;
        Ok(self.settle(now)? || worked || bound || !self.in_flight.is_empty())
    }

    /// Answers every query at the newest complete version.
    pub fn read(&mut self, queries: &[Query]) -> Result<Answer, KappaError> {
        let newest = self.window.newest();
        self.answer(newest.time, newest.version.clone(), queries)
    }

    /// Answers every query at a version of [`Kappa::window`].
    pub fn read_at(&mut self, version: &Version, queries: &[Query]) -> Result<Answer, KappaError> {
        let Some(found) = self.window.find(version) else {
            let (oldest, newest) = self.window();
            return Err(KappaError::NotReadable { asked: version.clone(), oldest, newest });
        };
        self.answer(found.time, version.clone(), queries)
    }

    fn answer(
        &mut self,
        time: Option<u64>,
        version: Version,
        queries: &[Query],
    ) -> Result<Answer, KappaError> {
        let unknown = |query: &&Query| self.views.iter().all(|view| view.name != query.view);
        if let Some(query) = queries.iter().find(unknown) {
            let workload = self.log.meta().workload.clone();
            return Err(KappaError::UnknownView { workload, view: query.view.clone() });
        }
        let rows = match time {
            Some(time) => gather(&self.log.meta().workload, queries, self.crew.rows(time, queries)?),
            None => vec![workloads::Rows::new(); queries.len()],
        };
        Ok(Answer { version: Some(version), rows })
    }

    /// The newest complete version; at first that of the empty log.
    pub fn version(&self) -> Option<Version> {
        Some(self.window.newest().version.clone())
    }

    /// The oldest version that can be read, and the newest. In between are all that were bound.
    pub fn window(&self) -> (Version, Version) {
        (self.window.oldest().version.clone(), self.window.newest().version.clone())
    }

    /// How long nothing new is begun, in microseconds, unless a whole version comes at once.
    pub fn rest(&self, now: Micros) -> Micros {
        let idle = self.bound.is_empty() && self.in_flight.is_empty();
        if idle { self.binder.rest(now) } else { 0 }
    }

    /// Records set aside because they could not be decoded.
    pub fn dead(&self) -> u64 {
        self.crew.dead()
    }

    /// Binds what is due. The bindings are written before anybody works on them.
    fn bind(&mut self, now: Micros) -> Result<bool, KappaError> {
        if !self.bound.is_empty() {
            return Ok(false);
        }
        let heads = match &self.limit {
            Some(limit) => limit.clone(),
            None => self.log.heads()?,
        };
        let versions = self.binder.bind(&*self.log, &heads, now)?;
        if let Some(bindings) = &mut self.bindings
            && !versions.is_empty()
        {
            bindings.append(&versions)?;
        }
        let first = self.next;
        self.next += versions.len() as u64;
        self.bound = (first..).zip(versions).collect();
        Ok(self.next > first)
    }

    /// Moves the window up to what has become complete, and gives up what is too old.
    fn settle(&mut self, now: Micros) -> Result<bool, KappaError> {
        let frontier = self.crew.frontier();
        let mut newest = None;
        while let Some((time, version)) = self.in_flight.pop_front_if(|(time, _)| *time < frontier) {
            self.window.push(time, version, now);
            newest = Some(time);
        }
        let Some(newest) = newest else { return Ok(false) };
        let oldest = self.window.trim(now);
        self.crew.settle(newest, oldest)?;
        Ok(true)
    }
}

/// Recorded versions, with only so many of them kept that each spans about `granularity` records: a replay need not
/// show them all, but shows no others.
fn coarser(recorded: Vec<Version>, granularity: u64) -> VecDeque<(u64, Version)> {
    let mut kept = VecDeque::new();
    let mut reached = 0;
    let ends: Vec<u64> = recorded.iter().map(Version::total).collect();
    for (time, version) in recorded.into_iter().enumerate() {
        let full = ends.get(time + 1).is_none_or(|next| next - reached > granularity);
        if full {
            reached = ends[time];
            kept.push_back((time as u64, version));
        }
    }
    kept
}
