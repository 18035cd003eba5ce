//! Rules of `orders`: what the records of each order id are worth to its customer, and how a mark changes that.

use serde::{Deserialize, Serialize};
use workloads::{Event, Millis, Name, OrderKind, Place, Record, Row, Rows, Terms};

use super::marks::Marks;
use super::{Grouping, Groupings, Rules};
use crate::flow::fold::{Fold, additive};
use crate::flow::keys::{All, Named};
use crate::flow::names::Names;
use crate::flow::outlet::Outlet;
use crate::flow::shards::{Leaf, Near, Shards, Spot};
use crate::snapshot::{Home, Movable, Table};

mod amounts;
mod days;
mod leaders;
mod lines;

use amounts::Amounts;
use days::{Days, Visits};
use leaders::{Leaders, Ranking};
use lines::{Amount, Line, acts, in_force, mark};

/// What comes to its end within this part of a horizon is forgotten at once.
const AT_ONCE: Millis = 16;

/// What an order event says of its customer.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Act {
    kind: OrderKind,
    order: u64,
    amount: i64,
    time: Millis,
    place: Place,
}

/// What a customer has spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Spend {
    sum: i128,
    large_sum: i128,
    count: i64,
    large_count: i64,
}
additive!(Spend { sum, large_sum, count, large_count });

/// What everybody has spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Revenue {
    sum: i128,
    count: i64,
}
additive!(Revenue { sum, count });

/// What orders change.
#[derive(Default)]
pub struct Changes {
    customers: Fold<Customers>,
    revenue: Fold<Everybody>,
    days: Fold<Days>,
    leaders: Fold<Leaders>,
    amounts: Fold<Amounts>,
}

/// By customer.
struct Customers;

/// All in one.
struct Everybody;

/// The orders that can still be marked, and what lies behind the customers of a day and the first of all.
pub struct Orders {
    orders: Shards<(u32, u64), Line, Marks<Amount>>,
    horizon: Option<Millis>,
    book: Book,
}

/// The lines of one order id and customer, and its marks.
type Order<'a> = Leaf<'a, (u32, u64), Line, Marks<Amount>>;

struct Book {
    large_from: i64,
    visits: Visits,
    ranking: Ranking,
}

impl Near for (u32, u64) {
    fn spot(self) -> Spot {
        Spot { lead: 0, number: self.1, rest: self.0 }
    }

    fn at(spot: Spot) -> Self {
        (spot.rest, spot.number)
    }
}

impl Movable for (u32, u64) {
    fn moved(self, home: &Home) -> Option<Self> {
        Some((home.number(self.0)?, self.1))
    }
}

impl Book {
    /// Counts a line in (`sign` 1) or out (-1), with its amount in force.
    #[inline]
    fn count(&mut self, customer: u32, time: Millis, amount: i64, sign: i64, changes: &mut Changes) {
        // rule: O1
        let sum = i128::from(amount) * i128::from(sign);
        // rule: O10
        let large = amount >= self.large_from;
        let (large_sum, large_count) = if large { (sum, sign) } else { (0, 0) };
        changes.customers.add(Named(customer), &Spend { sum, large_sum, count: sign, large_count });
        // rule: O11
        changes.revenue.add(All, &Revenue { sum, count: sign });
        self.visits.count(customer, time, sign, &mut changes.days);
        if changes.leaders.wanted() {
            self.ranking.count(customer, sum, sign);
        }
        amounts::count(time, amount, sign, &mut changes.amounts);
    }

    /// Counts the lines of an order on which a mark acts in or out, as all its marks leave them. What lies behind the others
    /// may be forgotten.
    fn count_all(
        &mut self,
        customer: u32,
        order: &Order<'_>,
        marks: Option<&Marks<Amount>>,
        (mark, sign): (Millis, i64),
        horizon: Option<Millis>,
        changes: &mut Changes,
    ) {
        for line in order.values().filter(|line| acts(mark, *line, horizon)) {
            if let Some(amount) = in_force(line, marks, horizon) {
                self.count(customer, line.time, amount, sign, changes);
            }
        }
    }
}

