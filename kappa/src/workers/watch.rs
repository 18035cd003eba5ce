//! Notices that nothing advances though events wait, and says what is waited for.

use workloads::Micros;

use crate::error::KappaError;
use crate::versions::course::Course;
use crate::workers::crew::Crew;
use crate::workers::share::Standing;

/// A gap between two looks counts for so long at most: a process that was stopped has not waited.
const LOOK: Micros = 1_000_000;

/// What was seen last, and for how long nothing has changed since.
pub(crate) struct Watch {
    patience: Micros,
    waited: Micros,
    looked: Micros,
    seen: u64,
}

impl Watch {
    /// Waits so many milliseconds; for ever if none.
    pub(crate) fn new(stall_ms: u64) -> Self {
        let patience = i64::try_from(stall_ms).unwrap_or(i64::MAX).saturating_mul(1_000);
        Watch { patience, waited: 0, looked: Micros::MAX, seen: 0 }
    }

    /// An error when these have versions in flight and nothing has advanced for too long.
    pub(crate) fn look<'a>(
        &mut self,
        now: Micros,
        crew: &Crew,
        courses: impl Iterator<Item = &'a Course> + Clone,
    ) -> Result<(), KappaError> {
        let gap = now.saturating_sub(self.looked).clamp(0, LOOK);
        if self.patience == 0 || gap == 0 {
            self.looked = now;
            return Ok(());
        }
        self.looked = now;
        let seen = courses.clone().map(|course| progress(crew, course)).fold(0, u64::wrapping_add);
        let waiting = courses.clone().any(Course::in_flight);
        self.waited = if waiting && seen == self.seen { self.waited + gap } else { 0 };
        self.seen = seen;
        if self.waited < self.patience {
            return Ok(());
        }
        let stuck = courses.filter(|course| course.in_flight()).map(|course| describe(crew, course));
        let what = stuck.collect::<Vec<_>>().join("; ");
        Err(KappaError::Stuck { seconds: self.waited / 1_000_000, what })
    }
}

/// Changes with everything that a worker does for a job.
fn progress(crew: &Crew, course: &Course) -> u64 {
    let standings = crew.standings(course.job.number).into_iter().flatten();
    let of = |it: Standing| it.read.wrapping_add(it.frontier);
    standings.map(of).fold(course.version().total(), u64::wrapping_add)
}

/// The worker that is behind the others, and what it waits for.
fn describe(crew: &Crew, course: &Course) -> String {
    let job = course.job.number;
    let standings = crew.standings(job);
    if let Some(silent) = standings.iter().position(Option::is_none) {
        return format!("worker {silent} has not begun job {job}");
    }
    let behind = standings.into_iter().flatten().enumerate().min_by_key(|(_, it)| {
        // Of those that are equally far the one that lacks records holds the others up.
        (it.frontier, it.missing.is_none())
    });
    let Some((worker, at)) = behind else { return format!("job {job} has no workers") };
    let frontier = format!("job {job}, worker {worker}: the frontier stands at version {}", at.frontier);
    match at.missing {
        Some((version, partition, read, upto)) => format!(
            "{frontier}, the source waits for partition {partition}, read to {read} of {upto} for version {version}"
        ),
        None => format!("{frontier}, all of it was read, the operators hold it back"),
    }
}
