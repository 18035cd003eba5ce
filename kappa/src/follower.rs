//! Follows a log: binds versions, and has them worked on.

use std::path::PathBuf;
use std::sync::Arc;

use workloads::files::SharedDisk;
use workloads::intake::Feed;
use workloads::{Log, Micros, Terms, Version};

use crate::error::KappaError;
use crate::jobs::replace::Replacement;
use crate::jobs::task::{Numbered, Task, TaskFile, Tasks};
use crate::options::Options;
use crate::sink::Sink;
use crate::sink::supply::Supply;
use crate::snapshot::{Question, Restored, Saver};
use crate::versions::binder::Binder;
use crate::versions::bindings::{self, Bindings};
use crate::versions::course::Course;
use crate::versions::lows::Lows;
use crate::versions::window::Window;
use crate::views::REVISION;
use crate::workers::crew::Crew;
use crate::workers::pace::{Pace, Ticks};
use crate::workers::share::Brief;
use crate::workers::watch::Watch;

/// Microseconds between two looks at a log in which nothing happens, at first and at last: more often would cost a parked
/// worker more of a core than its work.
const LOOK: (Micros, Micros) = (500, 2_000);

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

/// One dataflow over a log, read at complete versions; and while it is being replaced, another.
pub struct Kappa {
    pub(crate) log: Arc<dyn Log>,
    pub(crate) crew: Crew,
    pub(crate) views: &'static [workloads::View],
    pub(crate) config: KappaConfig,
    binder: Binder,
    bindings: Option<Bindings>,
    /// Follows the log no further than this.
    limit: Option<Version>,
    /// The job that answers.
    pub(crate) course: Course,
    pub(crate) beside: Option<Replacement>,
    pub(crate) tasks: Tasks,
    pub(crate) task_file: Option<TaskFile>,
    watch: Watch,
    /// After the crew, which hands in to it.
    saver: Option<Saver>,
    /// The store that it feeds.
    pub(crate) supply: Option<Supply>,
    trouble: Option<String>,
}

impl Kappa {
    /// Starts with the newest snapshot, or else at the beginning of the log. Versions that were bound before are met
    /// again, several of them at a time. A replacement that was under way is begun again; what was kept until a switch is confirmed is made again.
    pub fn start(log: Arc<dyn Log>, disk: &SharedDisk, config: &KappaConfig) -> Result<Self, KappaError> {
        Kappa::begin_with(log, disk, config, None)
    }

    /// The same, and feeds a store with what every complete version changes.
    pub fn feeding(
        log: Arc<dyn Log>,
        disk: &SharedDisk,
        config: &KappaConfig,
        sink: Box<dyn Sink>,
    ) -> Result<Self, KappaError> {
        if config.options.degraded.any() {
            return Err(KappaError::Sink("what has no label cannot be kept under one".to_owned()));
        }
        Kappa::begin_with(log, disk, config, Some(sink))
    }

    fn begin_with(
        log: Arc<dyn Log>,
        disk: &SharedDisk,
        config: &KappaConfig,
        sink: Option<Box<dyn Sink>>,
    ) -> Result<Self, KappaError> {
        let heads = log.heads()?;
        let task = Task { terms: config.terms.clone(), views: config.options.views.clone() };
        known(&log.meta().workload, &task)?;
        let (bindings, recorded, cut, file, tasks) = match &config.state {
            Some(state) => {
                let (file, recorded, cut) = Bindings::open(disk, state, &heads, config.feed.fsync)?;
                let (task_file, tasks) = TaskFile::open(disk, state, &task)?;
                (Some(file), recorded, cut, Some(task_file), tasks)
            }
            None => (None, Vec::new(), None, None, None),
        };
        let crew = if config.options.processes > 1 {
            Crew::gather(&log, disk, config)?
        } else {
            Crew::start(Arc::clone(&log), config.workers, config.spin)?
        };
        let tasks = tasks.unwrap_or_else(|| Tasks::first(task));
        let empty = Version::zero(heads.0.len() as u32);
        let degraded = &config.options.degraded;
        // What a Kappa holds that does something worse is what the log says up to nowhere.
        let saver = config.state.as_ref().filter(|_| !degraded.any()).map(|state| {
            // A run that does not depend on time is to be repeatable.
            let thread = config.version_ms > 0;
            Saver::new(disk, state, bindings::file(state), config, thread)
        });
        let mut kappa = if degraded.no_replay && !recorded.is_empty() {
            Kappa::new(log, config, crew, tasks, heads, None)?
        } else {
            let question = question_of(&*log, config, &tasks.answers);
            let supply = sink.map(|sink| Supply::begin(sink, &*log, &question, &recorded)).transpose()?;
            let (supply, useless) = supply.unzip();
            let found = saver.as_ref().map(|saver| saver.newest(&*log, &question, &recorded)).transpose()?;
            let (known, passed) = found.unwrap_or_default();
            let mut kappa = Kappa::new(log, config, crew, tasks, empty.clone(), known.map(Arc::new))?;
            let passed: Vec<String> = cut.into_iter().chain(passed).chain(useless.flatten()).collect();
            kappa.trouble = (!passed.is_empty()).then(|| passed.join("; "));
            let end = recorded.last().cloned().unwrap_or(empty);
            kappa.binder = Binder::new(end, config.granularity, config.version_ms);
            let begin = kappa.course.version().clone();
            let held = supply.as_ref().and_then(Supply::before).cloned();
            kappa.course.take_on(coarser(recorded, &begin, config.granularity, held.as_ref()));
            kappa.supply = supply;
            kappa.supply.iter_mut().for_each(|supply| supply.meet(&mut kappa.course));
            kappa
        };
        (kappa.bindings, kappa.task_file, kappa.saver) = (bindings, file, saver);
        if let Some((job, then)) = kappa.tasks.beside.clone() {
            kappa.begin(job, then)?;
        }
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
        let task = Task { terms: terms.clone(), views: Vec::new() };
        let crew = Crew::start(Arc::clone(&log), 1, false)?;
        let empty = Version::zero(heads.0.len() as u32);
        let mut kappa = Kappa::new(log, &config, crew, Tasks::first(task), empty, None)?;
        kappa.limit = Some(version.clone());
        while kappa.step(0)? {}
        Ok(kappa)
    }

