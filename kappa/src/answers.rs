//! Answers of a [`Kappa`]: at the newest complete version, or at one before it.

use workloads::{Answer, Query, Version};

use crate::error::KappaError;
use crate::flow::engine::{NOW, gather};
use crate::flow::reading::{Found, joined};
use crate::follower::Kappa;

/// What an answer is made of. It needs nothing of the Kappa any more: any thread can finish it, so that events do not wait
/// for the text of a long one.
pub struct Draft {
    version: Option<Version>,
    workload: String,
    queries: Vec<Query>,
    /// By worker.
    found: Vec<Vec<Found>>,
}

impl Draft {
    /// The version that the answer claims; none of a Kappa that does something worse.
    pub fn version(&self) -> Option<&Version> {
        self.version.as_ref()
    }

    /// Whether finishing it takes longer than handing it to another thread.
    pub fn is_long(&self) -> bool {
        self.found.iter().flatten().any(Found::is_long)
    }

    /// The answer.
    pub fn finish(self) -> Answer {
        let rows = joined(self.found, self.queries.len());
        Answer { version: self.version, rows: gather(&self.workload, &self.queries, rows) }
    }
}

impl Kappa {
    /// Answers every query at the newest complete version.
    pub fn read(&mut self, queries: &[Query]) -> Result<Answer, KappaError> {
        self.draft(None, queries).map(Draft::finish)
    }

    /// Answers every query at a version of [`Kappa::window`].
    pub fn read_at(&mut self, version: &Version, queries: &[Query]) -> Result<Answer, KappaError> {
        self.draft(Some(version), queries).map(Draft::finish)
    }

    /// Looks up what the answer is made of, at a version of [`Kappa::window`] or else the newest complete one.
    pub fn draft(&mut self, at: Option<&Version>, queries: &[Query]) -> Result<Draft, KappaError> {
        let window = &self.course.window;
        let entry = match at {
            None => window.newest(),
            Some(version) => window.find(version).ok_or_else(|| {
                let (asked, (oldest, newest)) = (version.clone(), self.window());
                KappaError::NotReadable { asked, oldest, newest }
            })?,
        };
        self.look_up(entry.time, entry.version.clone(), queries)
    }

    fn look_up(
        &mut self,
        time: Option<u64>,
        version: Version,
        queries: &[Query],
    ) -> Result<Draft, KappaError> {
        self.knows(queries)?;
        let workload = &self.log.meta().workload;
        let degraded = &self.config.options.degraded;
        let time = if degraded.dirty_acts > 0 { Some(NOW) } else { time };
        let version = (!degraded.any()).then_some(version);
        let found = match time {
            Some(time) => self.crew.rows(self.course.job.number, time.into(), queries)?,
            None => Vec::new(),
        };
        Ok(Draft { version, workload: workload.clone(), queries: queries.to_vec(), found })
    }

    /// An error unless each query is about a view that is answered.
    pub fn knows(&self, queries: &[Query]) -> Result<(), KappaError> {
        let known =
            |query: &Query| self.views.iter().any(|view| view.name == query.view) && self.asks(&query.view);
        let workload = &self.log.meta().workload;
        match queries.iter().find(|query| !known(query)) {
            Some(Query { view, .. }) => {
                Err(KappaError::UnknownView { workload: workload.clone(), view: view.clone() })
            }
            None => Ok(()),
        }
    }

    /// Whether the job that answers was asked for a view.
    pub(crate) fn asks(&self, view: &str) -> bool {
        let views = &self.course.job.task.views;
        views.is_empty() || views.iter().any(|it| it == view)
    }

    /// The newest complete version; at first that of the empty log.
    pub fn version(&self) -> Option<Version> {
        Some(self.course.version().clone())
    }

    /// The oldest version that can be read, and the newest. In between are all that were bound.
    pub fn window(&self) -> (Version, Version) {
        (self.course.window.oldest().version.clone(), self.course.window.newest().version.clone())
    }
}
