//! Keeps a sink level with the newest complete version.
//!
//! Versions that are complete together are handed over together: several small ones cost hardly more than one. What has
//! changed since the version that the sink holds is kept for as long; after a trouble that lasts, and for another
//! question, the sink is filled afresh with the rows as they are.

use workloads::{Log, Micros, Query, Rows, Version};

use super::hold::{Held, Hold};
use super::label::Label;
use super::{Changed, Sink, difference};
use crate::error::KappaError;
use crate::flow::engine::{gather, whole};
use crate::flow::reading::{Moment, joined};
use crate::follower::Kappa;
use crate::snapshot::Question;
use crate::versions::course::Course;

/// Records after which something is handed over though more is waiting: enough that a replay writes a row that often changes
/// only now and then.
const MOST: u64 = 20_000;

/// A sink, and how far it is.
pub(crate) struct Supply {
    hold: Hold,
    /// What it held at the start, if that is of use.
    before: Option<(Version, String)>,
}

impl Supply {
    /// A sink that may hold something of an earlier time; says in a line why that is of no use.
    pub(crate) fn begin(
        sink: Box<dyn Sink>,
        log: &dyn Log,
        question: &Question,
        recorded: &[Version],
    ) -> Result<(Self, Option<String>), KappaError> {
        let mut hold = Hold::new(sink);
        let label = hold.label().map_err(KappaError::Sink)?;
        let (mut before, mut why) = (None, None);
        if let Some(label) = label {
            match Label::known(&label, log, question, recorded)? {
                Ok(version) => before = Some((version, label)),
                Err(reason) => why = Some(format!("the store is filled again: {reason}")),
            }
        }
        Ok((Supply { hold, before }, why))
    }

    /// The version that it held at the start: it must be met again.
    pub(crate) fn before(&self) -> Option<&Version> {
        self.before.as_ref().map(|(version, _)| version)
    }

    /// The job that answers goes through these versions: whatever comes after the one that the sink holds is handed over.
    pub(crate) fn meet(&mut self, course: &mut Course) {
        let Some((version, label)) = self.before.take() else { return };
        if let Some(time) = course.time_of(&version) {
            self.hold.believe(Held { job: course.job.number, time: Some(time), version, label });
        }
        course.keep = self.hold.keep();
    }

    /// What can be read of a job, and why nothing can.
    pub(super) fn readable(&self, job: u32) -> Result<(&str, &Version), String> {
        if let Some(trouble) = self.hold.trouble() {
            return Err(trouble.to_owned());
        }
        let held = self.hold.held().filter(|held| held.job == job);
        held.map(|held| (held.label.as_str(), &held.version)).ok_or_else(|| "it is being filled".to_owned())
    }

    /// What is wrong with the sink.
    pub(crate) fn trouble(&self) -> Option<&str> {
        self.hold.trouble()
    }
}

impl Kappa {
    /// Hands over what the newest complete versions changed; false when there was nothing to do.
    pub(crate) fn supply(&mut self, now: Micros) -> Result<bool, KappaError> {
        let Some(mut supply) = self.supply.take() else { return Ok(false) };
        let done = self.hand_over(&mut supply.hold, now);
        self.course.keep = supply.hold.keep();
        self.supply = Some(supply);
        done
    }

    fn hand_over(&mut self, hold: &mut Hold, now: Micros) -> Result<bool, KappaError> {
        let newest = self.course.window.newest();
        let (time, version, job) = (newest.time, newest.version.clone(), self.course.job.clone());
        let well = hold.well(now);
        // Of another job's answers nothing is of use.
        let held = hold.held().filter(|held| held.job == job.number).cloned();
        let behind = held.as_ref().map(|held| version.total().saturating_sub(held.version.total()));
        if !well {
            if behind.is_none_or(|behind| behind > self.config.options.window_records) {
                hold.give_up();
            }
            return Ok(false);
        }
        let soon = self.course.waiting() == 0;
        if behind.is_some_and(|behind| behind == 0 || (behind < MOST && !soon)) {
            return Ok(false);
        }
        let changed = match held.and_then(|held| held.time).zip(time) {
            Some((held, time)) => self.changed(held, time)?,
            None => Changed { afresh: true, views: self.views_at(time, |_| true)? },
        };
        let question = self.question_of(&job);
        let label = Label::new(&*self.log, question, &version)?.print();
        hold.put(Held { job: job.number, time, version, label }, &changed);
        Ok(true)
    }

    /// What the versions after `held` up to `time` changed.
    fn changed(&mut self, held: u64, time: u64) -> Result<Changed, KappaError> {
        let workload = self.log.meta().workload.clone();
        let by_key = self.queries(|view| !whole(&workload, view));
        let moment = Moment { time, since: Some(held + 1) };
        let rows = joined(self.crew.rows(self.course.job.number, moment, &by_key)?, by_key.len());
        let mut views: Vec<(String, Rows)> = by_key.into_iter().map(|query| query.view).zip(rows).collect();
        let before = self.views_at(Some(held), |view| whole(&workload, view))?;
        let after = self.views_at(Some(time), |view| whole(&workload, view))?;
        let all = before.iter().zip(after);
        views.extend(all.map(|((_, before), (view, after))| (view, difference(before, after))));
        views.retain(|(_, rows)| !rows.is_empty());
        Ok(Changed { afresh: false, views })
    }

    /// Some views in whole, as of a version.
    fn views_at(
        &mut self,
        time: Option<u64>,
        which: impl Fn(&str) -> bool,
    ) -> Result<Vec<(String, Rows)>, KappaError> {
        let (queries, job) = (self.queries(which), self.course.job.number);
        let Some(time) = time.filter(|_| !queries.is_empty()) else { return Ok(Vec::new()) };
        let rows = joined(self.crew.rows(job, time.into(), &queries)?, queries.len());
        let rows = gather(&self.log.meta().workload, &queries, rows);
        Ok(queries.into_iter().map(|query| query.view).zip(rows).collect())
    }

    /// A question for each whole view that is asked for.
    fn queries(&self, which: impl Fn(&str) -> bool) -> Vec<Query> {
        let asked = self.views.iter().map(|view| view.name).filter(|view| self.asks(view) && which(view));
        asked.map(|view| Query { view: view.to_owned(), key: None }).collect()
    }
}
