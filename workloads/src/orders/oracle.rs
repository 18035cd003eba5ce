//! What is true of a log of orders, kept up to date one record at a time.
//!
//! Lines and marks lie in two lists and are chained by order. A fork shares all of it until one side writes.

use std::collections::BTreeMap;
use std::sync::Arc;

use hashbrown::HashMap;

use super::daily::{Day, Figures};
use super::leaders::Leaders;
use crate::calendar::Unit;
use crate::repeats::Repeats;
use crate::shared::{Pages, Shards};
use crate::{Event, Millis, Name, OrderEvent, OrderKind, Place, Record, Row, Rows, Terms, Touched, Truth};

/// The oracle at the empty log.
pub(super) fn truth(terms: &Terms) -> Box<dyn Truth> {
    Box::new(Oracle::new(terms.clone()))
}

/// End of a chain.
const END: u32 = u32::MAX;

/// One placed record and what its marks have made of it.
#[derive(Clone, Copy, Debug)]
struct Line {
    time: Millis,
    /// In force unless cancelled.
    amount: i64,
    cancelled: bool,
    /// The correction that holds, if any.
    corrected_by: u32,
    next: u32,
}

/// One cancellation or correction.
#[derive(Clone, Copy, Debug)]
struct Mark {
    kind: OrderKind,
    time: Millis,
    place: Place,
    amount: i64,
    next: u32,
}

/// Everything that shares an order id and a customer.
#[derive(Clone, Copy, Debug)]
struct Order {
    lines: u32,
    marks: u32,
    n_marks: u32,
}

/// The sum and number of some records in force.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Total {
    sum: i128,
    count: u64,
}

/// What one customer has spent: in all, and in large records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Spent {
    all: Total,
    large: Total,
}

#[derive(Clone, Debug)]
struct Oracle {
    terms: Terms,
    repeats: Repeats,
    customers: HashMap<Name, u32>,
    /// By the customer's number.
    spent: Vec<Spent>,
    revenue: Total,
    leaders: Leaders,
    days: BTreeMap<i64, Arc<Day>>,
    /// Days that the record being fed changes, as they were before it; kept only where somebody asks.
    before: Option<Vec<(i64, Figures)>>,
    orders: Shards<(u32, u64), Order>,
    lines: Pages<Line>,
    marks: Pages<Mark>,
    waiting: u64,
    refused: u64,
}

impl Oracle {
    fn new(terms: Terms) -> Self {
        let repeats = Repeats::new(terms.dedup);
        Oracle {
            terms,
            repeats,
            customers: HashMap::new(),
            spent: Vec::new(),
            revenue: Total::default(),
            leaders: Leaders::default(),
            days: BTreeMap::new(),
            before: None,
            orders: Shards::new(),
            lines: Pages::new(),
            marks: Pages::new(),
            waiting: 0,
            refused: 0,
        }
    }

    /// The number of a customer, from now on his.
    fn customer(&mut self, name: &Name) -> u32 {
        if let Some(number) = self.customers.get(name) {
            return *number;
        }
        let number = self.spent.len() as u32;
        self.customers.insert(name.clone(), number);
        self.spent.push(Spent::default());
        number
    }

    fn place(&mut self, customer: u32, event: &OrderEvent) {
        let mut line =
            Line { time: event.time, amount: event.amount, cancelled: false, corrected_by: END, next: END };
        if event.order == 0 {
            // Nothing can name it, so nothing about it needs to be kept.
            self.count(customer, &line, 1);
            return;
        }
        let number = self.lines.next();
        let order = self.orders.entry(event.order, (customer, event.order), Order::EMPTY);
        if order.lines == END {
            self.waiting -= u64::from(order.n_marks);
        }
        line.next = std::mem::replace(&mut order.lines, number);
        let mut mark = order.marks;
        while mark != END {
            self.apply(&mut line, mark);
            mark = self.marks.get(mark).next;
        }
        self.count(customer, &line, 1);
        self.lines.push(line);
    }

