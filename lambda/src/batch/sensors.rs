//! What all of history up to the cut says about sensors.

use std::collections::VecDeque;

use hashbrown::HashMap;
use workloads::intake::Duplicates;

use crate::archive::Facts;

/// Seconds over which averages are formed for alerts.
const SPAN: i64 = 10;

/// Degrees: an alert is raised above this average.
const RAISE: i128 = 30;

/// Degrees: an alert is cleared below this average.
const CLEAR: i128 = 29;

/// A sum of readings and their number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    /// Degrees.
    pub(crate) sum: i128,
    /// Readings.
    pub(crate) count: u64,
}

/// What the log holds up to the cut.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// By the number of the region.
    pub(crate) regions: Vec<Sums>,
    /// By region and second.
    pub(crate) seconds: HashMap<(u32, i64), Sums>,
}

/// A second of a region that holds readings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Second {
    /// Number of the region.
    pub(crate) region: u32,
    /// Which second.
    pub(crate) second: i64,
    /// Its own readings.
    pub(crate) own: Sums,
    /// Whether an alert stands after it.
    pub(crate) standing: bool,
    /// The readings of the ten seconds that end with it, if an alert was raised in it.
    pub(crate) raised: Option<Sums>,
}

/// The batch's half of every answer, and where every second leaves the alerts, so that they can be gone through
/// again from any of them on.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    /// By the number of the region.
    pub(crate) regions: Vec<Sums>,
    /// By region, the seconds of each in their order.
    pub(crate) seconds: Vec<Second>,
}

/// Adds a stretch of the archive to the history.
pub(crate) fn read(history: &mut History, facts: &Facts, seen: &mut Duplicates) {
    let (regions, times, readings) = (facts.keys(), facts.numbers("time"), facts.numbers("reading"));
    history.regions.resize(facts.names().len(), Sums::default());
    for row in 0..facts.len() {
        // rule: S7
        if !facts.first(row, seen) {
            continue;
        }
        let (region, reading) = (regions[row], readings[row]);
        // rule: S1 S2
        history.regions[region as usize].add(reading);
        // rule: S3
        history.seconds.entry((region, times[row].div_euclid(1_000))).or_default().add(reading);
    }
}

/// The answers that follow from a history.
pub(crate) fn answers(history: History) -> Answers {
    let mut seconds: Vec<Second> = history
        .seconds
        .into_iter()
        .map(|((region, second), own)| Second { region, second, own, standing: false, raised: None })
        .collect();
    // rule: S6
    seconds.sort_unstable_by_key(|second| (second.region, second.second));
    seconds.chunk_by_mut(|a, b| a.region == b.region).for_each(go_through);
    Answers { regions: history.regions, seconds }
}

/// Raises and clears the alerts of one region.
fn go_through(seconds: &mut [Second]) {
    let (mut window, mut standing) = (VecDeque::new(), false);
    for second in seconds {
        window.push_back((second.second, second.own));
        while window.front().is_some_and(|(old, _)| second.second - old >= SPAN) {
            window.pop_front();
        }
        let sum: i128 = window.iter().map(|(_, sums)| sums.sum).sum();
        let count: u64 = window.iter().map(|(_, sums)| sums.count).sum();
        // rule: S5
        if !standing && sum > RAISE * i128::from(count) {
            standing = true;
            second.raised = Some(Sums { sum, count });
        } else if standing && sum < CLEAR * i128::from(count) {
            standing = false;
        }
        second.standing = standing;
    }
}

impl Sums {
    fn add(&mut self, reading: i64) {
        self.sum += i128::from(reading);
        self.count += 1;
    }
}
