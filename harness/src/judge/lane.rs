//! What was true along one partition: all there is where no order of arrival is known.
//!
//! A row whose events all lie in one partition changes in the order of that partition, whoever wrote to it and when. So an
//! unlabelled answer to such a question can be compared along its partition alone.

use workloads::partition::PartitionBy;
use workloads::{Meta, Place, Version};

use super::Class;
use super::arrival::Arrivals;
use super::class::{Case, Finding};
use super::evidence::Stretch;
use super::seen::Seen;
use super::timeline::{Base, Timeline};
use super::value::{Cells, Value};
use crate::observe::{Arrival, Observation};

/// One partition from the beginning of the live part on.
pub struct Lane {
    partition: usize,
    /// Where its live records begin.
    from: u64,
    /// Whether the driver handed over each of them.
    whole: bool,
    timeline: Timeline,
}

/// Every partition by itself.
#[derive(Default)]
pub struct Lanes {
    spread: PartitionBy,
    lanes: Vec<Lane>,
}

impl Lanes {
    /// Walks the truth along each partition from `from` to `heads`.
    pub fn new(
        base: &Base,
        stretch: &Stretch,
        cells: &Cells,
        meta: &Meta,
        (from, heads): (&Version, &Version),
        arrivals: &[Arrival],
    ) -> Self {
        let lane = |partition: usize| {
            let (first, upto) = (from.0[partition], heads.0[partition]);
            let place = |offset| Place { partition: partition as u32, offset };
            let places: Vec<Place> = (first..upto).map(place).collect();
            let timeline = Timeline::places(base, stretch, cells, from, &places);
            Lane { partition, from: first, whole: whole(arrivals, partition, first, upto), timeline }
        };
        Lanes { spread: meta.partition_by, lanes: (0..from.0.len()).map(lane).collect() }
    }

    /// The partition in which all that concerns these questions lies; nothing where they cross partitions.
    pub fn of(&self, cells: &Cells, asked: &[u32]) -> Option<&Lane> {
        if let [only] = self.lanes.as_slice() {
            return Some(only);
        }
        let mut lanes = asked.iter().map(|cell| self.home(cells, *cell));
        let first = lanes.next()??;
        lanes.all(|other| other == Some(first)).then(|| self.lanes.get(first)).flatten()
    }

    fn home(&self, cells: &Cells, cell: u32) -> Option<usize> {
        let (view, key) = cells.list().get(cell as usize)?;
        let name = carried_by(cells.view_key(*view), key.as_deref()?)?;
        let count = self.lanes.len() as u32;
        let keyed = self.spread == PartitionBy::Key && count > 0;
        keyed.then(|| self.spread.partition(name.as_bytes(), None, 0, count) as usize)
    }
}

/// The key under which the events of a row are spread, if they all are under one.
fn carried_by<'k>(kind: &str, key: &'k str) -> Option<&'k str> {
    match kind {
        "customer" | "symbol" | "region" | "word" => Some(key),
        // What a day, an hour or a second is printed as has no space in it, a name may have one.
        _ if ["symbol and ", "word and ", "region and "].iter().any(|begin| kind.starts_with(begin)) => {
            key.rsplit_once(' ').map(|(name, _)| name)
        }
        _ => None,
    }
}

/// Whether some arrivals are every record of a partition between two offsets, in their order.
fn whole(arrivals: &[Arrival], partition: usize, from: u64, upto: u64) -> bool {
    let mut next = from;
    let of_it = arrivals.iter().filter(|arrival| arrival.partition as usize == partition);
    for arrival in of_it {
        if arrival.first != next {
            return false;
        }
        next += arrival.count;
    }
    next == upto
}

impl Lane {
    /// How far the partition was in a version, counted from its first live record.
    fn position(&self, version: &Version) -> u32 {
        version.0[self.partition].saturating_sub(self.from) as u32
    }

    /// A version with this partition where it was at a position.
    fn version(&self, mut others: Version, position: u32) -> Version {
        others.0[self.partition] = self.from + u64::from(position);
        others
    }

    /// What was true when everything known to be handed over by then is counted.
    pub fn truth(&self, arrivals: &Arrivals, time: i64, asked: &[u32]) -> Vec<Value> {
        let position = self.position(&arrivals.handed(time));
        asked.iter().map(|cell| self.timeline.at(*cell, position).clone()).collect()
    }

    /// An answer that is true only later, or never. Of a record that somebody else appended nobody knows when it was there.
    fn wrong(&self, seen: &Seen) -> Class {
        match self.timeline.latest(&seen.answers, u32::MAX) {
            None => Class::Impossible,
            Some(_) if self.whole => Class::FromTheFuture,
            Some(_) => Class::Undecidable,
        }
    }

    /// What is found about an unlabelled answer along this partition.
    pub(super) fn find(&self, case: &Case<'_>, read: &Observation, seen: &Seen) -> Finding {
        let arrivals = &case.arrivals;
        let handed = arrivals.handed(read.answered_us);
        let Some(position) = self.timeline.latest(&seen.answers, self.position(&handed)) else {
            let truth = self.truth(arrivals, read.sent_us, &seen.asked);
            let class = self.wrong(seen);
            return Finding { class, at_once: false, version: handed, matched: None, truth };
        };
        let covers = |time| position >= self.position(&arrivals.acked(time));
        let current = covers(read.sent_us - case.evidence.run.objective_us);
        let class = if current { Class::Current } else { Class::Stale };
        let since = self.timeline.together(&seen.asked, position);
        let at = |position| self.version(handed.clone(), position);
        Finding {
            class,
            at_once: covers(read.sent_us),
            version: at(position),
            matched: Some((at(since), at(position))),
            truth: Vec::new(),
        }
    }
}
