//! The files of an archive as they are, for whoever reads Parquet by himself.

use bytes::Bytes;
use workloads::Version;

use super::read::read;
use super::{Archive, ArchiveError};

impl Archive {
    /// The Parquet files that hold anything below `upto`, checked; and whether all that they hold is below.
    pub fn held(&self, upto: &Version) -> Result<(Vec<Bytes>, bool), ArchiveError> {
        if !self.sealed().covers(upto) {
            return Err(self.beyond("is less than", upto));
        }
        let (mut files, mut whole) = (Vec::new(), true);
        for file in &self.manifest.files {
            let limit = |partition: u32| upto.0[partition as usize];
            if file.ranges.iter().all(|range| range.rows == 0 || limit(range.partition) <= range.from) {
                continue;
            }
            whole &= file.ranges.iter().all(|range| range.upto <= limit(range.partition));
            files.push(read(&*self.store, file)?);
        }
        Ok((files, whole))
    }
}
