//! Whole views compared row by row: the final ones, and those that are wrong.

use std::collections::BTreeMap;

use workloads::{Rows, Version};

use super::class::Case;
use super::timeline::Walk;
use super::value::Differences;
use super::{Class, Verdict};
use crate::observe::Kind;

/// Wrong whole views that are looked at in full; the rest of a thoroughly wrong run would say the same.
const MOST: usize = 32;

/// One whole view, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Detail {
    /// Index of the read among the observations.
    pub index: usize,
    /// Name of the view.
    pub view: String,
    /// When it was answered.
    pub at_us: i64,
    /// Whether it is one of the final answers, compared with the truth at the log's heads.
    pub last: bool,
    /// Rows of either.
    pub rows: u64,
    /// Rows missing, extra or different.
    pub wrong: u64,
    /// Sum of what the first columns have too much.
    pub over: i128,
    /// Sum of what they lack.
    pub under: i128,
}

/// Compares `seen` with `truth`.
pub fn compare(seen: &Rows, truth: &Rows) -> (u64, u64, i128, i128) {
    let mut both: BTreeMap<&str, [Option<&[i128]>; 2]> = BTreeMap::new();
    for (side, rows) in [seen, truth].into_iter().enumerate() {
        for (key, row) in rows {
            both.entry(key).or_default()[side] = Some(row);
        }
    }
    let (mut wrong, mut over, mut under) = (0, 0, 0);
    for [seen, truth] in both.values().filter(|[seen, truth]| seen != truth) {
        let first = |row: &Option<&[i128]>| row.and_then(|row| row.first().copied()).unwrap_or(0);
        let error = first(seen) - first(truth);
        wrong += 1;
        over += error.max(0);
        under += (-error).max(0);
    }
    (both.len() as u64, wrong, over, under)
}

/// Looks at the final whole views and at the first of the wrong ones, and gives the latter their exact errors.
pub fn details(case: &Case<'_>, reads: &mut [Verdict]) -> Vec<Detail> {
    let mut wanted: Vec<(usize, Version)> = Vec::new();
    let mut wrong = 0;
    for (index, (read, verdict)) in case.evidence.reads.iter().zip(reads.iter()).enumerate() {
        if read.queries.iter().all(|query| query.key.is_some()) || case.seen[index].is_none() {
            continue;
        }
        if read.kind == Kind::Final {
            wanted.push((index, case.heads.clone()));
        } else if let (Class::Mislabelled | Class::Impossible, Some(claim)) =
            (verdict.class, &verdict.claimed)
        {
            wrong += 1;
            if wrong <= MOST {
                wanted.push((index, claim.clone()));
            }
        }
    }
    let seen = full(case, &wanted);
    wanted.sort_by_key(|(index, version)| (version.total(), *index));
    let mut details = Vec::new();
    let mut walk = Walk::new(&case.base, &case.stretch, &case.cells);
    let mut at = case.base.at().clone();
    for (index, version) in &wanted {
        if !version.covers(&at) {
            // Off the first chain: begin again.
            walk = Walk::new(&case.base, &case.stretch, &case.cells);
        }
        walk.advance(version);
        at = version.clone();
        for (view, rows) in &seen[index] {
            let (all, wrong, over, under) = compare(rows, &walk.truth().rows(view));
            let (at_us, last) = (reads[*index].answered_us, reads[*index].kind == Kind::Final);
            details.push(Detail {
                index: *index,
                view: view.clone(),
                at_us,
                last,
                rows: all,
                wrong,
                over,
                under,
            });
        }
    }
    for detail in &details {
        let verdict = &mut reads[detail.index];
        if verdict.class.wrong() {
            (verdict.over, verdict.under) = (detail.over, detail.under);
        }
    }
    details
}

/// The whole views of some reads, in full.
fn full(case: &Case<'_>, wanted: &[(usize, Version)]) -> BTreeMap<usize, Vec<(String, Rows)>> {
    let mut full: BTreeMap<usize, Vec<(String, Rows)>> =
        wanted.iter().map(|(index, _)| (*index, Vec::new())).collect();
    let mut differences = Differences::default();
    for (index, read) in case.evidence.reads.iter().enumerate() {
        let Some(answer) = read.answer.as_ref().filter(|_| case.seen[index].is_some()) else { continue };
        for (query, rows) in read.queries.iter().zip(&answer.rows).filter(|(query, _)| query.key.is_none()) {
            let (_, rows) = differences.read(read.kind, &query.view, rows);
            if let Some(kept) = full.get_mut(&index) {
                kept.push((query.view.clone(), rows.clone()));
            }
        }
    }
    full
}
