//! The layers one at a time, for whoever wants to know how quick each is by itself.

use workloads::intake::Duplicates;
use workloads::{Dedup, Query, Record, Rows, Terms, Version};

use crate::archive::Archive;
use crate::error::LambdaError;
use crate::layers::{Layers, with_layers};
use crate::publication::{Files, IN_PLACE, Loaded};

/// The speed layer over an empty publication: every record is one of its own.
pub struct Stream(Box<dyn Follows>);

impl Stream {
    /// Nothing fed yet.
    pub fn new(workload: &str, terms: &Terms) -> Result<Self, LambdaError> {
        with_layers!(workload, L => Ok(Stream(Box::new(Over::<L>::nothing(terms)?))))
    }

    /// More records.
    pub fn feed(&mut self, records: &[Record]) -> Result<(), LambdaError> {
        self.0.feed(records)
    }

    /// The answer to one question after what was fed.
    pub fn answer(&self, query: &Query) -> Result<Rows, LambdaError> {
        self.0.answer(query)
    }
}

/// Bytes that there would be to publish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bytes {
    /// Of everything.
    pub all: u64,
    /// Of the correction index alone: what it takes to undo any event of the batch.
    pub index: u64,
}

/// Recomputes everything below `cut` from an archive, as the batch does.
pub fn recompute(
    workload: &str,
    archive: &Archive,
    cut: &Version,
    terms: &Terms,
    dedup: Dedup,
) -> Result<Bytes, LambdaError> {
    let mut seen = Duplicates::new(dedup);
    let files = with_layers!(workload, L => L::batch(archive, cut, terms, &mut seen)?);
    let bytes = |only: &[&str]| {
        let meant = files.iter().filter(|(name, _)| only.is_empty() || only.contains(name));
        meant.map(|(_, part)| part.len()).sum()
    };
    Ok(Bytes { all: bytes(&[]), index: bytes(IN_PLACE) })
}

/// The rows of some views below `cut`, computed as the batch computes them, but without what corrections of batched
/// events need.
pub fn answer(
    workload: &str,
    views: &[&str],
    archive: &Archive,
    cut: &Version,
    terms: &Terms,
    dedup: Dedup,
) -> Result<Vec<Rows>, LambdaError> {
    let mut seen = Duplicates::new(dedup);
    with_layers!(workload, L => {
        let base = L::base(Loaded::in_memory(L::some(archive, cut, terms, &mut seen, views)?))?;
        let rows = |view: &&str| {
            let query = Query { view: (*view).to_owned(), key: None };
            let half = L::partial(&<L as Layers>::State::default(), &query);
            let rows = L::serve(terms, &base, &half, &query)?;
            // Nothing came after the cut that could take anything back.
            Ok(rows.unwrap_or_default())
        };
        views.iter().map(rows).collect()
    })
}

/// A speed layer's state over a publication.
struct Over<L: Layers> {
    terms: Terms,
    base: L::Base,
    state: L::State,
}

trait Follows {
    fn feed(&mut self, records: &[Record]) -> Result<(), LambdaError>;
    fn answer(&self, query: &Query) -> Result<Rows, LambdaError>;
}

impl<L: Layers> Over<L> {
    fn nothing(terms: &Terms) -> Result<Self, LambdaError> {
        let files: Files = L::nothing(terms);
        Ok(Over {
            terms: terms.clone(),
            base: L::base(Loaded::in_memory(files))?,
            state: L::State::default(),
        })
    }
}

impl<L: Layers> Follows for Over<L> {
    fn feed(&mut self, records: &[Record]) -> Result<(), LambdaError> {
        records.iter().try_for_each(|record| L::speed(&self.terms, &self.base, &mut self.state, record))
    }

    fn answer(&self, query: &Query) -> Result<Rows, LambdaError> {
        let rows = L::serve(&self.terms, &self.base, &L::partial(&self.state, query), query)?;
        // Nothing is published, so nothing of it can be taken back.
        Ok(rows.unwrap_or_default())
    }
}
