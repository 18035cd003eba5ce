//! A log's partitions as one row of records.

use std::collections::VecDeque;

use workloads::log::{Log, LogError, LogReader, RawRecord};

/// Records read at a time.
const CHUNK: usize = 1000;

/// Hands out a log's records by the time they were appended, each partition's in its own order; of two from the same
/// time the one of the lower partition first. Ends where the log ended when this was made.
pub struct Merged {
    lanes: Vec<Lane>,
}

struct Lane {
    reader: Box<dyn LogReader>,
    head: u64,
    waiting: VecDeque<RawRecord>,
    read: Vec<RawRecord>,
}

impl Merged {
    /// Begins at the front of the log.
    pub fn of(log: &dyn Log) -> Result<Merged, LogError> {
        let (starts, heads) = (log.starts()?, log.heads()?);
        let lane = |((partition, start), head): ((u32, &u64), &u64)| {
            let reader = log.reader(partition, *start)?;
            Ok(Lane { reader, head: *head, waiting: VecDeque::new(), read: Vec::new() })
        };
        let lanes = (0..).zip(&starts.0).zip(&heads.0).map(lane).collect::<Result<_, LogError>>()?;
        Ok(Merged { lanes })
    }

    /// The next record and its partition.
    pub fn pull(&mut self) -> Result<Option<(u32, RawRecord)>, LogError> {
        let mut first: Option<(usize, i64)> = None;
        for (number, lane) in self.lanes.iter_mut().enumerate() {
            if let Some(appended) = lane.front()?
                && first.is_none_or(|(_, earliest)| appended < earliest)
            {
                first = Some((number, appended));
            }
        }
        let Some((number, _)) = first else { return Ok(None) };
        Ok(self.lanes[number].waiting.pop_front().map(|record| (number as u32, record)))
    }
}

impl Lane {
    fn front(&mut self) -> Result<Option<i64>, LogError> {
        while self.waiting.is_empty() && self.reader.position() < self.head {
            if self.reader.read(self.head, CHUNK, &mut self.read)? == 0 && self.reader.position() < self.head
            {
                self.reader.wait(self.head)?;
            }
            self.waiting.extend(self.read.drain(..));
        }
        Ok(self.waiting.front().map(|record| record.appended))
    }
}
