//! A store that a Kappa feeds: whatever it holds under a label is the truth of that version, whoever dies on the way.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod events;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use events::{Dice, append, log, records};
use kappa::{Changed, Kappa, KappaConfig, Options, Sink, Task};
use workloads::files::{PowerLoss, SharedDisk};
use workloads::intake::Feed;
use workloads::log::memory::MemoryLog;
use workloads::{Log, Record, Rows, Terms, Version, workload};

const WORKLOADS: [&str; 5] = ["orders", "trades", "words", "sensors", "transfers"];

/// A store in memory, which outlives whoever feeds it.
#[derive(Clone)]
struct Memory(Rc<RefCell<Held>>);

struct Held {
    label: Option<String>,
    views: BTreeMap<String, Rows>,
    dice: Dice,
    /// Of six times, how often it cannot be reached, or says that it failed though it did not.
    bad: u64,
    afresh: usize,
    puts: usize,
    /// Rows that were handed over.
    rows: usize,
}

impl Memory {
    fn new(seed: u64, bad: u64) -> Self {
        let (label, views, dice) = (None, BTreeMap::new(), Dice(seed));
        Memory(Rc::new(RefCell::new(Held { label, views, dice, bad, afresh: 0, puts: 0, rows: 0 })))
    }

    fn figures(&self) -> (usize, usize, usize) {
        let held = self.0.borrow();
        (held.afresh, held.puts, held.rows)
    }
}

impl Held {
    fn fails(&mut self) -> bool {
        self.dice.below(6) < self.bad
    }
}

impl Sink for Memory {
    fn held(&mut self) -> Result<Option<String>, String> {
        let mut held = self.0.borrow_mut();
        if held.fails() { Err("out of reach".to_owned()) } else { Ok(held.label.clone()) }
    }

    fn put(&mut self, label: &str, changed: &Changed) -> Result<(), String> {
        let mut held = self.0.borrow_mut();
        if held.fails() {
            return Err("it has not been done".to_owned());
        }
        held.puts += 1;
        if changed.afresh {
            (held.afresh, held.views) = (held.afresh + 1, BTreeMap::new());
        }
        for (view, rows) in &changed.views {
            held.rows += rows.len();
            let kept = held.views.entry(view.clone()).or_default();
            for (key, row) in rows {
                match row.is_empty() {
                    true => drop(kept.remove(key)),
                    false => drop(kept.insert(key.clone(), row.clone())),
                }
            }
        }
        held.label = Some(label.to_owned());
        if held.fails() { Err("it has been done all the same".to_owned()) } else { Ok(()) }
    }
}

fn config(terms: &Terms, workers: u32, snapshot_records: u64) -> KappaConfig {
    KappaConfig {
        terms: terms.clone(),
        feed: Feed { dedup: terms.dedup, ..Feed::default() },
        state: Some(PathBuf::from("/state/kappa")),
        workers,
        granularity: 9,
        version_ms: 0,
        spin: false,
        options: Options { snapshot_records, window_ms: 0, ..Options::default() },
    }
}

fn feeding(log: &MemoryLog, disk: &SharedDisk, config: &KappaConfig, sink: &Memory) -> Kappa {
    loop {
        match Kappa::feeding(Arc::new(log.clone()), disk, config, Box::new(sink.clone())) {
            Ok(kappa) => return kappa,
            Err(error) => assert!(error.to_string().contains("out of reach"), "{error}"),
        }
    }
}

/// Whether it holds something that can be read: the truth at its version then.
fn check(kappa: &Kappa, sink: &Memory, name: &str, terms: &Terms, records: &[Record]) -> Option<Version> {
    let (label, version) = kappa.supplied().ok()?;
    let held = sink.0.borrow();
    assert_eq!(held.label.as_deref(), Some(label));
    let workload = workload(name).unwrap();
    let mut truth = (workload.truth)(terms);
    let within = records.iter().filter(|record| version.contains(record.place));
    within.for_each(|record| truth.feed(record, None));
    for view in workload.views {
        let rows = held.views.get(view.name).cloned().unwrap_or_default();
        assert_eq!(rows, truth.rows(view.name), "{name} {} at {version}", view.name);
    }
    Some(version.clone())
}

/// Appends in bursts, dies now and then, and checks whatever can be read.
fn follow(name: &str, seed: u64, bad: u64) {
    let terms = Terms::default();
    let disk: SharedDisk = Arc::new(PowerLoss::new(seed));
    let (log, records) = (log(name, 3), records(name, seed, 240, 3));
    let (mut dice, sink) = (Dice(seed), Memory::new(seed, bad));
    let (mut rest, mut now, mut met) = (&records[..], 0, 0);
    while !rest.is_empty() {
        let workers = [1, 1, 1, 2][dice.below(4) as usize];
        let mut kappa = feeding(&log, &disk, &config(&terms, workers, 1 + dice.below(60)), &sink);
        for _burst in 0..1 + dice.below(5) {
            let (some, more) = rest.split_at((1 + dice.below(40) as usize).min(rest.len()));
            append(&log, some);
            rest = more;
            for _ in 0..dice.below(30) {
                now += 20_000;
                kappa.step(now).unwrap();
                met += usize::from(check(&kappa, &sink, name, &terms, &records).is_some());
            }
        }
    }
    assert!(met > 10, "{name} seed {seed}: read {met} times");
    let mut kappa = feeding(&log, &disk, &config(&terms, 1, 0), &sink);
    let heads = log.heads().unwrap();
    let mut level = || {
        now += 20_000;
        kappa.step(now).unwrap();
        check(&kappa, &sink, name, &terms, &records) == Some(heads.clone())
    };
    assert!((0..2_000).any(|_| level()), "{name} seed {seed}: it does not come level");
}

