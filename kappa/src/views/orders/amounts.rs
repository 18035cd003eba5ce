//! The amounts in force of each day, in order, for what lies in their middle.

use serde::{Deserialize, Serialize};
use workloads::calendar::Unit;
use workloads::{Millis, Name, Row, Rows, Terms};

use crate::flow::fold::{Fold, additive};
use crate::flow::keys::{Day, Key, led};
use crate::flow::names::Names;
use crate::flow::places::Hashed;
use crate::flow::reading::{Found, Reader};
use crate::flow::shelf::Tree;
use crate::views::{Grouping, Question, Sum};

/// Amounts of one band differ in so many of their last bits.
const BAND: u32 = 10;

/// A day's bands come before its amounts, so that a reader finds the middle in few steps: one for each band that the
/// day has, and one for each amount of the band, or of two, that hold the middle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) enum Level {
    /// Amounts without their last bits.
    Band,
    /// The amounts themselves.
    Amount,
}

/// An amount on a day, or the band of amounts that it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) struct Rung {
    day: i64,
    level: Level,
    amount: i64,
}

/// How many records have it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Held {
    count: i64,
}
additive!(Held { count });

/// By day and amount in force, and by day and band.
pub(super) struct Amounts;

impl Rung {
    /// Before every other of the day.
    fn first(day: i64) -> Self {
        Rung { day, level: Level::Band, amount: i64::MIN }
    }
}

led!(Rung);

impl Key for Rung {
    type Shelf<S: Sum> = Tree<Rung, S>;
    type Places = Hashed<Rung>;
    const HERE: bool = false;

    fn home(&self) -> u64 {
        Day(self.day).home()
    }

    fn print(&self, names: &[Name]) -> String {
        Day(self.day).print(names)
    }

    fn parse(text: &str, names: &Names) -> Option<Self> {
        Day::parse(text, names).map(|day| Rung::first(day.0))
    }
}

/// Counts an amount in force in (`sign` 1) or out (-1).
// rule: O17
#[inline]
pub(super) fn count(time: Millis, amount: i64, sign: i64, amounts: &mut Fold<Amounts>) {
    if amounts.wanted() {
        let (day, held) = (Unit::Day.of(time), Held { count: sign });
        amounts.add(Rung { day, level: Level::Band, amount: amount >> BAND }, &held);
        amounts.add(Rung { day, level: Level::Amount, amount }, &held);
    }
}

/// The row of a day.
// rule: O17
fn median(day: i64, reader: &Reader<'_, Amounts>) -> Option<Row> {
    let bands = reader.within(Rung::first(day)..=Rung { day, level: Level::Band, amount: i64::MAX });
    let bands: Vec<_> = bands.map(|(band, held)| (band.amount, held.count)).collect();
    let count = bands.iter().map(|(_, count)| count).sum::<i64>();
    // rule: O8
    if count == 0 {
        return None;
    }
    // Both are the same of an odd number; the middle one then counts twice.
    let mut middle = [(count - 1) / 2, count / 2].into_iter().peekable();
    let (mut sum, mut passed) = (0, 0);
    for (band, records) in bands {
        if middle.peek().is_some_and(|next| *next < passed + records) {
            let mut below = passed;
            let rung = |amount| Rung { day, level: Level::Amount, amount };
            let amounts = rung(band << BAND)..=rung((band << BAND) | ((1 << BAND) - 1));
            for (rung, held) in reader.within(amounts) {
                below += held.count;
                while middle.next_if(|next| *next < below).is_some() {
                    sum += i128::from(rung.amount);
                }
            }
        }
        passed += records;
    }
    Some(vec![sum, i128::from(count)])
}

impl Grouping for Amounts {
    const VIEWS: &'static [&'static str] = &["median_order"];
    type Key = Rung;
    type Sum = Held;

    fn form(_view: &str) -> &'static str {
        "records by amount, and by band of amounts above: the middle is found band by band"
    }

    /// No key has a row of its own: a day's row is made of all of its keys.
    fn row(_view: &str, _held: &Held, _terms: &Terms) -> Option<Row> {
        None
    }

    fn rows(question: &Question<'_>, reader: &Reader<'_, Self>) -> Found {
        let row = |day| Some((Day(day).print(question.names.all()), median(day, reader)?));
        if let Some(key) = question.key {
            // A day that is not one has no row.
            let rung = Rung::parse(key, question.names);
            return Found::Rows(rung.and_then(|rung| row(rung.day)).into_iter().collect());
        }
        let mut rows = Rows::new();
        let mut first = Some(Rung::first(i64::MIN));
        while let Some((rung, _)) = first.and_then(|first| reader.from(Some(&first)).next()) {
            rows.extend(row(rung.day));
            first = rung.day.checked_add(1).map(Rung::first);
        }
        Found::Rows(rows)
    }
}
