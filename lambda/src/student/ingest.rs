//! What gets lost between the log and the archive.

use workloads::{Place, Version};

use super::Fault;
use crate::handover::Cut;

/// One interval of the ingest: from the last publication's cut to the next one's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interval<'a> {
    /// Where it begins.
    pub(crate) from: &'a Version,
    /// Where it ends, with the number of the flush.
    pub(crate) cut: &'a Cut,
}

impl Interval<'_> {
    /// The stretch of one partition.
    fn of(&self, partition: u32) -> (u64, u64) {
        let at = |version: &Version| version.0.get(partition as usize).copied().unwrap_or(0);
        (at(self.from), at(&self.cut.version))
    }

    /// A partition's part of so many records, none lost to rounding.
    fn part(&self, records: u64, partition: u32) -> u64 {
        let partitions = self.cut.version.0.len().max(1) as u64;
        records / partitions + u64::from(u64::from(partition) < records % partitions)
    }
}

/// Whether a record of an interval reaches the archive.
pub(crate) fn arrives(faults: &[Fault], place: Place, interval: Interval<'_>) -> bool {
    let (from, cut) = interval.of(place.partition);
    faults.iter().all(|fault| match fault {
        Fault::DualWriteLoss(share) => !lost(place, *share, 1),
        Fault::Retention(records) => place.offset + interval.part(*records, place.partition) >= cut,
        Fault::StopAfter(records) => place.offset < from + interval.part(*records, place.partition),
        Fault::SwallowErrors(nth) => !interval.cut.number.is_multiple_of(*nth),
        _ => true,
    })
}

/// Whether a record is among a share that is lost on one of several ways, the same at every attempt.
pub(crate) fn lost(place: Place, share: f64, way: u64) -> bool {
    let mut mixed = (u64::from(place.partition) << 48 ^ place.offset).wrapping_add(way << 40);
    for factor in [0x9e37_79b9_7f4a_7c15, 0xff51_afd7_ed55_8ccd, 0xc4ce_b9fe_1a85_ec53] {
        mixed = (mixed ^ (mixed >> 31)).wrapping_mul(factor);
    }
    ((mixed >> 11) as f64) < share * (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arriving(fault: Fault, number: u64) -> Vec<usize> {
        let (from, version) = (Version(vec![10, 20]), Version(vec![110, 50]));
        let cut = Cut { number, version };
        let interval = Interval { from: &from, cut: &cut };
        let count = |partition: u32, range: std::ops::Range<u64>| {
            let places = range.map(|offset| Place { partition, offset });
            places.filter(|place| arrives(&[fault], *place, interval)).count()
        };
        vec![count(0, 10..110), count(1, 20..50)]
    }

    #[test]
    fn each_fault_lets_through_what_its_law_says() {
        assert_eq!(arriving(Fault::Retention(81), 1), [41, 30]);
        assert_eq!(arriving(Fault::StopAfter(81), 1), [41, 30]);
        assert_eq!(arriving(Fault::SwallowErrors(3), 3), [0, 0]);
        assert_eq!(arriving(Fault::SwallowErrors(3), 4), [100, 30]);
        let share = arriving(Fault::DualWriteLoss(0.5), 1)[0];
        assert!((30..70).contains(&share), "{share}");
    }
}
