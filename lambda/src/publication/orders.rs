//! What the batch publishes about orders, as files and as they are asked.

use std::io;

use hashbrown::HashMap;
use workloads::{Millis, Name, Place};

use super::names::{self, Names};
use super::ordered::{self, Ordered};
use super::table::{self, Table, halves, whole};
use super::{Files, Loaded, Part, ranked};
use crate::batch::orders::{Answers, LISTED, Sums};
use crate::error::LambdaError;

/// A publication about orders.
pub(crate) struct OrdersBase {
    names: Names,
    spent: Table,
    marks: Table,
    placed: Table,
    leaders: Vec<u32>,
    members: Table,
    days: Ordered<3>,
    amounts: Ordered<1>,
    /// Sum and count of everybody's records.
    pub(crate) revenue: (i128, i128),
}

/// A cancellation or correction that the batch has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Marked {
    /// The earliest cancellation, by event time.
    Cancelled(Millis),
    /// A correction: its event time, its place and the new amount.
    Corrected(Millis, Place, i64),
}

/// A customer's sum and count, over all records and over the large ones.
pub(crate) type Spent = ([i128; 2], [i128; 2]);

/// The batch's half of what is known of a day.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct DaySums {
    /// Its number among the days, from 1; 0 of a day that the batch does not know.
    number: u32,
    /// Customers with a record.
    pub(crate) customers: u64,
    /// Records.
    pub(crate) count: u64,
}

/// Of a customer whom the batch does not know.
pub(crate) const NOTHING: Spent = ([0, 0], [0, 0]);

/// The answers as files.
pub(crate) fn files(names: &[Name], answers: &Answers) -> Files {
    let (sorted, ranks) = ranked(names);
    let rank = |customer: u32| u64::from(ranks[customer as usize]);
    let revenue = [answers.revenue.sum, answers.revenue.count.into()];
    // The same answers are the same bytes.
    let mut members: Vec<_> = answers.members.iter().collect();
    members.sort_unstable_by_key(|(key, _)| **key);
    let mut marks: Vec<_> = answers.marks.iter().collect();
    marks.sort_by_key(|mark| (mark.customer, mark.order));
    vec![
        ("names", names::bytes(sorted.iter().copied())),
        ("leaders", answers.leaders.iter().flat_map(|i| ranks[*i as usize].to_le_bytes()).collect()),
        (
            "members",
            table::bytes(members.len(), |i| {
                let ((day, customer), count) = members[i];
                [*day as u64, rank(*customer), *count]
            }),
        ),
        ("days", days(answers)),
        ("amounts", amounts(answers)),
        ("spent", table::bytes(answers.spent.len(), |i| sums(rank(i as u32), &answers.spent[i]))),
        ("revenue", revenue.iter().flat_map(|number: &i128| number.to_le_bytes()).collect()),
        (
            "marks",
            table::bytes(marks.len(), |i| {
                let mark = marks[i];
                let place = u64::from(mark.place.partition) << 1 | u64::from(mark.cancels);
                [
                    rank(mark.customer),
                    mark.order,
                    mark.time as u64,
                    place,
                    mark.place.offset,
                    mark.amount as u64,
                ]
            }),
        ),
        (
            "placed",
            table::bytes(answers.placed.len(), |i| {
                let placed = &answers.placed[i];
                [rank(placed.customer), placed.order, placed.amount as u64, placed.time as u64]
            }),
        ),
    ]
}

/// Each day's number, customers and records.
fn days(answers: &Answers) -> Part {
    let mut customers: HashMap<i64, u64> = HashMap::new();
    answers.members.keys().for_each(|(day, _)| *customers.entry(*day).or_default() += 1);
    let row = |(number, (day, amounts)): (u64, (&i64, &Vec<i64>))| {
        ((0, *day), [number, customers.get(day).copied().unwrap_or(0), amounts.len() as u64])
    };
    ordered::bytes((1..).zip(&answers.amounts).map(row))
}

/// Of each day its amounts, with how many of them are not above each.
fn amounts(answers: &Answers) -> Part {
    let rows = (1..).zip(answers.amounts.values()).flat_map(|(number, amounts)| {
        let mut upto = 0;
        amounts.chunk_by(|a, b| a == b).map(move |equal| {
            upto += equal.len() as u64;
            ((number, equal[0]), [upto])
        })
    });
    ordered::bytes(rows)
}

