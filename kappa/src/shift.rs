//! The same dataflow fed by hand to several workers, each in a thread of its own.

use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use timely::worker::Worker;
use workloads::{Query, Record, Rows, Terms};

use crate::error::KappaError;
use crate::flow::engine::{build, gather};
use crate::flow::names::Homes;
use crate::flow::reading::{Found, joined};

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
    /// What each worker begins with. There are as many threads.
    pub shares: Vec<Arc<Vec<Record>>>,
    /// The number of partitions that the shares are of, where each record is in its name's: then every act stays where it is
    /// made.
    pub partitions: Option<u32>,
    /// Records a version, every share in proportion.
    pub granularity: usize,
}

/// How far the work has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Every worker is there; nothing has been fed.
    Began,
    /// Every version is complete.
    Over,
}

impl Shift {
    /// Deals records out to workers: so many at a time in turn, or those of each partition to one of them.
    pub fn deal(records: &[Record], workers: usize, in_turn: Option<usize>) -> Vec<Arc<Vec<Record>>> {
        let mut shares = vec![Vec::new(); workers];
        for (number, record) in records.iter().enumerate() {
            let place = in_turn.map_or(record.place.partition as usize, |some| number / some.max(1));
            shares[place % workers].push(record.clone());
        }
        shares.into_iter().map(Arc::new).collect()
    }

    /// Carries out every version, and tells when all workers are there to begin and when they are done; then one set of rows
    /// a query.
    pub fn work(&self, queries: &[Query], mut tell: impl FnMut(Turn)) -> Result<Vec<Rows>, KappaError> {
        if self.granularity == 0 || self.shares.is_empty() {
            return Err(KappaError::Nothing);
        }
        let (shift, asked) = (self.clone(), queries.to_vec());
        let (say, said) = channel();
        let gate = Arc::new(RwLock::new(()));
        let shut = gate.write().unwrap_or_else(PoisonError::into_inner);
        let pass = Arc::clone(&gate);
        let config = timely::Config::process(self.shares.len());
        let guards = timely::execute(config, move |worker| shift.part(worker, &asked, (&say, &pass)));
        let guards = guards.map_err(KappaError::Start)?;
        // It ends early when a worker does, which then says why.
        said.iter().take(self.shares.len()).for_each(drop);
        tell(Turn::Began);
        drop(shut);
        said.iter().take(self.shares.len()).for_each(drop);
        tell(Turn::Over);
        let shares = guards.join().into_iter().map(|share| share.map_err(|_| KappaError::Stopped)?);
        let shares = shares.collect::<Result<Vec<Vec<Found>>, KappaError>>()?;
        Ok(gather(&self.workload, queries, joined(shares, queries.len())))
    }

    /// The life of one worker.
    fn part(
        &self,
        worker: &mut Worker,
        queries: &[Query],
        (say, gate): (&Sender<()>, &RwLock<()>),
    ) -> Result<Vec<Found>, KappaError> {
        let views: Vec<&str> = self.views.iter().map(String::as_str).collect();
        let homes = match self.partitions {
            Some(partitions) => Homes::along(partitions, worker.peers()),
            None => Homes::spread(worker.peers()),
        };
        let mut engine = build(&self.workload, worker, &self.terms, &views, homes)?;
        let share = &self.shares[worker.index()];
        // Whoever asked may have gone; that is no concern of the work.
        let _ = say.send(());
        drop(gate.read());
        let reads: Vec<u64> = self.shares.iter().map(|share| share.len() as u64).collect();
        engine.level(&reads, 0);
        let versions = self.shares.iter().map(|share| share.len()).sum::<usize>().div_ceil(self.granularity);
        let mut time = 0;
        for version in 0..versions {
            let part = share.len() * version / versions..share.len() * (version + 1) / versions;
            for some in share[part].chunks(STRETCH) {
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
        let _ = say.send(());
        let last = time.checked_sub(1);
        Ok(last.map_or_else(Vec::new, |last| engine.rows(last.into(), queries)))
    }
}
