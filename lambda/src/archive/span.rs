//! What was archived of a span of time, and where the records of all others came from.

use workloads::{Millis, Origin, Place, Record, Version};

use super::error::ArchiveError;
use super::read::Wanted;
use super::schema::Layout;
use super::{Archive, rows};

impl Archive {
    /// Every record below `upto`, but for stretches of which no event is between `from` and `to`, and none takes back or
    /// corrects: they are not read.
    pub fn scan_times(
        &self,
        upto: &Version,
        (from, to): (Millis, Millis),
        each: &mut dyn FnMut(&Record),
    ) -> Result<(), ArchiveError> {
        let some = Wanted { times: Some((from, to)), ..Wanted::all(self.layout) };
        self.scan(upto, &some, &mut |block, met| rows::records(self.layout, block, met, each))
    }

    /// Place and origin of every record below `upto`, a partition's in the order of its offsets.
    pub fn scan_origins(
        &self,
        upto: &Version,
        each: &mut dyn FnMut(Place, Option<Origin>),
    ) -> Result<(), ArchiveError> {
        let longs = vec![Layout::OFFSET, Layout::SOURCE, Layout::SEQUENCE];
        let (wanted, mut origins) = (Wanted { keys: false, longs, times: None }, Vec::new());
        self.scan(upto, &wanted, &mut |block, _| {
            rows::origins(block, &mut origins)?;
            for (offset, origin) in block.longs[Layout::OFFSET].iter().zip(&origins) {
                each(Place { partition: block.partition, offset: *offset as u64 }, *origin);
            }
            Ok(())
        })
    }
}
