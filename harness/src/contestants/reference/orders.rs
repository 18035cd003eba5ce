//! Orders folded into hash maps, every rule carried out as its record comes.

use std::collections::BTreeMap;

use hashbrown::HashMap;
use workloads::calendar::Unit;
use workloads::orders::TOP;
use workloads::{Millis, Name, OrderEvent, OrderKind, Place, Record, Row, Rows, Terms};

/// A sum and how many it is of.
#[derive(Clone, Copy, Debug, Default)]
struct Total {
    sum: i128,
    count: i64,
}

#[derive(Clone, Debug)]
struct Customer {
    name: Name,
    all: Total,
    large: Total,
}

#[derive(Clone, Copy, Debug)]
struct Line {
    amount: i64,
    time: Millis,
}

/// A correction; ordered as corrections compete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Correction {
    time: Millis,
    place: Place,
    amount: i64,
}

/// What an order id of a customer refers to. Most orders have one line and no mark, so the rest is kept apart.
#[derive(Clone, Debug, Default)]
struct Order {
    first: Option<Line>,
    more: Option<Box<More>>,
}

#[derive(Clone, Debug, Default)]
struct More {
    lines: Vec<Line>,
    /// Earliest cancellation: with a horizon it is the one that acts on most.
    cancelled: Option<Millis>,
    corrections: Vec<Correction>,
}

/// The records in force of one day, as far as views need them.
#[derive(Clone, Debug, Default)]
struct Daily {
    /// How many records each customer has.
    customers: HashMap<u32, u32>,
    /// How many records have each amount.
    amounts: BTreeMap<i64, u32>,
    count: usize,
}

/// The fold.
#[derive(Clone, Debug)]
pub struct Orders {
    terms: Terms,
    ids: HashMap<Name, u32>,
    customers: Vec<Customer>,
    orders: HashMap<(u32, u64), Order>,
    revenue: Total,
    days: BTreeMap<i64, Daily>,
    /// Whether the customers of a day are asked for, and its median.
    distinct: bool,
    median: bool,
}

impl Total {
    fn add(&mut self, amount: i64, sign: i64) {
        self.sum += i128::from(amount) * i128::from(sign);
        self.count += sign;
    }

    fn row(self) -> Option<Row> {
        (self.count != 0).then(|| vec![self.sum, i128::from(self.count)])
    }
}

impl More {
    /// What is left of a line.
    fn in_force(&self, line: Line, horizon: Option<Millis>) -> Option<i64> {
        let limit = horizon.map_or(Millis::MAX, |horizon| line.time.saturating_add(horizon));
        if self.cancelled.is_some_and(|time| time <= limit) {
            return None;
        }
        let holds = self.corrections.iter().filter(|correction| correction.time <= limit).max();
        Some(holds.map_or(line.amount, |correction| correction.amount))
    }
}

impl Order {
    fn amounts(&self, horizon: Option<Millis>) -> impl Iterator<Item = (i64, Millis)> {
        let lines = self.first.iter().chain(self.more.iter().flat_map(|more| &more.lines));
        lines.filter_map(move |line| match &self.more {
            None => Some((line.amount, line.time)),
            Some(more) => Some((more.in_force(*line, horizon)?, line.time)),
        })
    }
}

impl Orders {
    /// Nothing yet; keeps what `views` need, or everything when there are none.
    pub fn new(terms: &Terms, views: &[&str]) -> Self {
        let asked = |view| views.is_empty() || views.contains(&view);
        Orders {
            terms: terms.clone(),
            ids: HashMap::new(),
            customers: Vec::new(),
            orders: HashMap::new(),
            revenue: Total::default(),
            days: BTreeMap::new(),
            distinct: asked("customers_per_day"),
            median: asked("median_order"),
        }
    }

    /// The next record.
    pub fn feed(&mut self, record: &Record, event: &OrderEvent) {
        let customer = self.customer(&event.customer);
        match event.kind {
            OrderKind::Placed => self.place(customer, event),
            OrderKind::Cancelled => self.mark(customer, event.order, |more| {
                more.cancelled = Some(more.cancelled.map_or(event.time, |time| time.min(event.time)));
            }),
            OrderKind::Corrected => self.mark(customer, event.order, |more| {
                let (time, place, amount) = (event.time, record.place, event.amount);
                more.corrections.push(Correction { time, place, amount });
            }),
        }
    }

    fn customer(&mut self, name: &Name) -> u32 {
        if let Some(id) = self.ids.get(name.as_str()) {
            return *id;
        }
        let id = self.customers.len() as u32;
        self.customers.push(Customer { name: name.clone(), all: Total::default(), large: Total::default() });
        self.ids.insert(name.clone(), id);
        id
    }

