//! Rules of `words`: every word counts, in all and in its window.

use serde::{Deserialize, Serialize};
use workloads::calendar::Unit;
use workloads::words::WINDOW;
use workloads::{Event, Name, Record, Row, Terms};

use super::{Grouping, Groupings, Rules};
use crate::flow::fold::{Fold, additive};
use crate::flow::keys::{Named, NamedSecond};
use crate::flow::outlet::Outlet;

/// The second in which the window begins that a word was said in.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Act {
    window: i64,
}

/// How often a word was said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Said {
    count: i64,
}
additive!(Said { count });

/// What words change.
#[derive(Default)]
pub struct Changes {
    totals: Fold<Totals>,
    windows: Fold<Windows>,
}

/// By word.
struct Totals;

/// By word and window.
struct Windows;

/// Nothing is ever taken back, so that nothing need be kept.
pub struct Words;

impl Rules for Words {
    type Act = Act;
    type Changes = Changes;

    fn new(_terms: &Terms, _views: &[&str]) -> Self {
        Words
    }

    fn acts(record: &Record, mut act: impl FnMut(&Name, Act)) {
        let Event::Word(event) = &record.event else { return };
        // rule: W3
        let window = Unit::Second.of(event.time).div_euclid(WINDOW) * WINDOW;
        act(&event.word, Act { window });
    }

    fn apply(&mut self, word: u32, act: &Act, changes: &mut Changes) {
        // rule: W1
        let once = Said { count: 1 };
        changes.totals.add(Named(word), &once);
        changes.windows.add(NamedSecond(word, act.window), &once);
    }
}

impl Groupings for Changes {
    fn folds(&mut self) -> Vec<&mut dyn Outlet> {
        vec![&mut self.totals, &mut self.windows]
    }
}

impl Said {
    fn row(self) -> Option<Row> {
        (self.count != 0).then(|| vec![i128::from(self.count)])
    }
}

impl Grouping for Totals {
    const VIEWS: &'static [&'static str] = &["totals"];
    type Key = Named;
    type Sum = Said;

    // rule: W2
    fn row(_view: &str, said: &Said, _terms: &Terms) -> Option<Row> {
        said.row()
    }
}

impl Grouping for Windows {
    const VIEWS: &'static [&'static str] = &["windows"];
    type Key = NamedSecond;
    type Sum = Said;

    // rule: W3
    fn row(_view: &str, said: &Said, _terms: &Terms) -> Option<Row> {
        said.row()
    }
}
