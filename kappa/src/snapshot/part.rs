//! What one worker writes of a snapshot: blocks of rows, one after the other.

use workloads::intake::Duplicates;
use workloads::{Dedup, Millis, Version};

use super::table::{Taken, Written};
use crate::error::KappaError;
use crate::flow::dataflow::Parsed;

/// What the block is called that says which records were seen.
pub(super) const SEEN: &str = "seen";

/// What the block is called that says the newest event time of each partition.
const TIMES: &str = "times";

/// Some rows of one table.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) table: String,
    pub(crate) rows: u32,
    pub(crate) bytes: Vec<u8>,
}

impl Block {
    /// The newest event time of some partitions.
    pub(super) fn of_times(newest: &[(u32, Millis)]) -> Self {
        let mut rows = Written::default();
        newest.iter().for_each(|time| _ = rows.put(time));
        Block { table: TIMES.to_owned(), rows: rows.rows, bytes: rows.bytes }
    }

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
        self.all().filter(|block| !matches!(block, Ok((SEEN | TIMES, _, _)))).map(|block| {
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

    fn times(&self, newest: &mut Vec<Millis>) -> Result<(), KappaError> {
        for block in self.all() {
            let (TIMES, rows, bytes) = block? else { continue };
            let mut rows = Taken::new(bytes, rows);
            while let Some((partition, time)) = rows.next::<(u32, Millis)>()? {
                let partition = partition as usize;
                newest.resize(newest.len().max(partition + 1), Millis::MIN);
                newest[partition] = time;
            }
        }
        Ok(())
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
    /// The newest event time of each partition.
    pub(crate) fn newest(&self) -> Result<Vec<Millis>, KappaError> {
        let mut newest = Vec::new();
        self.parts.iter().try_for_each(|part| part.times(&mut newest))?;
        Ok(newest)
    }

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
