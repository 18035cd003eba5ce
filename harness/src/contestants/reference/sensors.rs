//! Readings folded into ordered maps by second; of a late one, everything after it is gone through again.

use std::collections::{BTreeMap, VecDeque};

use hashbrown::HashMap;
use workloads::calendar::Unit;
use workloads::sensors::{CLEARED_BELOW, RAISED_ABOVE, SPAN};
use workloads::{Name, Row, Rows, SensorEvent};

/// A sum of readings and how many it is of.
type Mean = (i128, i128);

/// One alert.
#[derive(Clone, Copy, Debug)]
struct Alert {
    mean: Mean,
    /// The second that cleared it.
    cleared: Option<i64>,
}

#[derive(Clone, Debug, Default)]
struct Region {
    all: Mean,
    seconds: BTreeMap<i64, Mean>,
    /// By the second that raised each.
    alerts: BTreeMap<i64, Alert>,
}

/// The fold.
#[derive(Clone, Debug, Default)]
pub struct Sensors {
    regions: HashMap<Name, Region>,
}

fn add(mean: &mut Mean, more: Mean) {
    *mean = (mean.0 + more.0, mean.1 + more.1);
}

fn row(mean: Mean) -> Row {
    vec![mean.0, mean.1]
}

impl Region {
    fn feed(&mut self, second: i64, reading: i32) {
        let one = (i128::from(reading), 1);
        add(&mut self.all, one);
        add(self.seconds.entry(second).or_default(), one);
        self.again(second);
    }

    /// Forgets what alerts did from `from` on, and goes through those seconds.
    fn again(&mut self, from: i64) {
        self.alerts.split_off(&from);
        let mut standing = None;
        if let Some((raised, alert)) = self.alerts.iter_mut().next_back()
            && alert.cleared.is_none_or(|cleared| cleared >= from)
        {
            alert.cleared = None;
            standing = Some(*raised);
        }
        let mut span: VecDeque<(i64, Mean)> =
            self.seconds.range(from - SPAN + 1..from).map(|(at, mean)| (*at, *mean)).collect();
        for (at, mean) in self.seconds.range(from..) {
            span.push_back((*at, *mean));
            while span.front().is_some_and(|(first, _)| *first <= at - SPAN) {
                span.pop_front();
            }
            let mut mean = (0, 0);
            span.iter().for_each(|(_, more)| add(&mut mean, *more));
            match standing {
                None if mean.0 > RAISED_ABOVE * mean.1 => {
                    self.alerts.insert(*at, Alert { mean, cleared: None });
                    standing = Some(*at);
                }
                Some(raised) if mean.0 < CLEARED_BELOW * mean.1 => {
                    self.alerts.entry(raised).and_modify(|alert| alert.cleared = Some(*at));
                    standing = None;
                }
                _ => {}
            }
        }
    }

    fn recent(&self) -> Option<Mean> {
        let (newest, _) = self.seconds.last_key_value()?;
        let mut mean = (0, 0);
        self.seconds.range(newest - SPAN + 1..).for_each(|(_, more)| add(&mut mean, *more));
        Some(mean)
    }
}

impl Sensors {
    /// The next reading.
    pub fn feed(&mut self, event: &SensorEvent) {
        let region = self.regions.entry_ref(&event.region).or_default();
        region.feed(Unit::Second.of(event.time), event.reading);
    }

    /// One row of a view.
    pub fn row(&self, view: &str, key: &str) -> Option<Row> {
        let mean = match view {
            "average" => self.regions.get(key)?.all,
            "recent" => self.regions.get(key)?.recent()?,
            _ => {
                let (name, second) = Unit::Second.parse_key(key)?;
                let region = self.regions.get(name)?;
                match view {
                    "seconds" => *region.seconds.get(&second)?,
                    "alerts" => region.alerts.get(&second)?.mean,
                    _ => return None,
                }
            }
        };
        Some(row(mean))
    }

    /// Every row of a view.
    pub fn rows(&self, view: &str) -> Rows {
        let mut rows = Rows::new();
        for (name, region) in &self.regions {
            let dated = |(second, mean): (&i64, Mean)| (Unit::Second.key(name, *second), row(mean));
            match view {
                "average" => rows.extend([(name.to_string(), row(region.all))]),
                "recent" => rows.extend(region.recent().map(|mean| (name.to_string(), row(mean)))),
                "seconds" => rows.extend(region.seconds.iter().map(|(at, mean)| dated((at, *mean)))),
                "alerts" => rows.extend(region.alerts.iter().map(|(at, alert)| dated((at, alert.mean)))),
                _ => {}
            }
        }
        rows
    }
}
