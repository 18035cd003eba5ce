//! The same log gives the same answers at common versions: whatever the workers and processes, the versions' size, the
//! moments at which records come, crashes, and another job that takes over on the way.
//!
//! `KAPPA_CASES=10000 cargo test --release -p kappa --test identical` is the long form.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod events;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use events::{Dice, advancing, append, log, records, resend};
use kappa::{Hand, Kappa, KappaConfig, KappaError, Options, Task};
use workloads::files::{PowerLoss, SharedDisk};
use workloads::intake::Feed;
use workloads::log::memory::MemoryLog;
use workloads::{Dedup, Log, Query, Record, Rows, Terms, workload};

/// What was answered at each version that was read.
type Answers = BTreeMap<Vec<u64>, Vec<Rows>>;

fn cases() -> u64 {
    std::env::var("KAPPA_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(80)
}

/// All views, or some of them.
fn asked(name: &str, dice: &mut Dice) -> Vec<&'static str> {
    let all: Vec<&'static str> = workload(name).unwrap().views.iter().map(|view| view.name).collect();
    let mut some = match dice.below(4) {
        0 => all.iter().copied().filter(|_| dice.below(2) == 0).collect(),
        1 | 2 if name == "trades" => vec!["volume", "mean", "vwap"],
        _ => Vec::new(),
    };
    some.retain(|view| all.contains(view));
    if some.is_empty() { all } else { some }
}

struct Case {
    name: &'static str,
    terms: Terms,
    records: Vec<Record>,
    partitions: u32,
    /// What is asked for: of trades often only what needs no order, which is spread over the workers.
    views: Vec<&'static str>,
    /// How far back records lie at most, where that is known.
    late_ms: Option<u64>,
    dice: Dice,
}

/// A Kappa, and the process that lends it a hand.
struct Running {
    kappa: Kappa,
    hand: Option<JoinHandle<KappaError>>,
}

impl Running {
    fn crash(self) {
        drop(self.kappa);
        let ended = self.hand.map(|hand| hand.join().unwrap());
        assert!(ended.is_none_or(|error| matches!(error, KappaError::Gone(0))));
    }
}

