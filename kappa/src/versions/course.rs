//! How far a job has come: the versions that it was given, and the newest that is complete.

use std::collections::VecDeque;

use workloads::{Micros, Version};

use crate::error::KappaError;
use crate::jobs::task::Numbered;
use crate::versions::lows::Lows;
use crate::versions::window::Window;
use crate::workers::crew::Crew;

/// Versions worked on at the same time: enough that no worker waits for another, few enough to bound memory.
const IN_FLIGHT: usize = 3;

/// The way of one job through the log. Its logical times count the versions that it was given; jobs agree on versions
/// by their offsets alone.
pub(crate) struct Course {
    pub(crate) job: Numbered,
    /// Time of the next version that it is given.
    next: u64,
    bound: VecDeque<(u64, Version)>,
    in_flight: VecDeque<(u64, Version)>,
    /// Its complete versions that can be read.
    pub(crate) window: Window,
    /// It stays there when it has come to this version.
    pub(crate) hold: Option<Version>,
    /// What versions after this one change is kept, whether or not they can be read.
    pub(crate) keep: Option<u64>,
    lows: Lows,
}

impl Course {
    pub(crate) fn new(job: Numbered, window: Window, lows: Lows) -> Self {
        let (bound, in_flight) = Default::default();
        let next = window.newest().time.map_or(0, |time| time + 1);
        Course { job, next, bound, in_flight, window, hold: None, keep: None, lows }
    }

    /// The newest complete version.
    pub(crate) fn version(&self) -> &Version {
        &self.window.newest().version
    }

    /// Versions that it is to go through, in their order.
    pub(crate) fn take_on(&mut self, versions: impl IntoIterator<Item = Version>) {
        for version in versions {
            self.bound.push_back((self.next, version));
            self.next += 1;
        }
    }

    /// The number of a version that it has come to and can be read, or will come to.
    pub(crate) fn time_of(&self, version: &Version) -> Option<u64> {
        let to_come = self.in_flight.iter().chain(&self.bound).find(|(_, bound)| bound == version);
        to_come.map(|(time, _)| *time).or_else(|| self.window.find(version)?.time)
    }

    /// The last version that it was given.
    pub(crate) fn last(&self) -> &Version {
        let last = self.bound.back().or(self.in_flight.back());
        last.map_or(self.version(), |(_, version)| version)
    }

    /// Versions that nobody works on yet.
    pub(crate) fn waiting(&self) -> usize {
        self.bound.len()
    }

    /// Whether some version is being worked on.
    pub(crate) fn in_flight(&self) -> bool {
        !self.in_flight.is_empty()
    }

    /// Whether it has gone through all that it was given.
    pub(crate) fn idle(&self) -> bool {
        self.bound.is_empty() && self.in_flight.is_empty()
    }

    /// Gives back the versions that nobody works on yet.
    pub(crate) fn let_wait(&mut self) {
        self.next -= self.bound.len() as u64;
        self.bound.clear();
    }

    /// Has the workers take on as many versions as may be worked on at a time. Each is announced to them before.
    pub(crate) fn hand_out(
        &mut self,
        crew: &mut Crew,
        mut announce: impl FnMut(&mut Crew, u64, &Version) -> Result<(), KappaError>,
    ) -> Result<(), KappaError> {
        while self.in_flight.len() < IN_FLIGHT {
            let Some((time, binding)) = self.bound.pop_front() else { break };
            announce(crew, time, &binding)?;
            crew.assign(self.job.number, time, &binding)?;
            self.in_flight.push_back((time, binding));
        }
        Ok(())
    }

    /// Moves the window up to what has become complete, and gives up what is too old.
    pub(crate) fn settle(&mut self, crew: &mut Crew, now: Micros) -> Result<bool, KappaError> {
        if self.in_flight.is_empty() {
            return Ok(false);
        }
        self.lows.note(&crew.standings(self.job.number));
        let (frontier, mut newest) = (crew.frontier(self.job.number), None);
        while let Some((time, version)) = self.in_flight.pop_front_if(|(time, version)| {
            *time < frontier && self.hold.as_ref().is_none_or(|hold| hold.covers(version))
        }) {
            self.window.push(time, version, now);
            newest = Some(time);
        }
        let Some(newest) = newest else { return Ok(false) };
        let behind = self.last().total() - self.version().total();
        let oldest = self.window.trim(now, behind);
        let oldest = self.keep.map_or(oldest, |keep| keep.min(oldest));
        crew.settle(self.job.number, newest, oldest, self.lows.earliest(newest))?;
        Ok(true)
    }
}
