//! A run from its first process to its last answer.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{Context, anyhow};
use workloads::intake::Feed;
use workloads::log::file::FileLog;
use workloads::{Appender, Query, Version, Workload};

use super::broker::Broker;
use super::children::{Children, Start};
use super::client::Client;
use super::cores::{self, Pinned};
use super::deeds::Around;
use super::live::{self, Lived};
use super::reads::{self, Planned};
use super::record::{self, Seen};
use super::usage::Sampler;
use super::watch::Watch;
use super::{Job, Material};
use crate::clock::Clock;
use crate::contestants::{self, Contestant, Role, Settings};
use crate::logs::{LogAddress, Lookup};
use crate::observe::{Kind, Observation, Run};

/// How long everything is left alone between catching up and the live part.
const REST: Duration = Duration::from_millis(150);

/// How long a batch may take to cover all of the history once the serving component has, before what it has is enough.
const BATCH_US: i64 = 5_000_000;

/// How long the newest version of a contestant that is broken on purpose must stay the same to be its last.
const STUCK_US: i64 = 500_000;

/// How often the waiting driver looks again.
const LOOK: Duration = Duration::from_millis(2);

/// One run under way.
pub struct Session<'a> {
    job: &'a Job<'a>,
    material: &'a Material<'a>,
    contestant: &'static Contestant,
    workload: &'static Workload,
    planned: Vec<Planned>,
    /// Where the log is when the run is over.
    log: PathBuf,
    /// Where it is while the run lasts.
    place: LogAddress,
    folder: PathBuf,
    state: PathBuf,
    appender: Box<dyn Appender>,
    sampler: Sampler,
    /// Before the watches, which end when their components have ended.
    children: Option<Children>,
    watches: Vec<(Role, Watch)>,
    lived: Lived,
    finals: Vec<Observation>,
    /// The newest version seen while waiting, and since when it has been the newest.
    still: Option<(i64, Option<Version>)>,
    _pinned: Option<Pinned>,
}

impl<'a> Session<'a> {
    /// Makes the run's folders and its log.
    pub fn open(job: &'a Job<'a>, material: &'a Material<'a>) -> anyhow::Result<Self> {
        let spec = material.spec;
        let contestant = contestants::find(&spec.contestant)?;
        let workload = workloads::workload(&spec.workload).context("the plan was checked")?;
        let place = Job::place(spec);
        let log = job.out.join("logs").join(&place);
        let folder = job.out.join("observations").join(&place);
        let state = job.out.join("state").join(&place);
        for folder in [&folder, &state] {
            fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        }
        let (place, appender) = begin(job, material, &log)?;
        let (keys, seed) = (&material.history.keys, job.plan.seed.wrapping_add(u64::from(spec.repeat)));
        let mut planned = reads::plan(&job.plan.reads, workload, material.schedule, keys, seed);
        if contestants::LOOK_BACK.iter().any(|it| it.name == contestant.name) {
            let past = (job.plan.reads.past, job.plan.window_us());
            reads::look_back(&mut planned, past, workload, material.schedule, keys, seed);
        }
        Ok(Session {
            job,
            material,
            contestant,
            workload,
            planned,
            log,
            place,
            folder,
            state,
            appender,
            sampler: Sampler::default(),
            children: None,
            watches: Vec::new(),
            lived: Lived::default(),
            finals: Vec::new(),
            still: None,
            _pinned: None,
        })
    }

    /// Everything from the start of the processes to their end.
    pub fn go(&mut self) -> anyhow::Result<()> {
        let shares = if self.job.plan.settings.pin { cores::shares() } else { None };
        self._pinned = shares.as_ref().map(|(first, _)| cores::pin(&[*first])).transpose()?;
        self.start(shares.map(|(_, others)| others).unwrap_or_default())?;
        self.catch_up()?;
        thread::sleep(REST);
        self.live()?;
        self.drain()?;
        self.ask_finally()
    }

    fn start(&mut self, cores: Vec<usize>) -> anyhow::Result<()> {
        let (program, log, folder) = (self.job.program.clone(), self.place.clone(), self.folder.clone());
        let start = Start { program, log, folder, cores };
        let children = Children::start(self.contestant, &start, |part| self.settings(part))?;
        self.sampler.follow(pids(&children));
        for child in &children.all {
            self.watches.push((child.role, Watch::start(child.name, &child.socket, self.job.clock)?));
        }
        self.children = Some(children);
        Ok(())
    }