    fn mark(&mut self, customer: u32, event: &OrderEvent, place: Place) {
        if event.order == 0 {
            self.waiting += 1;
            return;
        }
        let number = self.marks.next();
        let order = self.orders.entry(event.order, (customer, event.order), Order::EMPTY);
        let next = std::mem::replace(&mut order.marks, number);
        order.n_marks += 1;
        let mut at = order.lines;
        self.waiting += u64::from(at == END);
        self.marks.push(Mark { kind: event.kind, time: event.time, place, amount: event.amount, next });
        while at != END {
            let then = self.lines.get(at);
            let mut line = then;
            self.apply(&mut line, number);
            if (then.cancelled, then.amount) != (line.cancelled, line.amount) {
                self.count(customer, &then, -1);
                self.count(customer, &line, 1);
            }
            self.lines.set(at, line);
            at = line.next;
        }
    }

    /// One more mark for a line, in whatever order they come.
    fn apply(&mut self, line: &mut Line, number: u32) {
        let mark = self.marks.get(number);
        let after = i128::from(mark.time) - i128::from(line.time);
        if self.terms.cancel_horizon.is_some_and(|horizon| after > i128::from(horizon)) {
            self.refused += 1;
        } else if mark.kind == OrderKind::Cancelled {
            line.cancelled = true;
        } else if line.corrected_by == END || self.marks.get(line.corrected_by).rank() < mark.rank() {
            line.corrected_by = number;
            line.amount = mark.amount;
        }
    }

    /// Counts a line in (`sign` 1) or out (-1).
    fn count(&mut self, customer: u32, line: &Line, sign: i64) {
        if line.cancelled {
            return;
        }
        let spent = &mut self.spent[customer as usize];
        spent.all.add(line.amount, sign);
        self.revenue.add(line.amount, sign);
        if line.amount >= self.terms.large_from {
            spent.large.add(line.amount, sign);
        }
        let number = Unit::Day.of(line.time);
        let day = self.days.entry(number).or_default();
        if let Some(before) = &mut self.before
            && before.iter().all(|(noted, _)| *noted != number)
        {
            before.push((number, day.figures()));
        }
        let day = Arc::make_mut(day);
        if sign > 0 { day.put(customer, line.amount) } else { day.take(customer, line.amount) }
    }

    /// Moves a customer among the first, now that a record has been fed.
    fn rank(&mut self, name: &Name, customer: u32, before: Total) {
        let sum = |total: Total| (total.count > 0).then_some(total.sum);
        self.leaders.change(name, customer, sum(before), sum(self.spent[customer as usize].all));
        if self.leaders.short() {
            let spent = &self.spent;
            let all =
                self.customers.iter().map(|(name, number)| (name, *number, spent[*number as usize].all));
            self.leaders.refill(
                all.filter(|(.., total)| total.count > 0)
                    .map(|(name, number, total)| (name, number, total.sum)),
            );
        }
    }

    /// The first customers and what they have spent.
    fn top(&self) -> Vec<(Name, Total)> {
        self.leaders.top().map(|(name, number)| (name.clone(), self.spent[number as usize].all)).collect()
    }

    fn is_big(&self, total: Total) -> bool {
        total.count > 0 && total.sum > i128::from(self.terms.big_above)
    }

    fn touch(&self, name: &Name, before: Spent, after: Spent, touched: &mut Vec<Touched>) {
        let mut add = |view, key: &str| touched.push(Touched { view, key: key.to_owned() });
        if before.all != after.all {
            add("spend", name);
            if self.is_big(before.all) || self.is_big(after.all) {
                add("big_spenders", name);
            }
            add("revenue", "all");
        }
        if before.large != after.large {
            add("large_orders", name);
        }
    }

    /// Names the rows of days and of the first customers that a record has changed.
    fn touch_more(&self, days: &[(i64, Figures)], top: &[(Name, Total)], touched: &mut Vec<Touched>) {
        for (number, before) in days {
            let after = self.days.get(number).map_or_else(Figures::default, |day| day.figures());
            let mut add = |view| touched.push(Touched { view, key: Unit::Day.print(*number) });
            if before.customers != after.customers {
                add("customers_per_day");
            }
            if (before.twice_median, before.count) != (after.twice_median, after.count) {
                add("median_order");
            }
        }
        let now = self.top();
        let left = top.iter().filter(|row| !now.contains(row));
        let changed = left.chain(now.iter().filter(|row| !top.contains(row)));
        touched.extend(changed.map(|(name, _)| Touched { view: "top_customers", key: name.to_string() }));
    }

