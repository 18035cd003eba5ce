//! Reading one partition from an offset on, while its writer may be appending.

use std::sync::Arc;

use super::head::Mark;
use super::records::Records;
use super::segment::{self, Index, Segment};
use super::tail::Tail;
use crate::log::{EachRecord, LogError, LogReader, RawRecord};

/// A place in one partition of a log of files.
pub(super) struct FileReader {
    tail: Arc<Tail>,
    next: u64,
    /// How far it may read, when it last looked.
    end: Mark,
    segment: Option<Segment>,
    /// Where the current batch begins.
    mark: Mark,
    /// Records of the current batch that were not asked for yet.
    batch: Records,
}

impl FileReader {
    /// Opens it at an offset, which may be the head's.
    pub(super) fn open(tail: Arc<Tail>, offset: u64) -> Result<FileReader, LogError> {
        let end = tail.end()?;
        if offset > end.offset {
            let (partition, head) = (tail.partition, end.offset);
            return Err(LogError::OutOfRange { partition, asked: offset, start: 0, head });
        }
        Ok(FileReader { tail, next: offset, end, segment: None, mark: end, batch: Records::default() })
    }

    /// The segment that the next batch is in, opened where that batch or one before it begins.
    fn segment(&mut self) -> Result<&mut Segment, LogError> {
        let finished = match &self.segment {
            Some(segment) => {
                let mark = segment.mark();
                mark.segment != self.end.segment && mark.position >= segment.length()?
            }
            None => false,
        };
        if self.segment.is_none() || finished {
            let mark = match &self.segment {
                Some(segment) => Mark::start(segment.mark().offset),
                None => landing(&self.tail, &self.end, self.next)?,
            };
            self.segment = Some(open(&self.tail, mark)?);
        }
        Ok(self.segment.as_mut().expect("a segment was opened above"))
    }

    /// Reads the next batch; whether there was one.
    fn advance(&mut self) -> Result<bool, LogError> {
        while self.next < self.end.offset {
            let (end, next) = (self.end, self.next);
            let segment = self.segment()?;
            let before = segment.mark();
            let limit = if before.segment == end.segment { end.position } else { segment.length()? };
            let found = match segment.next(limit) {
                Ok(Some(found)) => found,
                Ok(None) => return Err(segment.corrupt("the file ends where a batch is due".into())),
                Err(stop) => return Err(segment.error(stop)),
            };
            if found.header.end() <= next {
                continue;
            }
            self.batch = Records::of(found.bytes).map_err(|reason| self.corrupt(before, reason))?;
            self.mark = before;
            return Ok(true);
        }
        Ok(false)
    }

    /// Whether there are more records than it has in hand, which it then has.
    fn more(&mut self) -> Result<bool, LogError> {
        while !self.advance()? {
            let end = self.tail.end()?;
            if end.offset <= self.end.offset {
                return Ok(false);
            }
            self.end = end;
        }
        Ok(true)
    }

    /// How many records may be read. Every offset of this log has one.
    fn bounded(&self, upto: u64, max: usize) -> usize {
        max.min(usize::try_from(upto.saturating_sub(self.next)).unwrap_or(usize::MAX))
    }

    fn corrupt(&self, mark: Mark, reason: String) -> LogError {
        segment::corrupt(segment::path(&self.tail.folder, mark.segment), mark, reason)
    }
}

impl LogReader for FileReader {
    fn read(&mut self, upto: u64, max: usize, out: &mut Vec<RawRecord>) -> Result<usize, LogError> {
        let (before, max) = (out.len(), self.bounded(upto, max));
        while out.len() - before < max {
            let wanted = max - (out.len() - before);
            let taken =
                self.batch.take(self.next, wanted, out).map_err(|reason| self.corrupt(self.mark, reason))?;
            self.next += taken as u64;
            if taken == 0 && !self.more()? {
                break;
            }
        }
        Ok(out.len() - before)
    }

    fn lend(&mut self, upto: u64, max: usize, each: &mut EachRecord<'_>) -> Result<usize, LogError> {
        let (mut lent, max) = (0, self.bounded(upto, max));
        while lent < max {
            let record = match self.batch.lend() {
                Ok(record) => record,
                Err(reason) => return Err(self.corrupt(self.mark, reason)),
            };
            if let Some(record) = record {
                if record.offset >= self.next {
                    self.next = record.offset + 1;
                    lent += 1;
                    each(record)?;
                }
            } else if !self.more()? {
                break;
            }
        }
        Ok(lent)
    }

    fn position(&self) -> u64 {
        self.next
    }
}

/// A segment that must be there, at a boundary between two batches.
pub(super) fn open(tail: &Tail, mark: Mark) -> Result<Segment, LogError> {
    Segment::open(tail.disk.as_ref(), &tail.folder, mark)?.ok_or_else(|| {
        segment::corrupt(segment::path(&tail.folder, mark.segment), mark, "the file is missing".into())
    })
}

/// A boundary at or before the batch that holds `offset`, as near as the index says.
fn landing(tail: &Tail, end: &Mark, offset: u64) -> Result<Mark, LogError> {
    if offset == end.offset {
        return Ok(*end);
    }
    let segments = segment::list(tail.disk.as_ref(), &tail.folder)?;
    let after = segments.partition_point(|base| *base <= offset);
    let base = after.checked_sub(1).map_or(0, |at| segments[at]);
    let index = if base == end.segment { None } else { Index::find(tail.disk.as_ref(), &tail.folder, base) };
    Ok(index.and_then(|index| index.at_offset(offset)).unwrap_or(Mark::start(base)))
}
