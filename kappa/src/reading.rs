//! Answers out of the arrangements: every view of one request at the same complete version.

use differential_dataflow::trace::{Cursor, TraceReader};
use workloads::{Query, Row, Rows};

use crate::dataflow::{Dataflow, Sums};
use crate::names::Names;
use crate::views::{Key, Rules, Sum};

impl<R: Rules> Dataflow<R> {
    /// One set of rows a query, as of `time`, from this worker's share of the keys.
    ///
    /// # Contract
    ///
    /// The version `time` is complete and has not been given up; every query names a view of the workload.
    pub(crate) fn rows(&self, time: u64, queries: &[Query]) -> Vec<Rows> {
        debug_assert!(time < self.frontier(), "version {time} is not complete");
        let names = self.names.lock();
        queries.iter().map(|query| self.answer(time, query, &names)).collect()
    }

    fn answer(&self, time: u64, query: &Query, names: &Names) -> Rows {
        let view = query.view.as_str();
        let fine_row = |sum: &R::Fine| R::fine_row(view, sum, &self.terms);
        let coarse_row = |sum: &R::Coarse| R::coarse_row(view, sum);
        let (fine, coarse) = (&mut *self.fine.borrow_mut(), &mut *self.coarse.borrow_mut());
        match (R::is_fine(view), &query.key) {
            (Some(true), None) => every(fine, time, fine_row, |key| R::print_fine(key, names)),
            (Some(false), None) => every(coarse, time, coarse_row, |key| R::print_coarse(key, names)),
            (Some(true), Some(text)) => one(fine, time, text, R::parse_fine(text, names), fine_row),
            (Some(false), Some(text)) => one(coarse, time, text, R::parse_coarse(text, names), coarse_row),
            (None, _) => Rows::new(),
        }
    }
}

/// The row of one key, if it has one.
fn one<K: Key, D: Sum>(
    sums: &mut Sums<K, D>,
    time: u64,
    text: &str,
    key: Option<K>,
    row: impl Fn(&D) -> Option<Row>,
) -> Rows {
    let Some(key) = key else { return Rows::new() };
    let (mut cursor, storage) = sums.cursor();
    cursor.seek_key(&storage, &key);
    if cursor.get_key(&storage) != Some(&key) {
        return Rows::new();
    }
    let mut sum = D::zero();
    cursor.map_times(&storage, |at, difference| add_until(&mut sum, time, at, difference));
    row(&sum).map(|row| (text.to_owned(), row)).into_iter().collect()
}

/// Every row.
fn every<K: Key, D: Sum>(
    sums: &mut Sums<K, D>,
    time: u64,
    row: impl Fn(&D) -> Option<Row>,
    print: impl Fn(K) -> String,
) -> Rows {
    let (mut cursor, storage) = sums.cursor();
    let mut rows = Vec::new();
    while let Some(key) = cursor.get_key(&storage) {
        let mut sum = D::zero();
        cursor.map_times(&storage, |at, difference| add_until(&mut sum, time, at, difference));
        rows.extend(row(&sum).map(|row| (print(*key), row)));
        cursor.step_key(&storage);
    }
    rows.into_iter().collect()
}

#[inline]
fn add_until<D: Sum>(sum: &mut D, time: u64, at: &u64, difference: &D) {
    if *at <= time {
        sum.plus_equals(difference);
    }
}
