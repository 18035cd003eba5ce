//! The head file of a partition: how far readers may read, and how much of that is durable.

use std::path::Path;

use crate::files::{Disk, DiskRead};

/// Name of the file.
pub(super) const HEAD: &str = "head";
const MAGIC: &[u8; 8] = b"wbhead01";
const LENGTH: usize = 68;
/// A reader may look while the writer is at it, and sees half of each: it looks again this often.
const LOOKS: usize = 1000;

/// A boundary between two batches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark {
    /// Offset of the record after it.
    pub(super) offset: u64,
    /// First offset of the segment, which names its file.
    pub(super) segment: u64,
    /// Byte position in that file.
    pub(super) position: u64,
}

impl Mark {
    /// Where a segment of that name begins.
    pub(super) fn start(segment: u64) -> Mark {
        Mark { offset: segment, segment, position: 0 }
    }
}

/// What the file says. It is overwritten after every append and never synced: after a loss of power it may be old
/// or unreadable, but what it calls durable has been synced before it was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    /// Counts the writers that have opened the log.
    pub(super) generation: u64,
    /// End of what can be read.
    pub(super) next: Mark,
    /// End of what no loss of power can take.
    pub(super) durable: Mark,
}

impl Head {
    /// Its bytes, with a checksum at the end.
    pub(super) fn bytes(&self) -> [u8; LENGTH] {
        let Mark { offset, segment, position } = self.next;
        let durable = self.durable;
        let numbers =
            [self.generation, offset, segment, position, durable.offset, durable.segment, durable.position];
        let mut bytes = [0; LENGTH];
        bytes[..8].copy_from_slice(MAGIC);
        for (place, number) in bytes[8..].chunks_exact_mut(8).zip(numbers) {
            place.copy_from_slice(&number.to_be_bytes());
        }
        let sum = crc32fast::hash(&bytes[..LENGTH - 4]);
        bytes[LENGTH - 4..].copy_from_slice(&sum.to_be_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8; LENGTH]) -> Option<Head> {
        let (body, sum) = bytes.split_at(LENGTH - 4);
        if &body[..8] != MAGIC || crc32fast::hash(body).to_be_bytes() != sum {
            return None;
        }
        let mut numbers =
            body[8..].chunks_exact(8).map(|place| place.try_into().map_or(0, u64::from_be_bytes));
        let mut number = || numbers.next().unwrap_or_default();
        let generation = number();
        let next = Mark { offset: number(), segment: number(), position: number() };
        let durable = Mark { offset: number(), segment: number(), position: number() };
        Some(Head { generation, next, durable })
    }

    /// Reads it; nothing if what is there is not a head.
    pub(super) fn read(file: &dyn DiskRead) -> std::io::Result<Option<Head>> {
        let mut bytes = [0; LENGTH];
        for _ in 0..LOOKS {
            let read = file.read_at(0, &mut bytes)?;
            let head = Head::from_bytes(&bytes);
            if head.is_some() || read < LENGTH {
                return Ok(head);
            }
        }
        Ok(None)
    }

    /// Opens and reads it; nothing if it is missing or not a head.
    pub(super) fn find(disk: &dyn Disk, folder: &Path) -> std::io::Result<Option<Head>> {
        match disk.open_read(&folder.join(HEAD)) {
            Ok(file) => Head::read(file.as_ref()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_back_and_any_changed_byte_is_noticed() {
        let mark = |n| Mark { offset: n, segment: n + 1, position: n + 2 };
        let head = Head { generation: 1, next: mark(100), durable: mark(50) };
        let bytes = head.bytes();
        assert_eq!(Head::from_bytes(&bytes), Some(head));
        for place in 0..LENGTH {
            let mut changed = bytes;
            changed[place] ^= 1;
            assert_eq!(Head::from_bytes(&changed), None, "byte {place}");
        }
    }
}
