//! When each event had been handed to the log, when the log had acknowledged it, and the chain that they form.

use workloads::{Place, Version};

use crate::observe::Arrival;

/// How far each partition was at each time.
pub struct Heads {
    from: Version,
    /// By partition: (time, next offset), both rising.
    steps: Vec<Vec<(i64, u64)>>,
}

impl Heads {
    /// From (partition, time, next offset), times rising; what lies below `from` was there at 0.
    pub fn new(from: &Version, times: impl Iterator<Item = (u32, i64, u64)>) -> Self {
        let mut steps: Vec<Vec<(i64, u64)>> = vec![Vec::new(); from.0.len()];
        for (partition, time, next) in times {
            if let Some(steps) = steps.get_mut(partition as usize) {
                let (before, last) = steps.last().copied().unwrap_or((time, 0));
                if next > last {
                    steps.push((time.max(before), next));
                }
            }
        }
        Heads { from: from.clone(), steps }
    }

    /// The version at a time.
    pub fn at(&self, time: i64) -> Version {
        let next = |(steps, from): (&Vec<(i64, u64)>, &u64)| {
            let count = steps.partition_point(|(at, _)| *at <= time);
            count.checked_sub(1).map_or(*from, |last| steps[last].1)
        };
        Version(self.steps.iter().zip(&self.from.0).map(next).collect())
    }

    /// When the record at `place` was included; 0 for history, nothing if it never was.
    pub fn time(&self, place: Place) -> Option<i64> {
        let partition = place.partition as usize;
        if place.offset < *self.from.0.get(partition)? {
            return Some(0);
        }
        let steps = &self.steps[partition];
        steps.get(steps.partition_point(|(_, next)| *next <= place.offset)).map(|(time, _)| *time)
    }
}

/// The arrivals of a run.
pub struct Arrivals {
    handed: Heads,
    acked: Heads,
    /// Whether they tell of every live record in one order.
    complete: bool,
    places: Vec<Place>,
    /// At the end of each arrival: position, handed, acked, version. One writer appends, so all of them rise.
    ends: Vec<(u32, i64, i64, Version)>,
}

impl Arrivals {
    /// Live records begin at `from` and end at `heads`.
    pub fn new(from: &Version, heads: &Version, arrivals: &[Arrival]) -> Self {
        let ends = |arrival: &Arrival| arrival.first + arrival.count;
        let handed = Heads::new(from, arrivals.iter().map(|it| (it.partition, it.handed_us, ends(it))));
        let acked = Heads::new(from, arrivals.iter().map(|it| (it.partition, it.acked_us, ends(it))));
        let mut at = from.clone();
        let mut chain = Arrivals { handed, acked, complete: true, places: Vec::new(), ends: Vec::new() };
        for arrival in arrivals {
            let partition = arrival.partition as usize;
            if at.0.get(partition) != Some(&arrival.first) {
                chain.complete = false;
                break;
            }
            at.0[partition] += arrival.count;
            let offsets = arrival.first..arrival.first + arrival.count;
            chain.places.extend(offsets.map(|offset| Place { partition: arrival.partition, offset }));
            chain.ends.push((chain.places.len() as u32, arrival.handed_us, arrival.acked_us, at.clone()));
        }
        chain.complete &= at == *heads;
        chain
    }

    /// Whether the chain can be walked: position i lies after the i-th live record.
    pub fn complete(&self) -> bool {
        self.complete
    }

    /// The chain's records in their order.
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// H+: what had been handed to the log by then.
    pub fn handed(&self, time: i64) -> Version {
        self.handed.at(time)
    }

    /// H-: what the log had acknowledged by then.
    pub fn acked(&self, time: i64) -> Version {
        self.acked.at(time)
    }

    /// When a record had been handed over; 0 for history.
    pub fn handed_time(&self, place: Place) -> Option<i64> {
        self.handed.time(place)
    }

    /// Position of H+ on the chain.
    pub fn handed_position(&self, time: i64) -> u32 {
        let count = self.ends.partition_point(|end| end.1 <= time);
        count.checked_sub(1).map_or(0, |last| self.ends[last].0)
    }

    /// The first position that includes H-.
    pub fn acked_position(&self, time: i64) -> u32 {
        let count = self.ends.partition_point(|end| end.2 <= time);
        count.checked_sub(1).map_or(0, |last| self.ends[last].0)
    }

    /// The version at a position.
    pub fn version(&self, position: u32) -> Version {
        let index = self.ends.partition_point(|end| end.0 <= position);
        let (done, mut version) = match index.checked_sub(1) {
            None => (0, self.acked.from.clone()),
            Some(last) => (self.ends[last].0, self.ends[last].3.clone()),
        };
        for place in &self.places[done as usize..position as usize] {
            version.0[place.partition as usize] = place.offset + 1;
        }
        version
    }

    /// How stale a version is at a time: microseconds since the first event that it leaves out was acknowledged, and the
    /// number of acknowledged events that it leaves out.
    pub fn behind(&self, version: &Version, time: i64) -> (i64, u64) {
        let acked = self.acked.at(time);
        let left_out = |(has, wanted): (&u64, &u64)| wanted.saturating_sub(*has);
        let events = version.0.iter().zip(&acked.0).map(left_out).sum();
        let firsts = version.0.iter().zip(&acked.0).enumerate().filter(|(_, (has, wanted))| has < wanted);
        let times = firsts.filter_map(|(partition, (offset, _))| {
            self.acked.time(Place { partition: partition as u32, offset: *offset })
        });
        (times.min().map_or(0, |first| time - first), events)
    }
}
