//! How many customers a day has.

use serde::{Deserialize, Serialize};
use workloads::calendar::Unit;
use workloads::{Millis, Row, Terms};

use crate::flow::fold::{Fold, additive};
use crate::flow::keys::Day;
use crate::flow::shards::{Near, Shards, Spot};
use crate::snapshot::{Home, Movable, Table};
use crate::views::Grouping;

/// How many customers there were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Visitors {
    customers: i64,
}
additive!(Visitors { customers });

/// By day.
pub(super) struct Days;

/// How many records in force a customer has on a day.
pub(super) struct Visits {
    records: Shards<(i64, u32), i64>,
}

impl Near for (i64, u32) {
    fn spot(self) -> Spot {
        Spot { lead: self.0 as u32, number: self.1.into(), rest: (self.0 >> 32) as u32 }
    }

    fn at(spot: Spot) -> Self {
        (i64::from(spot.rest as i32) << 32 | i64::from(spot.lead), spot.number as u32)
    }
}

impl Movable for (i64, u32) {
    fn moved(self, home: &Home) -> Option<Self> {
        Some((self.0, home.number(self.1)?))
    }
}

impl Visits {
    pub(super) fn new() -> Self {
        Visits { records: Shards::new(()) }
    }

    pub(super) fn table(&mut self) -> &mut dyn Table {
        &mut self.records
    }

    /// Nothing changes any more of records whose event time is before this.
    pub(super) fn forget(&mut self, before: Millis) {
        let first = Unit::Day.of(before);
        self.records.forget((first, 1), |(day, _), _| day < first, |()| false);
    }

    /// Counts a record of a customer in (`sign` 1) or out (-1).
    // rule: O15
    #[inline]
    pub(super) fn count(&mut self, customer: u32, time: Millis, sign: i64, days: &mut Fold<Days>) {
        if !days.wanted() {
            return;
        }
        let day = Day(Unit::Day.of(time));
        let records = self.records.at((day.0, customer)).value();
        let before = *records;
        *records += sign;
        if before == 0 || *records == 0 {
            days.add(day, &Visitors { customers: sign });
        }
    }
}

impl Grouping for Days {
    const VIEWS: &'static [&'static str] = &["customers_per_day"];
    type Key = Day;
    type Sum = Visitors;

    fn form(_view: &str) -> &'static str {
        "records by customer and day, and above them the customers of each day"
    }

    // rule: O8 O15
    fn row(_view: &str, sum: &Visitors, _terms: &Terms) -> Option<Row> {
        (sum.customers != 0).then(|| vec![i128::from(sum.customers)])
    }
}
