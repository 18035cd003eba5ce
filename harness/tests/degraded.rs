//! Each degraded Kappa is caught in its class, the competent one in its place is not, and what is lost is what was predicted.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use harness::contestants::find;
use harness::judge::{Bases, Class, Evidence, Signature, judge};
use harness::stepped::{Script, run};
use workloads::files::{PowerLoss, SharedDisk};
use workloads::partition::PartitionBy;
use workloads::{Row, Rows};

const LATE: f64 = 0.2;
const LATE_MS: u64 = 10_000;

/// How long the events span.
const SPAN_MS: f64 = 6_000.0;

/// The exponent of the tail of delays, the shortest a 120th of the longest.
const TAIL: f64 = 1.2;

/// Orders, none of them cancelled, some of them late.
fn script(seed: u64, lateness_ms: u64) -> Script {
    let mut script = Script::small("orders", seed);
    (script.shape.events, script.shape.rate, script.tick_us) = (12_000, 2_000.0, 10_000);
    (script.shape.cancellations, script.shape.corrections) = (0.0, 0.0);
    (script.source.late, script.source.late_ms) = (LATE, LATE_MS);
    script.kappa.degraded.lateness_ms = Some(lateness_ms);
    script
}

fn observed(contestant: &str, script: &Script) -> Evidence {
    let disk: SharedDisk = Arc::new(PowerLoss::new(script.seed));
    disk.create_dir(Path::new("/state")).unwrap();
    run(find(contestant).unwrap(), script, &disk, Path::new("/state")).unwrap()
}

/// How many orders were answered in the end, and how many there are.
fn orders(contestant: &str, script: &Script) -> (i128, u64) {
    let evidence = observed(contestant, script);
    let mut spend = Rows::new();
    // Of an older version fewer are answered.
    for read in evidence.reads.iter().filter(|read| read.at.is_none()) {
        let answers = read.queries.iter().zip(&read.answer.as_ref().unwrap().rows);
        for (_, rows) in answers.filter(|(query, _)| query.view == "spend" && query.key.is_none()) {
            // A whole view stands as its differences from the one before.
            spend.extend(rows.clone());
        }
    }
    let counted = spend.values().map(|row: &Row| row[1]).sum();
    (counted, evidence.log.heads().unwrap().total())
}

/// The share of late events that are later than this.
fn later_than(lateness_ms: u64) -> f64 {
    let shortest = LATE_MS as f64 / 120.0;
    let kept = 1.0 - (1.0_f64 / 120.0).powf(TAIL);
    1.0 - (1.0 - (shortest / lateness_ms as f64).powf(TAIL)) / kept
}

#[test]
fn a_watermark_loses_as_much_as_the_lateness_predicts() {
    for (seed, lateness_ms) in [(1, 150), (2, 300), (3, 600)] {
        let script = script(seed, lateness_ms);
        let (answered, all) = orders("kappa-watermark", &script);
        // One of the last events cannot be so late: nothing that is newer comes after it.
        let chance = LATE * later_than(lateness_ms) * (1.0 - lateness_ms as f64 / SPAN_MS);
        let (lost, predicted) = ((i128::from(all) - answered) as f64, all as f64 * chance);
        let spread = 3.0 * (predicted * (1.0 - chance)).sqrt();
        assert!(
            (lost - predicted).abs() <= spread,
            "{lateness_ms} ms: {lost} of {all} lost, predicted {predicted:.0} +- {spread:.0}"
        );
        assert!(lost > 20.0, "{lateness_ms} ms: too little was lost to tell");
    }
}

#[test]
fn a_watermark_that_waits_for_the_latest_loses_nothing() {
    let (answered, all) = orders("kappa-watermark", &script(4, LATE_MS));
    assert_eq!(answered, i128::from(all));
}

#[test]
fn the_competent_one_has_no_watermark_whatever_the_plan_says() {
    let (answered, all) = orders("kappa", &script(5, 150));
    assert_eq!(answered, i128::from(all));
}

/// What makes the difference to a degraded Kappa and none to the competent one.
fn provoke(name: &str, script: &mut Script) {
    match name {
        "kappa-watermark" => (script.source.late, script.source.late_ms) = (0.1, 2_000),
        "kappa-naive" => script.restart = 0.03,
        _ => {}
    }
}

fn caught(name: &str, workload: &'static str) {
    for seed in 1..=3 {
        let mut script = Script::small(workload, seed);
        script.shape.events = 9_000;
        script.partition_by = if seed % 2 == 0 { PartitionBy::RoundRobin } else { PartitionBy::Key };
        script.partitions = 1 + seed as u32 % 3;
        provoke(name, &mut script);
        let verdicts = judge(&observed(name, &script), &mut Bases::default()).unwrap();
        let what = format!("{name} on {workload}, seed {seed}: {:?}", verdicts.found);
        // A small number that was never true, such as a balance, may become true later by chance.
        let by_chance = (Class::FromTheFuture, Signature::FutureLabel);
        let mut found = verdicts.found.clone();
        found.remove(&by_chance);
        assert_eq!(found, find(name).unwrap().broken.into_iter().collect(), "{what}");
        let of = |class| verdicts.reads.iter().filter(|read| read.class == class).count();
        assert!(3 * of(Class::FromTheFuture) < of(Class::Impossible), "{what}");
        let verdicts = judge(&observed("kappa", &script), &mut Bases::default()).unwrap();
        let mut found = verdicts.found;
        // One that was started again shows less for a moment.
        if script.restart > 0.0 {
            found.remove(&(Class::Stale, Signature::FallsBack));
        }
        assert_eq!(found, BTreeSet::new(), "kappa in place of {what}");
    }
}

#[test]
fn reads_between_frontiers_show_totals_that_never_were() {
    caught("kappa-dirty", "transfers");
}

#[test]
fn a_watermark_makes_answers_impossible() {
    caught("kappa-watermark", "orders");
    caught("kappa-watermark", "transfers");
}

#[test]
fn without_replay_what_was_before_a_restart_is_gone() {
    caught("kappa-naive", "orders");
    caught("kappa-naive", "transfers");
}
