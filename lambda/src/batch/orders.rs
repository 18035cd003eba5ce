//! What all of history up to the cut says about orders.

use std::cmp::Reverse;

use hashbrown::HashMap;
use workloads::calendar::Unit;
use workloads::intake::Duplicates;
use workloads::{Millis, Name, OrderKind, Place, Terms};

use super::{Recent, Sieve};
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

/// What is to be computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    /// What each customer has spent.
    pub(crate) spent: bool,
    /// The same in large records.
    pub(crate) large: bool,
    /// What everybody has spent.
    pub(crate) revenue: bool,
    /// Who has a record on each day.
    pub(crate) members: bool,
    /// The amounts of each day.
    pub(crate) amounts: bool,
    /// What it takes to undo any of it.
    pub(crate) index: bool,
}

/// A sum of amounts and the number of records in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    /// Minor units.
    pub(crate) sum: i128,
    /// Records.
    pub(crate) count: u64,
}

/// A day.
#[derive(Clone, Debug, Default)]
pub(crate) struct Day {
    /// How many records in force each customer has: never more than what is published has room for.
    pub(crate) members: HashMap<u32, u32>,
    /// How many records in force have each amount.
    pub(crate) amounts: HashMap<i64, u64>,
}

/// The batch's half of every answer, and the marks that it takes to undo any part of it.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    /// Per customer: all records in force.
    pub(crate) spent: Vec<Sums>,
    /// Per customer: the large ones.
    pub(crate) large: Vec<Sums>,
    /// Everybody's records in force.
    pub(crate) revenue: Sums,
    /// Customers with the highest sums, the highest first; of equal sums the one whose name comes first.
    pub(crate) leaders: Vec<u32>,
    /// By the number of the day.
    pub(crate) days: Recent<Day>,
    /// Marks that can still matter to what is yet to come, those of an order side by side.
    pub(crate) marks: Vec<Mark>,
}

/// The marks that can matter, to the records there are and to those that may still come.
#[derive(Debug)]
pub(crate) struct Standing {
    /// Those of an order side by side: the cancellation, then the corrections, the latest first.
    marks: Vec<Mark>,
    /// Where those of an order are, from the first to the one after the last.
    places: HashMap<(u32, u64), (u32, u32)>,
    sieve: Sieve,
}

/// Adds the marks of a stretch of the archive, and says whether it holds repetitions.
pub(crate) fn mark(marks: &mut Vec<Mark>, columns: &OrderColumns, seen: &mut Duplicates) -> bool {
    let mut repeats = false;
    for row in 0..columns.len() {
        // rule: O12
        if !columns.first(row, seen) {
            repeats = true;
            continue;
        }
        let kind = columns.kinds[row];
        // rule: O7
        if kind == OrderKind::Placed || columns.orders[row] == 0 {
            continue;
        }
        marks.push(Mark {
            customer: columns.customers[row],
            order: columns.orders[row],
            cancels: kind == OrderKind::Cancelled,
            amount: columns.amounts[row],
            time: columns.times[row],
            place: columns.place(row),
        });
    }
    repeats
}

impl Standing {
    /// What of all marks can matter.
    pub(crate) fn new(mut all: Vec<Mark>, terms: &Terms) -> Self {
        all.sort_unstable_by_key(|mark| (mark.customer, mark.order, !mark.cancels));
        let mut sieve = Sieve::new(all.len());
        let (mut marks, mut places) = (Vec::new(), HashMap::new());
        for of_one in all.chunk_by_mut(|a, b| (a.customer, a.order) == (b.customer, b.order)) {
            sieve.add(of_one[0].order);
            let from = marks.len() as u32;
            let (cancelling, correcting) = of_one.split_at_mut(of_one.partition_point(|mark| mark.cancels));
            // rule: O2
            marks.extend(cancelling.iter().min_by_key(|mark| (mark.time, mark.place)));
            // rule: O3
            correcting.sort_unstable_by_key(|mark| Reverse((mark.time, mark.place)));
            // Of corrections that none can be refused before, only the latest counts.
            let kept =
                if terms.cancel_horizon.is_none() { correcting.len().min(1) } else { correcting.len() };
            marks.extend(&correcting[..kept]);
            places.insert((of_one[0].customer, of_one[0].order), (from, marks.len() as u32));
        }
        Standing { marks, places, sieve }
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }

    /// All of them.
    pub(crate) fn into_marks(self) -> Vec<Mark> {
        self.marks
    }

    fn of(&self, customer: u32, order: u64) -> &[Mark] {
        let passes = order != 0 && self.sieve.passes(order);
        let place = if passes { self.places.get(&(customer, order)) } else { None };
        place.map_or(&[], |(from, to)| &self.marks[*from as usize..*to as usize])
    }
}

