//! Rules of `orders`: what the records of each order id are worth to its customer, and how a mark changes that.

use serde::{Deserialize, Serialize};
use workloads::{Event, Millis, OrderKind, Place, Record, Row, Terms};

use super::{Changes, Rules};
use crate::fold::additive;
use crate::names::Names;
use crate::shards::{Near, Shards};

/// An order event, its customer as a number.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Act {
    kind: OrderKind,
    customer: u32,
    order: u64,
    amount: i64,
    time: Millis,
    place: Place,
}

/// What a customer has spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Spend {
    sum: i128,
    large_sum: i128,
    count: i64,
    large_count: i64,
}
additive!(Spend { sum, large_sum, count, large_count });

/// What everybody has spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Revenue {
    sum: i128,
    count: i64,
}
additive!(Revenue { sum, count });

/// One record of an order, as it was placed.
#[derive(Clone, Copy, Debug)]
struct Line {
    amount: i64,
    time: Millis,
}

/// The records of one order id and customer, and what was said of them. Most orders have one line and no mark.
#[derive(Debug, Default)]
struct Order {
    lines: Lines,
    marks: Option<Box<Marks>>,
}

#[derive(Debug, Default)]
enum Lines {
    #[default]
    None,
    One(Line),
    Many(Vec<Line>),
}

#[derive(Debug, Default)]
struct Marks {
    /// Event time of the earliest cancellation: the one that reaches furthest back.
    cancelled: Option<Millis>,
    /// In ascending order of (event time, place).
    corrections: Vec<(Millis, Place, i64)>,
}

/// The orders that can still be marked.
pub struct Orders {
    orders: Shards<(u32, u64), Order>,
    limits: Limits,
}

/// The terms that concern single records.
#[derive(Clone, Copy, Debug)]
struct Limits {
    horizon: Option<Millis>,
    large_from: i64,
}

impl Lines {
    fn push(&mut self, line: Line) {
        match self {
            Lines::None => *self = Lines::One(line),
            Lines::One(first) => *self = Lines::Many(vec![*first, line]),
            Lines::Many(lines) => lines.push(line),
        }
    }

    fn all(&self) -> &[Line] {
        match self {
            Lines::None => &[],
            Lines::One(line) => std::slice::from_ref(line),
            Lines::Many(lines) => lines,
        }
    }
}

impl Near for (u32, u64) {
    fn stretch(&self) -> u64 {
        // Some ten thousand order ids.
        self.1 >> 14
    }
}

impl Order {
    fn mark(&mut self, act: &Act) {
        let marks = self.marks.get_or_insert_default();
        if act.kind == OrderKind::Cancelled {
            // rule: O2
            marks.cancelled = Some(marks.cancelled.map_or(act.time, |earliest| earliest.min(act.time)));
        } else {
            // rule: O3
            let at =
                marks.corrections.partition_point(|(time, place, _)| (*time, *place) < (act.time, act.place));
            marks.corrections.insert(at, (act.time, act.place, act.amount));
        }
    }

    /// The amount in force of a line.
    fn in_force(&self, line: Line, limits: Limits) -> Option<i64> {
        let Some(marks) = &self.marks else { return Some(line.amount) };
        // rule: O6
        let acts =
            |mark: Millis| limits.horizon.is_none_or(|horizon| mark.saturating_sub(line.time) <= horizon);
        // rule: O4
        if marks.cancelled.is_some_and(acts) {
            return None;
        }
        // rule: O3
        let correction = marks.corrections.iter().rev().find(|(time, _, _)| acts(*time));
        Some(correction.map_or(line.amount, |(_, _, amount)| *amount))
    }
}

impl Limits {
    /// Counts an amount in force in (`sign` 1) or out (-1).
    #[inline]
    fn count(self, customer: u32, amount: i64, sign: i64, changes: &mut Changes<Orders>) {
        // rule: O1
        let sum = i128::from(amount) * i128::from(sign);
        // rule: O10
        let large = amount >= self.large_from;
        let (large_sum, large_count) = if large { (sum, sign) } else { (0, 0) };
        changes.fine.add(customer, &Spend { sum, large_sum, count: sign, large_count });
        // rule: O11
        changes.coarse.add(0, &Revenue { sum, count: sign });
    }

    fn count_all(self, customer: u32, order: &Order, sign: i64, changes: &mut Changes<Orders>) {
        for amount in order.lines.all().iter().filter_map(|line| order.in_force(*line, self)) {
            self.count(customer, amount, sign, changes);
        }
    }
}

impl Rules for Orders {
    type Act = Act;
    type FineKey = u32;
    type Fine = Spend;
    type CoarseKey = u32;
    type Coarse = Revenue;

    fn new(terms: &Terms, _views: &[&str]) -> Self {
        let limits = Limits { horizon: terms.cancel_horizon, large_from: terms.large_from };
        Orders { orders: Shards::new(), limits }
    }

    fn act(record: &Record, names: &mut Names) -> Option<Act> {
        let Event::Order(event) = &record.event else { return None };
        let customer = names.number(&event.customer);
        let (kind, order, amount, time) = (event.kind, event.order, event.amount, event.time);
        Some(Act { kind, customer, order, amount, time, place: record.place })
    }

    fn group(act: &Act) -> u64 {
        u64::from(act.customer)
    }

    fn apply(&mut self, act: &Act, changes: &mut Changes<Self>) {
        let limits = self.limits;
        let placed = act.kind == OrderKind::Placed;
        // rule: O7
        if act.order == 0 {
            if placed {
                limits.count(act.customer, act.amount, 1, changes);
            }
            return;
        }
        let order = self.orders.entry((act.customer, act.order));
        if placed {
            let line = Line { amount: act.amount, time: act.time };
            // rule: O5
            if let Some(amount) = order.in_force(line, limits) {
                limits.count(act.customer, amount, 1, changes);
            }
            // rule: O2 O3
            order.lines.push(line);
        } else {
            limits.count_all(act.customer, order, -1, changes);
            order.mark(act);
            limits.count_all(act.customer, order, 1, changes);
        }
    }

    fn is_fine(view: &str) -> Option<bool> {
        match view {
            "spend" | "big_spenders" | "large_orders" => Some(true),
            "revenue" => Some(false),
            _ => None,
        }
    }

    fn fine_row(view: &str, sum: &Spend, terms: &Terms) -> Option<Row> {
        let (total, count) = match view {
            "large_orders" => (sum.large_sum, sum.large_count),
            // rule: O9
            "big_spenders" if sum.sum <= i128::from(terms.big_above) => return None,
            _ => (sum.sum, sum.count),
        };
        // rule: O8
        (count != 0).then(|| vec![total, i128::from(count)])
    }

    fn coarse_row(_view: &str, sum: &Revenue) -> Option<Row> {
        // rule: O8
        (sum.count != 0).then(|| vec![sum.sum, i128::from(sum.count)])
    }

    fn print_fine(key: u32, names: &Names) -> String {
        names.name(key).to_owned()
    }

    fn print_coarse(_key: u32, _names: &Names) -> String {
        "all".to_owned()
    }

    fn parse_fine(key: &str, names: &Names) -> Option<u32> {
        names.known(key)
    }

    fn parse_coarse(key: &str, _names: &Names) -> Option<u32> {
        (key == "all").then_some(0)
    }
}
