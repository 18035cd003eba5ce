//! Contestants broken on purpose as processes: each gets its class and signature, and no other.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Stdio};

use harness::contestants::find;
use harness::judge::{Bases, Evidence, Verdicts, judge};
use harness::measures::{Measurement, measure};
use tempfile::TempDir;

/// The plan that comes with the program, made small and for one contestant.
fn plan(contestant: &str, more: &str) -> String {
    let mut text = include_str!("../plans/short.toml").to_owned();
    for (from, to) in [
        ("history = 100000", "history = 5000"),
        ("rate = 20000.0", "rate = 4000.0"),
        ("drain_s = 10.0", "drain_s = 3.0"),
        ("total = 40.0", "total = 100.0"),
        ("keys = 10000", "keys = 100"),
        ("[faults]\nlate = 0.01\nlate_ms = 300\n", ""),
    ] {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    let (before, _) = text.split_once("[[contest]]").unwrap();
    let contest =
        format!("[[contest]]\nworkload = \"orders\"\ncontestants = [\"{contestant}\"]\nrepeats = 1\n");
    format!("{before}{more}\n{contest}")
}

fn run(contestant: &str, more: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("plan.toml"), plan(contestant, more)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_wb"));
    command.args(["run", "plan.toml", "--out", "out"]).current_dir(folder.path());
    let ended = command.stdout(Stdio::null()).output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    folder
}

fn judged(contestant: &str) -> Verdicts {
    let folder = run(contestant, "");
    let out = folder.path().join("out");
    let evidence = Evidence::load(&out, &out.join(format!("observations/orders/{contestant}-1"))).unwrap();
    assert_eq!(evidence.run.ended, "complete");
    judge(&evidence, &mut Bases::default()).unwrap()
}

fn has_its_own_fault_only(contestant: &str) {
    let expected = BTreeSet::from([find(contestant).unwrap().broken.unwrap()]);
    assert_eq!(judged(contestant).found, expected, "{contestant}");
}

#[test]
fn a_frozen_one_never_catches_up() {
    has_its_own_fault_only("broken-frozen");
}

#[test]
fn a_lagging_one_is_behind_by_a_constant() {
    has_its_own_fault_only("broken-lagging");
}

#[test]
fn one_that_goes_back_falls_back() {
    has_its_own_fault_only("broken-rewind");
}

fn measured(folder: &TempDir) -> (Vec<String>, Vec<Measurement>) {
    let out = folder.path().join("out");
    let measured = measure(&out, &mut |_| {}).unwrap();
    let mut file = csv::Reader::from_path(out.join("measurements.csv")).unwrap();
    (measured.untested, file.deserialize().map(Result::unwrap).collect())
}

fn value(rows: &[Measurement], measure: &str) -> Option<f64> {
    rows.iter().find(|row| row.measure == measure).map(|row| row.value)
}

#[test]
fn faults_that_were_planned_and_happened_make_a_run_that_tests_them() {
    let more = "[faults]\nresend = 0.01\nlose = 0.01\nlate = 0.01\nlate_ms = 300\nreorder = 0.01\nburst = 0.01\npoison = 0.001\n\
                [[delivery]]\ncomponent = \"kappa\"\nfaults = { redeliver = 0.01, seed = 3 }\n\
                [[disturbance]]\ncomponent = \"kappa\"\nwhat = \"pause\"\nat = 0.2\nseconds = 0.1\n";
    let (untested, rows) = measured(&run("kappa", more));
    assert_eq!(untested, Vec::<String>::new());
    assert_eq!((value(&rows, "faults.planned"), value(&rows, "faults.fired")), (Some(8.0), Some(8.0)));
    assert_eq!(value(&rows, "vacuous"), Some(0.0));
}

#[test]
fn a_fault_that_was_planned_and_did_not_happen_makes_a_run_vacuous() {
    let more = "[faults]\nresend = 0.0000001\nlate = 0.01\nlate_ms = 300\n";
    let (untested, rows) = measured(&run("reference", more));
    assert_eq!(
        untested,
        ["orders reference 1: planned and did not happen: resend=0.0000001"],
        "late events did come"
    );
    assert_eq!((value(&rows, "faults.planned"), value(&rows, "faults.fired")), (Some(2.0), Some(1.0)));
    assert_eq!(value(&rows, "vacuous"), Some(1.0));
}
