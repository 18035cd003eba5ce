//! Whose records an archive holds: of which log, and how often each.

use serde::{Deserialize, Serialize};
use workloads::log::RawRecord;
use workloads::{Dedup, Log, Meta, Micros, Millis, Origin, Version};

use super::error::ArchiveError;

/// What is kept of the last record of a partition, to know the log by it: two logs that were made alike are told apart
/// by the times at which their records came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct End {
    pub(super) offset: u64,
    pub(super) origin: Option<Origin>,
    pub(super) intended: Micros,
    pub(super) appended: Millis,
}

/// How often a record is held that was delivered twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Deliveries {
    /// Once.
    Once,
    /// Twice: nobody tells the two apart, and each counts.
    Each,
}

impl Deliveries {
    /// What an archive holds for those who tell duplicates in this way.
    pub(super) fn of(dedup: Dedup) -> Self {
        if dedup == Dedup::None { Deliveries::Each } else { Deliveries::Once }
    }

    /// As a message says it.
    pub(super) fn says(self) -> &'static str {
        match self {
            Deliveries::Once => "each record once",
            Deliveries::Each => "each delivery of a record",
        }
    }
}

impl End {
    fn is(&self, record: &RawRecord) -> bool {
        (self.offset, self.origin) == (record.offset, record.origin)
            && (self.intended, self.appended) == (record.intended, record.appended)
    }
}

/// Why a log is not the one of these records, if it is not: it was made otherwise, or holds another record where one of
/// these stood last. What the log no longer or not yet holds says nothing.
pub(super) fn stranger(
    log: &dyn Log,
    made: Option<&Meta>,
    ends: &[Option<End>],
) -> Result<Option<String>, ArchiveError> {
    let meta = log.meta();
    if let Some(made) = made.filter(|made| *made != meta) {
        let found = if made.made_by == meta.made_by { "otherwise" } else { &made.made_by };
        return Ok(Some(format!("its log was made by [{found}], this one by [{}]", meta.made_by)));
    }
    let (starts, heads): (Version, Version) = (log.starts()?, log.heads()?);
    for (partition, end) in ends.iter().enumerate() {
        let Some(end) = end else { continue };
        let within = |version: &Version| version.0.get(partition).is_some_and(|at| *at <= end.offset);
        if !within(&starts) || within(&heads) {
            continue;
        }
        let mut read = Vec::new();
        log.reader(partition as u32, end.offset)?.read(1, &mut read)?;
        if !read.first().is_some_and(|record| end.is(record)) {
            let offset = end.offset;
            return Ok(Some(format!("offset {offset} of partition {partition} is another record there")));
        }
    }
    Ok(None)
}
