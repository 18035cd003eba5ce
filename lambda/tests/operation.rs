//! The batch as it is operated: its runs, its failures, an older view served again, broken publications, exports.
#![allow(clippy::unwrap_used)]

mod rig;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lambda::runs::{Run, Status, runs};
use lambda::{Batch, Export, LambdaConfig, LambdaError, Options, Serving};
use rig::{Case, Rig};
use workloads::files::{Disk, SharedDisk};
use workloads::{Log, Query, Version};

const STATE: &str = "/state";

/// A rig with this many events, and the components that were started over it.
fn rig(events: usize) -> Rig {
    let case = Case { restarts: 0, cut_every: 1, ..Case::random("orders", 7) };
    let mut rig = Rig::new(case);
    (0..events).for_each(|_| rig.append());
    rig
}

fn config(rig: &Rig) -> LambdaConfig {
    LambdaConfig { granularity: 1_000, ..rig.config() }
}

fn batch(rig: &Rig, options: Options) -> Batch {
    let (log, disk) = rig.shared();
    Batch::start(log, &disk, &LambdaConfig { options, ..config(rig) }).unwrap()
}

fn serving(rig: &Rig) -> Serving {
    let (log, disk) = rig.shared();
    Serving::start(log, &disk, &config(rig)).unwrap()
}

/// Both step until there is nothing to do.
fn settle(batch: &mut Batch, serving: &mut Serving) {
    while batch.step(0).unwrap() | serving.step(0).unwrap() {}
}

fn disk(rig: &Rig) -> SharedDisk {
    rig.shared().1
}

fn history(rig: &Rig) -> Vec<Run> {
    runs(&disk(rig), Path::new(STATE)).unwrap()
}

fn revenue(serving: &mut Serving) -> (Option<Version>, workloads::Rows) {
    let query = Query { view: "revenue".into(), key: None };
    let answer = serving.read(&[query]).unwrap();
    (answer.version, answer.rows[0].clone())
}

fn file(number: u64, name: &str) -> PathBuf {
    Path::new(STATE).join("views").join(format!("{number:010}-{name}"))
}

fn put(disk: &dyn Disk, path: &Path, bytes: &[u8]) {
    let mut file = disk.create(path).unwrap();
    file.append(bytes).unwrap();
    file.sync().unwrap();
}

#[test]
fn a_run_is_noted_with_what_it_published() {
    let mut rig = rig(50);
    let (mut batch, mut serving) = (batch(&rig, Options::default()), serving(&rig));
    settle(&mut batch, &mut serving);
    rig.append();
    settle(&mut batch, &mut serving);
    let runs = history(&rig);
    assert_eq!(
        runs.iter().map(|run| (run.number, run.status)).collect::<Vec<_>>(),
        [(1, Status::Published), (2, Status::Published)]
    );
    assert!(runs.iter().all(|run| run.rows > 0 && run.bytes > 0 && run.checksum != 0 && run.ended.is_some()));
    assert_eq!(Some(&runs[1].cut), batch.version().as_ref());
}

#[test]
fn the_same_history_is_published_as_the_same_bytes() {
    for workload in ["orders", "trades", "words", "sensors", "transfers"] {
        let mut rig = Rig::new(Case { restarts: 0, cut_every: 1, ..Case::random(workload, 5) });
        (0..300).for_each(|_| rig.append());
        for _ in 0..2 {
            let (mut batch, mut serving) = (batch(&rig, Options::default()), serving(&rig));
            settle(&mut batch, &mut serving);
        }
        let checksums: Vec<u32> = history(&rig).iter().map(|run| run.checksum).collect();
        assert!(checksums.len() == 2 && checksums[0] == checksums[1], "{workload}: {checksums:?}");
    }
}

#[test]
fn a_failed_batch_is_tried_again_and_the_old_view_serves_meanwhile() {
    let mut rig = rig(50);
    let options = Options { retries: 2, retry_ms: 10, ..Options::default() };
    let (mut batch, mut serving) = (batch(&rig, options), serving(&rig));
    settle(&mut batch, &mut serving);
    let lost = lose_a_part(&rig);
    (0..5).for_each(|_| rig.append());
    let mut now = 0;
    let mut step = |batch: &mut Batch, serving: &mut Serving| {
        now += 1_000;
        serving.step(now).unwrap();
        batch.step(now).unwrap();
    };
    while history(&rig).last().unwrap().status != Status::Waiting {
        step(&mut batch, &mut serving);
    }
    assert!(revenue(&mut serving).0.unwrap().covers(&rig.log.heads().unwrap()));
    put(&*disk(&rig), &lost.0, &lost.1);
    while history(&rig).last().unwrap().status != Status::Published {
        step(&mut batch, &mut serving);
    }
    let run = history(&rig).pop().unwrap();
    assert!(run.error.is_some() && run.attempts == 2 && run.number == 2, "{run:?}");
    assert!(run.ended.unwrap() - run.started >= 10_000, "it did not wait: {run:?}");
}

