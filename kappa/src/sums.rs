//! The sums of one grouping by key, as one worker holds them, at every version that can still be read.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use differential_dataflow::difference::Semigroup;
use workloads::Rows;

use crate::fold::Update;
use crate::keys::Key;
use crate::reading::Reader;
use crate::shelf::Shelf;
use crate::views::{Grouping, Question};

/// Sums by key of a grouping.
pub(crate) type ShelfOf<G> = <<G as Grouping>::Key as Key>::Shelf<<G as Grouping>::Sum>;

/// What changes of a grouping at one time.
pub(crate) type Updates<G> = Vec<Update<<G as Grouping>::Key, <G as Grouping>::Sum>>;

/// The sums at the oldest version that can be read, and what each later one changes. Versions come while earlier
/// ones are read, so that what changes is kept apart until nobody can ask for what was before.
pub(crate) struct Sums<G: Grouping> {
    settled: ShelfOf<G>,
    later: BTreeMap<u64, Vec<Updates<G>>>,
}

/// The sums of some grouping, whichever it is.
pub(crate) trait Held {
    /// Whether a view is answered from them.
    fn answers(&self, view: &str) -> bool;
    /// The answer as of `time`, which is complete and has not been given up.
    fn rows(&self, time: u64, question: &Question<'_>) -> Rows;
    /// Gives up reading versions before `since`, which is complete.
    fn give_up(&self, since: u64);
}

impl<G: Grouping> Default for Sums<G> {
    fn default() -> Self {
        Sums { settled: ShelfOf::<G>::default(), later: BTreeMap::new() }
    }
}

impl<G: Grouping> Sums<G> {
    /// Takes some of what `time` changes.
    pub(crate) fn take(&mut self, time: u64, updates: Updates<G>) {
        self.later.entry(time).or_default().push(updates);
    }

    fn reader(&self, time: u64) -> Reader<'_, G> {
        let mut later = BTreeMap::<G::Key, G::Sum>::new();
        for (key, difference) in self.later.range(..=time).flat_map(|(_, some)| some.iter().flatten()) {
            later.entry(*key).or_default().plus_equals(difference);
        }
        Reader::new(&self.settled, later)
    }
}

impl<G: Grouping> Held for Rc<RefCell<Sums<G>>> {
    fn answers(&self, view: &str) -> bool {
        G::VIEWS.contains(&view)
    }

    fn rows(&self, time: u64, question: &Question<'_>) -> Rows {
        G::rows(question, &self.borrow().reader(time))
    }

    fn give_up(&self, since: u64) {
        let Sums { settled, later } = &mut *self.borrow_mut();
        while let Some(first) = later.first_entry().filter(|first| *first.key() <= since) {
            for (key, difference) in first.remove().into_iter().flatten() {
                settled.add(key, &difference);
            }
        }
    }
}
