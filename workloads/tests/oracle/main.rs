//! The oracles against the rules carried out naively, record by record, at random versions of random logs.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use workloads::{Dedup, Event, Origin, Place, Record, Rows, Terms, Touched, Truth, Workload};

mod orders;
mod sensors;
mod trades;
mod transfers;
mod words;

/// How many random logs are walked for each workload.
const LOGS: u64 = 1_500;

/// A workload's rules, carried out from scratch over the records of a version, duplicates already gone.
struct Rules {
    workload: &'static Workload,
    event: fn(&mut ChaCha8Rng, &[Origin]) -> Event,
    rows: fn(&str, &[&Record], &Terms) -> Rows,
    waiting: fn(&[&Record]) -> u64,
    refused: fn(&[&Record], &Terms) -> u64,
}

#[test]
fn orders_agree_with_the_rules_at_every_version() {
    (0..LOGS).for_each(|seed| walk(&orders::RULES, seed));
}

#[test]
fn trades_agree_with_the_rules_at_every_version() {
    (0..LOGS).for_each(|seed| walk(&trades::RULES, seed));
}

#[test]
fn words_agree_with_the_rules_at_every_version() {
    (0..LOGS).for_each(|seed| walk(&words::RULES, seed));
}

#[test]
fn sensors_agree_with_the_rules_at_every_version() {
    (0..LOGS).for_each(|seed| walk(&sensors::RULES, seed));
}

#[test]
fn transfers_agree_with_the_rules_at_every_version() {
    (0..LOGS).for_each(|seed| walk(&transfers::RULES, seed));
}

/// Feeds a random log in a random order of its partitions; after each record everything must be right.
fn walk(rules: &Rules, seed: u64) {
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let terms = terms(&mut dice);
    let log = log(rules, &mut dice);
    let mut truth = (rules.workload.truth)(&terms);
    let mut fed: Vec<Record> = Vec::new();
    let mut twin: Option<(Box<dyn Truth>, Vec<Record>)> = None;
    for record in arrival(&log, &[], &mut dice) {
        if dice.random_bool(0.1) {
            twin = Some((truth.fork(), fed.clone()));
        }
        let before = every_row(rules, truth.as_ref());
        let mut touched = Vec::new();
        truth.feed(&record, Some(&mut touched));
        fed.push(record);
        check(rules, truth.as_ref(), &fed, &terms, seed);
        named(&before, &every_row(rules, truth.as_ref()), &touched, seed);
    }
    let Some((mut truth, mut fed)) = twin else { return };
    check(rules, truth.as_ref(), &fed, &terms, seed);
    for record in arrival(&log, &fed, &mut dice) {
        truth.feed(&record, None);
        fed.push(record);
        check(rules, truth.as_ref(), &fed, &terms, seed);
    }
}

fn check(rules: &Rules, truth: &dyn Truth, fed: &[Record], terms: &Terms, seed: u64) {
    let distinct = distinct(fed, terms.dedup);
    for view in rules.workload.views {
        let expected = (rules.rows)(view.name, &distinct, terms);
        let got = truth.rows(view.name);
        assert_eq!(
            got,
            expected,
            "{} after {} records of log {seed}, {terms:?}, {fed:#?}",
            view.name,
            fed.len()
        );
        for (key, row) in &expected {
            assert_eq!(truth.row(view.name, key).as_ref(), Some(row), "{} {key}", view.name);
        }
        assert_eq!(truth.row(view.name, "nobody"), None);
    }
    assert_eq!(truth.waiting(), (rules.waiting)(&distinct), "marks that wait, log {seed}");
    assert_eq!(truth.refused(), (rules.refused)(&distinct, terms), "marks refused, log {seed}");
}

/// Every row that changed must have been named.
fn named(before: &[(&str, Rows)], after: &[(&str, Rows)], touched: &[Touched], seed: u64) {
    for ((view, before), (_, after)) in before.iter().zip(after) {
        for key in before.keys().chain(after.keys()).filter(|key| before.get(*key) != after.get(*key)) {
            let named = touched.iter().any(|touched| touched.view == *view && touched.key == *key);
            assert!(named, "row {key} of {view} changed, log {seed}; named: {touched:?}");
        }
    }
}

fn every_row(rules: &Rules, truth: &dyn Truth) -> Vec<(&'static str, Rows)> {
    rules.workload.views.iter().map(|view| (view.name, truth.rows(view.name))).collect()
}

/// What is left when each record that repeats an earlier one of its partition is passed over.
fn distinct(fed: &[Record], dedup: Dedup) -> Vec<&Record> {
    let repeats = |one: &Record, other: &Record| match dedup {
        Dedup::None => false,
        Dedup::Offset => one.place == other.place,
        Dedup::Origin => one.place == other.place || (one.origin.is_some() && one.origin == other.origin),
        Dedup::Content => one.place == other.place || one.event == other.event,
    };
    let earlier = |record: &Record, at: usize| {
        let same = fed[..at].iter().filter(|other| other.place.partition == record.place.partition);
        same.clone().any(|other| repeats(record, other))
    };
    fed.iter().enumerate().filter(|(at, record)| !earlier(record, *at)).map(|(_, record)| record).collect()
}

fn terms(dice: &mut ChaCha8Rng) -> Terms {
    let dedup = [Dedup::None, Dedup::Offset, Dedup::Origin, Dedup::Content][dice.random_range(0..4)];
    let cancel_horizon = [None, None, Some(0), Some(3), Some(86_400_000)][dice.random_range(0..5)];
    Terms { dedup, cancel_horizon, ..Terms::default() }
}

/// One list of records a partition. Marks are heavy, origins repeat, and some records repeat whole.
fn log(rules: &Rules, dice: &mut ChaCha8Rng) -> Vec<Vec<Record>> {
    let origins: Vec<Origin> = (0..12)
        .map(|n| Origin { source: n % 2, sequence: [0, 1, 63, 64, 256, 900][n as usize / 2] })
        .collect();
    let mut partitions: Vec<Vec<Record>> = vec![Vec::new(); dice.random_range(1..=3)];
    for _ in 0..dice.random_range(5..45) {
        let at = dice.random_range(0..partitions.len());
        let held = &mut partitions[at];
        let place = Place { partition: at as u32, offset: held.len() as u64 };
        let record = if !held.is_empty() && dice.random_bool(0.15) {
            Record { place, ..held[dice.random_range(0..held.len())].clone() }
        } else {
            let origin = dice.random_bool(0.8).then(|| origins[dice.random_range(0..origins.len())]);
            Record { place, origin, intended: 0, appended: 0, event: (rules.event)(dice, &origins) }
        };
        held.push(record);
    }
    partitions
}

/// What was not fed yet, in the order of each partition's offsets, the partitions in a random order.
fn arrival(log: &[Vec<Record>], fed: &[Record], dice: &mut ChaCha8Rng) -> Vec<Record> {
    let done =
        |partition: usize| fed.iter().filter(|record| record.place.partition as usize == partition).count();
    let mut next: Vec<usize> = (0..log.len()).map(done).collect();
    let mut order = Vec::new();
    loop {
        let open: Vec<usize> = (0..log.len()).filter(|at| next[*at] < log[*at].len()).collect();
        let Some(at) = (!open.is_empty()).then(|| open[dice.random_range(0..open.len())]) else {
            return order;
        };
        order.push(log[at][next[at]].clone());
        next[at] += 1;
    }
}
