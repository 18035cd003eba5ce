//! What every workload's rules look like to the dataflow.
//!
//! A Kappa view is one function of the log. Here it has three steps: an event becomes *acts*, each of one name, acts
//! change sums, and sums are printed as rows. The state that lies between (what is needed to undo an
//! event) belongs to the rules; time, versions, threads and storage do not.
//!
//! A workload lists its *groupings*, one for each kind of key. To add a view is to add to a grouping, or one to the list.

use std::fmt::Debug;

use differential_dataflow::difference::Abelian;
use timely::ExchangeData;
use workloads::{Millis, Name, Record, Row, Rows, Terms};

use crate::flow::keys::Key;
use crate::flow::names::Names;
use crate::flow::outlet::Outlet;
use crate::flow::reading::{Found, Reader, every, one};
use crate::snapshot::Table;

mod marks;
pub mod orders;
pub mod sensors;
pub mod trades;
pub mod transfers;
pub mod words;

/// Number of what the rules keep and how: it goes up with every change that makes old snapshots useless.
pub(crate) const REVISION: u32 = 2;

/// The form of a view whose rows are sums.
pub(crate) const SUMS: &str = "sums by key: what changes is added to them";

/// What is summed up per key.
pub trait Sum: Abelian + Copy + Default + Ord + Debug + ExchangeData {}
impl<T: Abelian + Copy + Default + Ord + Debug + ExchangeData> Sum for T {}

/// The rules of one workload, with the state that they need.
///
/// # Contract
///
/// The order in which the acts of one version come makes no difference to the sums after it. Acts of different names
/// may be carried out in different places, by rules of their own: what they change adds up.
pub trait Rules: Sized + 'static {
    /// What an event says of one name, as the rules need it.
    type Act: Clone + Debug + ExchangeData;
    /// What acts change: one fold for each grouping.
    type Changes: Groupings;

    /// The rules at the empty log, with what is needed to answer some views; every view when there are none.
    fn new(terms: &Terms, views: &[&str]) -> Self;
    /// A record as acts, each with its name; none when it belongs to another workload.
    fn acts(record: &Record, act: impl FnMut(&Name, Self::Act));
    /// Whether, for these views, acts of one name may be carried out by rules of several workers: what they change adds up.
    /// Those of which all are [told](Rules::told) excepted.
    fn spread(_views: &[&str]) -> bool {
        false
    }
    /// Whether an act changes what others made, wherever they were carried out.
    fn told(_act: &Self::Act) -> bool {
        true
    }
    /// Carries out an act of a name, which has this number here.
    fn apply(&mut self, name: u32, act: &Self::Act, changes: &mut Self::Changes);
    /// Every act of a version has been carried out: changes whatever is found out once a version.
    fn close(&mut self, _changes: &mut Self::Changes, _names: &Names) {}
    /// No record that is still to come has an earlier event time, and those of the versions that can be read have been
    /// carried out: what none of them can change need not be kept. Called again and again, to do a little each time.
    fn forget(&mut self, _earliest: Millis) {}
    /// What must be known to go on from here, always in the same order; none where nothing is kept.
    fn tables(&mut self) -> Vec<&mut dyn Table> {
        Vec::new()
    }
    /// The tables have been taken up again: what else is kept follows from them.
    fn restore(&mut self) {}
    /// Whether a view's rows are more than those of each worker, so that a key may have one because of another.
    fn whole(_view: &str) -> bool {
        false
    }
    /// The answer to a question about a view out of the rows of every worker, where it is not all of them.
    fn gather(_view: &str, _key: Option<&str>, rows: Rows) -> Rows {
        rows
    }
}

/// What the acts of one version change, a fold for each grouping.
pub trait Groupings: Default + 'static {
    /// The folds, always in the same order.
    fn folds(&mut self) -> Vec<&mut dyn Outlet>;
}

/// A kind of key, what is known of each, and the views that are answered from it.
pub trait Grouping: Sized + 'static {
    /// The views answered from it.
    const VIEWS: &'static [&'static str];
    /// Views of other groupings that are made of it.
    const BASIS_OF: &'static [&'static str] = &[];
    /// What is grouped by.
    type Key: Key;
    /// What is known of a key; the default is nothing.
    type Sum: Sum;

    /// In which form a view is kept, in a few words: what is gone through when something changes.
    fn form(_view: &str) -> &'static str {
        SUMS
    }

    /// The row of a key in a view, if it has one.
    fn row(view: &str, sum: &Self::Sum, terms: &Terms) -> Option<Row>;

    /// The answer to a question out of one worker's share of the keys. Of no row there may be two: keys of whom one row
    /// is made have one home.
    fn rows(question: &Question<'_>, reader: &Reader<'_, Self>) -> Found {
        match question.key {
            Some(_) => Found::Rows(one(question, reader)),
            None => every(question, reader),
        }
    }
}

/// The views of a workload with the form in which each is kept; none of a workload that there is not.
pub fn forms(workload: &str) -> Vec<(&'static str, &'static str)> {
    fn of<C: Groupings>() -> Vec<(&'static str, &'static str)> {
        C::default().folds().iter().flat_map(|fold| fold.forms()).collect()
    }
    match workload {
        "orders" => of::<orders::Changes>(),
        "trades" => of::<trades::Changes>(),
        "words" => of::<words::Changes>(),
        "sensors" => of::<sensors::Changes>(),
        "transfers" => of::<transfers::Changes>(),
        _ => Vec::new(),
    }
}

/// What is asked, and what is needed to answer it.
pub struct Question<'a> {
    /// The name of the view.
    pub view: &'a str,
    /// One printed key; the whole view when absent.
    pub key: Option<&'a str>,
    /// Names by number.
    pub names: &'a Names,
    /// What was agreed on.
    pub terms: &'a Terms,
}

/// Whether one of some views is among those asked for: all are when there are none.
pub fn asked(asked: &[&str], views: &[&str]) -> bool {
    asked.is_empty() || views.iter().any(|view| asked.contains(view))
}
