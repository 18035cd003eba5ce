//! What the batch publishes about orders, as files and as they are asked.

use std::io;

use workloads::{Millis, Name, Place};

use super::names::{self, Names};
use super::numbers::{self, Numbers, turned};
use super::ordered::{self, Ordered};
use super::segments::Segments;
use super::table::loose::Loose;
use super::table::{self, Table, whole};
use super::{Files, Loaded, Part, ranked};
use crate::batch::orders::{Answers, Day, LISTED, Placed, Sums};
use crate::error::LambdaError;

pub(crate) mod rows;

/// A publication about orders.
pub(crate) struct OrdersBase {
    names: Names,
    numbers: Numbers,
    spent: Table,
    /// Marks and what they can name, under the customer's number and the order; of marks what is newest counts.
    pub(crate) marks: Segments,
    /// The same for records.
    pub(crate) placed: Segments,
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
pub(crate) fn files(names: &[Name], answers: &Answers, placed: Part) -> Files {
    let (sorted, ranks) = ranked(names);
    let spent = |i: usize| {
        let [all, large] =
            [&answers.spent, &answers.large].map(|sums| sums.get(i).copied().unwrap_or_default());
        rows::spent(i as u32, (pair(all), pair(large)))
    };
    let (days, marks) = (answers.days.sorted(), &answers.marks);
    vec![
        ("names", names::bytes(sorted.iter().copied())),
        ("numbers", numbers::bytes(&turned(&ranks))),
        ("leaders", leaders(answers.leaders.iter().map(|customer| ranks[*customer as usize]))),
        ("members", members(&days)),
        ("days", day_rows(&days)),
        ("amounts", amounts(&days)),
        ("spent", table::bytes(names.len(), spent)),
        ("revenue", rows::revenue(answers.revenue.sum, answers.revenue.count.into())),
        (
            "marks",
            table::bytes(marks.len(), |i| {
                let mark = marks[i];
                let corrects = (!mark.cancels).then_some((mark.place, mark.amount));
                rows::mark((mark.customer, mark.order), mark.time, corrects)
            }),
        ),
        ("placed", placed),
    ]
}

/// The row of a record that marks can name.
pub(crate) fn placed(placed: Placed) -> [u64; 4] {
    rows::placed((placed.customer, placed.order), placed.amount, placed.time)
}

/// The ranks of the customers with the highest sums.
pub(crate) fn leaders(ranks: impl Iterator<Item = u32>) -> Part {
    ranks.flat_map(u32::to_le_bytes).collect()
}

fn pair(sums: Sums) -> [i128; 2] {
    [sums.sum, sums.count.into()]
}

/// How many records each customer has on each day.
fn members(days: &[(i64, &Day)]) -> Part {
    let mut rows: Loose<3> = Loose::default();
    for (number, day) in days {
        let counts = day.members.iter();
        counts.for_each(|(customer, count)| {
            rows.push([*number as u64, u64::from(*customer), u64::from(*count)]);
        });
    }
    rows.table(1)
}

/// Each day's number, customers and records.
fn day_rows(days: &[(i64, &Day)]) -> Part {
    let row = |(number, (day, of)): (u64, &(i64, &Day))| {
        ((0, *day), [number, of.members.len() as u64, of.amounts.values().sum()])
    };
    ordered::bytes((1..).zip(days).map(row))
}

/// Of each day its amounts, with how many of them are not above each.
fn amounts(days: &[(i64, &Day)]) -> Part {
    let rows = (1..).zip(days).flat_map(|(number, (_, day))| {
        let mut amounts: Vec<(i64, u64)> =
            day.amounts.iter().map(|(amount, count)| (*amount, *count)).collect();
        amounts.sort_unstable();
        let mut upto = 0;
        amounts.into_iter().map(move |(amount, count)| {
            upto += count;
            ((number, amount), [upto])
        })
    });
    ordered::bytes(rows)
}

fn day_sums([number, customers, count]: [u64; 3]) -> DaySums {
    DaySums { number: number as u32, customers, count }
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
        let names = loaded.names()?;
        Ok(OrdersBase {
            numbers: loaded.numbers(&names)?,
            names,
            spent: loaded.table("spent")?,
            marks: loaded.segments("marks")?,
            placed: loaded.segments("placed")?,
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

    /// Which number stands for each of them in the tables.
    pub(crate) fn numbers(&self) -> &Numbers {
        &self.numbers
    }

    /// A customer's sum and count, over all records and over the large ones.
    pub(crate) fn spent(&self, rank: u32) -> io::Result<Spent> {
        let mut rows = NOTHING;
        self.spent.find([self.number(rank), 0], |words| rows = spent_rows(words))?;
        Ok(rows)
    }

    /// The same of every customer, by rank.
    pub(crate) fn all_spent(&self) -> io::Result<Vec<Spent>> {
        let mut all = vec![NOTHING; self.names.len() as usize];
        self.spent.all(|[number, _], words| {
            all[self.numbers.rank(number as u32) as usize] = spent_rows(words);
        })?;
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
        self.members.find([day as u64, self.number(rank)], |words| records = words[0])?;
        Ok(records)
    }

    /// The same of every day, and of every customer by his number.
    pub(crate) fn all_records(&self, mut each: impl FnMut(i64, u32, u64)) -> io::Result<()> {
        self.members.all(|[day, number], words| each(day as i64, number as u32, words[0]))
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

    /// The amounts of a day in their order, and how many are not above each.
    pub(crate) fn amounts(&self, day: DaySums) -> impl Iterator<Item = (i64, u64)> + '_ {
        self.amounts.from((day.number, i64::MIN)).map(|(amount, [upto])| (amount, upto))
    }

    /// The marks on an order that the batch has read and that can still matter.
    pub(crate) fn marks(&self, rank: u32, order: u64, mut each: impl FnMut(Marked)) -> io::Result<()> {
        self.marks.newest([self.number(rank), order], |words| {
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
        self.placed.find([self.number(rank), order], |words| each(words[0] as i64, words[1] as Millis))
    }

    fn number(&self, rank: u32) -> u64 {
        self.numbers.number(rank).into()
    }
}
