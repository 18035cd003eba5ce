//! Answers of a [`Kappa`]: at the newest complete version, or at one before it.

use workloads::{Answer, Query, Rows, Version};

use crate::error::KappaError;
use crate::flow::engine::{NOW, gather};
use crate::follower::Kappa;

impl Kappa {
    /// Answers every query at the newest complete version.
    pub fn read(&mut self, queries: &[Query]) -> Result<Answer, KappaError> {
        let newest = self.course.window.newest();
        self.answer(newest.time, newest.version.clone(), queries)
    }

    /// Answers every query at a version of [`Kappa::window`].
    pub fn read_at(&mut self, version: &Version, queries: &[Query]) -> Result<Answer, KappaError> {
        let Some(found) = self.course.window.find(version) else {
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
        self.knows(queries)?;
        let workload = &self.log.meta().workload;
        let degraded = &self.config.options.degraded;
        let time = if degraded.dirty_acts > 0 { Some(NOW) } else { time };
        let version = (!degraded.any()).then_some(version);
        let rows = match time {
            Some(time) => {
                let rows = self.crew.rows(self.course.job.number, time.into(), queries)?;
                gather(workload, queries, rows)
            }
            None => vec![Rows::new(); queries.len()],
        };
        Ok(Answer { version, rows })
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