fn day_sums([number, customers, count]: [u64; 3]) -> DaySums {
    DaySums { number: number as u32, customers, count }
}

fn sums(rank: u64, sums: &(Sums, Sums)) -> [u64; 8] {
    let [low, high] = halves(sums.0.sum);
    let [large_low, large_high] = halves(sums.1.sum);
    [rank, 0, low, high, sums.0.count, large_low, large_high, sums.1.count]
}

fn rank(bytes: &[u8]) -> u32 {
    bytes.try_into().map_or(0, u32::from_le_bytes)
}

fn spent_rows(words: &[u64]) -> Spent {
    let (all, large) = (whole(words[0], words[1]), whole(words[3], words[4]));
    ([all, words[2].into()], [large, words[5].into()])
}

impl OrdersBase {
    /// A publication that was taken in.
    pub(crate) fn open(mut loaded: Loaded) -> Result<Self, LambdaError> {
        let revenue = loaded.take("revenue")?;
        let number = |from: usize| revenue.get(from..from + 16).and_then(|bytes| bytes.try_into().ok());
        let revenue = [number(0), number(16)].map(|bytes| bytes.map_or(0, i128::from_le_bytes));
        Ok(OrdersBase {
            names: loaded.names()?,
            spent: loaded.table("spent")?,
            marks: loaded.table("marks")?,
            placed: loaded.table("placed")?,
            leaders: loaded.take("leaders")?.chunks_exact(4).map(rank).collect(),
            members: loaded.table("members")?,
            days: loaded.ordered("days")?,
            amounts: loaded.ordered("amounts")?,
            revenue: (revenue[0], revenue[1]),
        })
    }

    /// The customers, by rank.
    pub(crate) fn names(&self) -> &Names {
        &self.names
    }

    /// A customer's sum and count, over all records and over the large ones.
    pub(crate) fn spent(&self, rank: u32) -> io::Result<Spent> {
        let mut rows = NOTHING;
        self.spent.find([rank.into(), 0], |words| rows = spent_rows(words))?;
        Ok(rows)
    }

    /// The same of every customer, by rank.
    pub(crate) fn all_spent(&self) -> io::Result<Vec<Spent>> {
        let mut all = vec![NOTHING; self.names.len() as usize];
        self.spent.all(|[rank, _], words| all[rank as usize] = spent_rows(words))?;
        Ok(all)
    }

    /// The ranks of the customers with the highest sums, the highest first, and whether there may be others with
    /// a record.
    pub(crate) fn leaders(&self) -> (&[u32], bool) {
        (&self.leaders, self.leaders.len() >= LISTED)
    }

    /// How many records in force a customer has on a day.
    pub(crate) fn records(&self, day: i64, rank: u32) -> io::Result<u64> {
        let mut records = 0;
        self.members.find([day as u64, rank.into()], |words| records = words[0])?;
        Ok(records)
    }

    /// What is known of a day.
    pub(crate) fn day(&self, day: i64) -> DaySums {
        self.days.get((0, day)).map_or_else(DaySums::default, day_sums)
    }

    /// The same of every day.
    pub(crate) fn days(&self) -> impl Iterator<Item = (i64, DaySums)> + '_ {
        self.days.all().map(|((_, day), words)| (day, day_sums(words)))
    }

    /// How many amounts of a day are below this one.
    pub(crate) fn amounts_below(&self, day: DaySums, amount: i64) -> u64 {
        self.amounts.before((day.number, amount)).map_or(0, |(_, [upto])| upto)
    }

    /// The marks on an order that the batch has read and that can still matter.
    pub(crate) fn marks(&self, rank: u32, order: u64, mut each: impl FnMut(Marked)) -> io::Result<()> {
        self.marks.find([rank.into(), order], |words| {
            let (time, amount) = (words[0] as Millis, words[3] as i64);
            let place = Place { partition: (words[1] >> 1) as u32, offset: words[2] };
            each(if words[1] & 1 == 1 {
                Marked::Cancelled(time)
            } else {
                Marked::Corrected(time, place, amount)
            });
        })
    }

    /// The records of an order that the batch has read: their own amounts and event times.
    pub(crate) fn placed(&self, rank: u32, order: u64, mut each: impl FnMut(i64, Millis)) -> io::Result<()> {
        self.placed.find([rank.into(), order], |words| each(words[0] as i64, words[1] as Millis))
    }
}
