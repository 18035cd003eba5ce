//! The rules in the dataflow against the truth, at every version of small dense logs.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod events;

use events::{Dice, records, resend};
use kappa::Replay;
use workloads::{Dedup, Query, Terms, workload};

fn check(name: &str, seed: u64, granularity: u64, horizon: Option<i64>) {
    let terms = Terms { dedup: Dedup::Offset, cancel_horizon: horizon, ..Terms::default() };
    let workload = workload(name).unwrap();
    let mut truth = (workload.truth)(&terms);
    let mut replay = Replay::new(name, &terms, &[]).unwrap();
    let mut dice = Dice(seed ^ 0xabcd);
    let records = resend(&records(name, seed, 140, 3), seed);
    let mut rest = &records[..];
    while !rest.is_empty() {
        let (some, more) = rest.split_at((1 + dice.below(granularity) as usize).min(rest.len()));
        rest = more;
        some.iter().for_each(|record| truth.feed(record, None));
        replay.feed(some);
        for view in workload.views {
            let whole = Query { view: view.name.to_owned(), key: None };
            let expected = truth.rows(view.name);
            let rows = replay.rows(std::slice::from_ref(&whole)).remove(0);
            assert_eq!(rows, expected, "{name} {} seed {seed}, {} records left", view.name, rest.len());
            for (key, row) in expected.iter().take(3) {
                let one = Query { key: Some(key.clone()), ..whole.clone() };
                assert_eq!(replay.rows(&[one]).remove(0).get(key), Some(row), "{name} {} {key}", view.name);
            }
        }
    }
}

fn check_many(name: &str, horizon: Option<i64>) {
    for seed in 0..60 {
        for granularity in [1, 13, 200] {
            check(name, seed * 3 + granularity, granularity, horizon);
        }
    }
}

#[test]
fn orders_agree_with_the_truth_at_every_version() {
    check_many("orders", None);
}

#[test]
fn orders_with_a_horizon_agree_with_the_truth() {
    check_many("orders", Some(27_000_000));
}

#[test]
fn trades_agree_with_the_truth_at_every_version() {
    check_many("trades", None);
}

#[test]
fn trades_with_a_horizon_agree_with_the_truth() {
    check_many("trades", Some(27_000_000));
}

#[test]
fn words_agree_with_the_truth_at_every_version() {
    check_many("words", None);
}

#[test]
fn sensors_agree_with_the_truth_at_every_version() {
    check_many("sensors", None);
}

#[test]
fn transfers_agree_with_the_truth_at_every_version() {
    check_many("transfers", None);
}

#[test]
fn a_key_that_nobody_named_has_no_row() {
    let replay = Replay::new("orders", &Terms::default(), &[]).unwrap();
    let query = |key: &str| Query { view: "spend".to_owned(), key: Some(key.to_owned()) };
    assert!(replay.rows(&[query("nobody"), query("")]).iter().all(std::collections::BTreeMap::is_empty));
}

#[test]
fn every_view_says_in_which_form_it_is_kept() {
    for workload in workloads::WORKLOADS {
        let mut forms: Vec<&str> = kappa::views::forms(workload.name).iter().map(|(view, _)| *view).collect();
        let mut views: Vec<&str> = workload.views.iter().map(|view| view.name).collect();
        forms.sort_unstable();
        views.sort_unstable();
        assert_eq!(forms, views, "{}", workload.name);
    }
}
