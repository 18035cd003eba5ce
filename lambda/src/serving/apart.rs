//! The two halves of an answer, each by itself.

use workloads::{Query, Rows, Version};

use super::Merge;
use crate::error::LambdaError;
use crate::layers::Layers;
use crate::publication::Loaded;

/// What batch and speed layer say to the same questions, before anybody merges it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Apart {
    /// Number of the publication that is read from.
    pub publication: u64,
    /// Everything that the two halves together include.
    pub version: Version,
    /// What the batch has published, one set of rows a question.
    pub batch: Vec<Rows>,
    /// What the speed layer would answer if there were no batch.
    pub speed: Vec<Rows>,
}

impl<L: Layers> Merge<L> {
    /// The halves of some answers, all at one version.
    pub(crate) fn apart(&mut self, queries: &[Query]) -> Result<Apart, LambdaError> {
        let pinned = self.speed.pin(queries, false)?;
        let nothing = L::base(Loaded::in_memory(L::nothing(&self.terms)))?;
        let unheard = L::State::default();
        let (mut batch, mut speed) = (Vec::new(), Vec::new());
        for (query, partial) in queries.iter().zip(&pinned.partials) {
            let none = L::partial(&unheard, query);
            batch.push(L::serve(&self.terms, &pinned.base, &none, query)?.unwrap_or_default());
            speed.push(L::serve(&self.terms, &nothing, partial, query)?.unwrap_or_default());
        }
        Ok(Apart { publication: pinned.publication, version: pinned.version, batch, speed })
    }
}
