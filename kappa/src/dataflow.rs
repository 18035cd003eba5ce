//! One worker's share of the dataflow: acts in, an arrangement of sums out for each grouping, and a probe behind them.

use std::cell::RefCell;

use timely::container::CapacityContainerBuilder;
use timely::dataflow::InputHandle;
use timely::dataflow::operators::Input;
use timely::dataflow::operators::probe::Handle as Probe;
use timely::worker::Worker;
use workloads::{Query, Record, Rows, Terms};

use crate::names::{Names, SharedNames};
use crate::operator::carry_out;
use crate::reading::Arranged;
use crate::views::{Question, Rules};

/// Acts sent into the dataflow at once.
const BATCH: usize = 1024;

/// The dataflow as one worker holds it. Logical times are numbers of versions; a version is complete when the
/// probe has passed it, and only complete versions may be read.
pub(crate) struct Dataflow<R: Rules> {
    input: InputHandle<u64, CapacityContainerBuilder<Vec<R::Act>>>,
    acts: Vec<R::Act>,
    probe: Probe<u64>,
    names: SharedNames,
    terms: Terms,
    arranged: RefCell<Vec<Box<dyn Arranged>>>,
}

impl<R: Rules> Dataflow<R> {
    /// Builds it in a worker. Every worker must build the same dataflows in the same order.
    pub(crate) fn build(worker: &mut Worker, terms: &Terms, views: &[&str], names: SharedNames) -> Self {
        let mut input = InputHandle::new_with_builder();
        let probe = Probe::new();
        let arranged = worker.dataflow_named::<u64, _, _>("views", |scope| {
            let acts = scope.input_from(&mut input);
            let arrange = carry_out::<R>(scope, acts, terms, views, names.clone());
            arrange.into_iter().map(|arrange| arrange(&probe)).collect()
        });
        let acts = Vec::with_capacity(BATCH);
        Dataflow { input, acts, probe, names, terms: terms.clone(), arranged: RefCell::new(arranged) }
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
        self.probe.with_frontier(|frontier| frontier.first().copied().unwrap_or(u64::MAX))
    }

    /// Gives up reading versions before `since`.
    pub(crate) fn compact(&mut self, since: u64) {
        let frontier = self.frontier();
        self.arranged.get_mut().iter_mut().for_each(|sums| sums.compact(since, frontier));
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
        let mut arranged = self.arranged.borrow_mut();
        let sums = arranged.iter_mut().find(|sums| sums.answers(view));
        let question = Question { view, key, names, terms: &self.terms };
        sums.map(|sums| sums.rows(time, &question)).unwrap_or_default()
    }
}
