//! From the log into the dataflow: the partitions of one worker, up to where a version is bound.

use workloads::intake::{Duplicates, Feed, Intake};
use workloads::{Log, LogError, Millis, Record, Version};

use crate::flow::engine::Engine;

/// Records asked of one partition at once.
const STRETCH: usize = 2048;

/// The partitions that belong to one worker, and how far they have been read.
pub(crate) struct Source {
    intake: Intake,
    partitions: Vec<u32>,
    records: Vec<Record>,
    watermarks: Option<Watermarks>,
}

/// The newest event time of each partition, and how far before it a record may lie.
struct Watermarks {
    allowed: Millis,
    newest: Vec<Millis>,
}

/// Partition p belongs to worker p modulo their number. Nobody hands partitions out, and nobody moves them.
pub(crate) fn partitions(all: u32, (worker, workers): (usize, usize)) -> Vec<u32> {
    (0..all).filter(|p| *p as usize % workers == worker).collect()
}

impl Source {
    /// The partitions of a worker, from `from` on, below which `seen` was seen.
    pub(crate) fn open(
        log: &dyn Log,
        place: (usize, usize),
        feed: &Feed,
        (from, seen): (&Version, Duplicates),
        lateness_ms: Option<u64>,
    ) -> Result<Self, LogError> {
        let all = log.meta().partitions;
        let partitions = partitions(all, place);
        let intake = Intake::resume(log, &partitions, from, feed, seen)?;
        let watermarks = lateness_ms.map(|allowed| Watermarks::new(allowed, all));
        Ok(Source { intake, partitions, records: Vec::new(), watermarks })
    }

    /// Reads on towards `binding`, at most about `budget` offsets. Says how many it moved on.
    pub(crate) fn pull(
        &mut self,
        binding: &Version,
        budget: usize,
        engine: &mut dyn Engine,
    ) -> Result<u64, LogError> {
        let mut moved = 0;
        for partition in &self.partitions {
            let upto = binding.0[*partition as usize];
            while (moved as usize) < budget && self.intake.version().0[*partition as usize] < upto {
                let some = self.intake.pull(*partition, upto, STRETCH, &mut self.records)?;
                if let Some(watermarks) = &mut self.watermarks {
                    self.records.retain(|record| !watermarks.late(record));
                }
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
}

impl Watermarks {
    fn new(allowed_ms: u64, partitions: u32) -> Self {
        let allowed = Millis::try_from(allowed_ms).unwrap_or(Millis::MAX);
        Watermarks { allowed, newest: vec![Millis::MIN; partitions as usize] }
    }

    /// Whether a record lies too far back; the next ones are held against it.
    fn late(&mut self, record: &Record) -> bool {
        let newest = &mut self.newest[record.place.partition as usize];
        let late = record.event.time() < newest.saturating_sub(self.allowed);
        *newest = record.event.time().max(*newest);
        late
    }
}
