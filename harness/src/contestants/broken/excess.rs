//! Amounts that are counted once too often.

use hashbrown::HashMap;
use workloads::{Answer, Query, Record};

use crate::contestants::reference::Fold;

/// By view and key, what the first column has too much.
type Amounts = HashMap<(&'static str, String), i128>;

/// What is added to the answers.
pub(super) struct Excess {
    epoch: u64,
    window: u64,
    /// Added to every answer.
    now: Amounts,
    /// What this epoch has added so far.
    coming: Amounts,
    /// Number of cuts passed.
    cuts: u64,
}

impl Excess {
    /// None yet; epochs of so many records, repeated for a window of so many.
    pub(super) fn new(epoch: u64, window: u64) -> Self {
        Excess { epoch, window, now: Amounts::new(), coming: Amounts::new(), cuts: 0 }
    }

    /// Feeds a record and notes what it adds, to be added again after the cut.
    pub(super) fn repeat_epoch(&mut self, fold: &mut Fold, record: &Record) {
        note(&mut self.coming, fold, record);
    }

    /// Feeds a record and adds what it changes again if it takes something back.
    pub(super) fn repeat_cancellation(&mut self, fold: &mut Fold, record: &Record) {
        if record.event.takes_back() {
            note(&mut self.now, fold, record);
        } else {
            fold.feed(record);
        }
    }

    /// Says how many records have been applied: enters and leaves the window after a cut.
    pub(super) fn turn(&mut self, total: u64) {
        if total / self.epoch > self.cuts {
            self.cuts = total / self.epoch;
            self.now = std::mem::take(&mut self.coming);
        } else if total % self.epoch >= self.window {
            self.now.clear();
        }
    }

    /// Adds the excess to an answer. A row that is not there cannot have any.
    pub(super) fn add(&self, queries: &[Query], answer: &mut Answer) {
        for (query, rows) in queries.iter().zip(&mut answer.rows) {
            let Some(view) = VIEWS.iter().find(|view| **view == query.view) else { continue };
            for (key, row) in rows.iter_mut() {
                row[0] += self.now.get(&(*view, key.clone())).copied().unwrap_or(0);
            }
        }
    }
}

/// Views whose key follows from the event's.
const VIEWS: [&str; 3] = ["spend", "revenue", "mean"];

fn note(amounts: &mut Amounts, fold: &mut Fold, record: &Record) {
    let keys = VIEWS.map(|view| if view == "revenue" { "all" } else { record.event.key().as_str() });
    let firsts = |fold: &Fold| {
        let mut both = VIEWS.into_iter().zip(keys);
        [(); 3].map(|()| {
            let (view, key) = both.next()?;
            fold.row(view, key).map(|row| row[0])
        })
    };
    let before = firsts(fold);
    fold.feed(record);
    let after = firsts(fold);
    for (index, view) in VIEWS.into_iter().enumerate() {
        let change = after[index].unwrap_or(0) - before[index].unwrap_or(0);
        if change != 0 {
            *amounts.entry((view, keys[index].to_owned())).or_default() += change;
        }
    }
}
