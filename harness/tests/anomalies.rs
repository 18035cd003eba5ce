//! Every broken contestant is caught in its own class and with its own signature, and in no other.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use harness::contestants::{CONTESTANTS, Contestant, find};
use harness::judge::{Bases, Verdicts, judge};
use harness::stepped::{Script, run};
use workloads::files::{PowerLoss, SharedDisk};
use workloads::partition::PartitionBy;

fn judged(contestant: &'static Contestant, script: &Script) -> Verdicts {
    // A disk in memory that never fails: hundreds of runs would wait for a real one most of their time.
    let disk: SharedDisk = Arc::new(PowerLoss::new(script.seed));
    disk.create_dir(Path::new("/state")).unwrap();
    let evidence = run(contestant, script, &disk, Path::new("/state")).unwrap();
    judge(&evidence, &mut Bases::default()).unwrap()
}

fn check(name: &str, workload: &'static str) {
    let contestant = find(name).unwrap();
    for seed in 1..=4 {
        let mut script = Script::small(workload, seed);
        script.shape.events = 9_000;
        script.cut_every = 2_000;
        script.partition_by = if seed % 2 == 0 { PartitionBy::RoundRobin } else { PartitionBy::Key };
        script.partitions = 1 + seed as u32 % 3;
        let verdicts = judged(contestant, &script);
        let expected: BTreeSet<_> = contestant.broken.into_iter().collect();
        if verdicts.found != expected {
            for witness in &verdicts.witnesses {
                eprintln!("{witness:#?}");
            }
            let mut classes = std::collections::BTreeMap::<_, u32>::new();
            verdicts
                .reads
                .iter()
                .for_each(|verdict| *classes.entry((verdict.kind, verdict.class)).or_default() += 1);
            eprintln!("{classes:?}");
        }
        assert_eq!(verdicts.found, expected, "{name} on {workload}, seed {seed}");
        assert!(verdicts.reads.len() > 100, "{name} was not tested");
    }
}

macro_rules! caught {
    ($($test:ident: $name:literal on $workload:literal),* $(,)?) => {
        $(#[test] fn $test() { check($name, $workload); })*

        const NAMES: &[(&str, &str)] = &[$(($name, $workload)),*];
    };
}

caught! {
    frozen_orders: "broken-frozen" on "orders",
    frozen_trades: "broken-frozen" on "trades",
    lagging_orders: "broken-lagging" on "orders",
    lagging_trades: "broken-lagging" on "trades",
    handover_orders: "broken-handover" on "orders",
    handover_trades: "broken-handover" on "trades",
    cancel_orders: "broken-cancel" on "orders",
    cancel_trades: "broken-cancel" on "trades",
    rewind_orders: "broken-rewind" on "orders",
    rewind_trades: "broken-rewind" on "trades",
    future_orders: "broken-future" on "orders",
    future_trades: "broken-future" on "trades",
    mute_orders: "broken-mute" on "orders",
    mute_trades: "broken-mute" on "trades",
    label_orders: "broken-label" on "orders",
    label_trades: "broken-label" on "trades",
    seeded_orders: "broken-seeded" on "orders",
    seeded_trades: "broken-seeded" on "trades",
}

#[test]
fn every_broken_contestant_has_its_test() {
    // The degraded Kappas have theirs in `degraded.rs`.
    let broken = CONTESTANTS.iter().filter(|it| it.broken.is_some() && !it.name.starts_with("kappa-"));
    for contestant in broken {
        assert!(!contestant.workloads.is_empty(), "{}", contestant.name);
        for workload in contestant.workloads {
            assert!(NAMES.contains(&(contestant.name, *workload)), "{} {workload}", contestant.name);
        }
    }
}
