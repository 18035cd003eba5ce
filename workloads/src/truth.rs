//! The oracle's interface: what the right answer is, at every version along a log.

use crate::event::Record;
use crate::view::{Row, Rows};

/// A row that an event may have changed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Touched {
    /// The view.
    pub view: &'static str,
    /// The row's printed key.
    pub key: String,
}

/// Plain sequential code that shares nothing with any contestant.
///
/// # Contract
///
/// Records of one partition come in the order of their offsets; partitions may interleave in any way. After
/// the records of a version have been fed, and no others, every answer is the one for that version.
pub trait Truth: Send {
    /// The next record. Rows that it may have changed are added to `touched` when that is wanted.
    fn feed(&mut self, record: &Record, touched: Option<&mut Vec<Touched>>);
    /// One row of a view; absent when the key has none.
    fn row(&self, view: &str, key: &str) -> Option<Row>;
    /// Every row of a view.
    fn rows(&self, view: &str) -> Rows;
    /// Cancellations, busts and corrections that wait for what they name.
    fn waiting(&self) -> u64;
    /// Those refused because they came after the horizon, counted once for each record they name.
    fn refused(&self) -> u64;
    /// A copy that goes its own way from here.
    fn fork(&self) -> Box<dyn Truth>;
}