#[test]
fn a_batch_that_fails_every_time_is_given_up_and_the_old_view_serves() {
    let mut rig = rig(50);
    let options = Options { retries: 1, retry_ms: 1, ..Options::default() };
    let (mut batch, mut serving) = (batch(&rig, options), serving(&rig));
    settle(&mut batch, &mut serving);
    lose_a_part(&rig);
    rig.append();
    let mut now = 0;
    let error = loop {
        now += 1_000;
        serving.step(now).unwrap();
        if let Err(error) = batch.step(now) {
            break error.to_string();
        }
    };
    let run = history(&rig).pop().unwrap();
    assert_eq!((run.status, run.attempts, run.error), (Status::Failed, 2, Some(error)));
    assert!(revenue(&mut serving).0.unwrap().covers(&rig.log.heads().unwrap()));
}

/// Removes a file of the archive; says what it was.
fn lose_a_part(rig: &Rig) -> (PathBuf, Vec<u8>) {
    let (disk, folder) = (disk(rig), Path::new(STATE).join("archive"));
    let date = disk.list(&folder).unwrap().into_iter().find(|name| name.starts_with("date=")).unwrap();
    let path = folder.join(&date).join(&disk.list(&folder.join(&date)).unwrap()[0]);
    let bytes = disk.read(&path).unwrap();
    disk.remove(&path).unwrap();
    (path, bytes)
}

#[test]
fn a_batch_without_a_schedule_is_refused_in_one_line() {
    let rig = rig(1);
    let (log, disk) = rig.shared();
    let started = Batch::start(log, &disk, &LambdaConfig { cut_every: 0, cut_ms: 0, ..config(&rig) });
    let said = started.err().unwrap().to_string();
    assert!(said.contains("no schedule") && !said.contains('\n'), "{said}");
}

#[test]
fn two_batches_over_one_state_are_refused() {
    let rig = rig(1);
    let first = batch(&rig, Options::default());
    let (log, disk) = rig.shared();
    let second = Batch::start(Arc::clone(&log), &disk, &config(&rig));
    assert!(matches!(second.err().unwrap(), LambdaError::Busy(_)));
    assert!(matches!(lambda::rollback(&disk, Path::new(STATE), 1, 0), Err(LambdaError::Busy(_))));
    drop(first);
    assert!(Batch::start(log, &disk, &config(&rig)).is_ok());
}

#[test]
fn an_older_publication_is_served_again_and_the_speed_layer_follows() {
    let mut rig = rig(40);
    let (mut batch, mut serving) = (batch(&rig, Options::default()), serving(&rig));
    for _ in 0..3 {
        settle(&mut batch, &mut serving);
        rig.append();
    }
    settle(&mut batch, &mut serving);
    drop(batch);
    let before = revenue(&mut serving);
    assert!(matches!(
        lambda::rollback(&disk(&rig), Path::new(STATE), 1, 0),
        Err(LambdaError::NotHeld { .. })
    ));
    let newest = history(&rig).last().unwrap().number;
    let old = newest - 1;
    let run = lambda::rollback(&disk(&rig), Path::new(STATE), old, 5).unwrap();
    assert_eq!((run.number, run.from, run.status), (newest + 1, Some(old), Status::RolledBack));
    while serving.step(0).unwrap() {}
    assert_eq!(revenue(&mut serving), before, "what the batch has lost the speed layer has read again");
    // The log goes on, a serving layer that starts now sees the same, and the batch takes over again.
    rig.append();
    while serving.step(0).unwrap() {}
    let after = revenue(&mut serving);
    let mut other = self::serving(&rig);
    while other.step(0).unwrap() {}
    assert_eq!(revenue(&mut other), after);
    drop(other);
    let mut batch = self::batch(&rig, Options::default());
    settle(&mut batch, &mut serving);
    assert_eq!((revenue(&mut serving), batch.number()), (after, newest + 2));
}

#[test]
fn power_lost_in_a_rollback_leaves_the_old_or_the_new_view() {
    for seed in (0..60).step_by(3) {
        let mut rig = rig(30);
        let (mut batch, mut serving) = (batch(&rig, Options::default()), serving(&rig));
        settle(&mut batch, &mut serving);
        rig.append();
        settle(&mut batch, &mut serving);
        drop((batch, serving));
        let newest = history(&rig).last().unwrap().number;
        rig.disk.crash_after(seed);
        let done = lambda::rollback(&disk(&rig), Path::new(STATE), newest - 1, 0).is_ok();
        rig.disk = rig.disk.surviving();
        let (mut batch, mut serving) = (self::batch(&rig, Options::default()), self::serving(&rig));
        assert!(batch.number() == newest || batch.number() == newest + 1, "{seed}");
        assert!(!done || batch.number() == newest + 1, "{seed}");
        settle(&mut batch, &mut serving);
        assert!(revenue(&mut serving).0.unwrap().covers(&rig.log.heads().unwrap()), "{seed}");
    }
}

