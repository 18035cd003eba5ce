//! One worker's share of the dataflow: acts in, two arrangements of sums out, and a probe behind them.

use std::cell::RefCell;

use differential_dataflow::operators::arrange::TraceAgent;
use differential_dataflow::operators::arrange::arrangement::arrange_core;
use differential_dataflow::trace::TraceReader;
use differential_dataflow::trace::implementations::{ContainerChunker, KeyBatcher, KeyBuilder, KeySpine};
use timely::container::CapacityContainerBuilder;
use timely::dataflow::channels::pact::Exchange;
use timely::dataflow::operators::probe::Handle as Probe;
use timely::dataflow::operators::{Input, Probe as _};
use timely::dataflow::{InputHandle, Stream};
use timely::progress::Antichain;
use timely::worker::Worker;
use workloads::{Record, Terms};

use crate::fold::{Update, hash};
use crate::names::SharedNames;
use crate::operator::carry_out;
use crate::views::{Key, Rules, Sum};

/// Acts sent into the dataflow at once.
const BATCH: usize = 1024;

/// An arrangement of sums by key.
pub(crate) type Sums<K, D> = TraceAgent<KeySpine<K, u64, D>>;

/// The dataflow as one worker holds it. Logical times are numbers of versions; a version is complete when the
/// probe has passed it, and only complete versions may be read.
pub(crate) struct Dataflow<R: Rules> {
    input: InputHandle<u64, CapacityContainerBuilder<Vec<R::Act>>>,
    acts: Vec<R::Act>,
    probe: Probe<u64>,
    pub(crate) names: SharedNames,
    pub(crate) terms: Terms,
    pub(crate) fine: RefCell<Sums<R::FineKey, R::Fine>>,
    pub(crate) coarse: RefCell<Sums<R::CoarseKey, R::Coarse>>,
}

impl<R: Rules> Dataflow<R> {
    /// Builds it in a worker. Every worker must build the same dataflows in the same order.
    pub(crate) fn build(worker: &mut Worker, terms: &Terms, views: &[&str], names: SharedNames) -> Self {
        let mut input = InputHandle::new_with_builder();
        let probe = Probe::new();
        let (fine, coarse) = worker.dataflow_named::<u64, _, _>("views", |scope| {
            let acts = scope.input_from(&mut input);
            let (fine, coarse) = carry_out::<R>(scope, acts, terms, views);
            let fine = arrange(fine, "fine", &probe);
            (fine, arrange(coarse, "coarse", &probe))
        });
        let acts = Vec::with_capacity(BATCH);
        let (fine, coarse) = (RefCell::new(fine), RefCell::new(coarse));
        Dataflow { input, acts, probe, names, terms: terms.clone(), fine, coarse }
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

    /// Gives up reading versions before `since`. Batches are merged as far as versions are complete: held back
    /// to `since` as well, every version in the window would stay a batch of its own.
    pub(crate) fn compact(&mut self, since: u64) {
        let frontier = self.frontier();
        compact(&mut *self.fine.borrow_mut(), since, frontier);
        compact(&mut *self.coarse.borrow_mut(), since, frontier);
    }
}

fn compact<T: TraceReader<Time = u64>>(trace: &mut T, since: u64, frontier: u64) {
    trace.set_logical_compaction(Antichain::from_elem(since).borrow());
    trace.set_physical_compaction(Antichain::from_elem(frontier).borrow());
}

/// Sums go to the worker of their key; the fine ones are there already, as acts are grouped no coarser.
fn arrange<'scope, K: Key, D: Sum>(
    changes: Stream<'scope, u64, Vec<Update<K, D>>>,
    name: &str,
    probe: &Probe<u64>,
) -> Sums<K, D> {
    let by_key = Exchange::new(|update: &Update<K, D>| hash(&update.0.0));
    let arranged = arrange_core::<
        _,
        _,
        ContainerChunker<Vec<Update<K, D>>>,
        KeyBatcher<K, u64, D>,
        KeyBuilder<K, u64, D>,
        KeySpine<K, u64, D>,
    >(changes, by_key, name);
    arranged.stream.probe_with(probe);
    arranged.trace
}
