//! Every contestant, workload, fault and setting: the final answers are the truth, and no answer on the way is wrong.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use ::lambda::options::StoreKind;
use harness::contestants::{Contestant, find};
use harness::judge::{Bases, Class, Verdicts, judge};
use harness::observe::Kind;
use harness::stepped::{Script, run};
use workloads::files::{PowerLoss, SharedDisk};
use workloads::partition::PartitionBy;
use workloads::{Codec, Dedup};

fn judged(contestant: &'static Contestant, script: &Script) -> Verdicts {
    // A disk in memory that never fails: hundreds of runs would wait for a real one most of their time.
    let disk: SharedDisk = Arc::new(PowerLoss::new(script.seed));
    disk.create_dir(Path::new("/state")).unwrap();
    // A database has its own way to the disk.
    let (folder, mut script) = (tempfile::tempdir().unwrap(), script.clone());
    if contestant.name.ends_with("-sqlite") {
        script.lambda.store = StoreKind::Sqlite;
        script.lambda.store_address = folder.path().join("store").display().to_string();
    }
    let evidence = run(contestant, &script, &disk, Path::new("/state")).unwrap();
    judge(&evidence, &mut Bases::default()).unwrap()
}

/// Runs one script over the settings that every contestant must be right under.
fn check(name: &str, workload: &'static str, seeds: std::ops::Range<u64>, change: fn(&mut Script)) {
    let contestant = find(name).unwrap();
    for seed in seeds {
        for (partition_by, dedup) in [
            (PartitionBy::Key, Dedup::Origin),
            (PartitionBy::RoundRobin, Dedup::Offset),
            (PartitionBy::Key, Dedup::Content),
            (PartitionBy::RoundRobin, Dedup::None),
        ] {
            let mut script = Script::small(workload, seed);
            script.partitions = 1 + seed as u32 % 3;
            (script.partition_by, script.terms.dedup) = (partition_by, dedup);
            change(&mut script);
            let what = format!("{name} {workload} seed {seed} {partition_by:?} {dedup:?}");
            let verdicts = judged(contestant, &script);
            right(&verdicts, &what, script.restart > 0.0);
            if script.restart == 0.0 {
                monotone(&verdicts, &what);
            }
        }
    }
}

/// A component that was started again may have no answer for a while.
fn right(verdicts: &Verdicts, what: &str, restarts: bool) {
    let excused = |class: Class| restarts && class == Class::Error;
    if let Some(witness) = verdicts.witnesses.iter().find(|witness| !excused(witness.class)) {
        let mut classes = BTreeMap::<_, u32>::new();
        verdicts
            .reads
            .iter()
            .for_each(|verdict| *classes.entry((verdict.kind, verdict.class)).or_default() += 1);
        panic!("{what}: {classes:?}\n{witness:#?}");
    }
    let finals: Vec<_> = verdicts.reads.iter().filter(|verdict| verdict.kind == Kind::Final).collect();
    assert!(!finals.is_empty(), "{what}: no final answers");
    for verdict in finals {
        assert_eq!(verdict.class, Class::Current, "{what}: final {}: {verdict:#?}", verdict.view);
    }
    for detail in &verdicts.details {
        assert_eq!(detail.wrong, 0, "{what}: {detail:?}");
    }
    assert_eq!(verdicts.invariants.1, 0, "{what}: an invariant of a pair is broken");
    // No two views of words say the same in different ways.
    let bound = verdicts.invariants.0 > 0 || what.contains(" words ");
    assert!(bound, "{what}: no invariant was tested");
}

/// A component that was started again may show less than the one before it, one that was not may not.
fn monotone(verdicts: &Verdicts, what: &str) {
    assert!(verdicts.reads.iter().all(|verdict| !verdict.regressed), "{what}: claims step back");
    assert!(verdicts.reads.iter().all(|verdict| !verdict.below_announced), "{what}: announced and not shown");
}

