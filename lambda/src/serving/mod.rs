//! Makes one answer of what the batch has published and what the speed layer knows since.
//!
//! A read pins one tuple: a publication, its cut, the epochs since that cut, and the version up to which they have
//! been read, which is the answer's label. Both halves are taken under it, so an answer is true at its label.

use workloads::{Answer, Micros, Query, Terms, Version};

use crate::error::LambdaError;
use crate::layers::Layers;
use crate::speed::{Pinned, Speed};
use crate::student::answers::Answers;

pub(crate) mod apart;
pub(crate) mod export;
pub(crate) mod orders;
pub(crate) mod remote;
pub(crate) mod sensors;
pub(crate) mod trades;
pub(crate) mod transfers;
pub(crate) mod words;
pub(crate) mod wrong;

/// The speed layer as the serving layer sees it, in the same process or in another.
pub(crate) trait SpeedSide<L: Layers>: Send {
    /// Does a bounded amount of work; false when there was none.
    fn step(&mut self, now: Micros) -> Result<bool, LambdaError>;
    /// The newest version that can be read.
    fn version(&self) -> Option<Version>;
    /// Its halves of some answers, with the publication that they belong to; with `frozen`, as they were before the
    /// first key went out of reach.
    fn pin(&mut self, queries: &[Query], frozen: bool) -> Result<Pinned<L>, LambdaError>;
    /// Why the newest publication is not read from, if it is not what the batch wrote.
    fn refused(&self) -> Option<&str>;
    /// Records that could not be decoded.
    fn dead(&self) -> u64;
}

/// The serving layer of one workload.
pub(crate) struct Merge<L: Layers> {
    terms: Terms,
    speed: Box<dyn SpeedSide<L>>,
    student: Answers,
}

impl<L: Layers> Merge<L> {
    /// Serves over this speed layer.
    pub(crate) fn new(terms: &Terms, speed: Box<dyn SpeedSide<L>>, student: Answers) -> Self {
        Merge { terms: terms.clone(), speed, student }
    }

    /// Does a bounded amount of work; false when there was none.
    pub(crate) fn step(&mut self, now: Micros) -> Result<bool, LambdaError> {
        self.speed.step(now)
    }

    /// The newest version that can be read.
    pub(crate) fn version(&self) -> Option<Version> {
        self.speed.version()
    }

    /// Records that could not be decoded.
    pub(crate) fn dead(&self) -> u64 {
        self.speed.dead()
    }

    /// Why the newest publication is not read from, if it is not what the batch wrote.
    pub(crate) fn refused(&self) -> Option<&str> {
        self.speed.refused()
    }

    /// The answers to some questions, all at one version.
    pub(crate) fn read(&mut self, queries: &[Query]) -> Result<Answer, LambdaError> {
        if let Some(answer) = self.answer(queries, false)? {
            return Ok(answer);
        }
        // A key is out of reach: all of it is answered as it was before the first one went.
        self.answer(queries, true)?.ok_or(LambdaError::NotYet)
    }

    fn answer(&mut self, queries: &[Query], frozen: bool) -> Result<Option<Answer>, LambdaError> {
        let asked = self.student.asked(queries);
        let pinned = self.speed.pin(&asked, frozen)?;
        let serve = |(query, partial)| match self.student.merged::<L>(&self.terms, &pinned, query, partial)? {
            Some(rows) => Ok(Some(rows)),
            None => L::serve(&self.terms, &pinned.base, partial, query),
        };
        let rows = asked.iter().zip(&pinned.partials).map(serve).collect::<Result<Option<_>, _>>()?;
        let Some(rows) = rows else { return Ok(None) };
        let rows = self.student.altered(&self.terms, &pinned, &asked, rows, queries.len())?;
        Ok(Some(Answer { version: Some(pinned.version), rows }))
    }
}

impl<L: Layers> SpeedSide<L> for Speed<L> {
    fn step(&mut self, now: Micros) -> Result<bool, LambdaError> {
        Speed::step(self, now)
    }

    fn version(&self) -> Option<Version> {
        Speed::version(self)
    }

    fn pin(&mut self, queries: &[Query], frozen: bool) -> Result<Pinned<L>, LambdaError> {
        Speed::pin(self, queries, frozen)
    }

    fn refused(&self) -> Option<&str> {
        Speed::refused(self)
    }

    fn dead(&self) -> u64 {
        Speed::dead(self)
    }
}
