//! `wb capacity` finds the limit of a contestant whose limit is known.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::process::Command;

use harness::contestants::slow::LIMIT;

#[test]
fn the_limit_of_a_slow_contestant_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_wb"));
    command.args(["capacity", "slow", "--from", "2000", "--history", "2000", "--seconds", "1"]);
    command.args(["--tolerance", "45", "--format", "csv"]).current_dir(folder.path());
    let ended = command.output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{said}");
    let mut file = csv::Reader::from_reader(&ended.stdout[..]);
    let rows: Vec<(f64, String)> = file
        .deserialize::<Vec<String>>()
        .map(|row| row.map(|row| (row[0].parse().unwrap(), row[1].clone())).unwrap())
        .collect();
    let limit = LIMIT as f64;
    let sustained = rows.iter().filter(|(_, how)| how == "yes").map(|(rate, _)| *rate).fold(0.0, f64::max);
    // A busy machine keeps it from less, and no machine lets it do more.
    assert!((500.0..1.1 * limit).contains(&sustained), "{sustained} of {limit}: {said}");
    let failed = rows.iter().filter(|(_, how)| how == "no").count();
    assert!(failed >= 2, "the first failure is tried again: {said}");
    assert!(
        std::fs::read_dir(folder.path().join("runs")).unwrap().next().is_none(),
        "nothing is left behind"
    );
}