    /// With what is known, or with nothing read yet and nothing to be read before `from`.
    fn new(
        log: Arc<dyn Log>,
        config: &KappaConfig,
        crew: Crew,
        tasks: Tasks,
        from: Version,
        known: Option<Arc<Restored>>,
    ) -> Result<Self, KappaError> {
        let meta = log.meta();
        let unknown = || KappaError::UnknownWorkload(meta.workload.clone());
        let views = workloads::workload(&meta.workload).ok_or_else(unknown)?.views;
        if config.granularity == 0 {
            return Err(KappaError::Nothing);
        }
        let begin = known.as_ref().map(|known| (known.time, known.version.clone())).unzip();
        let window = Window::new(&config.options, begin.0, begin.1.unwrap_or_else(|| from.clone()));
        let mut kappa = Kappa {
            crew,
            log,
            views,
            config: config.clone(),
            binder: Binder::new(from.clone(), config.granularity, config.version_ms),
            bindings: None,
            limit: None,
            course: Course::new(tasks.answers.clone(), window, Lows::new(config.options.forget_late_ms)),
            beside: None,
            tasks,
            task_file: None,
            watch: Watch::new(config.options.stall_ms),
            saver: None,
            supply: None,
            trouble: None,
        };
        kappa.clock(None)?;
        kappa.crew.open(&brief(config, &kappa.tasks.answers, from, known))?;
        Ok(kappa)
    }

    /// A clock by which a replacement keeps to its share of the time; without one it goes by offsets alone.
    pub fn clock(&mut self, ticks: Option<Ticks>) -> Result<(), KappaError> {
        self.crew.pace(&Pace::new(ticks, self.config.options.replace_us))
    }

    /// A job that begins at `from`.
    pub(crate) fn brief(&self, job: &Numbered, from: Version) -> Brief {
        brief(&self.config, job, from, None)
    }

    /// Does a bounded amount of work; false when there was nothing to do.
    pub fn step(&mut self, now: Micros) -> Result<bool, KappaError> {
        let bound = self.bind(now)?;
        self.hand_out(now)?;
        if let Some(beside) = &mut self.beside {
            beside.catch_up(&*self.log, self.course.last(), now)?;
            beside.agree(&mut self.course);
            beside.course.hand_out(&mut self.crew, |_, _, _| Ok(()))?;
        }
        let in_flight = self.courses().any(Course::in_flight);
        let worked = self.crew.work(in_flight, self.course.waiting() > 0)?;
        let mut settled = self.course.settle(&mut self.crew, now)?;
        if let Some(beside) = &mut self.beside {
            settled |= beside.course.settle(&mut self.crew, now)?;
        }
        let switched = self.change_over()?;
        let supplied = self.supply(now)?;
        let beside = self.beside.iter().map(|beside| &beside.course);
        self.watch.look(now, &self.crew, std::iter::once(&self.course).chain(beside))?;
        let saving = self.save();
        Ok(settled || switched || supplied || worked || bound || saving || !self.idle())
    }

    /// Hands out the versions of the job that answers, and begins a snapshot of one when it is due.
    fn hand_out(&mut self, now: Micros) -> Result<(), KappaError> {
        let Kappa { log, crew, config, course, saver, trouble, .. } = self;
        let job = course.job.clone();
        course.hand_out(crew, |crew, time, version| {
            let Some(saver) = saver else { return Ok(()) };
            if !saver.due(now, version.total()) {
                return Ok(());
            }
            let question = question_of(&**log, config, &job);
            match saver.begin(log, question, (time, version), now) {
                Ok(desk) => crew.snapshot(job.number, time, &desk),
                Err(error) => {
                    *trouble = Some(format!("no snapshot was taken, the one before is kept: {error}"));
                    Ok(())
                }
            }
        })
    }