impl Case {
    fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let name = ["orders", "trades", "words", "sensors", "transfers"][seed as usize % 5];
        let dedup = [Dedup::Origin, Dedup::Offset, Dedup::None, Dedup::Content][dice.below(4) as usize];
        let cancel_horizon = (dice.below(3) == 0).then_some(9_000_000);
        let records = resend(&records(name, seed, 20 + dice.below(180), 4), seed);
        let terms = Terms { dedup, cancel_horizon, ..Terms::default() };
        let views = asked(name, &mut dice);
        let case = Case { name, terms, records, partitions: 4, views, late_ms: None, dice };
        if seed % 15 < 2 || seed % 15 == 10 { case.promised(seed) } else { case }
    }

    /// The same with event times of which something is promised, so that it may be forgotten. Every partition has records:
    /// one without would hold it back.
    fn promised(mut self, seed: u64) -> Self {
        self.partitions = 2;
        self.records = records(self.name, seed, 200 + self.dice.below(200), 2);
        advancing(&mut self.records, 500_000, 3_000_000);
        self.terms.cancel_horizon = Some(self.dice.below(3) as i64 * 6_000_000);
        self.late_ms = Some(9_000_000);
        self
    }

    fn config(&mut self) -> KappaConfig {
        let feed = Feed { dedup: self.terms.dedup, ..Feed::default() };
        let granularity = [1, 7, 40, 1_000][self.dice.below(4) as usize];
        let replace_granularity = 1 + self.dice.below(100);
        let processes = if self.dice.below(8) == 0 { 2 } else { 1 };
        let forget_late_ms = self.late_ms.filter(|_| self.dice.below(4) > 0);
        let snapshot_records = if self.late_ms.is_some() { self.dice.below(80) } else { 0 };
        KappaConfig {
            terms: self.terms.clone(),
            feed,
            state: Some(PathBuf::from("/state")),
            workers: 1 + self.dice.below(2) as u32,
            granularity,
            version_ms: 0,
            spin: false,
            options: Options {
                views: self.task().views,
                replace_granularity,
                processes,
                forget_late_ms,
                snapshot_records,
                ..Options::default()
            },
        }
    }

    fn task(&self) -> Task {
        let views = self.views.iter().map(|view| (*view).to_owned()).collect();
        Task { terms: self.terms.clone(), views }
    }

    /// Starts it with the other process, if there are to be two, in a thread of its own.
    fn start(&mut self, log: &MemoryLog, disk: &SharedDisk) -> Running {
        let config = self.config();
        let hand = (config.options.processes == 2).then(|| {
            let (log, disk, config) = (log.clone(), disk.clone(), config.clone());
            thread::spawn(move || {
                let mut hand = Hand::start(Arc::new(log), &disk, &config).unwrap();
                loop {
                    match hand.step() {
                        Ok(true) => {}
                        Ok(false) => thread::sleep(Duration::from_micros(50)),
                        Err(error) => return error,
                    }
                }
            })
        });
        Running { kappa: Kappa::start(Arc::new(log.clone()), disk, &config).unwrap(), hand }
    }

    /// What is answered now must be what was answered at this version before.
    fn read(&self, kappa: &mut Kappa, answers: &mut Answers) {
        let query = |view: &&str| Query { view: (*view).to_owned(), key: None };
        let queries: Vec<Query> = self.views.iter().map(query).collect();
        let answer = kappa.read(&queries).unwrap();
        let version = answer.version.unwrap().0;
        if let Some(before) = answers.get(&version) {
            assert_eq!(*before, answer.rows, "{} at {version:?}", self.name);
        }
        answers.insert(version, answer.rows);
    }

    /// Follows the log while `rest` is appended to it; it crashes and is replaced when the dice say so.
    fn follow(
        &mut self,
        log: &MemoryLog,
        disk: &SharedDisk,
        from: usize,
        odds: u64,
        answers: &mut Answers,
    ) -> u32 {
        let mut running = self.start(log, disk);
        let records = std::mem::take(&mut self.records);
        let mut rest = &records[from..];
        let began = Instant::now();
        let heads = |rest: &[Record]| rest.is_empty().then(|| log.heads().unwrap());
        loop {
            let kappa = &mut running.kappa;
            if !kappa.step(0).unwrap() && kappa.version() == heads(rest) {
                break;
            }
            assert!(began.elapsed() < Duration::from_secs(60), "it stands at {:?}", kappa.version());
            let (some, more) = rest.split_at((self.dice.below(50) as usize).min(rest.len()));
            append(log, some);
            rest = more;
            for _ in 0..self.dice.below(6) {
                kappa.step(0).unwrap();
            }
            self.read(kappa, answers);
            match self.dice.below(odds) {
                0 => {
                    running.crash();
                    running = self.start(log, disk);
                }
                1 | 2 => drop(kappa.replace(self.task())),
                3 => drop(kappa.rollback()),
                4 => drop(kappa.confirm()),
                _ => {}
            }
        }
        self.read(&mut running.kappa, answers);
        self.records = records;
        let job = running.kappa.job();
        running.crash();
        job
    }
}

#[test]
fn every_way_through_a_log_gives_the_same_answers() {
    let (mut versions, mut replaced) = (0, 0);
    for seed in 0..cases() {
        let mut case = Case::new(seed);
        let (log, mut answers) = (log(case.name, case.partitions), Answers::new());
        let disk: SharedDisk = Arc::new(PowerLoss::new(seed));
        case.follow(&log, &disk, 0, u64::MAX, &mut answers);
        // Over the same bindings, so that the versions are the same; then by itself.
        let all = case.records.len();
        replaced += u64::from(case.follow(&log, &disk, all, 12, &mut answers) > 1);
        let fresh: SharedDisk = Arc::new(PowerLoss::new(seed));
        replaced += u64::from(case.follow(&log, &fresh, all, 12, &mut answers) > 1);
        let mut truth = (workload(case.name).unwrap().truth)(&case.terms);
        case.records.iter().for_each(|record| truth.feed(record, None));
        let last = &answers[&log.heads().unwrap().0];
        for (view, rows) in case.views.iter().zip(last) {
            assert_eq!(*rows, truth.rows(view), "{} {view}, seed {seed}", case.name);
        }
        versions += answers.len() as u64;
    }
    assert!(versions > 5 * cases() && replaced > cases() / 8, "{versions} versions, {replaced} replaced");
}
