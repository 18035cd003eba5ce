//! Records since the oldest cut still in use, by the cuts between them.

use std::collections::VecDeque;

use workloads::{Millis, Record, Version};

use crate::handover::Cut;

/// The epochs, oldest first. There is always one.
pub(crate) struct Epochs {
    epochs: VecDeque<Epoch>,
}

/// What lies between a cut and the next, or the head.
pub(crate) struct Epoch {
    /// Where it begins; its number is that of the publication that ends there.
    pub(crate) cut: Cut,
    /// Its records, in the order in which they were read.
    pub(crate) records: Vec<Record>,
}

impl Epochs {
    /// One epoch, from `cut` on.
    pub(crate) fn new(cut: Cut) -> Self {
        Epochs { epochs: VecDeque::from([Epoch { cut, records: Vec::new() }]) }
    }

    /// Begins another one. Nothing beyond its cut may have been kept yet.
    pub(crate) fn begin(&mut self, cut: Cut) {
        self.epochs.push_back(Epoch { cut, records: Vec::new() });
    }

    /// Keeps a record in the newest epoch that has begun in its partition.
    pub(crate) fn keep(&mut self, record: Record) {
        let begun = |epoch: &&mut Epoch| !epoch.cut.version.contains(record.place);
        if let Some(epoch) = self.epochs.iter_mut().rev().find(begun) {
            epoch.records.push(record);
        }
    }

    /// Number of the newest.
    pub(crate) fn newest(&self) -> u64 {
        self.epochs.back().map_or(0, |epoch| epoch.cut.number)
    }

    /// Where the newest begins.
    pub(crate) fn start(&self) -> &Version {
        &self.epochs.back().expect("there is always an epoch").cut.version
    }

    /// Whether one begins exactly there.
    pub(crate) fn has(&self, cut: &Cut) -> bool {
        self.epochs.iter().any(|epoch| epoch.cut == *cut)
    }

    /// The epochs from that number on.
    pub(crate) fn since(&self, number: u64) -> impl Iterator<Item = &Epoch> {
        self.epochs.iter().filter(move |epoch| epoch.cut.number >= number)
    }

    /// Number of the first with a record of that time or later; of the newest if there is none.
    pub(crate) fn first_since(&self, time: Millis) -> u64 {
        let later = |epoch: &&Epoch| epoch.records.iter().any(|record| record.event.time() >= time);
        self.epochs.iter().find(later).map_or(self.newest(), |epoch| epoch.cut.number)
    }

    /// Number of the oldest into which something may still be put by who has read so far: the newest that has begun in
    /// every partition there.
    pub(crate) fn reading(&self, read: &Version) -> u64 {
        let begun = |epoch: &&Epoch| read.covers(&epoch.cut.version);
        let oldest = self.epochs.front().map_or(0, |epoch| epoch.cut.number);
        self.epochs.iter().rev().find(begun).map_or(oldest, |epoch| epoch.cut.number)
    }

    /// Lets go of those before that number.
    pub(crate) fn let_go_before(&mut self, number: u64) {
        while self.epochs.front().is_some_and(|epoch| epoch.cut.number < number) {
            self.epochs.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_still_to_be_read_may_belong_to_any_epoch_that_is_not_passed_in_every_partition() {
        let cut = |number: u64| Cut { number, version: Version(vec![10 * number, 20 * number]) };
        let mut epochs = Epochs::new(cut(1));
        (2..5).for_each(|number| epochs.begin(cut(number)));
        for (read, oldest) in
            [([10, 20], 1), ([99, 39], 1), ([20, 40], 2), ([45, 70], 3), ([99, 99], 4), ([0, 0], 1)]
        {
            assert_eq!(epochs.reading(&Version(read.to_vec())), oldest, "{read:?}");
        }
    }
}