macro_rules! agree {
    ($($test:ident: $name:literal on $workload:literal, seeds $seeds:expr, $change:expr;)*) => {
        $(#[test] fn $test() { check($name, $workload, $seeds, $change); })*
    };
}

/// What each contestant must be right under.
macro_rules! faults {
    ($($module:ident: $name:literal;)*) => {
        $(mod $module {
            use super::*;

            agree! {
                orders: $name on "orders", seeds 1..4, |_| {};
                trades: $name on "trades", seeds 1..4, |_| {};
                orders_horizon: $name on "orders", seeds 1..3, |it| it.terms.cancel_horizon = Some(60_000);
                trades_horizon: $name on "trades", seeds 1..3, |it| it.terms.cancel_horizon = Some(50);
                orders_resend: $name on "orders", seeds 1..3, |it| it.source.resend = 0.1;
                trades_resend: $name on "trades", seeds 1..3, |it| it.source.resend = 0.1;
                orders_lose: $name on "orders", seeds 1..2, |it| it.source.lose = 0.1;
                trades_lose: $name on "trades", seeds 1..2, |it| it.source.lose = 0.1;
                orders_late: $name on "orders", seeds 1..3, late;
                trades_late: $name on "trades", seeds 1..3, late;
                orders_reorder: $name on "orders", seeds 1..3, |it| it.source.reorder = 0.3;
                trades_reorder: $name on "trades", seeds 1..3, |it| it.source.reorder = 0.3;
                orders_burst: $name on "orders", seeds 1..2, |it| it.source.burst = 0.5;
                trades_burst: $name on "trades", seeds 1..2, |it| it.source.burst = 0.5;
                orders_poison: $name on "orders", seeds 1..3, |it| it.source.poison = 0.05;
                trades_poison: $name on "trades", seeds 1..3, |it| it.source.poison = 0.05;
                orders_redelivered: $name on "orders", seeds 1..3, redelivered;
                trades_redelivered: $name on "trades", seeds 1..3, redelivered;
                orders_delayed: $name on "orders", seeds 1..2, |it| it.delivery.delay_partition = Some((0, 50));
                trades_delayed: $name on "trades", seeds 1..2, |it| it.delivery.delay_partition = Some((0, 50));
                orders_restarted: $name on "orders", seeds 1..3, |it| it.restart = 0.02;
                trades_restarted: $name on "trades", seeds 1..3, |it| it.restart = 0.02;
                orders_everything: $name on "orders", seeds 1..4, everything;
                trades_everything: $name on "trades", seeds 1..4, everything;
                orders_json: $name on "orders", seeds 1..2, |it| it.codec = Codec::Json;
                trades_json: $name on "trades", seeds 1..2, |it| it.codec = Codec::Json;
                orders_fine: $name on "orders", seeds 1..2, fine;
                trades_fine: $name on "trades", seeds 1..2, fine;
                orders_holes: $name on "orders", seeds 1..3, holes;
                trades_holes: $name on "trades", seeds 1..3, holes;
                orders_coarse: $name on "orders", seeds 1..2, coarse;
                trades_coarse: $name on "trades", seeds 1..2, coarse;
            }
        })*
    };
}

faults! {
    reference: "reference";
    kappa: "kappa";
    lambda: "lambda";
}

/// What a Lambda must be right under whose batch is of another kind, its other layers being those of `lambda`; and a Kappa
/// that answers from a store.
macro_rules! kinds {
    ($($module:ident: $name:literal;)*) => {
        $(mod $module {
            use super::*;

            agree! {
                orders: $name on "orders", seeds 1..3, |_| {};
                trades: $name on "trades", seeds 1..3, |_| {};
                orders_horizon: $name on "orders", seeds 1..2, |it| it.terms.cancel_horizon = Some(60_000);
                trades_horizon: $name on "trades", seeds 1..2, |it| it.terms.cancel_horizon = Some(50);
                orders_resend: $name on "orders", seeds 1..2, |it| it.source.resend = 0.1;
                trades_resend: $name on "trades", seeds 1..2, |it| it.source.resend = 0.1;
                orders_redelivered: $name on "orders", seeds 1..2, redelivered;
                trades_redelivered: $name on "trades", seeds 1..2, redelivered;
                orders_restarted: $name on "orders", seeds 1..3, |it| it.restart = 0.02;
                trades_restarted: $name on "trades", seeds 1..3, |it| it.restart = 0.02;
                orders_everything: $name on "orders", seeds 1..3, everything;
                trades_everything: $name on "trades", seeds 1..3, everything;
                orders_fine: $name on "orders", seeds 1..2, fine;
                trades_fine: $name on "trades", seeds 1..2, fine;
                orders_holes: $name on "orders", seeds 1..2, holes;
                trades_holes: $name on "trades", seeds 1..2, holes;
                words_everything: $name on "words", seeds 1..2, everything_slowly;
                sensors_everything: $name on "sensors", seeds 1..3, everything_slowly;
                transfers_everything: $name on "transfers", seeds 1..2, everything_slowly;
            }
        })*
    };
}

kinds! {
    lambda_shared: "lambda-shared";
    lambda_incremental: "lambda-incremental";
    kappa_sqlite: "kappa-sqlite";
}

/// What a contestant must be right under where nothing is ever taken back.
macro_rules! facts {
    ($($module:ident: $name:literal;)*) => {
        $(mod $module {
            use super::*;

            agree! {
                words: $name on "words", seeds 1..3, slowly;
                sensors: $name on "sensors", seeds 1..3, slowly;
                transfers: $name on "transfers", seeds 1..3, slowly;
                words_late: $name on "words", seeds 1..2, much_later;
                sensors_late: $name on "sensors", seeds 1..3, much_later;
                words_redelivered: $name on "words", seeds 1..2, redelivered;
                sensors_redelivered: $name on "sensors", seeds 1..2, redelivered;
                transfers_redelivered: $name on "transfers", seeds 1..2, redelivered;
                words_delayed: $name on "words", seeds 1..2, |it| it.delivery.delay_partition = Some((0, 50));
                sensors_delayed: $name on "sensors", seeds 1..2, |it| it.delivery.delay_partition = Some((0, 50));
                transfers_delayed: $name on "transfers", seeds 1..2, |it| it.delivery.delay_partition = Some((0, 50));
                words_everything: $name on "words", seeds 1..3, everything_slowly;
                sensors_everything: $name on "sensors", seeds 1..3, everything_slowly;
                transfers_everything: $name on "transfers", seeds 1..3, everything_slowly;
                words_holes: $name on "words", seeds 1..2, holes_slowly;
                sensors_holes: $name on "sensors", seeds 1..2, holes_slowly;
                transfers_holes: $name on "transfers", seeds 1..2, holes_slowly;
                sensors_json: $name on "sensors", seeds 1..2, |it| it.codec = Codec::Json;
                transfers_json: $name on "transfers", seeds 1..2, |it| it.codec = Codec::Json;
            }
        })*
    };
}

facts! {
    reference_facts: "reference";
    kappa_facts: "kappa";
    lambda_facts: "lambda";
}

mod two_workers {
    use super::*;

    agree! {
        orders: "kappa" on "orders", seeds 1..3, |it| two(it, everything);
        trades: "kappa" on "trades", seeds 1..3, |it| two(it, everything);
        words: "kappa" on "words", seeds 1..2, |it| two(it, everything);
        sensors: "kappa" on "sensors", seeds 1..2, |it| two(it, everything);
        transfers: "kappa" on "transfers", seeds 1..2, |it| two(it, everything);
        orders_holes: "kappa" on "orders", seeds 1..2, |it| two(it, holes);
        trades_holes: "kappa" on "trades", seeds 1..2, |it| two(it, holes);
    }

    fn two(script: &mut Script, change: fn(&mut Script)) {
        change(script);
        script.workers = 2;
    }
}

/// So slowly that the events span a minute, which is what seconds and alerts are about; an event each time.
fn slowly(script: &mut Script) {
    (script.shape.rate, script.shape.keys, script.tick_us) = (50.0, 5, 20_000);
}

/// Later than an alert looks back.
fn much_later(script: &mut Script) {
    slowly(script);
    (script.source.late, script.source.late_ms) = (0.1, 15_000);
}

fn everything_slowly(script: &mut Script) {
    everything(script);
    much_later(script);
}

/// Offsets without a record, and everything else that may go wrong.
fn holes(script: &mut Script) {
    everything(script);
    script.holes = 0.2;
}

fn holes_slowly(script: &mut Script) {
    everything_slowly(script);
    script.holes = 0.2;
}

fn late(script: &mut Script) {
    (script.source.late, script.source.late_ms) = (0.1, 100);
}

fn fine(script: &mut Script) {
    (script.granularity, script.cut_every) = (3, 60);
}

fn coarse(script: &mut Script) {
    (script.granularity, script.cut_every) = (1_000, 1_500);
}

fn everything(script: &mut Script) {
    late(script);
    redelivered(script);
    (script.source.resend, script.source.reorder, script.source.poison) = (0.05, 0.2, 0.02);
    script.shape.cancellations = 0.25;
    script.shape.corrections = 0.2;
    script.terms.cancel_horizon = Some(100);
    script.restart = 0.01;
}

/// Where nothing recognises duplicates a redelivery counts twice by right, which no truth of the log says:
/// `deliveries.rs` has what should come out.
fn redelivered(script: &mut Script) {
    if script.terms.dedup != Dedup::None {
        script.delivery.redeliver = 0.1;
    }
}
