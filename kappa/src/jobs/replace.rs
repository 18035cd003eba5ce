//! Another job beside the one that answers: it catches up, both agree on a version, and there readers change over.
//!
//! A replacement is the Kappa's way to change a question or to mend its code. It reads the log from the start, in the
//! same workers, under a budget of time. When it has caught up it goes through the same versions as the job that
//! answers. Then both stop at the same version, it answers from there on, and the other one is kept until that is
//! confirmed: taken back, it answers again in the same way.

use serde::{Deserialize, Serialize};
use workloads::{Log, Micros, Version};

use crate::error::KappaError;
use crate::jobs::task::{Task, Then};
use crate::options::Options;
use crate::versions::binder::Binder;
use crate::versions::course::Course;

/// Versions that may wait for a job that goes through those of the other one before it gets fewer and larger ones.
const QUEUE: usize = 1_000;

/// A job beside the one that answers.
pub(crate) struct Replacement {
    pub(crate) course: Course,
    pub(crate) then: Then,
    /// Whether it goes through the same versions as the job that answers.
    pub(crate) joined: bool,
    /// The version at which it answers in the other's place.
    agreed: Option<Version>,
    granularity: u64,
    /// Of the versions that both go through; those on the way there are not kept.
    window_ms: u64,
}

/// How far a replacement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// It reads what the log has held so far, and will answer.
    CatchingUp,
    /// It goes through the same versions as the job that answers, and will answer in a moment.
    Following,
    /// It answered before the switch and is kept, at the same versions, until that is confirmed.
    Kept,
    /// It answered before the switch; after a restart it is made again from the log, and can answer when it is done.
    MadeAgain,
}

/// The job beside the one that answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beside {
    /// Its number.
    pub job: u32,
    /// What it computes.
    pub task: Task,
    /// How far it is.
    pub stage: Stage,
    /// Its newest complete version.
    pub version: Version,
}

/// Which jobs there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The number of the job that answers: 1 is the first, and each replacement has the next.
    pub job: u32,
    /// What it computes.
    pub task: Task,
    /// Its newest complete version.
    pub version: Version,
    /// The one beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside: Option<Beside>,
}

impl Replacement {
    /// One that begins at the start of the log.
    pub(crate) fn new(course: Course, then: Then, options: &Options) -> Self {
        let (granularity, window_ms) = (options.replace_granularity, options.window_ms);
        Replacement { course, then, joined: false, agreed: None, granularity, window_ms }
    }

    /// One that has gone through the same versions as the job that answers.
    pub(crate) fn kept(course: Course, options: &Options) -> Self {
        Replacement { joined: true, ..Replacement::new(course, Then::Keep, options) }
    }

    /// Takes on what the job that answers was given just now.
    pub(crate) fn follow(&mut self, versions: &[Version]) {
        if !self.joined {
            return;
        }
        self.course.take_on(versions.iter().cloned());
        if self.course.waiting() > QUEUE && self.agreed.is_none() {
            self.course.let_wait();
            self.joined = false;
        }
    }

    /// Finds it something to do: larger versions while it is far behind, then those of the job that answers.
    pub(crate) fn catch_up(
        &mut self,
        log: &dyn Log,
        target: &Version,
        now: Micros,
    ) -> Result<(), KappaError> {
        if self.joined || !self.course.idle() {
            return Ok(());
        }
        let from = self.course.last().clone();
        let versions = Binder::new(from, self.granularity, 0).bind(log, target, now)?;
        self.joined = versions.len() <= 1;
        self.course.window.span(if self.joined { self.window_ms } else { 0 });
        self.course.take_on(versions);
        Ok(())
    }

    /// Has both jobs stop at one version when this one is to answer and close by.
    pub(crate) fn agree(&mut self, other: &mut Course) {
        let close = self.joined && self.course.waiting() == 0;
        if close && self.then != Then::Keep && self.agreed.is_none() {
            let version = other.last().clone();
            (other.hold, self.course.hold) = (Some(version.clone()), Some(version.clone()));
            self.agreed = Some(version);
        }
    }

    /// Whether both have come to the version agreed upon.
    pub(crate) fn due(&self, other: &Course) -> bool {
        let there = |course: &Course| Some(course.version()) == self.agreed.as_ref();
        there(&self.course) && there(other)
    }

    /// As others see it.
    pub(crate) fn beside(&self) -> Beside {
        let stage = match (self.then, self.joined) {
            (Then::Switch, false) => Stage::CatchingUp,
            (Then::Switch | Then::Back, true) => Stage::Following,
            (Then::Keep, true) => Stage::Kept,
            (Then::Keep | Then::Back, false) => Stage::MadeAgain,
        };
        let job = &self.course.job;
        Beside { job: job.number, task: job.task.clone(), stage, version: self.course.version().clone() }
    }
}