    /// What a component is told: everything stands in the plan.
    fn settings(&self, part: &str) -> Settings {
        let plan = self.job.plan;
        let faults = plan.delivery.iter().find(|delivery| delivery.component == part);
        let speed = self.contestant.parts.iter().find(|part| part.role == Role::Speed);
        let told = plan.settings(self.workload.name, &self.state);
        Settings {
            feed: Feed {
                dead_letters: Some(self.folder.join(format!("{part}.dead.jsonl"))),
                faults: faults.map(|delivery| delivery.faults.clone()).unwrap_or_default(),
                ..told.feed
            },
            seed: plan.seed.wrapping_add(u64::from(self.material.spec.repeat)),
            speed_socket: speed.map(|speed| self.folder.join(format!("{}.peer", speed.name))),
            ..told
        }
    }

    /// Waits until everything in the log can be read and a batch has been published.
    fn catch_up(&mut self) -> anyhow::Result<()> {
        let clock = self.job.clock;
        let heads = self.material.history.heads.clone();
        let deadline = clock.micros() + (self.job.plan.live.patience_s * 1e6) as i64;
        let mut served = None;
        loop {
            self.look()?;
            let covers = |version: &Version| version.covers(&heads);
            let latest = self.latest(Role::Serve);
            if served.is_none() && (latest.as_ref().is_some_and(covers) || self.stuck(latest)) {
                served = Some(clock.micros());
            }
            if let Some(since) = served {
                let long = clock.micros() - since > BATCH_US;
                let mut batches = self.watches.iter().filter(|(role, _)| *role == Role::Batch);
                if batches.all(|(_, watch)| watch.latest().is_some_and(|version| long || covers(&version))) {
                    return Ok(());
                }
            }
            if clock.micros() > deadline {
                let far = self.latest(Role::Serve).map_or(0, |version| version.total());
                let (name, of, patience) =
                    (self.contestant.name, heads.total(), self.job.plan.live.patience_s);
                return Err(anyhow!(
                    "{name} caught up with {far} of {of} events of history within {patience} s: raise live.patience_s or lower live.history"
                ));
            }
            thread::sleep(LOOK);
        }
    }

    /// Whether a contestant that is broken on purpose will come no further: some never reach the head.
    fn stuck(&mut self, latest: Option<Version>) -> bool {
        let now = self.job.clock.micros();
        match &self.still {
            Some((since, version)) if *version == latest => {
                self.contestant.broken.is_some() && latest.is_some() && now - since > STUCK_US
            }
            _ => {
                self.still = Some((now, latest));
                false
            }
        }
    }

    fn live(&mut self) -> anyhow::Result<()> {
        let lookup = self.lookup();
        let children = self.children.as_mut().context("the components were started")?;
        let socket = children.serving()?.socket.clone();
        let part = live::Part {
            plan: self.job.plan,
            schedule: self.material.schedule,
            planned: &self.planned,
            deeds: self.job.plan.deeds(self.material.spec.repeat),
            around: Around { place: &self.place, lookup, folder: &self.folder },
            socket: &socket,
            watch: self.watches.iter().find(|(role, _)| *role == Role::Serve).map(|(_, watch)| watch),
            sampler: &self.sampler,
            clock: self.job.clock,
            stop: &self.job.stop,
        };
        let (lived, ended) = part.live(self.appender.as_mut(), children);
        self.lived = lived;
        self.job.stop.check().and(ended)
    }

    /// Waits until everything sent can be read, but not for ever.
    fn drain(&mut self) -> anyhow::Result<()> {
        let clock = self.job.clock;
        let heads = self.place.open(self.lookup())?.heads()?;
        let deadline = clock.micros() + (self.job.plan.live.drain_s * 1e6) as i64;
        self.still = None;
        while clock.micros() < deadline {
            self.look()?;
            let latest = self.latest(Role::Serve);
            if latest.as_ref().is_some_and(|version| version.covers(&heads)) || self.stuck(latest) {
                break;
            }
            thread::sleep(LOOK);
        }
        self.sampler.sample(clock.micros());
        Ok(())
    }

