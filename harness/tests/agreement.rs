//! Every contestant, workload, fault and setting: the final answers are the truth, and no answer on the way is wrong.

use std::collections::BTreeMap;
use std::sync::Arc;

use harness::contestants::{Contestant, find};
use harness::judge::{Bases, Class, Verdicts, judge};
use harness::observe::Kind;
use harness::stepped::{Script, run};
use workloads::Dedup;
use workloads::files::{RealDisk, SharedDisk};
use workloads::partition::PartitionBy;

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
            right(
                &judged(contestant, &script),
                &format!("{name} {workload} seed {seed} {partition_by:?} {dedup:?}"),
            );
        }
    }
}

fn right(verdicts: &Verdicts, what: &str) {
    if let Some(witness) = verdicts.witnesses.first() {
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
    assert!(verdicts.reads.iter().all(|verdict| !verdict.regressed), "{what}: claims step back");
}

macro_rules! agree {
    ($($test:ident: $name:literal on $workload:literal, seeds $seeds:expr, $change:expr;)*) => {
        $(#[test] fn $test() { check($name, $workload, $seeds, $change); })*
    };
}

agree! {
    reference_orders: "reference" on "orders", seeds 1..4, |_| {};
    reference_trades: "reference" on "trades", seeds 1..4, |_| {};
    reference_orders_horizon: "reference" on "orders", seeds 1..3, |script| script.terms.cancel_horizon = Some(60_000);
    reference_trades_horizon: "reference" on "trades", seeds 1..3, |script| script.terms.cancel_horizon = Some(50);
    reference_orders_redelivered: "reference" on "orders", seeds 1..3, |script| {
        if script.terms.dedup != Dedup::None { script.delivery.redeliver = 0.1; }
    };
}
