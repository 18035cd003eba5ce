//! What DataFusion makes of an archive is what the oracle makes of its log.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../../tests/rig/mod.rs"]
mod rig;

use std::path::Path;
use std::sync::Arc;

use lambda::archive::Archive;
use lambda::{Engine, Held};
use lambda_sql::DataFusion;
use rig::{Case, Rig};
use workloads::files::SharedDisk;
use workloads::{Query, Version, workload};

/// Cases of each workload.
const CASES: u64 = 12;

/// The archive of a random log, and a version within it.
fn archived(case: &Case) -> (Rig, Archive, Version) {
    let mut rig = Rig::new(case.clone());
    (0..case.events).for_each(|_| rig.append());
    let disk: SharedDisk = Arc::new(rig.disk.clone());
    let mut archive = Archive::open(&disk, Path::new("/archive"), case.workload, case.partitions).unwrap();
    let heads = Version(rig.records.iter().map(|all| all.len() as u64).collect());
    // Two seals, so that there are several files; and a version that ends within one.
    let half = Version(heads.0.iter().map(|next| next / 2).collect());
    for (records, half) in rig.records.iter().zip(&half.0) {
        archive.append(&records[..*half as usize]).unwrap();
    }
    archive.seal(&half).unwrap();
    for (records, half) in rig.records.iter().zip(&half.0) {
        archive.append(&records[*half as usize..]).unwrap();
    }
    archive.seal(&heads).unwrap();
    let version = Version(heads.0.iter().map(|next| rig.dice.below(next + 1)).collect());
    let version = if case.seed % 2 == 0 { heads } else { version };
    (rig, archive, version)
}

fn check(name: &'static str) {
    let engine = DataFusion::new(2).unwrap();
    for seed in 0..CASES {
        let case = Case::random(name, seed);
        let (rig, archive, version) = archived(&case);
        let (files, whole) = archive.held(&version).unwrap();
        let below = (!whole).then_some(&version);
        let (terms, dedup) = (&case.terms, case.terms.dedup);
        let held = Held { workload: name, files, below, terms, dedup, nearest: 8, latest: 16 };
        let mut session = engine.begin(&held).unwrap();
        for view in workload(name).unwrap().views {
            let query = Query { view: view.name.into(), key: None };
            let expected = rig::truth(&case, &rig.records, &version, std::slice::from_ref(&query));
            let rows = lambda_sql::rows(&mut *session, view).unwrap();
            assert_eq!(rows, expected[0], "{} at {version} of {case:?}", view.name);
        }
    }
}

#[test]
fn orders_are_the_oracles() {
    check("orders");
}

#[test]
fn trades_are_the_oracles() {
    check("trades");
}

#[test]
fn words_are_the_oracles() {
    check("words");
}

#[test]
fn sensors_are_the_oracles() {
    check("sensors");
}

#[test]
fn transfers_are_the_oracles() {
    check("transfers");
}
