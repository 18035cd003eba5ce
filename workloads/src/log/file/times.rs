//! From append times to offsets.

use super::head::Mark;
use super::read::open;
use super::records::Records;
use super::segment::{self, Index};
use super::tail::Tail;
use crate::event::Millis;
use crate::log::LogError;

/// Where the batches of one partition begin and how late they are, as far as somebody has asked. A segment without
/// an index file is walked over once, and the open one only over what came since.
#[derive(Default)]
pub(super) struct Times {
    segments: Vec<Noted>,
    /// How far the segments are noted.
    upto: Mark,
}

struct Noted {
    index: Index,
    /// Latest append time in this segment and those before it.
    latest: Millis,
}

impl Times {
    /// The first offset below `end` whose record was appended at or after `time`; that of `end` if none was.
    pub(super) fn offset_at(&mut self, tail: &Tail, end: &Mark, time: Millis) -> Result<u64, LogError> {
        self.extend(tail, end)?;
        let before = self.segments.partition_point(|noted| noted.latest < time);
        let mark = self.segments.get(before).and_then(|noted| noted.index.candidate(time));
        mark.map_or(Ok(end.offset), |mark| first_at(tail, end, mark, time))
    }

    fn extend(&mut self, tail: &Tail, end: &Mark) -> Result<(), LogError> {
        if self.upto.offset >= end.offset {
            return Ok(());
        }
        let bases = if self.upto.segment == end.segment {
            Vec::new()
        } else {
            segment::list(tail.disk.as_ref(), &tail.folder)?
        };
        while self.upto.offset < end.offset {
            let base = self.upto.segment;
            let closed = base != end.segment && self.upto.position == 0;
            match closed.then(|| Index::find(tail.disk.as_ref(), &tail.folder, base)).flatten() {
                Some(index) => {
                    let next = bases.get(bases.partition_point(|other| *other <= base));
                    self.upto = Mark::start(next.copied().unwrap_or(end.segment));
                    self.begin(index);
                }
                None => self.walk(tail, end)?,
            }
        }
        Ok(())
    }

    /// Notes the rest of a segment, batch by batch, each checked: an answer must not come from a changed byte.
    fn walk(&mut self, tail: &Tail, end: &Mark) -> Result<(), LogError> {
        let mut file = open(tail, self.upto)?;
        let closed = self.upto.segment != end.segment;
        let limit = if closed { file.length()? } else { end.position };
        if self.upto.position == 0 {
            self.begin(Index::default());
        }
        while let Some(found) = file.next_checked(limit).map_err(|stop| file.error(stop))? {
            if let Some(noted) = self.segments.last_mut() {
                noted.index.note(self.upto, found.header.latest);
                noted.latest = noted.latest.max(found.header.latest);
            }
            self.upto = file.mark();
        }
        if self.upto.position == 0 || (!closed && self.upto.offset < end.offset) {
            return Err(file.corrupt("the file ends where a batch is due".into()));
        }
        if closed {
            self.upto = Mark::start(self.upto.offset);
        }
        Ok(())
    }

    fn begin(&mut self, index: Index) {
        let before = self.segments.last().map_or(Millis::MIN, |noted| noted.latest);
        let latest = before.max(index.latest());
        self.segments.push(Noted { index, latest });
    }
}

/// The first such offset in one segment, from `mark` on; its index says that there is one.
fn first_at(tail: &Tail, end: &Mark, mark: Mark, time: Millis) -> Result<u64, LogError> {
    let mut segment = open(tail, mark)?;
    let limit = if mark.segment == end.segment { end.position } else { segment.length()? };
    while let Some(found) = segment.next_checked(limit).map_err(|stop| segment.error(stop))? {
        if found.header.latest >= time {
            let batch = Records::of(found.bytes).and_then(|batch| batch.first_at(time));
            if let Some(offset) = batch.map_err(|reason| segment.corrupt(reason))? {
                return Ok(offset);
            }
        }
    }
    Ok(segment.mark().offset)
}
