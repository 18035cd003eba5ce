//! The run that is under way, as it is noted, and when it may try again.

use std::path::Path;

use workloads::Micros;
use workloads::files::SharedDisk;

use crate::error::LambdaError;
use crate::handover::Cut;
use crate::options::Options;
use crate::publication::Manifest;
use crate::runs::{Run, Runs, Status};

/// Microseconds between two attempts, at most.
const LONGEST: Micros = 60_000_000;

/// What is noted of the runs.
pub(super) struct Book {
    runs: Runs,
    /// The run under way; and one that has ended until that is noted.
    run: Option<Run>,
    retries: u32,
    first: Micros,
    /// When the next attempt may begin.
    again: Option<Micros>,
}

impl Book {
    /// The book of a state folder.
    pub(super) fn open(disk: &SharedDisk, state: &Path, options: &Options) -> Result<Self, LambdaError> {
        let first = Micros::try_from(options.retry_ms.saturating_mul(1000)).unwrap_or(LONGEST);
        let runs = Runs::open(disk, state)?;
        Ok(Book { runs, run: None, retries: options.retries, first, again: None })
    }

    /// When the newest run began.
    pub(super) fn last(&self) -> Option<Micros> {
        self.runs.last().map(|run| run.started)
    }

    /// A run begins.
    pub(super) fn begin(&mut self, cut: &Cut, now: Micros, skipped: u64) -> Result<(), LambdaError> {
        let run = Run::begin(cut.number, cut.version.clone(), now, skipped);
        self.runs.note(&run)?;
        self.run = Some(run);
        Ok(())
    }

    /// Goes on with the run of a cut that an earlier process has proposed.
    pub(super) fn resume(&mut self, cut: &Cut, now: Micros) -> Result<(), LambdaError> {
        if self.run.is_some() {
            return Ok(());
        }
        match self.runs.last().filter(|run| run.number == cut.number).cloned() {
            Some(mut run) => {
                (run.attempts, run.status, run.ended) = (run.attempts + 1, Status::Running, None);
                self.runs.note(&run)?;
                self.run = Some(run);
                Ok(())
            }
            None => self.begin(cut, now, 0),
        }
    }

    /// The run under way has published.
    pub(super) fn published(&mut self, manifest: &Manifest) {
        if let Some(run) = &mut self.run {
            run.published(manifest);
        }
    }

    /// The run under way is computed from the beginning, and why.
    pub(super) fn afresh(&mut self, why: String) {
        if let Some(run) = &mut self.run {
            run.afresh = Some(why);
        }
    }

    /// Notes the end of a run that has published; false if there is none.
    pub(super) fn close(&mut self, now: Micros) -> Result<bool, LambdaError> {
        let Some(mut run) = self.run.take_if(|run| run.status == Status::Published) else { return Ok(false) };
        run.ended = Some(now);
        self.runs.note(&run)?;
        Ok(true)
    }

    /// Whether a failed run must not try again yet.
    pub(super) fn waits(&mut self, now: Micros) -> bool {
        self.again = self.again.filter(|again| now < *again);
        self.again.is_some()
    }

    /// The run under way has failed. Whether it will try again: not after its last attempt, nor if there is nowhere to
    /// note it.
    pub(super) fn fail(&mut self, now: Micros, error: &LambdaError) -> bool {
        let Some(run) = &mut self.run else { return false };
        let again = run.attempts <= self.retries;
        run.error = Some(error.to_string());
        if again {
            let doubled = self.first.saturating_mul(1 << (run.attempts - 1).min(20));
            self.again = Some(now.saturating_add(doubled.min(LONGEST)));
            (run.status, run.attempts) = (Status::Waiting, run.attempts + 1);
        } else {
            (run.status, run.ended) = (Status::Failed, Some(now));
        }
        self.runs.note(run).is_ok() && again
    }
}
