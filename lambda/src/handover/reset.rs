//! The speed layer's part in a hand-over: which records it answers for beside a publication, and when it starts afresh.

use workloads::{Micros, Millis, Record};

use super::Protocol;
use crate::options::Options;

/// What the speed layer answers for beside one publication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    /// The first epoch of which it answers.
    pub(crate) from: u64,
    /// Nothing that happened before; the batch has it.
    pub(crate) since: Option<Millis>,
}

impl Share {
    /// Whether a record of these epochs is the speed layer's.
    pub(crate) fn has(&self, record: &Record) -> bool {
        self.since.is_none_or(|since| record.event.time() >= since)
    }
}

/// When the speed layer starts afresh.
#[derive(Debug)]
pub(crate) struct Resets {
    protocol: Protocol,
    delay: Micros,
    skew: Millis,
    /// The newest cut that was agreed on.
    agreed: u64,
    /// The publication whose part is still to be done, and when.
    due: Option<(u64, Micros)>,
}

impl Resets {
    /// By the protocol of these options.
    pub(crate) fn new(options: &Options) -> Self {
        let delay = Micros::try_from(options.delay_ms.saturating_mul(1000)).unwrap_or(Micros::MAX);
        Resets { protocol: options.handover, delay, skew: options.skew_ms, agreed: 0, due: None }
    }

    /// Whether both layers keep to the cut exactly.
    pub(crate) fn exact(&self) -> bool {
        self.protocol == Protocol::Offset
    }

    /// Whether events are told apart by their time, so that any of the log may be the speed layer's.
    pub(crate) fn by_time(&self) -> bool {
        matches!(self.protocol, Protocol::EventTime { .. })
    }

    /// Whether an epoch begins at the cut that was agreed on; if not, it begins wherever the layer then is.
    pub(crate) fn begins_at_cut(&self) -> bool {
        match self.protocol {
            Protocol::AtStart => self.delay == 0,
            Protocol::AtPublish => false,
            Protocol::Offset | Protocol::EventTime { .. } | Protocol::None => true,
        }
    }

    /// Number of the newest cut that was agreed on.
    pub(crate) fn agreed(&self) -> u64 {
        self.agreed
    }

    /// A cut was agreed on. Whether what is being read starts afresh with it.
    pub(crate) fn agree(&mut self, number: u64, now: Micros) -> bool {
        self.agreed = number;
        if self.protocol == Protocol::AtStart && self.delay > 0 {
            self.due = Some((number, now.saturating_add(self.delay)));
        }
        self.protocol == Protocol::AtStart && self.delay == 0
    }

    /// A publication was taken in.
    pub(crate) fn publish(&mut self, number: u64, now: Micros) {
        let waits = self.exact() && self.delay > 0;
        if waits || self.protocol == Protocol::AtPublish {
            self.due = Some((number, now.saturating_add(self.delay)));
        }
    }

    /// Whether a publication must not be read from yet.
    pub(crate) fn holds_back(&self, number: u64) -> bool {
        self.exact() && self.due.is_some_and(|(due, _)| due == number)
    }

    /// The publication with which the layer starts afresh now, wherever it is.
    pub(crate) fn due(&mut self, now: Micros) -> Option<u64> {
        let (number, _) = self.due.filter(|(_, at)| *at <= now)?;
        self.due = None;
        (!self.exact()).then_some(number)
    }

    /// What the layer answers for beside a publication, when `newest` is its newest epoch. `until` is where the batch
    /// ended by event time, and `oldest` says which epoch is the first that has, or may still be given, something of that
    /// time or later.
    pub(crate) fn share(
        &self,
        number: u64,
        newest: u64,
        until: Option<Millis>,
        oldest: impl Fn(Millis) -> u64,
    ) -> Share {
        let since = until.map(|until| until.saturating_add(self.skew));
        let from = match (self.protocol, since) {
            (Protocol::Offset, _) => number,
            (Protocol::AtStart | Protocol::AtPublish, _) => number.min(newest),
            (Protocol::None, _) | (_, None) => 0,
            (Protocol::EventTime { .. }, Some(since)) => oldest(since),
        };
        Share { from, since }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resets(handover: Protocol, delay_ms: u64) -> Resets {
        Resets::new(&Options { handover, delay_ms, ..Options::default() })
    }

    #[test]
    fn a_late_reset_waits_for_its_time() {
        let mut resets = resets(Protocol::AtStart, 5);
        assert!(!resets.agree(3, 1_000));
        assert_eq!((resets.due(5_999), resets.due(6_000), resets.due(7_000)), (None, Some(3), None));
    }

    #[test]
    fn the_exact_one_reads_the_old_publication_until_its_time() {
        let mut resets = resets(Protocol::Offset, 5);
        resets.publish(2, 0);
        assert!(resets.holds_back(2) && resets.due(4_000).is_none() && resets.holds_back(2));
        assert!(resets.due(5_000).is_none() && !resets.holds_back(2));
    }
}
