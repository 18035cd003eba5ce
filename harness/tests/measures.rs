//! A run folder made by a stepped run, measured from its files alone.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use harness::contestants::find;
use harness::judge::Evidence;
use harness::measures::{Measurement, measure};
use harness::observe::{self, Usage};
use harness::serve::engine::Play;
use harness::serve::past::Past;
use harness::stepped::{Script, run};
use workloads::files::{RealDisk, SharedDisk};
use workloads::log::file::{FileLog, FsyncPolicy};
use workloads::{Appender, Query};

fn disk() -> SharedDisk {
    Arc::new(RealDisk)
}

/// Lays a stepped run down as a live run would have left it.
fn lay(folder: &Path, mut evidence: Evidence) {
    let (workload, contestant) = (evidence.run.workload.clone(), evidence.run.contestant.clone());
    let log = Path::new("logs").join(&workload).join(format!("{contestant}-1"));
    let place = folder.join(&log);
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    FileLog::create(&disk(), &place, evidence.log.meta()).unwrap();
    let mut appender = FileLog::appender(&disk(), &place, FsyncPolicy::None).unwrap();
    for partition in 0..evidence.log.meta().partitions {
        let mut records = Vec::new();
        let mut reader = evidence.log.reader(partition, 0).unwrap();
        while reader.read(u64::MAX, 1_000, &mut records).unwrap() > 0 {}
        appender.append(partition, &records).unwrap();
    }
    evidence.run.log = log;
    let place = folder.join("observations").join(&workload).join(format!("{contestant}-1"));
    fs::create_dir_all(&place).unwrap();
    fs::write(place.join("run.json"), serde_json::to_string(&evidence.run).unwrap()).unwrap();
    observe::write(&place.join("reads.jsonl.gz"), &evidence.reads).unwrap();
    observe::write(&place.join("arrivals.jsonl.gz"), &evidence.arrivals).unwrap();
    observe::write(&place.join("watched.jsonl.gz"), &evidence.watched).unwrap();
    observe::write(&place.join("marks.jsonl.gz"), &evidence.marks).unwrap();
    observe::write(&place.join("usage.jsonl.gz"), &Vec::<Usage>::new()).unwrap();
}

fn stepped(folder: &Path, name: &str) {
    let state = tempfile::tempdir().unwrap();
    let evidence = run(find(name).unwrap(), &Script::small("orders", 3), &disk(), state.path()).unwrap();
    lay(folder, evidence);
}

fn measurements(folder: &Path) -> Vec<Measurement> {
    csv::Reader::from_path(folder.join("measurements.csv"))
        .unwrap()
        .deserialize()
        .map(Result::unwrap)
        .collect()
}

#[test]
fn a_run_folder_is_measured_from_its_files_and_again_to_the_same() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["reference", "noop", "broken-cancel"] {
        stepped(folder.path(), name);
    }
    let mut told = Vec::new();
    let measured = measure(folder.path(), &mut |name| told.push(name.to_owned())).unwrap();
    assert_eq!(told.len(), 3);
    assert_eq!(
        (measured.runs, measured.wrong_reads, measured.wrong_finals),
        (3, 0, 0),
        "broken ones do not count"
    );
    let rows = measurements(folder.path());
    let value = |contestant: &str, measure: &str| {
        rows.iter()
            .find(|it| it.contestant == contestant && it.measure == measure && it.repeat == 1)
            .map(|it| it.value)
    };
    assert_eq!(value("reference", "final.wrong"), Some(0.0));
    assert_eq!(value("reference", "level.labelled-prefix"), Some(1.0));
    assert_eq!(value("reference", "latency.speed.censored"), Some(0.0));
    assert_eq!(value("noop", "final.wrong"), None, "it answers nothing, so nothing is said");
    assert!(value("broken-cancel", "error-under.total").unwrap() > 0.0);
    assert!(rows.iter().any(|it| it.contestant == "reference" && it.repeat == 0), "repeats are merged");
    let files = ["measurements.csv", "reads.csv", "measures/latency-ccdf.csv", "measures/witnesses.csv"];
    let first: Vec<String> =
        files.iter().map(|file| fs::read_to_string(folder.path().join(file)).unwrap()).collect();
    assert!(first[0].starts_with("run,plan,workload,faults,contestant,repeat,measure,unit,value\n"));
    assert!(first[1].starts_with(
        "contestant,repeat,read,intended_us,sent_us,answered_us,kind,view,key,class,signature,behind_events,behind_us,claimed,witness\n"
    ));
    assert!(first[3].contains("grows-with-cancellations"));
    measure(folder.path(), &mut |_| {}).unwrap();
    let second: Vec<String> =
        files.iter().map(|file| fs::read_to_string(folder.path().join(file)).unwrap()).collect();
    assert!(first == second);
}

#[test]
fn an_interrupted_run_is_left_out_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let state = tempfile::tempdir().unwrap();
    let script = Script::small("orders", 3);
    let mut evidence = run(find("reference").unwrap(), &script, &disk(), state.path()).unwrap();
    evidence.run.ended = "interrupted".into();
    lay(folder.path(), evidence);
    let measured = measure(folder.path(), &mut |_| {}).unwrap();
    assert_eq!((measured.runs, measured.unfinished.len()), (0, 1));
    assert!(measured.unfinished[0].ends_with("interrupted"));
}

#[test]
fn a_folder_without_runs_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let error = format!("{:#}", measure(folder.path(), &mut |_| {}).unwrap_err());
    assert!(error.contains("wb run"), "{error}");
}

#[test]
fn a_finished_run_is_played_again_read_by_read() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["kappa", "broken-cancel", "noop"] {
        stepped(folder.path(), name);
    }
    let mut past = Past::load(folder.path(), None, 1).unwrap();
    assert_eq!(past.parties(), ["broken-cancel", "kappa"]);
    let before = past.frame();
    assert!(before.parties.iter().all(|party| party.counts.is_empty()) && before.errors.is_empty());
    let ticks = (0..20_000).take_while(|_| past.tick().unwrap()).count();
    assert!((1..20_000).contains(&ticks), "{ticks}");
    let frame = past.frame();
    let wrong = |party: usize| frame.parties[party].counts.get("impossible").copied().unwrap_or_default();
    assert!(wrong(0) > 0 && wrong(1) == 0, "{:?}", frame.parties);
    assert!(frame.errors.iter().all(|error| error.party == "broken-cancel") && !frame.errors.is_empty());
    let (keys, all) = past.keys("spend", "CUSTOMER", 3);
    assert!(keys.len() == 3 && all > 3, "{keys:?} of {all}");
    let questions = keys.into_iter().map(|key| Query { view: "spend".into(), key: Some(key) });
    let lines = past.lines(&questions.collect::<Vec<_>>());
    assert!(lines.values().all(|line| line.truth.is_some() && line.parties[1].right));
    assert!(past.switch(None, None).is_err());
    assert!(Past::load(folder.path(), Some("trades"), 1).is_err());
}
