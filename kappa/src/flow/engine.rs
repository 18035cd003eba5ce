//! A dataflow, whatever the workload.

use timely::WorkerConfig;
use timely::communication::Allocator;
use timely::worker::Worker;
use workloads::{Millis, Query, Record, Rows, Terms};

use crate::error::KappaError;
use crate::flow::dataflow::{Dataflow, Parsed};
use crate::flow::names::Homes;
use crate::flow::reading::{Found, Moment};
use crate::snapshot::Next;
use crate::views::Rules;
use crate::views::orders::Orders;
use crate::views::sensors::Sensors;
use crate::views::trades::Trades;
use crate::views::transfers::Transfers;
use crate::views::words::Words;

/// In place of a version, when reading: with whatever has come of versions that are not complete.
pub(crate) const NOW: u64 = u64::MAX - 1;

/// A [`Dataflow`] without its type parameter.
pub(crate) trait Engine {
    /// Hands records to the version that is being filled.
    fn feed(&mut self, records: &[Record]);
    /// Of the version that is being filled each worker reads so many records, `cost` times the work of carrying them out.
    fn level(&mut self, reads: &[u64], cost: u64);
    /// What follows belongs to version `time`.
    fn advance(&mut self, time: u64);
    /// Every version before this one is complete here.
    fn frontier(&self) -> u64;
    /// From now on `newest`, which is complete, is read most; versions before `oldest` are given up.
    fn settle(&mut self, newest: u64, oldest: u64);
    /// No record after the version settled last has an earlier event time: what none can change is forgotten.
    fn forget(&mut self, earliest: Millis);
    /// Lets go what changes after so many acts, whether or not their version is complete; 0 does not.
    fn hurry(&mut self, acts: u64);
    /// What each query finds at a complete version, or at [`NOW`].
    fn rows(&self, at: Moment, queries: &[Query]) -> Vec<Found>;
    /// A snapshot is to be taken at version `time`, which nothing was fed of.
    fn snapshot(&mut self, time: u64);
    /// Writes some more of it.
    fn write(&mut self, room: usize) -> Next;
    /// Takes up what is at home here of all that one worker wrote.
    fn take_up(&mut self, blocks: &mut dyn Iterator<Item = Parsed<'_>>) -> Result<(), KappaError>;
    /// All has been taken up that was known at version `time`.
    fn restore(&mut self, time: u64);
}

impl<R: Rules> Engine for Dataflow<R> {
    fn feed(&mut self, records: &[Record]) {
        self.feed(records);
    }

    fn level(&mut self, reads: &[u64], cost: u64) {
        self.level(reads, cost);
    }

    fn advance(&mut self, time: u64) {
        self.advance(time);
    }

    fn frontier(&self) -> u64 {
        self.frontier()
    }

    fn settle(&mut self, newest: u64, oldest: u64) {
        self.settle(newest, oldest);
    }

    fn forget(&mut self, earliest: Millis) {
        self.forget(earliest);
    }

    fn hurry(&mut self, acts: u64) {
        self.hurry(acts);
    }

    fn rows(&self, at: Moment, queries: &[Query]) -> Vec<Found> {
        self.rows(at, queries)
    }

    fn snapshot(&mut self, time: u64) {
        self.snapshot(time);
    }

    fn write(&mut self, room: usize) -> Next {
        self.write(room)
    }

    fn take_up(&mut self, blocks: &mut dyn Iterator<Item = Parsed<'_>>) -> Result<(), KappaError> {
        self.take_up(blocks)
    }

    fn restore(&mut self, time: u64) {
        self.restore(time);
    }
}

/// Builds the dataflow of a workload.
pub(crate) fn build(
    workload: &str,
    worker: &mut Worker,
    terms: &Terms,
    views: &[&str],
    homes: Homes,
) -> Result<Box<dyn Engine>, KappaError> {
    match workload {
        "orders" => Ok(Box::new(Dataflow::<Orders>::build(worker, terms, views, homes))),
        "trades" => Ok(Box::new(Dataflow::<Trades>::build(worker, terms, views, homes))),
        "words" => Ok(Box::new(Dataflow::<Words>::build(worker, terms, views, homes))),
        "sensors" => Ok(Box::new(Dataflow::<Sensors>::build(worker, terms, views, homes))),
        "transfers" => Ok(Box::new(Dataflow::<Transfers>::build(worker, terms, views, homes))),
        _ => Err(KappaError::UnknownWorkload(workload.to_owned())),
    }
}

/// The answers to queries out of what all workers together answered.
pub(crate) fn gather(workload: &str, queries: &[Query], rows: Vec<Rows>) -> Vec<Rows> {
    let gather = match workload {
        "orders" => Orders::gather,
        "trades" => Trades::gather,
        "words" => Words::gather,
        "sensors" => Sensors::gather,
        _ => Transfers::gather,
    };
    queries.iter().zip(rows).map(|(query, rows)| gather(&query.view, query.key.as_deref(), rows)).collect()
}

/// Whether what changes of a view is not told by the keys that change, so that it must be asked for as a whole.
pub(crate) fn whole(workload: &str, view: &str) -> bool {
    match workload {
        "orders" => Orders::whole(view),
        "trades" => Trades::whole(view),
        "words" => Words::whole(view),
        "sensors" => Sensors::whole(view),
        _ => Transfers::whole(view),
    }
}

/// A worker that runs in the thread of whoever steps it.
pub(crate) fn lone_worker() -> Worker {
    let thread = timely::communication::allocator::thread::Thread::default();
    Worker::new(WorkerConfig::default(), Allocator::Thread(thread), None)
}
