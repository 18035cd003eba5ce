//! The sums of one grouping by key, as one worker holds them, at every version that can still be read.

use std::cell::RefCell;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use workloads::Rows;

use crate::error::KappaError;
use crate::flow::fold::Update;
use crate::flow::keys::Key;
use crate::flow::past::Past;
use crate::flow::reading::{Found, Reader};
use crate::flow::shelf::Shelf;
use crate::snapshot::{Home, Table, Taken, Written};
use crate::views::{Grouping, Question};

/// Sums by key of a grouping.
pub(crate) type ShelfOf<G> = <<G as Grouping>::Key as Key>::Shelf<<G as Grouping>::Sum>;

/// What changes of a grouping at one time.
pub(crate) type Updates<G> = Vec<Update<<G as Grouping>::Key, <G as Grouping>::Sum>>;

/// What changes at each of some times.
pub(crate) type Changes<G> = BTreeMap<u64, Vec<Updates<G>>>;

/// What some versions have changed of a grouping.
pub(crate) type PastOf<G> = Past<<G as Grouping>::Key, <G as Grouping>::Sum>;

/// The sums at the newest version that is read, what each version before it has changed as far back as can be read,
/// and what each later one will. Nearly every read is of the newest and finds the sums as they lie there.
pub(crate) struct Sums<G: Grouping> {
    newest: ShelfOf<G>,
    past: PastOf<G>,
    later: Changes<G>,
    /// The version at which a snapshot is to begin, which is still to come.
    due: Option<u64>,
}

/// The sums of some grouping, whichever it is.
pub(crate) trait Held {
    /// Whether a view is answered from them.
    fn answers(&self, view: &str) -> bool;
    /// The answer as of `time`, which is complete and has not been given up.
    fn rows(&self, time: u64, question: &Question<'_>) -> Found;
    /// The same of every key that has changed since the version `since`, which has not been given up. A row that has gone is an
    /// empty one.
    fn changed(&self, since: u64, time: u64, question: &Question<'_>) -> Rows;
    /// From now on `newest`, which is complete, is read most; versions before `oldest` are given up.
    fn settle(&self, newest: u64, oldest: u64);
    /// What they are called in a snapshot.
    fn name(&self) -> &'static str;
    /// A snapshot is to begin at `time`, which is to come.
    fn snapshot(&self, time: u64);
    /// Whether it has begun.
    fn begun(&self) -> bool;
    /// See [`Table::write`].
    fn write(&self, rows: &mut Written) -> bool;
    /// See [`Table::take_up`].
    fn take_up(&self, rows: &mut Taken<'_>, home: &Home) -> Result<(), KappaError>;
}

impl<G: Grouping> Default for Sums<G> {
    fn default() -> Self {
        Sums { newest: ShelfOf::<G>::default(), past: Past::default(), later: BTreeMap::new(), due: None }
    }
}

impl<G: Grouping> Sums<G> {
    /// Takes some of what `time` changes.
    pub(crate) fn take(&mut self, time: u64, updates: Updates<G>) {
        self.later.entry(time).or_default().push(updates);
    }

    fn reader(&self, time: u64) -> Reader<'_, G> {
        Reader::new(time, &self.newest, &self.past, &self.later)
    }

    /// Every key that the versions from `since` up to `time` changed.
    fn keys(&self, since: u64, time: u64) -> BTreeSet<G::Key> {
        let later = self.later.range(since..=time).flat_map(|(_, some)| some.iter().flatten());
        later.map(|(key, _)| *key).chain(self.past.keys(since, time)).collect()
    }

    fn settle(&mut self, newest: u64, oldest: u64) {
        while let Some(first) = self.later.first_entry().filter(|first| *first.key() <= newest) {
            let (time, mut updates) = first.remove_entry();
            self.begin(time);
            updates.iter_mut().for_each(|some| self.newest.add_all(some));
            if time > oldest {
                self.past.take(time, updates.concat());
            }
        }
        self.begin(newest + 1);
        self.past.forget(oldest);
    }
}

impl<G: Grouping> Sums<G> {
    /// Begins the snapshot that is due, if its version comes before `time`, which nothing was added of.
    fn begin(&mut self, time: u64) {
        if self.due.is_some_and(|due| due < time) {
            self.due = None;
            self.newest.begin();
        }
    }
}

impl<G: Grouping> Held for Rc<RefCell<Sums<G>>> {
    fn answers(&self, view: &str) -> bool {
        G::VIEWS.contains(&view)
    }

    fn rows(&self, time: u64, question: &Question<'_>) -> Found {
        G::rows(question, &self.borrow().reader(time))
    }

    fn changed(&self, since: u64, time: u64, question: &Question<'_>) -> Rows {
        let sums = self.borrow();
        let reader = sums.reader(time);
        let mut rows = Rows::new();
        // Of several keys there may be one row.
        for key in sums.keys(since, time).into_iter().map(|key| key.print(question.names.all())) {
            if let Entry::Vacant(place) = rows.entry(key) {
                let key = place.key();
                let row = G::rows(&Question { key: Some(key), ..*question }, &reader).rows().remove(key);
                place.insert(row.unwrap_or_default());
            }
        }
        rows
    }

    fn settle(&self, newest: u64, oldest: u64) {
        self.borrow_mut().settle(newest, oldest);
    }

    fn name(&self) -> &'static str {
        G::VIEWS[0]
    }

    fn snapshot(&self, time: u64) {
        self.borrow_mut().due = Some(time);
    }

    fn begun(&self) -> bool {
        self.borrow().due.is_none()
    }

    fn write(&self, rows: &mut Written) -> bool {
        self.borrow_mut().newest.write(rows)
    }

    fn take_up(&self, rows: &mut Taken<'_>, home: &Home) -> Result<(), KappaError> {
        self.borrow_mut().newest.take_up(rows, home)
    }
}
