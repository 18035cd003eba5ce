//! A store by itself under the speed layer's state, for whoever wants to know how quick it is.

use std::path::Path;
use std::sync::Arc;

use workloads::{Query, Record, Rows, Terms, Version};

use super::Keeper;
use crate::error::LambdaError;
use crate::handover::{Cut, Share};
use crate::layers::{Layers, with_layers};
use crate::options::Options;
use crate::publication::Loaded;
use crate::speed::Following;

/// The speed layer's state over an empty publication, and its store.
pub struct Alone(Box<dyn Kept>);

impl Alone {
    /// Nothing fed yet. A store that lies in a file lies in `folder`.
    pub fn new(workload: &str, terms: &Terms, options: &Options, folder: &Path) -> Result<Self, LambdaError> {
        with_layers!(workload, L => Ok(Alone(Box::new(Over::<L>::nothing(terms, options, folder)?))))
    }

    /// Folds records; says how many cells the store is behind by.
    pub fn feed(&mut self, records: &[Record]) -> Result<u64, LambdaError> {
        self.0.feed(records)
    }

    /// Writes those cells with their version in one transaction. Does nothing without a store.
    pub fn keep(&mut self) -> Result<(), LambdaError> {
        self.0.keep()
    }

    /// The answer to one question, from the store if there is one.
    pub fn answer(&mut self, query: &Query) -> Result<Rows, LambdaError> {
        self.0.answer(query)
    }
}

struct Over<L: Layers> {
    terms: Terms,
    held: Vec<Following<L>>,
    version: Version,
    keeper: Option<Keeper<L>>,
}

trait Kept {
    fn feed(&mut self, records: &[Record]) -> Result<u64, LambdaError>;
    fn keep(&mut self) -> Result<(), LambdaError>;
    fn answer(&mut self, query: &Query) -> Result<Rows, LambdaError>;
}

impl<L: Layers> Over<L> {
    fn nothing(terms: &Terms, options: &Options, folder: &Path) -> Result<Self, LambdaError> {
        let base = Arc::new(L::base(Loaded::in_memory(L::nothing(terms)))?);
        let version = Version::zero(1);
        let (cut, share) = (Cut { number: 0, version: version.clone() }, Share { from: 0, since: None });
        let keeper = super::open(options, folder)?.map(Keeper::new);
        Ok(Over {
            terms: terms.clone(),
            held: vec![Following::new(cut, base, share, options.approximate)],
            version,
            keeper,
        })
    }
}

impl<L: Layers> Kept for Over<L> {
    fn feed(&mut self, records: &[Record]) -> Result<u64, LambdaError> {
        let following = &mut self.held[0];
        records.iter().try_for_each(|record| following.feed(&self.terms, record))?;
        self.version.0[0] += records.len() as u64;
        Ok(following.touched.as_ref().map_or(0, |cells| cells.len() as u64))
    }

    fn keep(&mut self) -> Result<(), LambdaError> {
        let Some(keeper) = &mut self.keeper else { return Ok(()) };
        keeper.keep(&mut self.held, &self.version, 0);
        // Nothing asked, nothing read: only whether the store is well.
        keeper.pin(&[], false).map(drop)
    }

    fn answer(&mut self, query: &Query) -> Result<Rows, LambdaError> {
        let following = &self.held[0];
        let rows = match &mut self.keeper {
            Some(keeper) => {
                let pinned = keeper.pin(std::slice::from_ref(query), false)?;
                L::serve(&self.terms, &pinned.base, &pinned.partials[0], query)?
            }
            None => L::serve(&self.terms, &following.base, &L::partial(&following.state, query), query)?,
        };
        // Nothing is published, so nothing of it can be taken back.
        Ok(rows.unwrap_or_default())
    }
}
