//! The smallest log, and the cut in it, at which a wrong merge and the truth differ: found by going through all logs of
//! a small alphabet, the shorter ones first, with every cut in each.

use anyhow::{Context, bail, ensure};
use lambda::halves::Halves;
use lambda::options::{Fault, WrongMerge};
use workloads::{Place, Query, Record, Row, Rows, Terms, workload};

use alphabet::{Alphabet, Letter, alphabet};

mod alphabet;

/// Letters of the longest log that is tried.
const LONGEST: usize = 5;

/// Where a wrong merge and the truth differ first.
#[derive(Clone, Debug, PartialEq)]
pub struct Counterexample {
    /// The switch, as a plan's table `lambda` says it.
    pub switch: String,
    /// On which workload.
    pub workload: &'static str,
    /// In which view.
    pub view: &'static str,
    /// What happened, in its order; how many of them are in the batch's half.
    pub letters: Vec<&'static str>,
    /// See `letters`.
    pub batched: usize,
    /// Events of the log, and where the cut is in it.
    pub events: u64,
    /// See `events`.
    pub cut: u64,
    /// The first row that differs.
    pub key: String,
    /// That row as it should be, and as it came out; absent where there is none.
    pub right: Option<Row>,
    /// See `right`.
    pub wrong: Option<Row>,
    /// Logs that were tried with every cut before this one, none of which shows anything.
    pub tried: u64,
}

/// The smallest counter-example of each wrong merge.
pub fn all() -> impl Iterator<Item = anyhow::Result<Counterexample>> {
    WrongMerge::ALL.into_iter().map(smallest)
}

/// The smallest counter-example of a wrong merge.
pub fn smallest(wrong: WrongMerge) -> anyhow::Result<Counterexample> {
    let alphabet = alphabet(wrong);
    let mut tried = 0;
    for length in 1..=LONGEST {
        let mut log = vec![0; length];
        loop {
            if let Some(found) = every_cut(wrong, &alphabet, &log, tried)? {
                return Ok(found);
            }
            tried += 1;
            if !next(&mut log, alphabet.letters.len()) {
                break;
            }
        }
    }
    bail!("no log of {LONGEST} letters shows what is wrong with {}", Fault::Merge(wrong))
}

/// The next word of the same length; false after the last.
fn next(log: &mut [usize], letters: usize) -> bool {
    for letter in log.iter_mut().rev() {
        *letter += 1;
        if *letter < letters {
            return true;
        }
        *letter = 0;
    }
    false
}

/// The first cut of one log at which the merge is wrong.
fn every_cut(
    wrong: WrongMerge,
    alphabet: &Alphabet,
    log: &[usize],
    tried: u64,
) -> anyhow::Result<Option<Counterexample>> {
    let letters: Vec<&Letter> =
        alphabet.given.iter().chain(log.iter().map(|i| &alphabet.letters[*i])).collect();
    let (records, ends) = written(&letters);
    let truth = truth(wrong, &records)?;
    for batched in 0..=letters.len() {
        let cut = batched.checked_sub(1).map_or(0, |last| ends[last]);
        let Some((key, mistaken)) = differs(wrong, &records, cut, &truth)? else { continue };
        let (workload, view) = wrong.view();
        return Ok(Some(Counterexample {
            switch: format!("student = {}", Fault::Merge(wrong)),
            workload,
            view,
            letters: letters.iter().map(|letter| letter.text).collect(),
            batched,
            events: records.len() as u64,
            cut: cut as u64,
            right: truth.get(&key).cloned(),
            wrong: mistaken,
            key,
            tried,
        }));
    }
    Ok(None)
}

/// The letters as records of one partition, and where each of them ends.
fn written(letters: &[&Letter]) -> (Vec<Record>, Vec<usize>) {
    let (mut records, mut ends) = (Vec::new(), Vec::new());
    for letter in letters {
        for (event, origin) in letter.events(&records) {
            let place = Place { partition: 0, offset: records.len() as u64 };
            records.push(Record { place, origin: Some(origin), intended: 0, appended: 0, event });
        }
        ends.push(records.len());
    }
    (records, ends)
}

fn truth(wrong: WrongMerge, records: &[Record]) -> anyhow::Result<Rows> {
    let (name, view) = wrong.view();
    let workload = workload(name).with_context(|| format!("there is no workload {name}"))?;
    let mut truth = (workload.truth)(&Terms::default());
    records.iter().for_each(|record| truth.feed(record, None));
    Ok(truth.rows(view))
}

/// The first row that the wrong merge makes otherwise, with what it makes of it. The right one makes none otherwise.
fn differs(
    wrong: WrongMerge,
    records: &[Record],
    cut: usize,
    truth: &Rows,
) -> anyhow::Result<Option<(String, Option<Row>)>> {
    let (workload, view) = wrong.view();
    let mut halves = Halves::new(workload, &Terms::default(), &records[..cut], None)?;
    halves.feed(&records[cut..])?;
    let query = Query { view: view.into(), key: None };
    let right = halves.answer(&query)?;
    ensure!(right.as_ref() == Some(truth), "{view} merged rightly is {right:?}, and the truth is {truth:?}");
    let mistaken = halves.mistaken(&query, wrong)?.context("a wrong merge gives an answer to its view")?;
    let mut keys: Vec<&String> = truth.keys().chain(mistaken.keys()).collect();
    keys.sort_unstable();
    let other = keys.into_iter().find(|key| truth.get(*key) != mistaken.get(*key));
    Ok(other.map(|key| (key.clone(), mistaken.get(key).cloned())))
}
