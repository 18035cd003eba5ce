//! How the speed layer takes in what the batch has published: the newest that is whole.

use std::sync::Arc;

use workloads::Micros;

use super::Speed;
use crate::error::LambdaError;
use crate::handover::Cut;
use crate::layers::Layers;
use crate::publication::Loading;

impl<L: Layers> Speed<L> {
    /// Begins with the newest publication, if it has neither been taken in nor passed over.
    pub(super) fn look_for_publication(&mut self) -> Result<bool, LambdaError> {
        let Some(number) = self.shelf.current()? else { return Ok(false) };
        let newest = match (&self.loading, &self.running) {
            (Some(loading), _) => loading.number(),
            (None, Some(running)) => running.newest(),
            (None, None) => 0,
        };
        if number <= newest.max(self.passed()) {
            return Ok(false);
        }
        match Loading::begin(&self.shelf, number, self.running.is_none()) {
            Ok(loading) => self.loading = Some(loading),
            Err(error) => return self.refuse(number, error),
        }
        Ok(true)
    }

    /// Passes over a publication that is not what the batch wrote: there is one to go on with, or at the start perhaps an
    /// older one to begin with.
    fn refuse(&mut self, number: u64, error: LambdaError) -> Result<bool, LambdaError> {
        self.loading = None;
        if number > self.passed() {
            self.refused = Some((number, error.to_string()));
        }
        if self.running.is_some() {
            return Ok(true);
        }
        let Some(older) = self.shelf.before(number)? else { return Err(error) };
        match Loading::begin(&self.shelf, older, true) {
            Ok(loading) => self.loading = Some(loading),
            Err(error) => return self.refuse(older, error),
        }
        Ok(true)
    }

    /// Number of the newest publication that was passed over.
    fn passed(&self) -> u64 {
        self.refused.as_ref().map_or(0, |(number, _)| *number)
    }

    /// Takes in a piece of a publication.
    pub(super) fn load(&mut self, now: Micros) -> Result<bool, LambdaError> {
        let passed = self.passed();
        let Some(loading) = &mut self.loading else { return Ok(false) };
        match loading.step() {
            Ok(true) => {}
            Ok(false) => return Ok(true),
            // It was too old to be kept by the time it was half taken in.
            Err(_) if self.shelf.current()? > Some(loading.number().max(passed)) => {
                self.loading = None;
                return Ok(true);
            }
            Err(error) => {
                let number = loading.number();
                return self.refuse(number, error);
            }
        }
        let Some(loading) = self.loading.take() else { return Ok(true) };
        if loading.number() > passed {
            self.refused = None;
        }
        let mut loaded = loading.finish();
        let cut = Cut { number: loaded.manifest.number, version: loaded.manifest.cut.clone() };
        if !self.running.as_ref().is_some_and(|running| running.goes_on(&cut)) {
            let seen = loaded.take("seen")?;
            self.running = Some(self.begin(&cut, &seen)?);
        }
        if let Some(running) = &mut self.running {
            let until = if running.resets.by_time() { Some(loaded.until()?) } else { None };
            let base = L::base(loaded)?;
            self.student.learn::<L>(&self.log.meta().workload, &self.terms, &base)?;
            running.publish(cut, Arc::new(base), until, now);
        }
        Ok(true)
    }
}
