//! A Kappa that is killed again and again while it feeds a store and is read, at the newest version and before it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use harness::judge::{Bases, Class, Evidence, Verdicts, judge};
use harness::observe::Kind;

/// What one contestant answered while it was killed.
fn killed(name: &str, folder: &Path) -> (Evidence, Verdicts) {
    let (_, short) = harness::plan::BUILT_IN.iter().find(|(name, _)| *name == "short").unwrap();
    let (head, _) = short.split_once("[[contest]]").unwrap();
    let kill = |at: &str| {
        format!("[[disturbance]]\ncomponent = \"kappa\"\nwhat = \"kill\"\nat = {at}\nseconds = 0.1\n")
    };
    let kills: String = ["0.3", "0.7", "1.1"].into_iter().map(kill).collect();
    let contest = format!("[[contest]]\nworkload = \"orders\"\ncontestants = [\"{name}\"]\nrepeats = 1\n");
    let plan = head
        .replace("history = 100000", "history = 5000")
        .replace("rate = 20000.0", "rate = 2000.0")
        .replace("seconds = 1.0", "seconds = 1.5")
        .replace("past = 10.0", "past = 200.0")
        .replace("objective_for = [\"kappa\"]\n", "");
    let back = "[kappa]\nwindow_ms = 1000\n";
    fs::write(folder.join("plan.toml"), plan + back + &kills + &contest).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_wb"));
    command.args(["run", "plan.toml", "--out", "out"]).current_dir(folder);
    assert!(command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success());
    let place = folder.join(format!("out/observations/orders/{name}-1"));
    let evidence = Evidence::load(&folder.join("out"), &place).unwrap();
    assert_eq!(evidence.marks.iter().filter(|mark| mark.what == "kill").count(), 3);
    let verdicts = judge(&evidence, &mut Bases::default()).unwrap();
    for verdict in &verdicts.reads {
        assert!(!verdict.class.wrong() || verdict.class == Class::Error, "{verdict:#?}");
        assert!(verdict.kind != Kind::Final || verdict.class == Class::Current, "{verdict:#?}");
    }
    let answered = verdicts.reads.iter().filter(|it| it.class != Class::Error).count();
    assert!(answered * 4 > verdicts.reads.len(), "{answered} of {}", verdicts.reads.len());
    (evidence, verdicts)
}

#[test]
fn a_killed_kappa_goes_on_from_what_the_store_holds_and_no_answer_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let (evidence, _) = killed("kappa-sqlite", folder.path());
    assert!(evidence.reads.iter().all(|read| read.at.is_none()), "nobody asks it about older versions");
}

#[test]
fn a_killed_kappa_is_right_at_older_versions_too() {
    let folder = tempfile::tempdir().unwrap();
    let (evidence, verdicts) = killed("kappa", folder.path());
    let asked = evidence.reads.iter().zip(&verdicts.reads).filter(|(read, _)| read.at.is_some());
    let right = asked.filter(|(_, verdict)| verdict.class == Class::Current).count();
    assert!(right > 30, "{right} answers about older versions");
}
