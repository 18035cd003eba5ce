//! What the events since the cut add to sensors.

use std::collections::BTreeMap;

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};
use workloads::{Name, SensorEvent};

use crate::publication::sensors::SensorsBase;

/// Seconds that `recent` looks back over.
const SPAN: i64 = 10;

/// A sum of readings and their number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sums {
    /// Degrees.
    pub(crate) sum: i128,
    /// Readings.
    pub(crate) count: u64,
}

/// What was read since the cut.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    regions: HashMap<Name, Region>,
}

/// A region heard of since the cut.
#[derive(Debug, Default)]
struct Region {
    all: Sums,
    seconds: BTreeMap<i64, Sums>,
    /// The newest second, the batch's included.
    newest: i64,
}

/// The speed layer's half of an answer: of each region asked for what was added to it, and to those of its seconds
/// that matter, in their order.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Partial {
    /// By name.
    pub(crate) regions: BTreeMap<Name, Added>,
}

/// What was added to a region.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Added {
    /// All readings.
    pub(crate) all: Sums,
    /// Its newest second, the batch's included.
    pub(crate) newest: i64,
    /// By second.
    pub(crate) seconds: Vec<(i64, Sums)>,
}

/// One more event.
pub(crate) fn apply(changes: &mut Changes, base: &SensorsBase, event: &SensorEvent) {
    let second = event.time.div_euclid(1_000);
    let region = changes.regions.entry_ref(&event.region).or_insert_with(|| {
        let batched = base.names().rank(&event.region).and_then(|rank| base.newest(rank));
        Region { newest: batched.unwrap_or(second), ..Region::default() }
    });
    // rule: S1 S2
    region.all.add(event.reading);
    // rule: S3 S6
    region.seconds.entry(second).or_default().add(event.reading);
    // rule: S4
    region.newest = region.newest.max(second);
}

impl Changes {
    /// What was added to one region, or to every region, with the seconds that a view needs to know of: those of the
    /// key, all that an alert may depend on, or the recent ones.
    pub(crate) fn partial(&self, view: &str, name: Option<&str>, second: Option<i64>) -> Partial {
        let one = name.and_then(|name| self.regions.get_key_value(name));
        let all = name.is_none().then(|| self.regions.iter());
        let added = |(name, region): (&Name, &Region)| (name.clone(), region.added(view, second));
        Partial { regions: all.into_iter().flatten().chain(one).map(added).collect() }
    }
}

impl Region {
    fn added(&self, view: &str, second: Option<i64>) -> Added {
        let (from, upto) = match view {
            "average" => (i64::MAX, i64::MAX),
            "seconds" => (second.unwrap_or(i64::MIN), second.unwrap_or(i64::MAX)),
            // rule: S4
            "recent" => (self.newest.saturating_sub(SPAN - 1), i64::MAX),
            // rule: S5
            _ => (i64::MIN, second.unwrap_or(i64::MAX)),
        };
        let seconds = self.seconds.range(from..=upto).map(|(second, sums)| (*second, *sums)).collect();
        Added { all: self.all, newest: self.newest, seconds }
    }
}

impl Sums {
    fn add(&mut self, reading: i32) {
        self.sum += i128::from(reading);
        self.count += 1;
    }
}
