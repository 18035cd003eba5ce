//! The same dataflow fed by hand to several workers, each in a thread of its own.

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use timely::worker::Worker;
use workloads::{Query, Record, Rows, Terms};

use crate::engine::{build, gather};
use crate::error::KappaError;
use crate::names::Homes;

/// Records fed before what was made of them is carried out.
const STRETCH: usize = 4096;

/// Versions begun before the first of them is complete.
const IN_FLIGHT: u64 = 3;

/// How long a worker waits for the others before it looks again.
const NAP: Duration = Duration::from_micros(200);

/// Decoded records that several workers carry out from the first to the last. Duplicates are taken as they come.
#[derive(Clone, Debug)]
pub struct Shift {
    /// Name of the workload.
    pub workload: String,
    /// What is agreed on.
    pub terms: Terms,
    /// Views that are asked for; every view when there are none.
    pub views: Vec<String>,
    /// All records; each worker begins with its part of every version.
    pub records: Arc<Vec<Record>>,
    /// Records a version.
    pub granularity: usize,
    /// Threads.
    pub workers: usize,
}

impl Shift {
    /// Carries out every version and tells `complete`; then one set of rows a query.
    pub fn work(&self, queries: &[Query], complete: impl FnOnce()) -> Result<Vec<Rows>, KappaError> {
        if self.granularity == 0 || self.workers == 0 {
            return Err(KappaError::Nothing);
        }
        let (shift, asked) = (self.clone(), queries.to_vec());
        let (tell, told) = channel();
        let config = timely::Config::process(self.workers);
        let guards = timely::execute(config, move |worker| shift.part(worker, &asked, &tell));
        let guards = guards.map_err(KappaError::Start)?;
        // It ends early when a worker does, which then says why.
        told.iter().take(self.workers).for_each(drop);
        complete();
        let mut all = vec![Rows::new(); queries.len()];
        for share in guards.join() {
            // A key has one home, so that no row comes twice.
            let share = share.map_err(|_| KappaError::Stopped)??;
            all.iter_mut().zip(share).for_each(|(rows, more)| rows.extend(more));
        }
        Ok(gather(&self.workload, queries, all))
    }

    /// The life of one worker.
    fn part(
        &self,
        worker: &mut Worker,
        queries: &[Query],
        tell: &Sender<()>,
    ) -> Result<Vec<Rows>, KappaError> {
        let views: Vec<&str> = self.views.iter().map(String::as_str).collect();
        let homes = Homes::spread(worker.peers());
        let mut engine = build(&self.workload, worker, &self.terms, &views, homes)?;
        let mut time = 0;
        for version in self.records.chunks(self.granularity) {
            let share = version.len().div_ceil(worker.peers());
            for some in version.chunks(share).nth(worker.index()).unwrap_or_default().chunks(STRETCH) {
                engine.feed(some);
                worker.step();
            }
            time += 1;
            engine.advance(time);
            worker.step();
            while engine.frontier() + IN_FLIGHT <= time {
                worker.step_or_park(Some(NAP));
            }
            engine.frontier().checked_sub(1).into_iter().for_each(|newest| engine.settle(newest, newest));
        }
        while engine.frontier() < time {
            worker.step_or_park(Some(NAP));
        }
        // Whoever asked may have gone; that is no concern of the work.
        let _ = tell.send(());
        let last = time.checked_sub(1);
        Ok(last.map_or_else(|| vec![Rows::new(); queries.len()], |last| engine.rows(last, queries)))
    }
}
