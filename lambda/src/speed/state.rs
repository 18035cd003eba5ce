//! One publication, and what the epochs since its cut change about it.

use std::sync::Arc;

use hashbrown::HashSet;
use workloads::{Record, Terms, Version};

use super::epoch::Epochs;
use super::sketch::Sketches;
use crate::error::LambdaError;
use crate::handover::{Cut, Share};
use crate::layers::Layers;
use crate::stores::{Cell, Cells, Table};

/// A publication that is followed.
pub(crate) struct Following<L: Layers> {
    /// Where it ends.
    pub(crate) cut: Cut,
    /// What the batch published.
    pub(crate) base: Arc<L::Base>,
    /// What has been folded of the epochs since.
    pub(crate) state: L::State,
    /// The state at an older version, kept when a key went out of reach: it is the last at which every key was
    /// within it.
    pub(crate) frozen: Option<(Version, L::State)>,
    /// Which records are folded.
    pub(crate) share: Share,
    /// Cells changed since a store was given them, if there is one.
    pub(crate) touched: Option<HashSet<Cell>>,
    /// How often this was begun afresh.
    attempt: u64,
    /// What is kept in place of sets, if it is an approximate one.
    sketches: Option<Sketches>,
    /// How many records of each epoch have been gone through.
    folded: Vec<usize>,
    /// Whether it has ever been level with the epochs.
    level: bool,
}

impl<L: Layers> Following<L> {
    /// Nothing folded yet.
    pub(crate) fn new(cut: Cut, base: Arc<L::Base>, share: Share, sketches: Option<Sketches>) -> Self {
        let state = L::begin(sketches);
        let (frozen, touched, folded) = (None, None, Vec::new());
        Following { cut, base, state, frozen, share, touched, attempt: 0, sketches, folded, level: false }
    }

    /// Forgets what was folded, and answers from that epoch on.
    pub(crate) fn start_afresh(&mut self, from: u64) {
        self.share.from = from;
        (self.state, self.frozen) = (L::begin(self.sketches), None);
        (self.folded, self.level) = (Vec::new(), false);
        (self.touched, self.attempt) = (None, self.attempt + 1);
    }

    /// Folds one record.
    pub(crate) fn feed(&mut self, terms: &Terms, record: &Record) -> Result<(), LambdaError> {
        L::speed(terms, &self.base, &mut self.state, record)?;
        if let Some(touched) = &mut self.touched {
            L::Cells::touched(&self.state, record, &mut |cell| {
                touched.insert(cell);
            });
        }
        Ok(())
    }

    /// The cells of the state.
    pub(crate) fn table(&self) -> Table {
        Table { publication: self.cut.number, attempt: self.attempt, kept: false }
    }

    /// Folds up to `most` records; false if there was none. `before` is the version at which the epochs were when
    /// this was last level with them.
    pub(crate) fn fold(
        &mut self,
        terms: &Terms,
        epochs: &Epochs,
        before: &Version,
        most: usize,
    ) -> Result<bool, LambdaError> {
        let then = self.folded.clone();
        let mut left = most;
        for (i, epoch) in epochs.since(self.share.from).enumerate() {
            self.folded.resize(self.folded.len().max(i + 1), 0);
            for record in epoch.records[self.folded[i]..].iter().take(left) {
                if self.share.has(record) {
                    self.feed(terms, record)?;
                }
                self.folded[i] += 1;
                left -= 1;
            }
        }
        let was_level = self.level;
        self.level = was_level || self.caught_up(epochs);
        if self.level {
            self.freeze(terms, epochs, &then, was_level.then_some(before))?;
        }
        Ok(left < most)
    }

    /// What the publication and the state include together, when the epochs have been read up to `read`. Where the
    /// batch was quicker, that is all of the batch's.
    pub(crate) fn version(&self, read: &Version) -> Version {
        self.cut.version.join(read)
    }

    /// Whether everything in the epochs is folded.
    pub(crate) fn caught_up(&self, epochs: &Epochs) -> bool {
        epochs
            .since(self.share.from)
            .enumerate()
            .all(|(i, epoch)| self.folded.get(i).copied().unwrap_or(0) == epoch.records.len())
    }

    /// Keeps the last state in which every key was within reach, if one has just gone out of it: that at `before`, which
    /// is what `then` leads to; or that at the cut itself, if this was not level with the epochs before.
    fn freeze(
        &mut self,
        terms: &Terms,
        epochs: &Epochs,
        then: &[usize],
        before: Option<&Version>,
    ) -> Result<(), LambdaError> {
        let suspects = L::suspects(&mut self.state);
        if self.frozen.is_some() {
            return Ok(());
        }
        let mut out = false;
        for query in &suspects {
            out |= L::serve(terms, &self.base, &L::partial(&self.state, query), query)?.is_none();
        }
        if !out {
            return Ok(());
        }
        let mut state = L::begin(self.sketches);
        if before.is_some() {
            for (epoch, count) in epochs.since(self.share.from).zip(then) {
                for record in epoch.records[..*count].iter().filter(|record| self.share.has(record)) {
                    L::speed(terms, &self.base, &mut state, record)?;
                }
            }
        }
        self.frozen = Some((self.version(before.unwrap_or(&self.cut.version)), state));
        Ok(())
    }
}
