//! What the batch publishes about orders, as files and as they are asked.

use std::io;

use workloads::{Millis, Name, Place};

use super::names::{self, Names};
use super::table::{self, Table, halves, whole};
use super::{Files, Loaded, ranked};
use crate::batch::orders::{Answers, Sums};
use crate::error::LambdaError;

/// A publication about orders.
pub(crate) struct OrdersBase {
    names: Names,
    spent: Table,
    marks: Table,
    placed: Table,
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

/// Of a customer whom the batch does not know.
pub(crate) const NOTHING: Spent = ([0, 0], [0, 0]);

/// The answers as files.
pub(crate) fn files(names: &[Name], answers: &Answers) -> Files {
    let (sorted, ranks) = ranked(names);
    let rank = |customer: u32| u64::from(ranks[customer as usize]);
    let revenue = [answers.revenue.sum, answers.revenue.count.into()];
    vec![
        ("names", names::bytes(sorted.iter().copied())),
        ("spent", table::bytes(answers.spent.len(), |i| sums(rank(i as u32), &answers.spent[i]))),
        ("revenue", revenue.iter().flat_map(|number: &i128| number.to_le_bytes()).collect()),
        (
            "marks",
            table::bytes(answers.marks.len(), |i| {
                let mark = &answers.marks[i];
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

fn sums(rank: u64, sums: &(Sums, Sums)) -> [u64; 8] {
    let [low, high] = halves(sums.0.sum);
    let [large_low, large_high] = halves(sums.1.sum);
    [rank, 0, low, high, sums.0.count, large_low, large_high, sums.1.count]
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
