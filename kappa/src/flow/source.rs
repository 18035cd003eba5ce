//! From the log into the dataflow: the partitions of one worker, up to where a version is bound.

use workloads::intake::{Duplicates, Feed, Intake};
use workloads::{Log, LogError, Millis, Place, Record, Version};

use crate::error::KappaError;
use crate::flow::engine::Engine;
use crate::versions::lows::millis;

/// Records asked of one partition at once.
const STRETCH: usize = 2048;

/// The partitions that belong to one worker, and how far they have been read.
pub(crate) struct Source {
    intake: Intake,
    partitions: Vec<u32>,
    records: Vec<Record>,
    times: Times,
}

/// The newest event time of each partition, and how far before it a record may lie.
struct Times {
    newest: Vec<Millis>,
    /// To count.
    counts: Option<Millis>,
    /// At all.
    promised: Option<Millis>,
}

/// Where a source begins: the version, what was seen below it, and the newest event time of each partition there.
pub(crate) struct Begin<'a> {
    pub(crate) from: &'a Version,
    pub(crate) seen: Duplicates,
    pub(crate) newest: Vec<Millis>,
}

/// Partition p belongs to worker p modulo their number. Nobody hands partitions out, and nobody moves them.
pub(crate) fn partitions(all: u32, (worker, workers): (usize, usize)) -> Vec<u32> {
    (0..all).filter(|p| *p as usize % workers == worker).collect()
}

impl Source {
    /// The partitions of a worker. Records that lie further back than `lateness_ms` are dropped; that any lies further
    /// back than `forget_late_ms` is an error.
    pub(crate) fn open(
        log: &dyn Log,
        place: (usize, usize),
        feed: &Feed,
        begin: Begin<'_>,
        (lateness_ms, forget_late_ms): (Option<u64>, Option<u64>),
    ) -> Result<Self, LogError> {
        let all = log.meta().partitions;
        let partitions = partitions(all, place);
        let intake = Intake::resume(log, &partitions, begin.from, feed, begin.seen)?;
        let (counts, promised) = (lateness_ms.map(millis), forget_late_ms.map(millis));
        let mut newest = begin.newest;
        newest.resize(all as usize, Millis::MIN);
        Ok(Source { intake, partitions, records: Vec::new(), times: Times { newest, counts, promised } })
    }

    /// Reads on towards `binding`, at most about `budget` offsets. Says how many it moved on.
    pub(crate) fn pull(
        &mut self,
        binding: &Version,
        budget: usize,
        engine: &mut dyn Engine,
    ) -> Result<u64, KappaError> {
        let mut moved = 0;
        for partition in &self.partitions {
            let upto = binding.0[*partition as usize];
            while (moved as usize) < budget && self.intake.version().0[*partition as usize] < upto {
                let some = self.intake.pull(*partition, upto, STRETCH, &mut self.records)?;
                self.times.look(&mut self.records)?;
                engine.feed(&self.records);
                self.records.clear();
                moved += some;
                if some == 0 {
                    break;
                }
            }
        }
        Ok(moved)
    }

    /// Whether all of `binding` that belongs here has been read.
    pub(crate) fn reached(&self, binding: &Version) -> bool {
        self.missing(binding).is_none()
    }

    /// The first partition that has not been read up to `binding`, how far it was and how far it must be.
    pub(crate) fn missing(&self, binding: &Version) -> Option<(u32, u64, u64)> {
        let read = &self.intake.version().0;
        let mut partitions = self.partitions.iter().map(|p| (*p, read[*p as usize], binding.0[*p as usize]));
        partitions.find(|(_, read, upto)| read < upto)
    }

    /// Offsets read so far.
    pub(crate) fn read(&self) -> u64 {
        self.intake.version().total()
    }

    /// What was seen below where it has come to.
    pub(crate) fn duplicates(&self) -> &Duplicates {
        self.intake.duplicates()
    }

    /// Records set aside because they could not be decoded.
    pub(crate) fn dead(&self) -> u64 {
        self.intake.dead()
    }

    /// The newest event time of each of its partitions.
    pub(crate) fn newest(&self) -> Vec<(u32, Millis)> {
        self.partitions.iter().map(|partition| (*partition, self.times.newest[*partition as usize])).collect()
    }

    /// The smallest of them.
    pub(crate) fn low(&self) -> Millis {
        self.partitions.iter().map(|p| self.times.newest[*p as usize]).min().unwrap_or(Millis::MAX)
    }
}

impl Times {
    /// Drops what lies too far back to count, and complains of what lies further back than was promised.
    fn look(&mut self, records: &mut Vec<Record>) -> Result<(), KappaError> {
        let Times { newest, counts, promised } = self;
        if counts.is_none() && promised.is_none() {
            return Ok(());
        }
        let mut broken = None;
        records.retain(|record| {
            let (time, newest) = (record.event.time(), &mut newest[record.place.partition as usize]);
            let further = |allowed: Millis| time < newest.saturating_sub(allowed);
            let dropped = counts.is_some_and(further);
            if let Some(allowed_ms) = promised.filter(|allowed| !dropped && further(*allowed)) {
                let (Place { partition, offset }, late_ms) = (record.place, newest.saturating_sub(time));
                broken.get_or_insert(KappaError::Late { partition, offset, late_ms, allowed_ms });
            }
            *newest = time.max(*newest);
            !dropped
        });
        broken.map_or(Ok(()), Err)
    }
}
