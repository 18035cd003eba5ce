//! What the events since the cut change about orders.

use std::collections::BTreeMap;
use std::io;

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use serde::{Deserialize, Serialize};
use workloads::calendar::Unit;
use workloads::{Millis, Name, OrderEvent, OrderKind, Place, Terms};

use crate::publication::orders::OrdersBase;
use crate::speed::sketch::Sketches;

mod day;
mod marks;
mod parts;

use day::Day;
pub(crate) use day::DayChange;
use marks::{Marks, Order, batched_marks, in_force, mark};

/// By how much a sum and a number of records differ from the batch's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Change {
    /// Minor units.
    pub(crate) sum: i128,
    /// Records.
    pub(crate) count: i64,
}

/// What has changed since the cut.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    pub(crate) numbers: HashMap<Name, u32>,
    pub(crate) orders: HashMap<(u32, u64), Order>,
    pub(crate) sums: Sums,
}

/// The changes themselves.
#[derive(Debug, Default)]
pub(crate) struct Sums {
    pub(crate) customers: Vec<Customer>,
    pub(crate) revenue: Change,
    pub(crate) days: BTreeMap<i64, Day>,
    /// What is kept of a day in place of sets, if the layer is an approximate one.
    sketches: Option<Sketches>,
}

/// A customer heard of since the cut.
#[derive(Debug)]
pub(crate) struct Customer {
    /// His rank with the batch, if it knows him.
    pub(crate) rank: Option<u32>,
    pub(crate) all: Change,
    pub(crate) large: Change,
}

/// The speed layer's half of an answer, as far as its view needs it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Partial {
    /// Of each customer asked for, the change over all records and over the large ones.
    pub(crate) customers: BTreeMap<Name, (Change, Change)>,
    /// The change of the revenue.
    pub(crate) revenue: Change,
    /// Of each day asked for.
    pub(crate) days: BTreeMap<i64, DayChange>,
}

/// One more event.
pub(crate) fn apply(
    changes: &mut Changes,
    base: &OrdersBase,
    terms: &Terms,
    event: &OrderEvent,
    place: Place,
) -> io::Result<()> {
    let number = changes.number(&event.customer, base);
    let Changes { orders, sums, .. } = changes;
    // rule: O7
    if event.order == 0 {
        if event.kind == OrderKind::Placed {
            sums.count(base, number, (event.amount, event.time), 1, terms)?;
        }
        return Ok(());
    }
    let rank = sums.customers[number as usize].rank;
    let order = match orders.entry((number, event.order)) {
        Entry::Occupied(known) => known.into_mut(),
        // rule: O5
        Entry::Vacant(new) => {
            new.insert(Order { first: None, more: batched_marks(base, rank, event.order)? })
        }
    };
    if event.kind == OrderKind::Placed {
        order.push(event.amount, event.time);
        if let Some(amount) = in_force(event.amount, event.time, order.marks(), terms) {
            sums.count(base, number, (amount, event.time), 1, terms)?;
        }
        return Ok(());
    }
    let more = order.more.get_or_insert_default();
    if !more.whole {
        more.whole = true;
        if let Some(rank) = rank {
            base.placed(rank, event.order, |amount, time| more.lines.push((amount, time)))?;
        }
    }
    let before = more.marks.clone();
    mark(more.marks.get_or_insert_default(), event, place);
    recount(sums, base, number, order, before.as_ref(), terms)
}

/// Counts the records of an order under its marks, instead of under those that it had before.
fn recount(
    sums: &mut Sums,
    base: &OrdersBase,
    number: u32,
    order: &Order,
    before: Option<&Marks>,
    terms: &Terms,
) -> io::Result<()> {
    for (amount, time) in order.lines() {
        let then = in_force(amount, time, before, terms);
        let now = in_force(amount, time, order.marks(), terms);
        if then != now {
            then.map_or(Ok(()), |amount| sums.count(base, number, (amount, time), -1, terms))?;
            now.map_or(Ok(()), |amount| sums.count(base, number, (amount, time), 1, terms))?;
        }
    }
    Ok(())
}

impl Changes {
    /// None yet; with sketches in place of sets if there are to be any.
    pub(crate) fn new(sketches: Option<Sketches>) -> Self {
        Changes { sums: Sums { sketches, ..Sums::default() }, ..Changes::default() }
    }

    /// The number of a customer, from now on his.
    fn number(&mut self, name: &Name, base: &OrdersBase) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.sums.customers.len() as u32;
        let rank = base.names().rank(name);
        self.sums.customers.push(Customer { rank, all: Change::default(), large: Change::default() });
        self.numbers.insert(name.clone(), number);
        number
    }

    /// The changes of one customer, or of all of them, and of the revenue.
    pub(crate) fn partial(&self, view: &str, key: Option<&str>) -> Partial {
        let changes = |number: u32| {
            let customer = &self.sums.customers[number as usize];
            (customer.all, customer.large)
        };
        let all = || self.numbers.iter().map(|(name, number)| (name.clone(), changes(*number)));
        let mut partial = Partial { revenue: self.sums.revenue, ..Partial::default() };
        match (view, key) {
            ("revenue", _) => {}
            ("customers_per_day" | "median_order", key) => partial.days = self.days(view, key),
            // Whoever has changed may be among the first, or have been.
            ("top_customers", _) => {
                partial.customers = all().filter(|(_, (all, _))| *all != Change::default()).collect();
            }
            (_, None) => partial.customers = all().collect(),
            (_, Some(key)) => {
                let known = self.numbers.get_key_value(key);
                partial.customers = known.map(|(name, i)| (name.clone(), changes(*i))).into_iter().collect();
            }
        }
        partial
    }

    /// The changes of one day, or of all.
    fn days(&self, view: &str, key: Option<&str>) -> BTreeMap<i64, DayChange> {
        let days = &self.sums.days;
        match key.map(|key| Unit::Day.parse(key)) {
            None => days.iter().map(|(day, it)| (*day, it.change(view))).collect(),
            Some(day) => day.and_then(|day| Some((day, days.get(&day)?.change(view)))).into_iter().collect(),
        }
    }
}

impl Sums {
    /// Counts a record with this amount in force, or with `times` -1 takes it back.
    fn count(
        &mut self,
        base: &OrdersBase,
        number: u32,
        (amount, time): (i64, Millis),
        times: i64,
        terms: &Terms,
    ) -> io::Result<()> {
        let customer = &mut self.customers[number as usize];
        let day = self.days.entry(Unit::Day.of(time)).or_insert_with(|| Day::new(self.sketches));
        if day.misses(number) {
            // rule: O15
            let records = customer.rank.map_or(Ok(0), |rank| base.records(Unit::Day.of(time), rank))?;
            day.batched(number, records);
        }
        day.count(number, amount, times);
        // rule: O1
        customer.all.add(amount, times);
        // rule: O10
        if amount >= terms.large_from {
            customer.large.add(amount, times);
        }
        // rule: O11
        self.revenue.add(amount, times);
        Ok(())
    }
}

impl Change {
    fn add(&mut self, amount: i64, times: i64) {
        self.sum += i128::from(amount) * i128::from(times);
        self.count += times;
    }
}