    /// Goes on with the snapshot that is being taken; false when there is none.
    fn save(&mut self) -> bool {
        let Some(saver) = self.saver.as_mut().filter(|saver| saver.is_busy()) else { return false };
        if let Some(Err(error)) = saver.work() {
            self.trouble = Some(format!("no snapshot was taken, the one before is kept: {error}"));
        }
        true
    }

    /// What is wrong while it goes on all the same, in one line.
    pub fn trouble(&self) -> Option<&str> {
        self.supply.as_ref().and_then(Supply::trouble).or(self.trouble.as_deref())
    }

    /// What a job asks of the log.
    pub(crate) fn question_of(&self, job: &Numbered) -> Question {
        question_of(&*self.log, &self.config, job)
    }

    fn courses(&self) -> impl Iterator<Item = &Course> {
        std::iter::once(&self.course).chain(self.beside.iter().map(|beside| &beside.course))
    }

    /// Whether every job has gone through all that it was given.
    fn idle(&self) -> bool {
        self.courses().all(Course::idle)
    }

    /// How long nothing new is begun, in microseconds, unless a whole version comes at once. Whoever is `woken` when something
    /// is appended need not look for it.
    pub fn rest(&self, now: Micros, woken: bool) -> Micros {
        if !self.idle() {
            return 0;
        }
        // What came too early to be bound has rung already: it is bound after this rest, and nothing rings again for it.
        match (self.binder.rest(now), woken) {
            (rest, true) if rest > 0 => rest,
            (_, true) => Micros::MAX,
            // The longer the silence, the less it matters that its end is noticed late.
            (rest, false) => rest.max((self.binder.silence(now) / 2).clamp(LOOK.0, LOOK.1)),
        }
    }

    /// Records set aside because they could not be decoded.
    pub fn dead(&self) -> u64 {
        self.crew.dead(self.course.job.number)
    }

    /// Binds what is due. The bindings are written before anybody works on them.
    fn bind(&mut self, now: Micros) -> Result<bool, KappaError> {
        if self.course.waiting() > 0 {
            return Ok(false);
        }
        let heads = match &self.limit {
            Some(limit) => limit.clone(),
            None => self.log.heads()?,
        };
        let versions = self.binder.bind(&*self.log, &heads, now)?;
        if versions.is_empty() {
            return Ok(false);
        }
        if let Some(bindings) = &mut self.bindings {
            bindings.append(&versions, now)?;
        }
        self.beside.iter_mut().for_each(|beside| beside.follow(&versions));
        self.course.take_on(versions);
        Ok(true)
    }
}

/// An error unless a workload has every view that a job is asked for.
pub(crate) fn known(workload: &str, task: &Task) -> Result<(), KappaError> {
    let views = workloads::workload(workload).map_or(&[][..], |workload| workload.views);
    match task.views.iter().find(|asked| views.iter().all(|view| view.name != **asked)) {
        Some(view) => Err(KappaError::UnknownView { workload: workload.to_owned(), view: view.clone() }),
        None => Ok(()),
    }
}

/// What a worker needs to know of a job.
fn brief(config: &KappaConfig, job: &Numbered, from: Version, known: Option<Arc<Restored>>) -> Brief {
    let mut feed = config.feed.clone();
    if job.task.terms != config.terms {
        feed.dedup = job.task.terms.dedup;
    }
    if job.number > 1 {
        let file = |path: PathBuf| path.with_extension(format!("{}.jsonl", job.number));
        feed.dead_letters = feed.dead_letters.map(file);
    }
    let degraded = config.options.degraded.clone();
    let forget_late_ms = config.options.forget_late_ms;
    Brief { number: job.number, task: job.task.clone(), feed, from, known, degraded, forget_late_ms }
}

/// What a job asks of a log.
fn question_of(log: &dyn Log, config: &KappaConfig, job: &Numbered) -> Question {
    let Brief { task, feed, .. } = brief(config, job, Version::zero(log.meta().partitions), None);
    let (workload, forget_late_ms) = (log.meta().workload.clone(), config.options.forget_late_ms);
    Question { workload, task, dedup: feed.dedup, forget_late_ms, revision: REVISION }
}

/// Recorded versions after `begin`, with only so many of them kept that each spans about `granularity` records: a replay need not
/// show them all, but shows no others. The one that a sink holds is among them.
fn coarser(
    mut recorded: Vec<Version>,
    begin: &Version,
    granularity: u64,
    held: Option<&Version>,
) -> Vec<Version> {
    let mut kept = Vec::new();
    let mut reached = begin.total();
    recorded.retain(|version| version.total() > reached);
    let ends: Vec<u64> = recorded.iter().map(Version::total).collect();
    for (time, version) in recorded.into_iter().enumerate() {
        let full = ends.get(time + 1).is_none_or(|next| next - reached > granularity);
        if full || held == Some(&version) {
            reached = ends[time];
            kept.push(version);
        }
    }
    kept
}
