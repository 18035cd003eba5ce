//! How the speed layer takes in what the batch has published: the newest that is whole.

use std::sync::Arc;

use workloads::Micros;

use super::Speed;
use crate::error::LambdaError;
use crate::handover::Cut;
use crate::layers::Layers;

impl<L: Layers> Speed<L> {
    /// Begins with the newest publication, if it has neither been taken in nor passed over.
    pub(super) fn look_for_publication(&mut self) -> Result<bool, LambdaError> {
        let Some(number) = self.newest.current()? else { return Ok(false) };
        if self.running.as_ref().is_some_and(|running| number <= running.newest()) {
            return Ok(false);
        }
        self.newest.begin(number, self.running.is_none())
    }

    /// Takes in a piece of a publication.
    pub(super) fn load(&mut self, now: Micros) -> Result<bool, LambdaError> {
        let worked = self.newest.under_way().is_some();
        let Some(mut loaded) = self.newest.step(self.running.is_none())? else { return Ok(worked) };
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