#[test]
fn what_a_sink_holds_is_the_truth_at_its_label() {
    for name in WORKLOADS {
        (0..8).for_each(|seed| follow(name, seed, 0));
    }
}

#[test]
fn a_sink_that_fails_now_and_then_heals_and_is_never_wrong() {
    for name in WORKLOADS {
        (0..16).for_each(|seed| follow(name, seed, 1 + seed % 3));
    }
}

/// Follows until nothing is left to do.
fn finish(kappa: &mut Kappa, log: &MemoryLog) {
    let heads = log.heads().unwrap();
    while kappa.step(0).unwrap() || kappa.supplied().ok().map(|(_, version)| version) != Some(&heads) {}
}

#[test]
fn a_restart_hands_over_only_what_the_label_does_not_cover() {
    for snapshot in [0, 20] {
        let disk: SharedDisk = Arc::new(PowerLoss::new(1));
        let (terms, sink) = (Terms::default(), Memory::new(1, 0));
        let (log, records) = (log("orders", 3), records("orders", 1, 400, 3));
        append(&log, &records[..300]);
        let mut kappa = feeding(&log, &disk, &config(&terms, 1, snapshot), &sink);
        finish(&mut kappa, &log);
        drop(kappa);
        let before = sink.figures();
        let mut kappa = feeding(&log, &disk, &config(&terms, 1, snapshot), &sink);
        // It can be read at once, before anything was read of the log.
        assert!(check(&kappa, &sink, "orders", &terms, &records).is_some());
        finish(&mut kappa, &log);
        assert_eq!(sink.figures(), before, "nothing is handed over again");
        append(&log, &records[300..]);
        finish(&mut kappa, &log);
        check(&kappa, &sink, "orders", &terms, &records).unwrap();
        let (afresh, _, rows) = sink.figures();
        assert_eq!(afresh, before.0, "it goes on from what is there");
        assert!(rows > before.2);
    }
}

#[test]
fn another_question_and_another_log_fill_it_again() {
    let disk: SharedDisk = Arc::new(PowerLoss::new(1));
    let sink = Memory::new(1, 0);
    let (log, records) = (log("orders", 3), records("orders", 1, 200, 3));
    append(&log, &records);
    let terms = Terms::default();
    let mut kappa = feeding(&log, &disk, &config(&terms, 1, 0), &sink);
    finish(&mut kappa, &log);
    let (afresh, ..) = sink.figures();
    // A replacement, while it runs: no read sees one question's rows under the other's label.
    let other = Terms { big_above: terms.big_above / 2, ..terms.clone() };
    kappa.replace(Task { terms: other.clone(), views: Vec::new() }).unwrap();
    while kappa.job() == 1 {
        kappa.step(0).unwrap();
        let terms = if kappa.job() == 1 { &terms } else { &other };
        check(&kappa, &sink, "orders", terms, &records).unwrap();
    }
    kappa.confirm().unwrap();
    assert_eq!(sink.figures().0, afresh + 1);
    drop(kappa);
    // Another question at the start.
    let disk: SharedDisk = Arc::new(PowerLoss::new(2));
    let mut kappa = feeding(&log, &disk, &config(&terms, 1, 0), &sink);
    assert!(kappa.supplied().is_err());
    assert!(kappa.trouble().unwrap().contains("filled again: it answers another question"));
    finish(&mut kappa, &log);
    check(&kappa, &sink, "orders", &terms, &records).unwrap();
    drop(kappa);
    // Another log of as many records.
    let (disk, other): (SharedDisk, _) = (Arc::new(PowerLoss::new(3)), events::log("orders", 3));
    let others = events::records("orders", 2, 200, 3);
    append(&other, &others);
    let mut kappa = feeding(&other, &disk, &config(&terms, 1, 0), &sink);
    assert!(kappa.supplied().is_err());
    finish(&mut kappa, &other);
    check(&kappa, &sink, "orders", &terms, &others).unwrap();
}

#[test]
fn whatever_a_power_cut_leaves_of_the_state_the_sink_is_right() {
    for step in 0..60 {
        let (disk, terms, sink) = (PowerLoss::new(step), Terms::default(), Memory::new(step, 0));
        let (log, records) = (log("orders", 3), records("orders", step, 240, 3));
        let config = config(&terms, 1, 40);
        append(&log, &records[..150]);
        disk.crash_after(step);
        let shared: SharedDisk = Arc::new(disk.clone());
        let begun = Kappa::feeding(Arc::new(log.clone()), &shared, &config, Box::new(sink.clone()));
        if let Ok(mut kappa) = begun {
            while kappa.step(0).unwrap_or(false) {}
        }
        // The process died alone, or the power went with it; the store has kept all that it was told.
        let survived: SharedDisk = if step % 2 == 0 {
            Arc::new(disk.surviving())
        } else {
            disk.revive();
            Arc::new(disk)
        };
        append(&log, &records[150..]);
        let mut kappa = feeding(&log, &survived, &config, &sink);
        check(&kappa, &sink, "orders", &terms, &records);
        finish(&mut kappa, &log);
        check(&kappa, &sink, "orders", &terms, &records).unwrap();
    }
}
