//! Knowing a log again by how it was made and by the last records that were taken of it.

use serde::{Deserialize, Serialize};

use super::{Log, LogError, Meta, RawRecord, first, last};
use crate::event::{Micros, Millis, Origin};
use crate::version::Version;

/// What is kept of the last record of a partition, to know the log by it: two logs that were made alike are told apart
/// by the times at which their records came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// Where it stands in its partition.
    pub offset: u64,
    /// Where it first entered.
    pub origin: Option<Origin>,
    /// When it should have been sent.
    pub intended: Micros,
    /// When it was appended.
    pub appended: Millis,
}

impl End {
    fn of(record: &RawRecord) -> Self {
        let RawRecord { offset, origin, intended, appended, .. } = *record;
        End { offset, origin, intended, appended }
    }
}

/// The last record below a version of each partition that has one there still.
pub fn ends(log: &dyn Log, version: &Version) -> Result<Vec<Option<End>>, LogError> {
    let starts = log.starts()?;
    let end = |(partition, (start, next)): (u32, (&u64, &u64))| match next.checked_sub(1) {
        Some(offset) if offset >= *start => Ok(last(log, partition, *start..*next)?.as_ref().map(End::of)),
        _ => Ok(None),
    };
    (0..).zip(starts.0.iter().zip(&version.0)).map(end).collect()
}

/// Why a log is not the one of these records, if it is not: it was made otherwise, or holds another record where one of
/// these stood last. What the log no longer or not yet holds says nothing.
pub fn stranger(
    log: &dyn Log,
    made: Option<&Meta>,
    ends: &[Option<End>],
) -> Result<Option<String>, LogError> {
    let meta = log.meta();
    if let Some(made) = made.filter(|made| *made != meta) {
        let found = if made.made_by == meta.made_by { "otherwise" } else { &made.made_by };
        return Ok(Some(format!("its log was made by [{found}], this one by [{}]", meta.made_by)));
    }
    let (starts, heads): (Version, Version) = (log.starts()?, log.heads()?);
    for (partition, end) in (0..).zip(ends) {
        let Some(end) = end else { continue };
        let within =
            |version: &Version| version.0.get(partition as usize).is_some_and(|at| *at <= end.offset);
        if !within(&starts) || within(&heads) {
            continue;
        }
        if first(log, partition, end.offset..end.offset + 1)?.is_none_or(|record| End::of(&record) != *end) {
            let offset = end.offset;
            return Ok(Some(format!("offset {offset} of partition {partition} is another record there")));
        }
    }
    Ok(None)
}
