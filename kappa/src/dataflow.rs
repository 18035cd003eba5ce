//! One worker's share of the dataflow: acts in, the rules, and the sums of each grouping.

use std::cell::Cell;
use std::rc::Rc;

use timely::container::CapacityContainerBuilder;
use timely::dataflow::InputHandle;
use timely::dataflow::operators::Input;
use timely::worker::Worker;
use workloads::{Query, Record, Rows, Terms};

use crate::names::{Names, SharedNames};
use crate::operator::{carry_out, hold};
use crate::sums::Held;
use crate::views::{Question, Rules};

/// Acts sent into the dataflow at once.
const BATCH: usize = 1024;

/// The dataflow as one worker holds it. Logical times are numbers of versions; a version is complete when the
/// frontier of the sums has passed it, and only complete versions may be read.
pub(crate) struct Dataflow<R: Rules> {
    input: InputHandle<u64, CapacityContainerBuilder<Vec<R::Act>>>,
    acts: Vec<R::Act>,
    frontier: Rc<Cell<u64>>,
    names: SharedNames,
    terms: Terms,
    sums: Vec<Box<dyn Held>>,
}

impl<R: Rules> Dataflow<R> {
    /// Builds it in a worker. Every worker must build the same dataflows in the same order.
    pub(crate) fn build(worker: &mut Worker, terms: &Terms, views: &[&str], names: SharedNames) -> Self {
        let mut input = InputHandle::new_with_builder();
        let frontier = Rc::new(Cell::new(0));
        let sums = worker.dataflow_named::<u64, _, _>("views", |scope| {
            let acts = scope.input_from(&mut input);
            let leads = carry_out::<R>(scope, acts, terms, views, names.clone());
            hold(scope, leads, Rc::clone(&frontier))
        });
        let acts = Vec::with_capacity(BATCH);
        Dataflow { input, acts, frontier, names, terms: terms.clone(), sums }
    }

    /// Hands records to the version that is being filled.
    pub(crate) fn feed(&mut self, records: &[Record]) {
        for some in records.chunks(BATCH) {
            {
                let mut names = self.names.lock();
                self.acts.extend(some.iter().filter_map(|record| R::act(record, &mut names)));
            }
            self.input.send_batch(&mut self.acts);
        }
    }

    /// All that this worker has for versions before `time` has been fed; what follows belongs to `time`.
    pub(crate) fn advance(&mut self, time: u64) {
        self.input.advance_to(time);
    }

    /// Every version before this one is complete, at all workers.
    pub(crate) fn frontier(&self) -> u64 {
        self.frontier.get()
    }

    /// Gives up reading versions before `since`.
    pub(crate) fn compact(&mut self, since: u64) {
        debug_assert!(since < self.frontier(), "version {since} is not complete");
        self.sums.iter().for_each(|sums| sums.give_up(since));
    }

    /// One set of rows a query, as of `time`, from this worker's share of the keys.
    ///
    /// # Contract
    ///
    /// The version `time` is complete and has not been given up; every query names a view of the workload.
    pub(crate) fn rows(&self, time: u64, queries: &[Query]) -> Vec<Rows> {
        debug_assert!(time < self.frontier(), "version {time} is not complete");
        let names = self.names.lock();
        queries.iter().map(|query| self.answer(time, query, &names)).collect()
    }

    fn answer(&self, time: u64, query: &Query, names: &Names) -> Rows {
        let (view, key) = (query.view.as_str(), query.key.as_deref());
        let sums = self.sums.iter().find(|sums| sums.answers(view));
        let question = Question { view, key, names, terms: &self.terms };
        sums.map(|sums| sums.rows(time, &question)).unwrap_or_default()
    }
}
