//! The workers of one Kappa: one in the caller's thread, or several in threads of their own.

use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use workloads::files::SharedDisk;
use workloads::{Log, Millis, Query, Version};

use crate::error::KappaError;
use crate::flow::engine::lone_worker;
use crate::flow::reading::{Found, Moment};
use crate::follower::KappaConfig;
use crate::snapshot::Note;
use crate::workers::cluster;
use crate::workers::pace::Pace;
use crate::workers::share::{Brief, Share, Standing};
use crate::workers::team::{Team, Word};

/// Works on the versions that it is given for each job, in their order.
pub(crate) enum Crew {
    /// In the caller's thread, so that a stepped run is repeatable.
    Lone(Box<Share>),
    /// In threads.
    Team(Team),
}

impl Crew {
    /// Of several processes, this the first of them. They are waited for while versions are bound already.
    pub(crate) fn gather(
        log: &Arc<dyn Log>,
        disk: &SharedDisk,
        config: &KappaConfig,
    ) -> Result<Self, KappaError> {
        let state = config.state.as_deref();
        let state =
            state.ok_or_else(|| KappaError::Cluster("they meet in a folder: give them one".to_owned()))?;
        cluster::gather(log, disk, state, config).map(Crew::Team)
    }

    /// Without a job. Idle workers spin or park.
    pub(crate) fn start(log: Arc<dyn Log>, workers: u32, spin: bool) -> Result<Self, KappaError> {
        match workers {
            0 => Err(KappaError::Nothing),
            1 => Ok(Crew::Lone(Box::new(Share::new(lone_worker(), log)))),
            _ => Ok(Crew::Team(Team::start(&log, workers as usize, spin)?)),
        }
    }

    /// What jobs beside the one that answers may take of each turn.
    pub(crate) fn pace(&mut self, pace: &Pace) -> Result<(), KappaError> {
        match self {
            Crew::Lone(share) => {
                share.pace = pace.clone();
                Ok(())
            }
            Crew::Team(team) => team.tell(|| Word::Pace(pace.clone())),
        }
    }

    /// Begins a job.
    pub(crate) fn open(&mut self, brief: &Brief) -> Result<(), KappaError> {
        match self {
            Crew::Lone(share) => share.open(brief),
            Crew::Team(team) => team.tell(|| Word::Open(Box::new(brief.clone()))),
        }
    }

    /// Drops a job and what it holds.
    pub(crate) fn close(&mut self, job: u32) -> Result<(), KappaError> {
        match self {
            Crew::Lone(share) => {
                share.close(job);
                Ok(())
            }
            Crew::Team(team) => team.tell(|| Word::Close(job)),
        }
    }

    /// This job goes before the others.
    pub(crate) fn lead(&mut self, job: u32) -> Result<(), KappaError> {
        match self {
            Crew::Lone(share) => {
                share.lead(job);
                Ok(())
            }
            Crew::Team(team) => team.tell(|| Word::Lead(job)),
        }
    }

    /// Gives the next version of a job to all.
    pub(crate) fn assign(&mut self, job: u32, time: u64, binding: &Version) -> Result<(), KappaError> {
        match self {
            Crew::Lone(share) => {
                share.assign(job, time, binding.clone());
                Ok(())
            }
            Crew::Team(team) => team.tell(|| Word::Assign(job, time, binding.clone())),
        }
    }

    /// All take part in a snapshot of a job, at the version that is assigned next, and hand in at this desk.
    pub(crate) fn snapshot(
        &mut self,
        job: u32,
        time: u64,
        desk: &SyncSender<Note>,
    ) -> Result<(), KappaError> {
        match self {
            Crew::Lone(share) => {
                share.snapshot(job, time, desk.clone());
                Ok(())
            }
            Crew::Team(team) => team.tell(|| Word::Snapshot(job, time, desk.clone())),
        }
    }

    /// A bounded amount of work; false when nothing came of it. Threads work by themselves: while versions are in
    /// flight the caller waits for news of them, a moment at most, or longer if others wait for those.
    pub(crate) fn work(&mut self, in_flight: bool, backlog: bool) -> Result<bool, KappaError> {
        match self {
            Crew::Lone(share) => share.work(),
            Crew::Team(team) => team.wait(in_flight, backlog).map(|()| in_flight),
        }
    }

    /// Every version of a job before this one is complete, and every worker knows it.
    pub(crate) fn frontier(&self, job: u32) -> u64 {
        let frontiers = self.standings(job).into_iter();
        frontiers.map(|standing| standing.map_or(0, |it| it.frontier)).min().unwrap_or(0)
    }

    /// How far each worker has come with a job; nothing of one that has not begun it.
    pub(crate) fn standings(&self, job: u32) -> Vec<Option<Standing>> {
        match self {
            Crew::Lone(share) => vec![share.standings().find(|standing| standing.job == job)],
            Crew::Team(team) => team.standings(job),
        }
    }

    /// See [`Share::settle`].
    pub(crate) fn settle(
        &mut self,
        job: u32,
        newest: u64,
        oldest: u64,
        earliest: Option<Millis>,
    ) -> Result<(), KappaError> {
        match self {
            Crew::Lone(share) => {
                share.settle(job, newest, oldest, earliest);
                Ok(())
            }
            Crew::Team(team) => team.mention(|| Word::Settle(job, newest, oldest, earliest)),
        }
    }

    /// What each query finds at a complete version of a job, by worker.
    pub(crate) fn rows(
        &mut self,
        job: u32,
        at: Moment,
        queries: &[Query],
    ) -> Result<Vec<Vec<Found>>, KappaError> {
        match self {
            Crew::Lone(share) => Ok(vec![share.rows(job, at, queries)]),
            Crew::Team(team) => team.rows(job, at, queries),
        }
    }

    /// Records that a job set aside because they could not be decoded.
    pub(crate) fn dead(&self, job: u32) -> u64 {
        self.standings(job).into_iter().flatten().map(|standing| standing.dead).sum()
    }
}
