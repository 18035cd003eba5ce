//! The customers who have spent most.

use std::cmp::{Ordering, Reverse, min_by};

use serde::{Deserialize, Serialize};
use workloads::orders::TOP;
use workloads::{Name, Row, Rows, Terms};

use crate::flow::fold::{Fold, additive};
use crate::flow::keys::Key;
use crate::flow::names::Names;
use crate::flow::places::Hashed;
use crate::flow::reading::{Found, Reader, every};
use crate::flow::shelf::{Numbered, Shelf, Tree};
use crate::snapshot::{Home, Movable};
use crate::views::{Grouping, Question, Sum};

/// Customers that are watched after the others were let go.
const WATCHED: usize = 128;

/// What a customer has spent who is among the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Spent {
    sum: i128,
    count: i64,
}
additive!(Spent { sum, count });

/// By customer, but only the first of each worker: the first of all are among them. So an answer is made of ten customers
/// a worker, however many there are.
pub(super) struct Leaders;

/// A customer who is among the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct Leader(u32);

/// What everybody has spent, and who is watched because they may be among the first.
///
/// Nobody who is not watched comes before `floor`. So those who are watched and do come before all others, and when
/// enough of them are left the others need not be looked at.
#[derive(Default)]
pub(super) struct Ranking {
    pub(super) customers: Numbered<Customer>,
    watched: Vec<u32>,
    /// What somebody had spent who was let go, and who that was; absent while everybody is watched.
    floor: Option<Spender>,
    pub(super) shown: Tree<Leader, Spent>,
    /// What the last of those shown has spent; absent while fewer are shown than may be.
    least: Option<i128>,
    /// Whether others may be first than are shown.
    stale: bool,
}

/// What a customer has spent, and the customer's number.
type Spender = (i128, u32);

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Customer {
    spent: Spent,
    watched: bool,
}

impl Movable for Leader {
    fn moved(self, home: &Home) -> Option<Self> {
        home.number(self.0).map(Leader)
    }
}

impl Key for Leader {
    type Shelf<S: Sum> = Tree<Leader, S>;
    type Places = Hashed<Leader>;
    const HERE: bool = true;

    fn print(&self, names: &[Name]) -> String {
        names[self.0 as usize].to_string()
    }

    fn parse(text: &str, names: &Names) -> Option<Self> {
        names.known(text).map(Leader)
    }
}

impl Ranking {
    /// Counts an amount in force in or out (`sign` 1 or -1; so is the sum's).
    #[inline]
    pub(super) fn count(&mut self, customer: u32, sum: i128, sign: i64) {
        let held = self.customers.entry(customer);
        let before = held.spent.sum;
        held.spent.sum += sum;
        held.spent.count += sign;
        // Whoever had less and has less than all who are shown changes nothing for them.
        self.stale |= self.least.is_none_or(|least| before.max(held.spent.sum) >= least);
        // Names are not at hand: whoever has spent as much as at the floor may come before it.
        if !held.watched && self.floor.is_none_or(|(floor, _)| held.spent.sum >= floor) {
            held.watched = true;
            self.watched.push(customer);
        }
    }

    /// Changes those shown to those who are first after this version.
    // rule: O16
    pub(super) fn close(&mut self, names: &Names, leaders: &mut Fold<Leaders>) {
        if self.watched.len() >= 2 * WATCHED {
            self.let_go(names);
        }
        if !std::mem::take(&mut self.stale) {
            return;
        }
        let mut first = self.ranked(names);
        if first.len() < TOP && self.floor.is_some() {
            self.watch_all();
            self.let_go(names);
            first = self.ranked(names);
        }
        first.truncate(TOP);
        self.least = first.get(TOP - 1).map(|(_, spent)| spent.sum);
        let before: Vec<_> = self.shown.from(None).map(|(leader, spent)| (leader, *spent)).collect();
        let mut change = |leader: Leader, spent: &Spent| {
            leaders.add(leader, spent);
            self.shown.add(leader, spent);
        };
        before.iter().for_each(|(leader, spent)| change(*leader, &Spent::default().since(spent)));
        first.iter().for_each(|(customer, spent)| change(Leader(*customer), spent));
    }

    /// Everybody may be among the first, and others than are shown.
    pub(super) fn restore(&mut self) {
        (self.least, self.stale) = (None, true);
        self.watch_all();
    }

    /// Those watched who have records in force and come before the floor, in their order.
    fn ranked(&self, names: &Names) -> Vec<(u32, Spent)> {
        let spent =
            self.watched.iter().filter_map(|number| Some((*number, self.customers.at(*number)?.spent)));
        let before = |spender| self.floor.is_none_or(|floor| rank(spender, floor, names).is_lt());
        // rule: O8
        let first = spent.filter(|(number, spent)| spent.count != 0 && before((spent.sum, *number)));
        let mut first: Vec<_> = first.collect();
        first.sort_unstable_by(|(one, spent), (other, more)| {
            rank((spent.sum, *one), (more.sum, *other), names)
        });
        first
    }

    fn watch_all(&mut self) {
        (self.floor, self.watched) = (None, Vec::new());
        for number in 0..self.customers.length() {
            let held = self.customers.entry(number);
            held.watched = held.spent.count != 0;
            self.watched.extend(held.watched.then_some(number));
        }
    }

    /// Of those who are watched only the first stay so.
    fn let_go(&mut self, names: &Names) {
        if self.watched.len() <= WATCHED {
            return;
        }
        let Ranking { customers, watched, floor, .. } = self;
        let spender = |number: u32| (customers.at(number).map_or(0, |held| held.spent.sum), number);
        watched.select_nth_unstable_by(WATCHED, |one, other| rank(spender(*one), spender(*other), names));
        // Of those let go it comes first.
        let next = spender(watched[WATCHED]);
        *floor =
            Some(floor.map_or(next, |floor| min_by(floor, next, |one, other| rank(*one, *other, names))));
        for customer in watched.drain(WATCHED..) {
            customers.entry(customer).watched = false;
        }
    }
}

/// Who comes before whom: those who have spent most, and of those who have spent the same, by name.
// rule: O16
fn rank(one: Spender, other: Spender, names: &Names) -> Ordering {
    other.0.cmp(&one.0).then_with(|| names.name(one.1).cmp(names.name(other.1)))
}

impl Grouping for Leaders {
    const VIEWS: &'static [&'static str] = &["top_customers"];
    type Key = Leader;
    type Sum = Spent;

    fn form(_view: &str) -> &'static str {
        "sums by customer, of whom the first are watched: the others are looked at when too few are left"
    }

    fn row(_view: &str, spent: &Spent, _terms: &Terms) -> Option<Row> {
        // rule: O8
        (spent.count != 0).then(|| vec![spent.sum, i128::from(spent.count)])
    }

    /// Whoever is asked for: the first of this worker are needed to tell whether it is one of the first of all.
    fn rows(question: &Question<'_>, reader: &Reader<'_, Self>) -> Found {
        every(question, reader)
    }
}

/// The first of all, or the one of them who is asked for, out of the first of every worker.
// rule: O16
pub(super) fn first_of_all(key: Option<&str>, rows: Rows) -> Rows {
    let mut first: Vec<(String, Row)> = rows.into_iter().collect();
    // They are in the order of their names, in which those who have spent the same stay.
    first.sort_by_key(|(_, row)| Reverse(row[0]));
    first.truncate(TOP);
    first.into_iter().filter(|(name, _)| key.is_none_or(|key| key == name)).collect()
}