    fn place(&mut self, customer: u32, event: &OrderEvent) {
        let line = Line { amount: event.amount, time: event.time };
        if event.order == 0 {
            return self.count(customer, (line.amount, line.time), 1);
        }
        let order = self.orders.entry((customer, event.order)).or_default();
        let amount = match &order.more {
            None => Some(line.amount),
            Some(more) => more.in_force(line, self.terms.cancel_horizon),
        };
        match order.first {
            None => order.first = Some(line),
            Some(_) => order.more.get_or_insert_default().lines.push(line),
        }
        if let Some(amount) = amount {
            self.count(customer, (amount, line.time), 1);
        }
    }

    fn mark(&mut self, customer: u32, order: u64, change: impl FnOnce(&mut More)) {
        if order == 0 {
            return;
        }
        let horizon = self.terms.cancel_horizon;
        let order = self.orders.entry((customer, order)).or_default();
        let before: Vec<(i64, Millis)> = order.amounts(horizon).collect();
        change(order.more.get_or_insert_default());
        let after: Vec<(i64, Millis)> = order.amounts(horizon).collect();
        before.into_iter().for_each(|amount| self.count(customer, amount, -1));
        after.into_iter().for_each(|amount| self.count(customer, amount, 1));
    }

    fn count(&mut self, customer: u32, (amount, time): (i64, Millis), sign: i64) {
        if self.distinct || self.median {
            let daily = self.days.entry(Unit::Day.of(time)).or_default();
            daily.count = daily.count.wrapping_add_signed(sign as isize);
            if self.distinct {
                times(daily.customers.entry(customer).or_default(), sign);
            }
            if self.median {
                times(daily.amounts.entry(amount).or_default(), sign);
            }
        }
        let customer = &mut self.customers[customer as usize];
        customer.all.add(amount, sign);
        if amount >= self.terms.large_from {
            customer.large.add(amount, sign);
        }
        self.revenue.add(amount, sign);
    }

    /// One row of a view.
    pub fn row(&self, view: &str, key: &str) -> Option<Row> {
        if view == "revenue" {
            return (key == "all").then(|| self.revenue.row()).flatten();
        }
        match view {
            "customers_per_day" | "median_order" => return self.days.get(&Unit::Day.parse(key)?)?.row(view),
            "top_customers" => return self.rows(view).remove(key),
            _ => {}
        }
        let id = self.ids.get(key)?;
        self.row_of(view, &self.customers[*id as usize])
    }

    fn row_of(&self, view: &str, customer: &Customer) -> Option<Row> {
        match view {
            "spend" => customer.all.row(),
            "big_spenders" => {
                customer.all.row().filter(|_| customer.all.sum > i128::from(self.terms.big_above))
            }
            "large_orders" => customer.large.row(),
            _ => None,
        }
    }

    /// Every row of a view.
    pub fn rows(&self, view: &str) -> Rows {
        if view == "revenue" {
            return self.revenue.row().map(|row| ("all".into(), row)).into_iter().collect();
        }
        if let "customers_per_day" | "median_order" = view {
            let rows = self.days.iter();
            return rows.filter_map(|(day, daily)| Some((Unit::Day.print(*day), daily.row(view)?))).collect();
        }
        if view == "top_customers" {
            return self.top();
        }
        let rows = self.customers.iter();
        rows.filter_map(|customer| Some((customer.name.to_string(), self.row_of(view, customer)?))).collect()
    }

    /// The customers with the highest sums, found by looking at all of them.
    fn top(&self) -> Rows {
        let mut all: Vec<&Customer> =
            self.customers.iter().filter(|customer| customer.all.count != 0).collect();
        let standing = |customer: &&Customer| (std::cmp::Reverse(customer.all.sum), customer.name.clone());
        if all.len() > TOP {
            all.select_nth_unstable_by_key(TOP, standing);
            all.truncate(TOP);
        }
        all.into_iter()
            .filter_map(|customer| Some((customer.name.to_string(), customer.all.row()?)))
            .collect()
    }
}

impl Daily {
    fn row(&self, view: &str) -> Option<Row> {
        if self.count == 0 {
            return None;
        }
        if view == "customers_per_day" {
            return Some(vec![self.customers.values().filter(|records| **records > 0).count() as i128]);
        }
        let nth = |n: usize| {
            let mut upto = 0;
            let found = self.amounts.iter().find(|(_, times)| {
                upto += **times as usize;
                upto > n
            });
            found.map_or(0, |(amount, _)| i128::from(*amount))
        };
        Some(vec![nth((self.count - 1) / 2) + nth(self.count / 2), self.count as i128])
    }
}

fn times(count: &mut u32, sign: i64) {
    *count = count.wrapping_add_signed(sign as i32);
}
