//! A version: how far each partition of a log is included.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::event::Place;

/// For each partition the next offset: the events below it are included, those at or above it are not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(pub Vec<u64>);

impl Version {
    /// The version of the empty log.
    pub fn zero(partitions: u32) -> Self {
        Version(vec![0; partitions as usize])
    }

    /// Whether the record at `place` is included.
    pub fn contains(&self, place: Place) -> bool {
        self.0.get(place.partition as usize).is_some_and(|next| place.offset < *next)
    }

    /// Whether all of `other` is included.
    pub fn covers(&self, other: &Version) -> bool {
        self.0.len() == other.0.len() && self.0.iter().zip(&other.0).all(|(mine, theirs)| mine >= theirs)
    }

    /// The largest version that both include.
    pub fn meet(&self, other: &Version) -> Version {
        Version(self.0.iter().zip(&other.0).map(|(a, b)| *a.min(b)).collect())
    }

    /// The smallest version that includes both.
    pub fn join(&self, other: &Version) -> Version {
        Version(self.0.iter().zip(&other.0).map(|(a, b)| *a.max(b)).collect())
    }

    /// Number of records included.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }
}

/// Versions are ordered by inclusion, so two of them may be incomparable.
impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match (self.covers(other), other.covers(self)) {
            (true, true) => Some(Ordering::Equal),
            (true, false) => Some(Ordering::Greater),
            (false, true) => Some(Ordering::Less),
            (false, false) => None,
        }
    }
}

/// Comma-separated offsets, as `--at` takes them.
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (partition, next) in self.0.iter().enumerate() {
            if partition > 0 {
                f.write_str(",")?;
            }
            write!(f, "{next}")?;
        }
        Ok(())
    }
}

impl FromStr for Version {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split(',').map(|part| part.trim().parse()).collect::<Result<_, _>>().map(Version)
    }
}
