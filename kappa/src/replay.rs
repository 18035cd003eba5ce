//! The same dataflow fed by hand: records that are decoded already, without a log.

use timely::worker::Worker;
use workloads::{Query, Record, Rows, Terms};

use crate::error::KappaError;
use crate::flow::engine::{Engine, build, gather, lone_worker};
use crate::flow::names::Homes;
use crate::flow::reading::joined;

/// Records fed before what was made of them is carried out, while the processor still has it at hand.
const STRETCH: usize = 4096;

/// A dataflow in the caller's thread, whose versions are what it is handed. Duplicates are taken as they come.
pub struct Replay {
    worker: Worker,
    engine: Box<dyn Engine>,
    fed: u64,
    workload: String,
}

impl Replay {
    /// An empty one, for some views of the workload; for every view when there are none.
    pub fn new(workload: &str, terms: &Terms, views: &[&str]) -> Result<Self, KappaError> {
        let mut worker = lone_worker();
        let engine = build(workload, &mut worker, terms, views, Homes::spread(1))?;
        Ok(Replay { worker, engine, fed: 0, workload: workload.to_owned() })
    }

    /// Takes these records as one version and works until it is complete.
    pub fn feed(&mut self, records: &[Record]) {
        for some in records.chunks(STRETCH) {
            self.engine.feed(some);
            self.worker.step();
        }
        self.fed += 1;
        self.engine.advance(self.fed);
        while self.engine.frontier() < self.fed {
            self.worker.step();
        }
        self.engine.settle(self.fed - 1, self.fed - 1);
    }

    /// One set of rows a query, after all that was fed. A view that the workload does not have is empty.
    pub fn rows(&self, queries: &[Query]) -> Vec<Rows> {
        match self.fed.checked_sub(1) {
            Some(time) => {
                let found = self.engine.rows(time.into(), queries);
                gather(&self.workload, queries, joined(vec![found], queries.len()))
            }
            None => vec![Rows::new(); queries.len()],
        }
    }
}