/// Adds the records of a stretch of the archive to the answers, for as many customers as have numbers. Each record that
/// a mark can name is handed to `named`.
pub(crate) fn count(
    (answers, customers): (&mut Answers, usize),
    columns: &OrderColumns,
    seen: &mut Duplicates,
    (standing, asked, terms): (&Standing, Asked, &Terms),
    named: &mut impl FnMut(Placed),
) {
    make_room(answers, customers, asked);
    let (marked, ordered) = (!standing.is_empty(), asked.index || !standing.is_empty());
    for row in 0..columns.len() {
        // rule: O12
        if !columns.first(row, seen) || columns.kinds[row] != OrderKind::Placed {
            continue;
        }
        let (customer, own) = (columns.customers[row], columns.amounts[row]);
        let (order, time) = (if ordered { columns.orders[row] } else { 0 }, columns.times.get(row).copied());
        let time = time.unwrap_or_default();
        // rule: O7
        if asked.index && order != 0 {
            named(Placed { customer, order, amount: own, time });
        }
        let marks = if marked { standing.of(customer, order) } else { &[] };
        if let Some(amount) = in_force(own, time, marks, terms) {
            add(answers, (customer, amount, time), asked, terms);
        }
    }
}

fn make_room(answers: &mut Answers, customers: usize, asked: Asked) {
    for (asked, sums) in [(asked.spent, &mut answers.spent), (asked.large, &mut answers.large)] {
        if asked && sums.len() < customers {
            sums.resize(customers, Sums::default());
        }
    }
}

/// What a record counts with under the marks on its order; nothing when it is cancelled.
#[inline]
fn in_force(own: i64, time: Millis, marks: &[Mark], terms: &Terms) -> Option<i64> {
    // rule: O6
    let acts =
        |mark: &&Mark| terms.cancel_horizon.is_none_or(|horizon| mark.time.saturating_sub(time) <= horizon);
    // rule: O3 O4
    match marks.iter().find(acts) {
        Some(mark) if mark.cancels => None,
        Some(mark) => Some(mark.amount),
        None => Some(own),
    }
}

/// Counts a record in force to its customer, to its day and to everybody.
#[inline]
fn add(answers: &mut Answers, record: (u32, i64, Millis), asked: Asked, terms: &Terms) {
    let (customer, amount, time) = record;
    if asked.spent {
        // rule: O1
        answers.spent[customer as usize].add(amount);
    }
    // rule: O10
    if asked.large && amount >= terms.large_from {
        answers.large[customer as usize].add(amount);
    }
    if asked.revenue {
        // rule: O11
        answers.revenue.add(amount);
    }
    if asked.members || asked.amounts {
        let day = answers.days.of(Unit::Day.of(time));
        if asked.members {
            // rule: O15
            *day.members.entry(customer).or_default() += 1;
        }
        if asked.amounts {
            // rule: O17
            *day.amounts.entry(amount).or_default() += 1;
        }
    }
}

/// Adds what was counted elsewhere of other records.
pub(crate) fn join(answers: &mut Answers, other: Answers) {
    for (mine, others) in [(&mut answers.spent, other.spent), (&mut answers.large, other.large)] {
        mine.resize(mine.len().max(others.len()), Sums::default());
        mine.iter_mut().zip(others).for_each(|(sums, more)| sums.join(more));
    }
    answers.revenue.join(other.revenue);
    answers.days.join(other.days, |day, more| {
        more.members
            .into_iter()
            .for_each(|(customer, count)| *day.members.entry(customer).or_default() += count);
        more.amounts.into_iter().for_each(|(amount, count)| *day.amounts.entry(amount).or_default() += count);
    });
}

/// The customers with the highest sums, the highest first.
pub(crate) fn leaders(spent: &[Sums], names: &[Name]) -> Vec<u32> {
    // rule: O8
    let mut all: Vec<u32> = (0..).zip(spent).filter(|(_, sums)| sums.count > 0).map(|(i, _)| i).collect();
    // rule: O16
    let standing = |customer: &u32| (Reverse(spent[*customer as usize].sum), &names[*customer as usize]);
    if all.len() > LISTED {
        all.select_nth_unstable_by_key(LISTED, standing);
        all.truncate(LISTED);
    }
    all.sort_unstable_by_key(standing);
    all
}

impl Sums {
    fn add(&mut self, amount: i64) {
        self.sum += i128::from(amount);
        self.count += 1;
    }

    fn join(&mut self, other: Sums) {
        self.sum += other.sum;
        self.count += other.count;
    }
}
