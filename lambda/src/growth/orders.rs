//! A publication about orders that grows.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::io;

use hashbrown::HashMap;
use workloads::{Event, Millis, OrderKind, Record, Terms};

use super::{Grown, Grows, changed, named, renumbered};
use crate::batch::orders::LISTED;
use crate::error::LambdaError;
use crate::layers::{Orders, look_up};
use crate::publication::orders::{NOTHING, OrdersBase, Spent, leaders, rows};
use crate::publication::{Part, ordered, table};
use crate::speed::orders::{Change, Changes};

/// A record that marks can name: the number of its customer in the state, its order, its own amount and event time.
type Placed = (u32, u64, i64, Millis);

/// A state, and the numbers that its customers have in the publication that follows.
struct Growth<'a> {
    base: &'a OrdersBase,
    state: &'a Changes,
    numbers: Vec<u32>,
}

impl Grows<Orders> for Orders {
    type Index = Vec<Placed>;

    fn index(index: &mut Vec<Placed>, state: &Changes, record: &Record) {
        let Event::Order(event) = &record.event else { return };
        if event.kind == OrderKind::Placed && event.order != 0 {
            let number = state.numbers.get(&event.customer);
            index.extend(number.map(|number| (*number, event.order, event.amount, event.time)));
        }
    }

    fn grow(
        terms: &Terms,
        base: &OrdersBase,
        state: &Changes,
        index: Vec<Placed>,
    ) -> Result<Result<Grown, &'static str>, LambdaError> {
        let names = state.numbers.iter().map(|(name, number)| (name, *number));
        let rank = |own: u32| state.sums.customers[own as usize].rank;
        let (numbers, new) = renumbered(names, rank, (base.names(), base.numbers()));
        let (names, by_rank, ranks) = named(base.names(), base.numbers(), new);
        let growth = Growth { base, state, numbers };
        let mut grown = Grown { files: vec![("names", names), ("numbers", by_rank)], kept: Vec::new() };
        growth.customers(&ranks, &mut grown).map_err(look_up)?;
        growth.days(&mut grown).map_err(look_up)?;
        let (sum, count) = add([base.revenue.0, base.revenue.1], state.sums.revenue).into();
        grown.files.push(("revenue", rows::revenue(sum, count)));
        let marks = base.marks.grown(growth.marks(terms), true).map_err(look_up)?;
        grown.take("marks", marks);
        let placed = |(own, order, amount, time): Placed| {
            rows::placed((growth.numbers[own as usize], order), amount, time)
        };
        let placed = base.placed.grown(index.into_iter().map(placed).collect(), false);
        grown.take("placed", placed.map_err(look_up)?);
        Ok(Ok(grown))
    }
}

impl Growth<'_> {
    /// What each has spent, and who has spent the most.
    fn customers(&self, ranks: &[u32], grown: &mut Grown) -> io::Result<()> {
        let mut spent = vec![NOTHING; ranks.len()];
        for (rank, known) in (0..).zip(self.base.all_spent()?) {
            spent[self.base.numbers().number(rank) as usize] = known;
        }
        for (number, customer) in self.numbers.iter().zip(&self.state.sums.customers) {
            let both: &mut Spent = &mut spent[*number as usize];
            *both = (add(both.0, customer.all), add(both.1, customer.large));
        }
        let mut first: Vec<u32> = (0..).zip(&spent).filter(|(_, all)| all.0[1] > 0).map(|(i, _)| i).collect();
        let standing = |number: &u32| (Reverse(spent[*number as usize].0[0]), ranks[*number as usize]);
        if first.len() > LISTED {
            first.select_nth_unstable_by_key(LISTED, standing);
            first.truncate(LISTED);
        }
        first.sort_unstable_by_key(standing);
        grown.files.push(("leaders", leaders(first.iter().map(|number| ranks[*number as usize]))));
        grown.files.push(("spent", table::bytes(spent.len(), |i| rows::spent(i as u32, spent[i]))));
        Ok(())
    }

    /// Who has how many records on which day, and of which amounts they are.
    fn days(&self, grown: &mut Grown) -> io::Result<()> {
        let mut members = Vec::new();
        let mut new: HashMap<(i64, u32), u64> = HashMap::new();
        for (day, it) in &self.state.sums.days {
            let number = |own: u32| self.numbers[own as usize];
            let now =
                it.members.iter().map(|(own, (had, more))| ((*day, number(*own)), changed(*had, *more)));
            new.extend(now);
        }
        self.base.all_records(|day, number, count| {
            let count = new.remove(&(day, number)).unwrap_or(count);
            members.push([day as u64, number.into(), count]);
        })?;
        let mut new: Vec<_> = new.into_iter().collect();
        new.sort_unstable();
        members.extend(new.into_iter().map(|((day, number), count)| [day as u64, number.into(), count]));
        members.retain(|[.., count]| *count > 0);
        let mut customers: HashMap<i64, u64> = HashMap::new();
        members.iter().for_each(|[day, ..]| *customers.entry(*day as i64).or_default() += 1);
        let (days, amounts) = self.amounts(&customers);
        grown.files.extend([("days", days), ("amounts", amounts)]);
        grown.files.push(("members", table::bytes(members.len(), |row| members[row])));
        Ok(())
    }

    fn amounts(&self, customers: &HashMap<i64, u64>) -> (Part, Part) {
        let new = &self.state.sums.days;
        let all: BTreeSet<i64> = self.base.days().map(|(day, _)| day).chain(new.keys().copied()).collect();
        let (mut days, mut rows) = (Vec::new(), Vec::new());
        for day in all {
            let mut counts: BTreeMap<i64, u64> = BTreeMap::new();
            let mut before = 0;
            counts.extend(
                self.base
                    .amounts(self.base.day(day))
                    .map(|(amount, upto)| (amount, upto - std::mem::replace(&mut before, upto))),
            );
            for (amount, more) in new.get(&day).into_iter().flat_map(|day| &day.amounts) {
                let count = counts.entry(*amount).or_default();
                *count = changed(*count, *more);
            }
            let (number, mut upto) = (days.len() as u32 + 1, 0);
            for (amount, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
                upto += count;
                rows.push(((number, amount), [upto]));
            }
            if upto > 0 {
                let customers = customers.get(&day).copied().unwrap_or(0);
                days.push(((0, day), [number.into(), customers, upto]));
            }
        }
        (ordered::bytes(days.into_iter()), ordered::bytes(rows.into_iter()))
    }

    /// The marks of every order that has any: the earliest cancellation, and of corrections those that may hold.
    fn marks(&self, terms: &Terms) -> Vec<[u64; 6]> {
        let mut all = Vec::new();
        for ((own, order), it) in &self.state.orders {
            let Some(marks) = it.more.as_ref().and_then(|more| more.marks.as_ref()) else { continue };
            let key = (self.numbers[*own as usize], *order);
            all.extend(marks.cancelled.map(|time| rows::mark(key, time, None)));
            let least =
                if terms.cancel_horizon.is_none() { marks.corrected.len().saturating_sub(1) } else { 0 };
            let corrected = marks.corrected[least..].iter();
            all.extend(
                corrected.map(|(time, place, amount)| rows::mark(key, *time, Some((*place, *amount)))),
            );
        }
        all.sort_unstable();
        all
    }
}

fn add([sum, count]: [i128; 2], change: Change) -> [i128; 2] {
    [sum + change.sum, count + i128::from(change.count)]
}