impl Rules for Orders {
    type Act = Act;
    type Changes = Changes;

    fn new(terms: &Terms, _views: &[&str]) -> Self {
        let book = Book { large_from: terms.large_from, visits: Visits::new(), ranking: Ranking::default() };
        Orders { orders: Shards::new(Marks::EVER), horizon: terms.cancel_horizon, book }
    }

    fn acts(record: &Record, mut act: impl FnMut(&Name, Act)) {
        let Event::Order(event) = &record.event else { return };
        let (kind, order, amount, time) = (event.kind, event.order, event.amount, event.time);
        act(&event.customer, Act { kind, order, amount, time, place: record.place });
    }

    fn apply(&mut self, customer: u32, act: &Act, changes: &mut Changes) {
        let horizon = self.horizon;
        let placed = act.kind == OrderKind::Placed;
        // rule: O7
        if act.order == 0 {
            if placed {
                self.book.count(customer, act.time, act.amount, 1, changes);
            }
            return;
        }
        let mut order = self.orders.at((customer, act.order));
        if placed {
            let line = Line { amount: act.amount, time: act.time };
            // rule: O5
            if let Some(amount) = in_force(line, order.aside(), horizon) {
                self.book.count(customer, line.time, amount, 1, changes);
            }
            // rule: O2 O3
            order.push(line);
        } else {
            self.book.count_all(customer, &order, order.aside(), (act.time, -1), horizon, changes);
            let held = order.hold_aside();
            mark(held, act);
            let marks = held.clone();
            self.book.count_all(customer, &order, Some(&marks), (act.time, 1), horizon, changes);
        }
    }

    fn forget(&mut self, earliest: Millis) {
        // rule: O6
        let Some(horizon) = self.horizon.filter(|horizon| *horizon < Millis::MAX) else { return };
        let Some(before) = earliest.checked_sub(horizon) else { return };
        let steps = (before, horizon / AT_ONCE);
        // rule: O4 O5
        self.orders.forget(steps, |_, line| line.time < before, |marks| marks.is_withdrawn_by(earliest));
        self.book.visits.forget(before);
    }

    fn tables(&mut self) -> Vec<&mut dyn Table> {
        let Book { visits, ranking, .. } = &mut self.book;
        vec![&mut self.orders, visits.table(), &mut ranking.customers, &mut ranking.shown]
    }

    fn restore(&mut self) {
        self.book.ranking.restore();
    }

    fn close(&mut self, changes: &mut Changes, names: &Names) {
        if changes.leaders.wanted() {
            self.book.ranking.close(names, &mut changes.leaders);
        }
    }

    fn whole(view: &str) -> bool {
        view == "top_customers"
    }

    fn gather(view: &str, key: Option<&str>, rows: Rows) -> Rows {
        if Self::whole(view) { leaders::first_of_all(key, rows) } else { rows }
    }
}

impl Groupings for Changes {
    fn folds(&mut self) -> Vec<&mut dyn Outlet> {
        let Changes { customers, revenue, days, leaders, amounts } = self;
        vec![customers, revenue, days, leaders, amounts]
    }
}

impl Grouping for Customers {
    const VIEWS: &'static [&'static str] = &["spend", "big_spenders", "large_orders"];
    type Key = Named;
    type Sum = Spend;

    fn row(view: &str, sum: &Spend, terms: &Terms) -> Option<Row> {
        let (total, count) = match view {
            "large_orders" => (sum.large_sum, sum.large_count),
            // rule: O9
            "big_spenders" if sum.sum <= i128::from(terms.big_above) => return None,
            _ => (sum.sum, sum.count),
        };
        // rule: O8
        (count != 0).then(|| vec![total, i128::from(count)])
    }
}

impl Grouping for Everybody {
    const VIEWS: &'static [&'static str] = &["revenue"];
    type Key = All;
    type Sum = Revenue;

    fn row(_view: &str, sum: &Revenue, _terms: &Terms) -> Option<Row> {
        // rule: O8
        (sum.count != 0).then(|| vec![sum.sum, i128::from(sum.count)])
    }
}