#[test]
fn a_publication_that_is_not_what_was_written_is_passed_over_in_one_line() {
    type Break = fn(&dyn Disk, u64);
    let breaks: [(&str, Break); 4] = [
        ("schema version 9", |disk, number| {
            let path = file(number, "manifest.json");
            let text = String::from_utf8(disk.read(&path).unwrap()).unwrap();
            put(disk, &path, text.replacen("\"schema\":3", "\"schema\":9,\"new\":1", 1).as_bytes());
        }),
        ("its checksum is not that", |disk, number| {
            let path = file(number, "manifest.json");
            let text = String::from_utf8(disk.read(&path).unwrap()).unwrap();
            let more = "\"files\":[{\"name\":\"x\",\"rows\":0,\"bytes\":0,\"checksum\":0},";
            put(disk, &path, text.replacen("\"files\":[", more, 1).as_bytes());
        }),
        ("reading", |disk, number| disk.remove(&file(number, "spent")).unwrap()),
        ("its length or its checksum", |disk, number| {
            let path = file(number, "spent");
            let mut bytes = disk.read(&path).unwrap();
            *bytes.last_mut().unwrap() ^= 1;
            put(disk, &path, &bytes);
        }),
    ];
    for (expected, spoil) in breaks {
        let mut rig = rig(30);
        let (mut batch, mut serving) = (batch(&rig, Options::default()), serving(&rig));
        settle(&mut batch, &mut serving);
        rig.append();
        let newest = batch.number() + 1;
        // The serving layer agrees, and then sees nothing until the publication is there and spoilt.
        batch.step(0).unwrap();
        serving.step(0).unwrap();
        while batch.number() < newest {
            batch.step(0).unwrap();
        }
        spoil(&*disk(&rig), newest);
        while serving.step(0).unwrap() {}
        let said = serving.refused().unwrap().to_owned();
        assert!(said.contains(expected) && !said.contains('\n'), "{expected}: {said}");
        assert!(revenue(&mut serving).0.unwrap().covers(&rig.log.heads().unwrap()), "{expected}");
        // One that starts now begins with the publication before it, and is as near to the head.
        drop(serving);
        let mut serving = self::serving(&rig);
        while serving.step(0).unwrap() {}
        assert!(serving.refused().is_some_and(|said| said.contains(expected)), "{expected}");
        assert!(revenue(&mut serving).0.unwrap().covers(&rig.log.heads().unwrap()), "{expected}");
        rig.append();
        settle(&mut batch, &mut serving);
        assert_eq!(serving.refused(), None, "{expected}: the next one is read from");
    }
}

#[test]
fn a_day_computed_alone_is_as_published() {
    let mut rig = rig(400);
    let (mut batch, mut serving) = (batch(&rig, Options::default()), serving(&rig));
    settle(&mut batch, &mut serving);
    rig.append();
    let query = Query { view: "median_order".into(), key: None };
    let days: Vec<String> = serving.read(&[query]).unwrap().rows[0].keys().cloned().collect();
    assert!(!days.is_empty());
    let terms = rig.case.terms.clone();
    for day in days {
        let again = lambda::day::rebuild(&disk(&rig), Path::new(STATE), "", &day, &terms).unwrap();
        assert!(again.views.iter().any(|compared| !compared.again.is_empty()), "{day}");
        for compared in again.views {
            assert_eq!(compared.again, compared.published, "{} of {day}", compared.view.name);
        }
    }
    assert!(lambda::day::rebuild(&disk(&rig), Path::new(STATE), "", "yesterday", &terms).is_err());
}

#[test]
fn an_export_is_what_is_served_at_its_version() {
    let mut rig = rig(200);
    let (mut batch, mut serving) = (batch(&rig, Options::default()), serving(&rig));
    settle(&mut batch, &mut serving);
    drop(batch);
    (0..20).for_each(|_| rig.append());
    while serving.step(0).unwrap() {}
    let log: Arc<dyn Log> = rig.shared().0;
    let (disk, out, terms) = (disk(&rig), Path::new("/out"), rig.case.terms.clone());
    let export = Export::read(&disk, Path::new(STATE), Some(&log), &terms).unwrap();
    assert_eq!(export.version, log.heads().unwrap());
    for (view, rows) in &export.views {
        let query = Query { view: view.name.into(), key: None };
        assert_eq!(rows, &serving.read(&[query]).unwrap().rows[0], "{}", view.name);
    }
    export.write(&disk, out).unwrap();
    let names = disk.list(out).unwrap();
    assert!(names.contains(&"serving_view.json".into()) && names.contains(&"spend.parquet".into()));
    assert!(!names.iter().any(|name| name.ends_with(".new")));
    let text: serde_json::Value =
        serde_json::from_slice(&disk.read(&out.join("serving_view.json")).unwrap()).unwrap();
    assert_eq!(text["version"], export.version.to_string());
    assert_eq!(text["views"].as_object().unwrap().len(), export.views.len());
}
