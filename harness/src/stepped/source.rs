//! The events of a stepped run, as records for the partitions that they belong to.

use std::collections::VecDeque;

use workloads::faults::inject;
use workloads::log::RawRecord;
use workloads::{Meta, Workload};

use super::Script;

/// Records that are still to come, by intended time.
pub(super) struct Source {
    coming: VecDeque<(i64, u32, RawRecord)>,
    /// The intended time at which the live part begins.
    begin: i64,
}

impl Source {
    pub(super) fn new(workload: &Workload, script: &Script, meta: &Meta) -> Self {
        let drafts = (workload.generate)(&script.shape);
        let mut coming: VecDeque<(i64, u32, RawRecord)> = VecDeque::new();
        for (turn, sending) in inject(drafts, &script.source, script.seed).enumerate() {
            let appended = script.shape.start + sending.intended() / 1000;
            let partition = sending.partition(meta, turn as u64);
            coming.push_back((sending.intended(), partition, sending.raw(meta.codec, appended)));
        }
        Source { coming, begin: 0 }
    }

    /// The first so many records.
    pub(super) fn take(&mut self, count: u64) -> Vec<(u32, RawRecord)> {
        let count = self.coming.len().min(count as usize);
        self.coming.drain(..count).map(|(_, partition, record)| (partition, record)).collect()
    }

    /// The live part begins with the next record. Intended times are given on the run's clock from here on.
    pub(super) fn go_live(&mut self) {
        self.begin = self.coming.front().map_or(0, |next| next.0);
        let begin = self.begin;
        for (at, _, record) in &mut self.coming {
            *at -= begin;
            record.intended = *at;
        }
    }

    /// What is due before a time, as stretches of one partition each; nothing at the end.
    pub(super) fn due(&mut self, until: i64) -> Option<Vec<(u32, Vec<RawRecord>)>> {
        if self.coming.is_empty() {
            return None;
        }
        let mut due: Vec<(u32, Vec<RawRecord>)> = Vec::new();
        while let Some((_, partition, record)) = self.coming.pop_front_if(|next| next.0 < until) {
            match due.last_mut() {
                Some((last, records)) if *last == partition => records.push(record),
                _ => due.push((partition, vec![record])),
            }
        }
        Some(due)
    }
}