    /// The row of a day.
    fn day_row(view: &str, day: &Day) -> Option<Row> {
        let Figures { customers, twice_median, count } = day.figures();
        let row = match view {
            "customers_per_day" => vec![customers.into()],
            _ => vec![twice_median, count.into()],
        };
        (count > 0).then_some(row)
    }

    /// The row of `spent` in a view by customer; absent too for a view that there is not.
    fn customer_row(&self, view: &str, spent: Spent) -> Option<Row> {
        match view {
            "spend" => spent.all.row(),
            "big_spenders" => spent.all.row().filter(|_| self.is_big(spent.all)),
            "large_orders" => spent.large.row(),
            _ => None,
        }
    }
}

impl Order {
    const EMPTY: Order = Order { lines: END, marks: END, n_marks: 0 };
}

impl Mark {
    /// Of two corrections the higher one holds.
    fn rank(&self) -> (Millis, Place) {
        (self.time, self.place)
    }
}

impl Total {
    fn add(&mut self, amount: i64, sign: i64) {
        self.sum += i128::from(amount) * i128::from(sign);
        self.count = self.count.wrapping_add_signed(sign);
    }

    fn row(self) -> Option<Row> {
        (self.count > 0).then(|| vec![self.sum, i128::from(self.count)])
    }
}

impl Truth for Oracle {
    fn feed(&mut self, record: &Record, touched: Option<&mut Vec<Touched>>) {
        let Event::Order(event) = &record.event else { return };
        if !self.repeats.first(record) {
            return;
        }
        let customer = self.customer(&event.customer);
        let before = self.spent[customer as usize];
        let top = if touched.is_some() { self.top() } else { Vec::new() };
        self.before = touched.is_some().then(Vec::new);
        match event.kind {
            OrderKind::Placed => self.place(customer, event),
            OrderKind::Cancelled | OrderKind::Corrected => self.mark(customer, event, record.place),
        }
        self.rank(&event.customer, customer, before.all);
        let days = self.before.take().unwrap_or_default();
        if let Some(touched) = touched {
            self.touch(&event.customer, before, self.spent[customer as usize], touched);
            self.touch_more(&days, &top, touched);
        }
    }

    fn row(&self, view: &str, key: &str) -> Option<Row> {
        if view == "revenue" {
            return self.revenue.row().filter(|_| key == "all");
        }
        if let "customers_per_day" | "median_order" = view {
            return Self::day_row(view, self.days.get(&Unit::Day.parse(key)?)?);
        }
        if view == "top_customers" {
            let found = self.leaders.top().find(|(name, _)| *name == key);
            return found.and_then(|(_, number)| self.spent[number as usize].all.row());
        }
        let customer = *self.customers.get(key)?;
        self.customer_row(view, self.spent[customer as usize])
    }

    fn rows(&self, view: &str) -> Rows {
        if view == "revenue" {
            return self.revenue.row().map(|row| ("all".to_owned(), row)).into_iter().collect();
        }
        if let "customers_per_day" | "median_order" = view {
            let rows = self.days.iter();
            return rows
                .filter_map(|(number, day)| Some((Unit::Day.print(*number), Self::day_row(view, day)?)))
                .collect();
        }
        if view == "top_customers" {
            return self
                .top()
                .into_iter()
                .filter_map(|(name, total)| Some((name.to_string(), total.row()?)))
                .collect();
        }
        let rows = self.customers.iter().filter_map(|(name, customer)| {
            let row = self.customer_row(view, self.spent[*customer as usize])?;
            Some((name.to_string(), row))
        });
        rows.collect()
    }

    fn waiting(&self) -> u64 {
        self.waiting
    }

    fn refused(&self) -> u64 {
        self.refused
    }

    fn fork(&self) -> Box<dyn Truth> {
        Box::new(self.clone())
    }
}
