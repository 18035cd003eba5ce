//! What each read saw: the questions by number, and the answers made small.

use workloads::{Answer, Version};

use super::Verdict;
use super::class::Case;
use super::value::{Cells, Differences, Value};
use crate::observe::{Kind, Observation};

/// One read's answers.
pub struct Seen {
    /// The version it claims.
    pub version: Option<Version>,
    /// Each question's number and its answer.
    pub answers: Vec<(u32, Value)>,
    /// The numbers of the questions, also of a read without an answer.
    pub asked: Vec<u32>,
}

/// What every read saw. A read whose question names no view of the workload has no answer.
pub fn seen(reads: &[Observation], cells: &mut Cells) -> Vec<Option<Seen>> {
    let mut differences = Differences::default();
    reads.iter().map(|read| one(read, cells, &mut differences)).collect()
}

fn one(read: &Observation, cells: &mut Cells, differences: &mut Differences) -> Option<Seen> {
    let number = |query: &workloads::Query| {
        cells.view(&query.view).map(|view| cells.number(view, query.key.as_deref()))
    };
    let asked: Option<Vec<u32>> = read.queries.iter().map(number).collect();
    let (asked, answer) = (asked?, read.answer.as_ref()?);
    let values = values(read.kind, read, answer, differences)?;
    Some(Seen {
        version: answer.version.clone(),
        answers: asked.iter().copied().zip(values).collect(),
        asked,
    })
}

/// Each question's answer; none when there are not as many answers as questions.
fn values(
    kind: Kind,
    read: &Observation,
    answer: &Answer,
    differences: &mut Differences,
) -> Option<Vec<Value>> {
    if answer.rows.len() != read.queries.len() {
        return None;
    }
    let value = |(query, rows): (&workloads::Query, &workloads::Rows)| match &query.key {
        None => Value::Whole(differences.read(kind, &query.view, rows).0),
        Some(key) => Value::Row(rows.get(key).cloned()),
    };
    Some(read.queries.iter().zip(&answer.rows).map(value).collect())
}

/// Answers read in one request that must agree at every instant, and how many of them do not. Of more than two any two
/// may be such a pair.
pub fn invariants(case: &Case<'_>, reads: &[Verdict]) -> (u64, u64) {
    let read =
        case.seen.iter().zip(reads).filter(|(_, verdict)| matches!(verdict.kind, Kind::Pair | Kind::Past));
    let answers = read.filter_map(|(seen, _)| Some(seen.as_ref()?.answers.as_slice()));
    let held = answers.flat_map(|all| {
        let with_later = move |at: usize| all[at + 1..].iter().map(move |other| (&all[at], other));
        let pairs = (0..all.len()).flat_map(with_later);
        pairs
            .filter_map(|((one, a), (other, b))| agree(case, (*one, a), (*other, b)))
            .chain(balanced(case, all))
    });
    held.fold((0, 0), |(checked, broken), holds| (checked + 1, broken + u64::from(!holds)))
}

/// Whether an account's balance is what it was credited less what it was debited; nothing where not all three are there.
fn balanced(case: &Case<'_>, answers: &[(u32, Value)]) -> Option<bool> {
    let list = case.cells.list();
    let of = |wanted: &str| {
        let named = |(cell, _): &&(u32, Value)| case.cells.view_name(list[*cell as usize].0) == wanted;
        answers.iter().find(named)
    };
    let (credits, debits, balance) = (of("credits")?, of("debits")?, of("balance")?);
    let key = |(cell, _): &(u32, Value)| &list[*cell as usize].1;
    let one_key = key(credits) == key(balance) && key(debits) == key(balance);
    one_key.then(|| credits.1.first() - debits.1.first() == balance.1.first())
}

/// Whether two answers hold the invariant that binds them; nothing where none does.
fn agree(case: &Case<'_>, one: (u32, &Value), other: (u32, &Value)) -> Option<bool> {
    let list = case.cells.list();
    let ((view_one, key_one), (view_other, key_other)) = (&list[one.0 as usize], &list[other.0 as usize]);
    let name = |view: usize| case.cells.view_name(view);
    let (a, b) = (one.1, other.1);
    let same_key = key_one == key_other;
    match (name(*view_one), name(*view_other)) {
        ("spend", "revenue") if key_one.is_none() => Some((a.first(), a.second()) == (b.first(), b.second())),
        ("spend", "large_orders") if same_key => Some(a.second() >= b.second()),
        ("spend", "big_spenders") if same_key && key_one.is_some() => {
            let big = a.first() > i128::from(case.evidence.run.terms.big_above);
            Some(if big { a == b } else { *b == Value::Row(None) })
        }
        ("volume", "vwap") if same_key => Some(a.first() == b.second()),
        ("volume", "mean") if same_key && key_one.is_none() => Some(a.first() == b.second()),
        ("balance", "total") if key_one.is_none() => Some(a.first() == b.first()),
        ("average", "recent") if same_key => Some(a.second() >= b.second()),
        ("windows", "totals") if within(key_one, key_other) => Some(a.first() <= b.first()),
        ("seconds", "average") if within(key_one, key_other) => Some(a.second() <= b.second()),
        (
            "revenue" | "large_orders" | "big_spenders" | "vwap" | "mean" | "total" | "recent" | "totals",
            "spend" | "volume" | "balance" | "average" | "windows",
        )
        | ("average", "seconds") => agree(case, other, one),
        _ => None,
    }
}

/// Whether a key is that of one of the other's times.
fn within(key: &Option<String>, name: &Option<String>) -> bool {
    let of = |key: &String| key.rsplit_once(' ').map(|(name, _)| name.to_owned());
    name.is_some() && key.as_ref().and_then(of) == *name
}
