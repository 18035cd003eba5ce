//! What all of history up to the cut says about orders.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use hashbrown::HashMap;
use workloads::calendar::Unit;
use workloads::intake::Duplicates;
use workloads::{Millis, Name, OrderKind, Place, Terms};

use super::Sieve;
use crate::archive::OrderColumns;

/// How many of the customers with the highest sums are published: as many may fall out of the first ten, ten aside,
/// before the batch's list says too little.
pub(crate) const LISTED: usize = 40;

/// A record, by the number of its customer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Placed {
    /// Number of the customer.
    pub(crate) customer: u32,
    /// What marks name it by.
    pub(crate) order: u64,
    /// Minor units, before any correction.
    pub(crate) amount: i64,
    /// Event time.
    pub(crate) time: Millis,
}

/// A cancellation or correction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    /// Number of the customer.
    pub(crate) customer: u32,
    /// The order that it names.
    pub(crate) order: u64,
    /// Whether it cancels; it corrects if not.
    pub(crate) cancels: bool,
    /// The new amount of a correction.
    pub(crate) amount: i64,
    /// Event time.
    pub(crate) time: Millis,
    /// Where it stands in the log.
    pub(crate) place: Place,
}

/// What the log holds up to the cut, each record once.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// Records that marks can name.
    pub(crate) placed: Vec<Placed>,
    /// Records that nothing can name: customer, amount and event time.
    pub(crate) nameless: Vec<(u32, i64, Millis)>,
    /// Marks that name an order.
    pub(crate) marks: Vec<Mark>,
}

/// A sum of amounts and the number of records in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    /// Minor units.
    pub(crate) sum: i128,
    /// Records.
    pub(crate) count: u64,
}

/// The batch's half of every answer, and what it takes to undo any part of it.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    /// Per customer: all records in force, and the large ones.
    pub(crate) spent: Vec<(Sums, Sums)>,
    /// Everybody's records in force.
    pub(crate) revenue: Sums,
    /// Customers with the highest sums, the highest first; of equal sums the one whose name comes first.
    pub(crate) leaders: Vec<u32>,
    /// How many records in force each customer has on each day.
    pub(crate) members: HashMap<(i64, u32), u64>,
    /// The amounts in force of each day, in their order.
    pub(crate) amounts: BTreeMap<i64, Vec<i64>>,
    /// Marks that can still matter to what is yet to come.
    pub(crate) marks: Vec<Mark>,
    /// Every record that a mark can name.
    pub(crate) placed: Vec<Placed>,
}

/// The marks on one order, as far as they can matter.
#[derive(Clone, Debug, Default)]
struct Marks {
    cancelled: Option<Mark>,
    /// Latest first.
    corrected: Vec<Mark>,
}

/// Adds a stretch of the archive to the history.
pub(crate) fn read(history: &mut History, columns: &OrderColumns, seen: &mut Duplicates) {
    for row in 0..columns.len() {
        // rule: O12
        if !columns.first(row, seen) {
            continue;
        }
        let (customer, order) = (columns.customers[row], columns.orders[row]);
        let (amount, time, kind) = (columns.amounts[row], columns.times[row], columns.kinds[row]);
        if kind == OrderKind::Placed {
            // rule: O7
            match order {
                0 => history.nameless.push((customer, amount, time)),
                _ => history.placed.push(Placed { customer, order, amount, time }),
            }
        } else if order != 0 {
            let (cancels, place) = (kind == OrderKind::Cancelled, columns.place(row));
            history.marks.push(Mark { customer, order, cancels, amount, time, place });
        }
    }
}

/// The answers that follow from a history of these customers.
pub(crate) fn answers(history: History, customers: &[Name], terms: &Terms) -> Answers {
    let marks = standing(&history.marks, terms);
    let mut sieve = Sieve::new(history.marks.len());
    history.marks.iter().for_each(|mark| sieve.add(mark.order));
    let mut answers = Answers { spent: vec![Default::default(); customers.len()], ..Answers::default() };
    for (customer, amount, time) in &history.nameless {
        count(&mut answers, *customer, *amount, *time, terms);
    }
    for placed in &history.placed {
        let marks = sieve.passes(placed.order).then(|| marks.get(&(placed.customer, placed.order))).flatten();
        if let Some(amount) = marks.map_or(Some(placed.amount), |marks| in_force(placed, marks, terms)) {
            count(&mut answers, placed.customer, amount, placed.time, terms);
        }
    }
    answers.leaders = leaders(&answers.spent, customers);
    // rule: O17
    answers.amounts.values_mut().for_each(|amounts| amounts.sort_unstable());
    // rule: O5
    answers.marks =
        marks.into_values().flat_map(|marks| marks.cancelled.into_iter().chain(marks.corrected)).collect();
    answers.placed = history.placed;
    answers
}

/// The marks of each order that can matter, to the records there are and to those that may still come.
fn standing(marks: &[Mark], terms: &Terms) -> HashMap<(u32, u64), Marks> {
    let mut standing: HashMap<(u32, u64), Marks> = HashMap::new();
    for mark in marks {
        let marks = standing.entry((mark.customer, mark.order)).or_default();
        if !mark.cancels {
            marks.corrected.push(*mark);
        } else if marks.cancelled.is_none_or(|earliest| mark.time < earliest.time) {
            // rule: O2
            marks.cancelled = Some(*mark);
        }
    }
    for marks in standing.values_mut() {
        // rule: O3
        marks.corrected.sort_unstable_by_key(|mark| std::cmp::Reverse((mark.time, mark.place)));
        if terms.cancel_horizon.is_none() {
            marks.corrected.truncate(1);
        }
    }
    standing
}

/// What a marked record counts with; nothing when it is cancelled.
fn in_force(placed: &Placed, marks: &Marks, terms: &Terms) -> Option<i64> {
    // rule: O6
    let acts = |mark: &Mark| {
        terms.cancel_horizon.is_none_or(|horizon| mark.time.saturating_sub(placed.time) <= horizon)
    };
    // rule: O4
    if marks.cancelled.as_ref().is_some_and(acts) {
        return None;
    }
    // rule: O3
    Some(marks.corrected.iter().find(|mark| acts(mark)).map_or(placed.amount, |mark| mark.amount))
}

/// The customers with the highest sums.
fn leaders(spent: &[(Sums, Sums)], names: &[Name]) -> Vec<u32> {
    // rule: O8
    let mut all: Vec<u32> = (0..).zip(spent).filter(|(_, (all, _))| all.count > 0).map(|(i, _)| i).collect();
    // rule: O16
    let standing = |customer: &u32| (Reverse(spent[*customer as usize].0.sum), &names[*customer as usize]);
    if all.len() > LISTED {
        all.select_nth_unstable_by_key(LISTED, standing);
        all.truncate(LISTED);
    }
    all.sort_unstable_by_key(standing);
    all
}

/// Counts a record in force to its customer, to its day and to everybody.
fn count(answers: &mut Answers, customer: u32, amount: i64, time: Millis, terms: &Terms) {
    let day = Unit::Day.of(time);
    // rule: O15
    *answers.members.entry((day, customer)).or_default() += 1;
    // rule: O17
    answers.amounts.entry(day).or_default().push(amount);
    let (all, large) = &mut answers.spent[customer as usize];
    // rule: O1
    add(all, amount);
    // rule: O10
    if amount >= terms.large_from {
        add(large, amount);
    }
    // rule: O11
    add(&mut answers.revenue, amount);
}

fn add(sums: &mut Sums, amount: i64) {
    sums.sum += i128::from(amount);
    sums.count += 1;
}
