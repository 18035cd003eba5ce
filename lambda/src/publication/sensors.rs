//! What the batch publishes about sensors, as files and as they are asked.

use workloads::Name;

use super::names::{self, Names};
use super::ordered::{self, Ordered};
use super::table::{halves, whole};
use super::{Files, Loaded, ranked};
use crate::batch::sensors::{Answers, Second, Sums};
use crate::error::LambdaError;

/// A publication about sensors.
pub(crate) struct SensorsBase {
    names: Names,
    regions: Ordered<3>,
    seconds: Ordered<4>,
    alerts: Ordered<3>,
}

/// A sum of readings, and their number.
pub(crate) type Readings = [i128; 2];

/// A second of a region that the batch has readings of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Batched {
    /// Which second.
    pub(crate) second: i64,
    /// Its own readings.
    pub(crate) own: Readings,
    /// Whether an alert stands after it.
    pub(crate) standing: bool,
}

/// The answers as files.
pub(crate) fn files(names: &[Name], answers: &Answers) -> Files {
    let (sorted, ranks) = ranked(names);
    let rank = |region: u32| ranks[region as usize];
    let mut regions: Vec<_> =
        (0..).zip(&answers.regions).map(|(region, sums)| ((rank(region), 0), words(sums))).collect();
    regions.sort_unstable();
    let mut seconds: Vec<&Second> = answers.seconds.iter().collect();
    seconds.sort_unstable_by_key(|it| (rank(it.region), it.second));
    let key = |it: &Second| (rank(it.region), it.second);
    let state = |it: &&Second| {
        let [low, high, count] = words(&it.own);
        (key(it), [low, high, count, it.standing.into()])
    };
    let alert = |it: &&Second| Some((key(it), words(it.raised.as_ref()?)));
    vec![
        ("names", names::bytes(sorted.iter().copied())),
        ("regions", ordered::bytes(regions.into_iter())),
        ("seconds", ordered::bytes(seconds.iter().map(state))),
        ("alerts", ordered::bytes(seconds.iter().filter_map(alert))),
    ]
}

fn words(sums: &Sums) -> [u64; 3] {
    let [low, high] = halves(sums.sum);
    [low, high, sums.count]
}

fn readings([low, high, count]: [u64; 3]) -> Readings {
    [whole(low, high), count.into()]
}

fn batched((second, [low, high, count, standing]): (i64, [u64; 4])) -> Batched {
    Batched { second, own: readings([low, high, count]), standing: standing == 1 }
}

impl SensorsBase {
    /// A publication that was taken in.
    pub(crate) fn open(mut loaded: Loaded) -> Result<Self, LambdaError> {
        Ok(SensorsBase {
            names: loaded.names()?,
            regions: loaded.ordered("regions")?,
            seconds: loaded.ordered("seconds")?,
            alerts: loaded.ordered("alerts")?,
        })
    }

    /// The regions, by rank.
    pub(crate) fn names(&self) -> &Names {
        &self.names
    }

    /// All readings of a region.
    pub(crate) fn region(&self, rank: u32) -> Option<Readings> {
        self.regions.get((rank, 0)).map(readings)
    }

    /// The newest second of a region.
    pub(crate) fn newest(&self, rank: u32) -> Option<i64> {
        self.seconds.before((rank, i64::MAX)).map(|(second, _)| second)
    }

    /// The seconds of a region from one on.
    pub(crate) fn seconds(&self, rank: u32, from: i64) -> impl Iterator<Item = Batched> + '_ {
        self.seconds.from((rank, from)).map(batched)
    }

    /// Those of every region.
    pub(crate) fn all_seconds(&self) -> impl Iterator<Item = (Name, Batched)> + '_ {
        self.seconds.all().map(|((rank, second), words)| (self.names.name(rank), batched((second, words))))
    }

    /// Whether an alert of a region stands before a second.
    pub(crate) fn standing(&self, rank: u32, before: i64) -> bool {
        self.seconds.before((rank, before)).is_some_and(|row| batched(row).standing)
    }

    /// The alerts of a region that were raised from a second on.
    pub(crate) fn alerts(&self, rank: u32, from: i64) -> impl Iterator<Item = (i64, Readings)> + '_ {
        self.alerts.from((rank, from)).map(|(second, words)| (second, readings(words)))
    }
}
