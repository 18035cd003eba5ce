//! The versions that can be read: the newest complete one, and those before it as far back as was asked for.

use std::collections::VecDeque;

use workloads::{Micros, Version};

use crate::options::Options;

/// Complete versions in their order.
pub(crate) struct Window {
    span: Micros,
    records: u64,
    readable: VecDeque<Readable>,
}

/// A version that can be read.
pub(crate) struct Readable {
    /// Its number; absent for that of the empty log.
    pub(crate) time: Option<u64>,
    pub(crate) version: Version,
    /// When it was found complete.
    since: Micros,
}

impl Window {
    /// Begins with `version`, whose number is `time` unless it is that of the empty log.
    pub(crate) fn new(options: &Options, time: Option<u64>, version: Version) -> Self {
        let span = i64::try_from(options.window_ms).unwrap_or(i64::MAX).saturating_mul(1000);
        let readable = VecDeque::from([Readable { time, version, since: Micros::MIN }]);
        Window { span, records: options.window_records, readable }
    }

    /// So many milliseconds of them are kept from now on.
    pub(crate) fn span(&mut self, window_ms: u64) {
        self.span = i64::try_from(window_ms).unwrap_or(i64::MAX).saturating_mul(1000);
    }

    /// A further version has been found complete.
    pub(crate) fn push(&mut self, time: u64, version: Version, now: Micros) {
        self.readable.push_back(Readable { time: Some(time), version, since: now });
    }

    /// Gives up what is too old, and says the number of the oldest version that is left: of that of the empty log, which
    /// needs nothing to be kept, the next one's. What would be given up for the `behind` records that are on their way is
    /// not kept until then: so nothing is in a replay, but at its end.
    pub(crate) fn trim(&mut self, now: Micros, behind: u64) -> u64 {
        let records = self.newest().version.total() + behind;
        // A version can be read for as long as the one after it is not too old: until then it is what a reader of
        // that moment saw.
        while let Some(next) = self.readable.get(1) {
            let old = self.span == 0 || now.saturating_sub(next.since) > self.span;
            if !old && records - self.oldest().version.total() <= self.records {
                break;
            }
            self.readable.pop_front();
        }
        self.oldest().time.unwrap_or_default()
    }

    pub(crate) fn newest(&self) -> &Readable {
        self.readable.back().expect("there is always a version that can be read")
    }

    pub(crate) fn oldest(&self) -> &Readable {
        self.readable.front().expect("there is always a version that can be read")
    }

    /// The readable version with these offsets.
    pub(crate) fn find(&self, version: &Version) -> Option<&Readable> {
        // Totals grow with the versions.
        let at = self.readable.partition_point(|readable| readable.version.total() < version.total());
        self.readable.get(at).filter(|readable| readable.version == *version)
    }
}
