//! The jobs of a Kappa: which one answers, and how another comes to answer in its place.

pub(crate) mod replace;
pub(crate) mod task;

use workloads::Version;

use crate::error::KappaError;
use crate::follower::{Kappa, known};
use crate::jobs::replace::{Replacement, Status};
use crate::jobs::task::{Numbered, Task, Then};
use crate::versions::course::Course;
use crate::versions::lows::Lows;
use crate::versions::window::Window;

impl Kappa {
    /// The number of the job that answers: 1 is the first, and each replacement has the next.
    pub fn job(&self) -> u32 {
        self.course.job.number
    }

    /// Which jobs there are, and how far they have come.
    pub fn status(&self) -> Status {
        let (job, version) = (&self.course.job, self.course.version().clone());
        let beside = self.beside.as_ref().map(Replacement::beside);
        Status { job: job.number, task: job.task.clone(), version, beside }
    }

    /// Begins a job that is to answer in place of the one that does, and says its number. It reads the log from the
    /// start; readers change over when it has caught up.
    pub fn replace(&mut self, task: Task) -> Result<u32, KappaError> {
        if let Some(beside) = &self.beside {
            return Err(KappaError::Underway(beside.course.job.number));
        }
        known(&self.log.meta().workload, &task)?;
        let starts = self.log.starts()?;
        if starts.total() > 0 {
            return Err(KappaError::Trimmed(starts));
        }
        let job = Numbered { number: self.tasks.number(), task };
        self.note(self.tasks.answers.clone(), Some((job.clone(), Then::Switch)))?;
        let number = job.number;
        self.begin(job, Then::Switch)?;
        Ok(number)
    }

    /// Drops the job that answered before the switch.
    pub fn confirm(&mut self) -> Result<(), KappaError> {
        match &self.beside {
            Some(beside) if beside.then == Then::Keep => self.drop_beside(),
            Some(_) => Err(KappaError::NoReplacement("the replacement does not answer yet: wait for it")),
            None => {
                Err(KappaError::NoReplacement("no replacement is under way: there is nothing to confirm"))
            }
        }
    }

    /// Takes a replacement back: one that answers gives way, at the next version, to the job before it; one that does
    /// not yet is dropped.
    pub fn rollback(&mut self) -> Result<(), KappaError> {
        match &mut self.beside {
            Some(beside) if beside.then == Then::Switch => self.drop_beside(),
            Some(beside) => {
                beside.then = Then::Back;
                let beside = (beside.course.job.clone(), Then::Back);
                self.note(self.tasks.answers.clone(), Some(beside))
            }
            None => {
                Err(KappaError::NoReplacement("no replacement is under way: there is nothing to take back"))
            }
        }
    }

    /// Says durably which jobs there are, before anybody can see it.
    fn note(&mut self, answers: Numbered, beside: Option<(Numbered, Then)>) -> Result<(), KappaError> {
        (self.tasks.answers, self.tasks.beside) = (answers, beside);
        self.task_file.as_ref().map_or(Ok(()), |file| file.write(&self.tasks))
    }

    pub(crate) fn begin(&mut self, job: Numbered, then: Then) -> Result<(), KappaError> {
        let from = match self.config.options.degraded.no_replay {
            true => self.course.last().clone(),
            false => Version::zero(self.log.meta().partitions),
        };
        self.crew.open(&self.brief(&job, from.clone()))?;
        let window = Window::new(&self.config.options, None, from);
        let lows = Lows::new(self.config.options.forget_late_ms);
        self.beside = Some(Replacement::new(Course::new(job, window, lows), then, &self.config.options));
        Ok(())
    }

    fn drop_beside(&mut self) -> Result<(), KappaError> {
        self.note(self.tasks.answers.clone(), None)?;
        self.course.hold = None;
        match self.beside.take() {
            Some(beside) => self.crew.close(beside.course.job.number),
            None => Ok(()),
        }
    }

    /// Has the job beside answer when both have come to the version agreed upon. Readers see no other change than that
    /// of the question.
    pub(crate) fn change_over(&mut self) -> Result<bool, KappaError> {
        let Some(mut beside) = self.beside.take_if(|beside| beside.due(&self.course)) else {
            return Ok(false);
        };
        let kept = beside.then == Then::Switch;
        let old = self.course.job.clone();
        self.note(beside.course.job.clone(), kept.then_some((old.clone(), Then::Keep)))?;
        std::mem::swap(&mut self.course, &mut beside.course);
        (self.course.hold, beside.course.hold) = (None, None);
        beside.course.keep = None;
        self.crew.lead(self.course.job.number)?;
        if kept {
            self.beside = Some(Replacement::kept(beside.course, &self.config.options));
        } else {
            self.crew.close(old.number)?;
        }
        Ok(true)
    }
}
