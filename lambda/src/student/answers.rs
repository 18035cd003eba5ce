//! What the serving layer makes of the two halves.

use std::borrow::Cow;

use workloads::{Query, Row, Rows, Terms};

use super::Fault;
use crate::error::LambdaError;
use crate::layers::Layers;
use crate::options::Options;
use crate::publication::Loaded;
use crate::speed::Pinned;

/// What is wrong with the merge.
pub(crate) struct Answers {
    faults: Vec<Fault>,
    /// Number of the publication at which the process came back after it had been here before.
    back_at: Option<u64>,
}

impl Answers {
    /// By these options.
    pub(crate) fn new(options: &Options, back_at: Option<u64>) -> Self {
        Answers { faults: options.student.clone(), back_at }
    }

    /// What is asked of the speed layer: the questions, and behind them what it takes to get them wrong.
    pub(crate) fn asked<'a>(&self, queries: &'a [Query]) -> Cow<'a, [Query]> {
        if !self.faults.contains(&Fault::WrongGuard) || !queries.iter().any(|query| query.view == "last") {
            return Cow::Borrowed(queries);
        }
        let everybody = Query { view: "last".into(), key: None };
        queries.iter().cloned().chain([everybody]).collect()
    }

    /// The answer to a question by the merge that is wrong for its view; nothing if none is switched on.
    pub(crate) fn merged<L: Layers>(
        &self,
        terms: &Terms,
        pinned: &Pinned<L>,
        query: &Query,
        partial: &L::Partial,
    ) -> Result<Option<Rows>, LambdaError> {
        let wrong = |fault: &Fault| match fault {
            Fault::Merge(wrong) if wrong.view().1 == query.view => Some(*wrong),
            _ => None,
        };
        match self.faults.iter().find_map(wrong) {
            Some(wrong) => L::mistaken(terms, &pinned.base, partial, query, wrong),
            None => Ok(None),
        }
    }

    /// The answers to the first `wanted` of some questions as they come out.
    pub(crate) fn altered<L: Layers>(
        &self,
        terms: &Terms,
        pinned: &Pinned<L>,
        queries: &[Query],
        mut rows: Vec<Rows>,
        wanted: usize,
    ) -> Result<Vec<Rows>, LambdaError> {
        let everybody = if wanted < rows.len() { rows.split_off(wanted).pop() } else { None };
        for fault in &self.faults {
            for ((query, partial), rows) in queries.iter().zip(&pinned.partials).zip(&mut rows) {
                match (fault, query.view.as_str()) {
                    (Fault::LeftJoinMerge, _) => walk_the_batch::<L>(terms, &pinned.base, query, rows)?,
                    (Fault::InvertedSign, "last") => rows.values_mut().for_each(invert),
                    (Fault::WrongGuard, "last") => rows
                        .iter_mut()
                        .for_each(|(key, row)| from_another(key, row, everybody.as_ref().unwrap_or(&EMPTY))),
                    (Fault::LostState, "last") if self.back_at == Some(pinned.publication) => {
                        rows.append(&mut alone::<L>(terms, query, partial)?);
                    }
                    _ => {}
                }
            }
        }
        Ok(rows)
    }
}

static EMPTY: Rows = Rows::new();

/// Drops the keys that the batch does not have.
fn walk_the_batch<L: Layers>(
    terms: &Terms,
    base: &L::Base,
    query: &Query,
    rows: &mut Rows,
) -> Result<(), LambdaError> {
    // A filter over a sum comes after the merge: what is walked are all customers.
    let view = match query.view.as_str() {
        "big_spenders" | "large_orders" => "spend",
        view => view,
    };
    let walked = Query { view: view.into(), key: query.key.clone() };
    let half = L::partial(&L::State::default(), &walked);
    let batch = L::serve(terms, base, &half, &walked)?.unwrap_or_default();
    rows.retain(|key, _| batch.contains_key(key));
    Ok(())
}

/// Turns the sign of the percentage.
fn invert(row: &mut Row) {
    if let Some(percent) = row.get_mut(2) {
        *percent = -*percent;
    }
}

/// Takes the change from the price of the next symbol.
fn from_another(key: &String, row: &mut Row, everybody: &Rows) {
    let next =
        everybody.range::<String, _>((std::ops::Bound::Excluded(key), std::ops::Bound::Unbounded)).next();
    let other = next.or_else(|| everybody.iter().next().filter(|(first, _)| *first != key));
    if let Some((_, other)) = other {
        let change = row[0] - other[0];
        (row[1], row[2], row[3]) = (change, 100 * change, other[0]);
    }
}

/// The speed layer's half, as if there were no batch.
fn alone<L: Layers>(terms: &Terms, query: &Query, partial: &L::Partial) -> Result<Rows, LambdaError> {
    let nothing = L::base(Loaded::in_memory(L::nothing(terms)))?;
    Ok(L::serve(terms, &nothing, partial, query)?.unwrap_or_default())
}
