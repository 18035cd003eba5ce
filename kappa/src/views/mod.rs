//! What every workload's rules look like to the dataflow.
//!
//! A Kappa view is one function of the log. Here it has three steps: an event becomes an *act* (names as numbers),
//! acts change sums, and a sum is printed as a row. The state that lies between (what is needed to undo an
//! event) belongs to the rules; time, versions, threads and storage do not.

use std::fmt::Debug;
use std::hash::Hash;

use differential_dataflow::difference::Monoid;
use timely::ExchangeData;
use workloads::{Record, Row, Terms};

use crate::fold::Fold;
use crate::names::Names;

pub mod orders;
pub mod trades;

/// A key of an arrangement.
pub trait Key: Copy + Ord + Hash + Debug + ExchangeData {}
impl<T: Copy + Ord + Hash + Debug + ExchangeData> Key for T {}

/// What an arrangement sums up per key.
pub trait Sum: Monoid + Copy + Default + Ord + Debug + ExchangeData {}
impl<T: Monoid + Copy + Default + Ord + Debug + ExchangeData> Sum for T {}

/// The rules of one workload, with the state that they need.
///
/// # Contract
///
/// The order in which the acts of one version come makes no difference to the sums after it. Sums of one key only
/// change with acts of one [`Rules::group`].
pub trait Rules: Sized + 'static {
    /// An event as the rules need it.
    type Act: Clone + Debug + ExchangeData;
    /// Key of the finer of the two groupings.
    type FineKey: Key;
    /// What is known of it.
    type Fine: Sum;
    /// Key of the coarser grouping.
    type CoarseKey: Key;
    /// What is known of it.
    type Coarse: Sum;

    /// The rules at the empty log, with what is needed to answer some views; every view when there are none.
    fn new(terms: &Terms, views: &[&str]) -> Self;
    /// A record as an act; absent when it belongs to another workload.
    fn act(record: &Record, names: &mut Names) -> Option<Self::Act>;
    /// Acts with different groups may be carried out in different places.
    fn group(act: &Self::Act) -> u64;
    /// Carries out an act.
    fn apply(&mut self, act: &Self::Act, changes: &mut Changes<Self>);

    /// Whether a view is answered from the fine grouping; absent when there is no such view.
    fn is_fine(view: &str) -> Option<bool>;
    /// A row of a view over the fine grouping, if the key has one.
    fn fine_row(view: &str, sum: &Self::Fine, terms: &Terms) -> Option<Row>;
    /// A row of a view over the coarse grouping, if the key has one.
    fn coarse_row(view: &str, sum: &Self::Coarse) -> Option<Row>;
    /// Prints a key.
    fn print_fine(key: Self::FineKey, names: &Names) -> String;
    /// Prints a key.
    fn print_coarse(key: Self::CoarseKey, names: &Names) -> String;
    /// Reads a printed key; absent when nothing like it was met.
    fn parse_fine(key: &str, names: &Names) -> Option<Self::FineKey>;
    /// Reads a printed key; absent when nothing like it was met.
    fn parse_coarse(key: &str, names: &Names) -> Option<Self::CoarseKey>;
}

/// What the acts of one logical time change.
pub struct Changes<R: Rules> {
    /// Of the fine grouping.
    pub fine: Fold<R::FineKey, R::Fine>,
    /// Of the coarse grouping.
    pub coarse: Fold<R::CoarseKey, R::Coarse>,
}

impl<R: Rules> Changes<R> {
    pub(crate) fn new() -> Self {
        Changes { fine: Fold::new(), coarse: Fold::new() }
    }
}
