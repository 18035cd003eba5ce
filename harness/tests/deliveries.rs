//! Where nobody recognises duplicates, a record that was delivered twice counts twice: for everybody, in every layer.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use harness::contestants::find;
use harness::judge::{Differences, Evidence};
use harness::observe::Kind;
use harness::stepped::{Script, run};
use workloads::files::{PowerLoss, SharedDisk};
use workloads::intake::{Feed, Intake};
use workloads::partition::PartitionBy;
use workloads::{Dedup, Rows, Version, workload};

/// What the oracle says of the log when each delivery is a record of its own.
fn expected(evidence: &Evidence, script: &Script) -> BTreeMap<String, Rows> {
    let workload = workload(script.workload).unwrap();
    let feed = Feed { dedup: Dedup::None, faults: script.delivery.clone(), ..Feed::default() };
    let all: Vec<u32> = (0..script.partitions).collect();
    let start = Version::zero(script.partitions);
    let mut intake = Intake::open(&*evidence.log, &all, &start, &feed).unwrap();
    let (mut truth, mut deliveries) = ((workload.truth)(&script.terms), 0);
    for partition in all {
        let mut records = Vec::new();
        while intake.pull(partition, u64::MAX, 1_000, &mut records).unwrap() > 0 {}
        deliveries += records.len() as u64;
        records.iter().for_each(|record| truth.feed(record, None));
    }
    assert!(deliveries > intake.version().total() + 100, "nothing was delivered twice");
    workload.views.iter().map(|view| (view.name.to_owned(), truth.rows(view.name))).collect()
}

/// The last answers to whole views.
fn finals(evidence: &Evidence) -> BTreeMap<String, Rows> {
    let mut differences = Differences::default();
    let mut finals = BTreeMap::new();
    for read in &evidence.reads {
        let Some(answer) = &read.answer else { continue };
        for (query, rows) in read.queries.iter().zip(&answer.rows).filter(|(query, _)| query.key.is_none()) {
            let (_, whole) = differences.read(read.kind, &query.view, rows);
            if read.kind == Kind::Final {
                finals.insert(query.view.clone(), whole.clone());
            }
        }
    }
    finals
}

fn check(contestant: &str) {
    for name in ["orders", "trades", "words", "sensors", "transfers"] {
        for seed in 1..3 {
            let mut script = Script::small(name, seed);
            (script.terms.dedup, script.partition_by) = (Dedup::None, PartitionBy::RoundRobin);
            (script.delivery.redeliver, script.restart) = (0.1, 0.01);
            if !["orders", "trades"].contains(&name) {
                (script.shape.rate, script.shape.keys, script.tick_us) = (50.0, 5, 20_000);
            }
            let disk: SharedDisk = Arc::new(PowerLoss::new(seed));
            disk.create_dir(Path::new("/state")).unwrap();
            let evidence = run(find(contestant).unwrap(), &script, &disk, Path::new("/state")).unwrap();
            let (expected, finals) = (expected(&evidence, &script), finals(&evidence));
            assert_eq!(expected.len(), finals.len());
            for (view, rows) in &finals {
                assert!(rows == &expected[view], "{contestant} {name} seed {seed}: {view} is another");
            }
        }
    }
}

#[test]
fn the_reference_counts_each_delivery() {
    check("reference");
}

#[test]
fn the_kappa_counts_each_delivery() {
    check("kappa");
}

#[test]
fn the_lambda_counts_each_delivery_in_both_layers() {
    check("lambda");
}
