//! Every contestant, workload, fault and setting: the final answers are the truth, and no answer on the way is wrong.

use std::collections::BTreeMap;
use std::sync::Arc;

use harness::contestants::{Contestant, find};
use harness::judge::{Bases, Class, Verdicts, judge};
use harness::observe::Kind;
use harness::stepped::{Script, run};
use workloads::files::{RealDisk, SharedDisk};
use workloads::partition::PartitionBy;
use workloads::{Codec, Dedup};

fn judged(contestant: &'static Contestant, script: &Script) -> Verdicts {
    let state = tempfile::tempdir().unwrap();
    let disk: SharedDisk = Arc::new(RealDisk);
    let evidence = run(contestant, script, &disk, state.path()).unwrap();
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
    assert!(verdicts.invariants.0 > 0, "{what}: no invariant was tested");
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

agree! {
    reference_orders: "reference" on "orders", seeds 1..4, |_| {};
    reference_trades: "reference" on "trades", seeds 1..4, |_| {};
    reference_orders_horizon: "reference" on "orders", seeds 1..3, |it| it.terms.cancel_horizon = Some(60_000);
    reference_trades_horizon: "reference" on "trades", seeds 1..3, |it| it.terms.cancel_horizon = Some(50);
    reference_orders_redelivered: "reference" on "orders", seeds 1..3, redelivered;
    reference_trades_redelivered: "reference" on "trades", seeds 1..3, redelivered;
    kappa_orders: "kappa" on "orders", seeds 1..4, |_| {};
    kappa_trades: "kappa" on "trades", seeds 1..4, |_| {};
    kappa_orders_horizon: "kappa" on "orders", seeds 1..3, |it| it.terms.cancel_horizon = Some(60_000);
    kappa_trades_horizon: "kappa" on "trades", seeds 1..3, |it| it.terms.cancel_horizon = Some(50);
    kappa_orders_redelivered: "kappa" on "orders", seeds 1..3, redelivered;
    kappa_trades_redelivered: "kappa" on "trades", seeds 1..3, redelivered;
    kappa_orders_restarted: "kappa" on "orders", seeds 1..3, |it| it.restart = 0.02;
    kappa_trades_restarted: "kappa" on "trades", seeds 1..3, |it| it.restart = 0.02;
    kappa_orders_json: "kappa" on "orders", seeds 1..2, |it| it.codec = Codec::Json;
    kappa_trades_json: "kappa" on "trades", seeds 1..2, |it| it.codec = Codec::Json;
    kappa_orders_fine: "kappa" on "orders", seeds 1..2, |it| it.granularity = 3;
    kappa_trades_coarse: "kappa" on "trades", seeds 1..2, |it| it.granularity = 1_000;
    lambda_orders: "lambda" on "orders", seeds 1..4, |_| {};
    lambda_trades: "lambda" on "trades", seeds 1..4, |_| {};
    lambda_orders_horizon: "lambda" on "orders", seeds 1..3, |it| it.terms.cancel_horizon = Some(60_000);
    lambda_trades_horizon: "lambda" on "trades", seeds 1..3, |it| it.terms.cancel_horizon = Some(50);
    lambda_orders_redelivered: "lambda" on "orders", seeds 1..3, redelivered;
    lambda_trades_redelivered: "lambda" on "trades", seeds 1..3, redelivered;
    lambda_orders_restarted: "lambda" on "orders", seeds 1..3, |it| it.restart = 0.02;
    lambda_trades_restarted: "lambda" on "trades", seeds 1..3, |it| it.restart = 0.02;
    lambda_orders_json: "lambda" on "orders", seeds 1..2, |it| it.codec = Codec::Json;
    lambda_trades_json: "lambda" on "trades", seeds 1..2, |it| it.codec = Codec::Json;
    lambda_orders_often: "lambda" on "orders", seeds 1..2, |it| it.cut_every = 60;
    lambda_trades_often: "lambda" on "trades", seeds 1..2, |it| it.cut_every = 60;
}

/// Where nothing recognises duplicates a redelivery counts twice by right, and no truth says what should come out.
fn redelivered(script: &mut Script) {
    if script.terms.dedup != Dedup::None {
        script.delivery.redeliver = 0.1;
    }
}
