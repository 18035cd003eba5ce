//! What was archived since an earlier version, for whoever has read the rest before.

use workloads::{Record, Version};

use super::error::ArchiveError;
use super::read::{Block, Met, Scan, Wanted};
use super::{Archive, rows};

impl Archive {
    /// Every record at or above `from` and below `upto`, with all that was archived of it, a partition's in the order of
    /// its offsets. Files and row groups that lie below `from` are not read.
    pub fn scan_since(
        &self,
        from: &Version,
        upto: &Version,
        each: &mut dyn FnMut(&Record),
    ) -> Result<(), ArchiveError> {
        if !self.sealed().covers(upto) {
            return Err(self.beyond("is less than", upto));
        }
        let wanted = Wanted::all(self.layout);
        let mut scan = Scan::new(&*self.store, upto, self.layout, &wanted);
        scan.from = Some(from);
        let mut later = |record: &Record| {
            if !from.contains(record.place) {
                each(record);
            }
        };
        let mut hand = |block: &Block, met: &Met| rows::records(self.layout, block, met, &mut later);
        self.manifest.files.iter().try_for_each(|file| scan.file(file, &mut hand))
    }
}
