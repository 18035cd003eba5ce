//! What one worker writes of a snapshot: blocks of rows, one after the other.

use workloads::intake::Duplicates;
use workloads::{Dedup, Version};

use super::table::Taken;
use crate::error::KappaError;
use crate::flow::dataflow::Parsed;

/// What the block is called that says which records were seen.
pub(super) const SEEN: &str = "seen";

/// Some rows of one table.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) table: String,
    pub(crate) rows: u32,
    pub(crate) bytes: Vec<u8>,
}

impl Block {
    /// As it stands in a file: the length of the name and the name, the rows, their length and they themselves.
    pub(super) fn head(&self) -> Vec<u8> {
        let mut head = vec![self.table.len() as u8];
        head.extend(self.table.as_bytes());
        head.extend(self.rows.to_le_bytes());
        head.extend((self.bytes.len() as u64).to_le_bytes());
        head
    }
}

/// All that one worker wrote.
#[derive(Debug)]
pub(crate) struct Part {
    bytes: Vec<u8>,
}

impl Part {
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        Part { bytes }
    }

    /// The blocks of tables, in the order in which they were written.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = Parsed<'_>> {
        self.all().filter(|block| !matches!(block, Ok((SEEN, _, _)))).map(|block| {
            let (table, rows, bytes) = block?;
            Ok((table, Taken::new(bytes, rows)))
        })
    }

    fn all(&self) -> impl Iterator<Item = Result<(&str, u32, &[u8]), KappaError>> {
        let mut rest = &self.bytes[..];
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let block = block(&mut rest);
            if block.is_none() {
                rest = &[];
            }
            Some(block.ok_or_else(|| KappaError::Snapshot("a part of it is cut short".to_owned())))
        })
    }

    fn seen(&self) -> Result<Option<Duplicates>, KappaError> {
        for block in self.all() {
            if let (SEEN, _, bytes) = block? {
                let seen = Duplicates::restore(bytes);
                return seen.map(Some).map_err(|error| KappaError::Snapshot(error.to_string()));
            }
        }
        Ok(None)
    }
}

/// Takes the next block off.
fn block<'a>(rest: &mut &'a [u8]) -> Option<(&'a str, u32, &'a [u8])> {
    let (length, after) = rest.split_first()?;
    let (name, after) = after.split_at_checked(*length as usize)?;
    let (rows, after) = after.split_first_chunk()?;
    let (length, after) = after.split_first_chunk()?;
    let (bytes, after) = after.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
    *rest = after;
    Some((std::str::from_utf8(name).ok()?, u32::from_le_bytes(*rows), bytes))
}

/// A snapshot that was read, to be taken up.
#[derive(Debug)]
pub(crate) struct Restored {
    /// The number of the snapshot.
    pub(crate) number: u64,
    /// The number of its version.
    pub(crate) time: u64,
    pub(crate) version: Version,
    /// Records that had been set aside until then.
    pub(crate) dead: u64,
    pub(crate) parts: Vec<Part>,
}

impl Restored {
    /// What was seen of some partitions.
    pub(crate) fn seen(&self, dedup: Dedup, partitions: &[u32]) -> Result<Duplicates, KappaError> {
        let mut all = Duplicates::new(dedup);
        for part in &self.parts {
            if let Some(mut seen) = part.seen()? {
                seen.keep(partitions);
                all.absorb(seen);
            }
        }
        Ok(all)
    }
}