    /// Reads every view whole.
    fn ask_finally(&mut self) -> anyhow::Result<()> {
        let socket = self.children.as_ref().context("the components were started")?.serving()?.socket.clone();
        let patience = Duration::from_secs_f64(self.job.plan.live.drain_s);
        let clock = self.live_clock();
        let mut client = Client::connect(&socket, patience);
        for view in self.workload.views {
            self.job.stop.check()?;
            let queries = vec![Query { view: view.name.to_owned(), key: None }];
            let sent_us = clock.micros();
            let answer = match &mut client {
                Ok(client) => client.read(&queries).map_err(|error| format!("{error:#}")),
                Err(error) => Err(format!("{error:#}")),
            };
            let (answer, error) = match answer {
                Ok(answer) => (Some(answer), None),
                Err(error) => (None, Some(error)),
            };
            let (read, answered_us) = ((self.planned.len() + self.finals.len()) as u64, clock.micros());
            let intended_us = sent_us;
            let kind = Kind::Final;
            self.finals.push(Observation {
                read,
                kind,
                intended_us,
                sent_us,
                answered_us,
                queries,
                at: None,
                answer,
                error,
            });
        }
        Ok(())
    }

    /// Ends the processes and writes everything down, however it went.
    pub fn close(mut self, ended: anyhow::Result<()>) -> anyhow::Result<Run> {
        let clock = self.live_clock();
        if let Some(children) = &mut self.children {
            children.end(&self.job.clock);
        }
        let heard =
            self.watches.iter().flat_map(|(role, watch)| watch.heard().into_iter().map(|w| (*role, w)));
        let seen = Seen {
            heard: heard.collect(),
            samples: self.sampler.samples(),
            zero_us: self.job.clock.micros() - clock.micros(),
            lived: std::mem::take(&mut self.lived),
            finals: std::mem::take(&mut self.finals),
        };
        drop(self.children.take());
        self.watches.clear();
        let kept = self.job.broker.as_ref().map(|broker| broker.keep(&self.place, &self.job.disk, &self.log));
        let ended = ended.and(kept.unwrap_or(Ok(())));
        let (folder, log, state) = (&self.folder, &self.log, &self.state);
        let paths = record::Paths { folder, log, state };
        let run = record::record(self.job, self.material, self.contestant, &paths, seen, &ended);
        if !self.job.plan.settings.keep {
            let _ = fs::remove_dir_all(&self.state);
        }
        ended.and(run)
    }

    /// A clock that starts with the live part, or now if that has not begun.
    fn live_clock(&self) -> Clock {
        self.lived.clock.unwrap_or_else(|| self.job.clock.restarted(Duration::ZERO))
    }

    fn lookup(&self) -> Lookup {
        self.job.broker.as_ref().map_or(|_| None, Broker::lookup)
    }

    fn latest(&self, role: Role) -> Option<Version> {
        self.watches.iter().find(|(other, _)| *other == role).and_then(|(_, watch)| watch.latest())
    }

    /// An error if somebody wants to stop, or a component has ended.
    fn look(&mut self) -> anyhow::Result<()> {
        self.job.stop.check()?;
        self.children.as_mut().map_or(Ok(()), Children::check)
    }
}

/// Makes a run's log, which begins with the history, and its writer.
fn begin(
    job: &Job<'_>,
    material: &Material<'_>,
    log: &Path,
) -> anyhow::Result<(LogAddress, Box<dyn Appender>)> {
    let history = &material.history.folder;
    if let Some(broker) = &job.broker {
        let place = broker.place(material.spec)?;
        let appender = broker.fill(&place, &job.disk, history)?;
        return Ok((place, appender));
    }
    FileLog::link(&job.disk, history, log)?;
    let appender = FileLog::appender(&job.disk, log, job.plan.log.fsync.policy())?;
    Ok((log.to_path_buf().into(), Box::new(appender)))
}

/// Names and process ids.
pub(super) fn pids(children: &Children) -> Vec<(&'static str, u32)> {
    children.all.iter().map(|child| (child.name, child.pid())).collect()
}
