//! What the events since the cut change about orders.

use std::collections::BTreeMap;
use std::io;

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use serde::{Deserialize, Serialize};
use workloads::{Millis, Name, OrderEvent, OrderKind, Place, Terms};

use crate::publication::orders::{Marked, OrdersBase};

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
    numbers: HashMap<Name, u32>,
    orders: HashMap<(u32, u64), Order>,
    sums: Sums,
}

/// The changes themselves.
#[derive(Debug, Default)]
struct Sums {
    customers: Vec<Customer>,
    revenue: Change,
}

/// A customer heard of since the cut.
#[derive(Debug)]
struct Customer {
    /// His rank with the batch, if it knows him.
    rank: Option<u32>,
    all: Change,
    large: Change,
}

/// An order heard of since the cut. Most have one record and no mark, so the rest is kept apart.
#[derive(Debug, Default)]
struct Order {
    /// Own amount and event time of its first record.
    first: Option<(i64, Millis)>,
    more: Option<Box<More>>,
}

/// What most orders have not.
#[derive(Debug, Default)]
struct More {
    /// Further records: since the cut, and once a mark has named the order the batch's too.
    lines: Vec<(i64, Millis)>,
    /// Whether the batch's are among them.
    whole: bool,
    /// The marks, the batch's included.
    marks: Option<Marks>,
}

/// The marks on one order.
#[derive(Clone, Debug, Default)]
struct Marks {
    /// Event time of the earliest cancellation.
    cancelled: Option<Millis>,
    /// Event time, place and new amount, the latest last.
    corrected: Vec<(Millis, Place, i64)>,
}

/// The speed layer's half of an answer: of each customer asked for, the change over all records and over the large
/// ones; and the change of the revenue.
pub(crate) type Partial = (BTreeMap<Name, (Change, Change)>, Change);

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
            sums.count(number, event.amount, 1, terms);
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
            sums.count(number, amount, 1, terms);
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
    recount(sums, number, order, before.as_ref(), terms);
    Ok(())
}

/// Counts the records of an order under its marks, instead of under those that it had before.
fn recount(sums: &mut Sums, number: u32, order: &Order, before: Option<&Marks>, terms: &Terms) {
    for (amount, time) in order.lines() {
        let then = in_force(amount, time, before, terms);
        let now = in_force(amount, time, order.marks(), terms);
        if then != now {
            then.into_iter().for_each(|amount| sums.count(number, amount, -1, terms));
            now.into_iter().for_each(|amount| sums.count(number, amount, 1, terms));
        }
    }
}

/// The marks that the batch has read of an order.
fn batched_marks(base: &OrdersBase, rank: Option<u32>, order: u64) -> io::Result<Option<Box<More>>> {
    let Some(rank) = rank else { return Ok(None) };
    let mut marks: Option<Marks> = None;
    base.marks(rank, order, |marked| {
        let marks = marks.get_or_insert_default();
        match marked {
            Marked::Cancelled(time) => marks.cancelled = Some(time),
            Marked::Corrected(time, place, amount) => marks.corrected.push((time, place, amount)),
        }
    })?;
    let Some(mut marks) = marks else { return Ok(None) };
    marks.corrected.sort_unstable();
    Ok(Some(Box::new(More { marks: Some(marks), ..More::default() })))
}

/// Adds a mark to those of its order.
fn mark(marks: &mut Marks, event: &OrderEvent, place: Place) {
    if event.kind == OrderKind::Cancelled {
        // rule: O2
        let earliest = marks.cancelled.map_or(event.time, |earlier| earlier.min(event.time));
        marks.cancelled = Some(earliest);
        return;
    }
    // rule: O3
    let correction = (event.time, place, event.amount);
    let at = marks.corrected.partition_point(|other| *other < correction);
    marks.corrected.insert(at, correction);
}

/// What a record counts with under these marks; nothing when it is cancelled.
fn in_force(amount: i64, time: Millis, marks: Option<&Marks>, terms: &Terms) -> Option<i64> {
    let Some(marks) = marks else { return Some(amount) };
    // rule: O6
    let refused =
        |marked: Millis| terms.cancel_horizon.is_some_and(|horizon| marked.saturating_sub(time) > horizon);
    // rule: O4
    match marks.cancelled {
        Some(cancelled) if !refused(cancelled) => None,
        // rule: O3
        _ => marks
            .corrected
            .iter()
            .rev()
            .find(|other| !refused(other.0))
            .map_or(Some(amount), |(.., new)| Some(*new)),
    }
}

impl Changes {
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
        let customers = match key {
            _ if view == "revenue" => BTreeMap::new(),
            Some(key) => self
                .numbers
                .get_key_value(key)
                .map(|(name, i)| (name.clone(), changes(*i)))
                .into_iter()
                .collect(),
            None => self.numbers.iter().map(|(name, number)| (name.clone(), changes(*number))).collect(),
        };
        (customers, self.sums.revenue)
    }
}

impl Sums {
    /// Counts a record with this amount in force, or with `times` -1 takes it back.
    fn count(&mut self, number: u32, amount: i64, times: i64, terms: &Terms) {
        let customer = &mut self.customers[number as usize];
        // rule: O1
        customer.all.add(amount, times);
        // rule: O10
        if amount >= terms.large_from {
            customer.large.add(amount, times);
        }
        // rule: O11
        self.revenue.add(amount, times);
    }
}

impl Change {
    fn add(&mut self, amount: i64, times: i64) {
        self.sum += i128::from(amount) * i128::from(times);
        self.count += times;
    }
}

impl Order {
    fn push(&mut self, amount: i64, time: Millis) {
        match self.first {
            None => self.first = Some((amount, time)),
            Some(_) => self.more.get_or_insert_default().lines.push((amount, time)),
        }
    }

    fn marks(&self) -> Option<&Marks> {
        self.more.as_ref()?.marks.as_ref()
    }

    fn lines(&self) -> impl Iterator<Item = (i64, Millis)> + '_ {
        self.first.into_iter().chain(self.more.iter().flat_map(|more| more.lines.iter().copied()))
    }
}
