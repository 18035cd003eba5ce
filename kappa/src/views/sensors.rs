//! Rules of `sensors`: what each region's readings come to, and when it was too hot.

use serde::{Deserialize, Serialize};
use workloads::calendar::Unit;
use workloads::{Event, Name, Record, Row, Terms};

use super::{Grouping, Groupings, Rules, asked};
use crate::flow::fold::{Fold, SteadyMap, additive};
use crate::flow::keys::{Named, NamedSecond};
use crate::flow::names::Names;
use crate::flow::outlet::Outlet;
use crate::snapshot::{Nest, Table};

mod region;

use region::{Region, Second};

/// A reading of a region.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Act {
    second: i64,
    reading: i32,
}

/// A sum of readings and how many it is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Readings {
    sum: i128,
    count: i64,
}
additive!(Readings { sum, count });

/// What readings change.
#[derive(Default)]
pub struct Changes {
    regions: Fold<Regions>,
    seconds: Fold<Seconds>,
    recent: Fold<Recent>,
    alerts: Fold<Alerts>,
}

/// All readings by region.
struct Regions;

/// All readings by region and second.
struct Seconds;

/// The newest readings by region: replaced, not added up.
struct Recent;

/// The readings that raised an alert by region and second: replaced, not added up.
struct Alerts;

/// The seconds of each region, for what depends on their order.
pub struct Sensors {
    /// Whether anybody asks for that.
    ordered: bool,
    /// By region, every second that holds readings.
    seconds: Nest<u32, i64, Second>,
    regions: SteadyMap<u32, Region>,
    /// Regions with readings in the version that is being carried out.
    touched: Vec<u32>,
}

impl Rules for Sensors {
    type Act = Act;
    type Changes = Changes;

    fn new(_terms: &Terms, views: &[&str]) -> Self {
        let ordered = asked(views, &["recent", "alerts"]);
        Sensors { ordered, seconds: Nest::default(), regions: SteadyMap::default(), touched: Vec::new() }
    }

    fn acts(record: &Record, mut act: impl FnMut(&Name, Act)) {
        let Event::Sensor(event) = &record.event else { return };
        act(&event.region, Act { second: Unit::Second.of(event.time), reading: event.reading });
    }

    fn apply(&mut self, number: u32, act: &Act, changes: &mut Changes) {
        // rule: S1
        let one = Readings { sum: i128::from(act.reading), count: 1 };
        changes.regions.add(Named(number), &one);
        // rule: S6
        changes.seconds.add(NamedSecond(number, act.second), &one);
        if self.ordered {
            let region = self.regions.entry(number).or_default();
            if !region.is_touched() {
                self.touched.push(number);
            }
            region.read(self.seconds.tree(number), act.second, &one);
        }
    }

    fn close(&mut self, changes: &mut Changes, _names: &Names) {
        for number in self.touched.drain(..) {
            let Some(region) = self.regions.get_mut(&number) else { continue };
            let seconds = self.seconds.tree(number);
            changes.recent.add(Named(number), &region.recent(seconds));
            region.derive(seconds, |second, change| changes.alerts.add(NamedSecond(number, second), change));
        }
    }

    fn tables(&mut self) -> Vec<&mut dyn Table> {
        vec![&mut self.seconds]
    }

    fn restore(&mut self) {
        for (number, seconds) in self.seconds.trees() {
            // What changes of it was said when it changed.
            self.regions.entry(*number).or_default().recent(seconds);
        }
    }
}

impl Groupings for Changes {
    fn folds(&mut self) -> Vec<&mut dyn Outlet> {
        vec![&mut self.regions, &mut self.seconds, &mut self.recent, &mut self.alerts]
    }
}

impl Readings {
    fn row(&self) -> Option<Row> {
        (self.count != 0).then(|| vec![self.sum, i128::from(self.count)])
    }
}

impl Grouping for Regions {
    const VIEWS: &'static [&'static str] = &["average"];
    type Key = Named;
    type Sum = Readings;

    // rule: S2
    fn row(_view: &str, sum: &Readings, _terms: &Terms) -> Option<Row> {
        sum.row()
    }
}

impl Grouping for Seconds {
    const VIEWS: &'static [&'static str] = &["seconds"];
    type Key = NamedSecond;
    type Sum = Readings;

    // rule: S3
    fn row(_view: &str, sum: &Readings, _terms: &Terms) -> Option<Row> {
        sum.row()
    }
}

impl Grouping for Recent {
    const VIEWS: &'static [&'static str] = &["recent"];
    type Key = Named;
    type Sum = Readings;

    fn form(_view: &str) -> &'static str {
        "sums by second in order: those of the newest span are added up"
    }

    // rule: S4
    fn row(_view: &str, sum: &Readings, _terms: &Terms) -> Option<Row> {
        sum.row()
    }
}

impl Grouping for Alerts {
    const VIEWS: &'static [&'static str] = &["alerts"];
    type Key = NamedSecond;
    type Sum = Readings;

    fn form(_view: &str) -> &'static str {
        "sums by second in order: gone through from the first that changed until nothing differs"
    }

    // rule: S5
    fn row(_view: &str, sum: &Readings, _terms: &Terms) -> Option<Row> {
        sum.row()
    }
}
