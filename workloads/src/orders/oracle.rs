//! What is true of a log of orders, kept up to date one record at a time.
//!
//! Lines and marks lie in two lists and are chained by order. A fork shares all of it until one side writes.

use hashbrown::HashMap;

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
            let mut line = self.lines.get(at);
            self.count(customer, &line, -1);
            self.apply(&mut line, number);
            self.count(customer, &line, 1);
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
        match event.kind {
            OrderKind::Placed => self.place(customer, event),
            OrderKind::Cancelled | OrderKind::Corrected => self.mark(customer, event, record.place),
        }
        if let Some(touched) = touched {
            self.touch(&event.customer, before, self.spent[customer as usize], touched);
        }
    }

    fn row(&self, view: &str, key: &str) -> Option<Row> {
        if view == "revenue" {
            return self.revenue.row().filter(|_| key == "all");
        }
        let customer = *self.customers.get(key)?;
        self.customer_row(view, self.spent[customer as usize])
    }

    fn rows(&self, view: &str) -> Rows {
        if view == "revenue" {
            return self.revenue.row().map(|row| ("all".to_owned(), row)).into_iter().collect();
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
