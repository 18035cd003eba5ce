//! The same log gives the same answers at common versions: whatever the workers, the versions' size, the moments at which
//! records come, crashes, and another job that takes over on the way.
//!
//! `KAPPA_CASES=10000 cargo test --release -p kappa --test identical` is the long form.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod events;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use events::{Dice, append, log, records, resend};
use kappa::{Kappa, KappaConfig, Options, Task};
use workloads::files::{PowerLoss, SharedDisk};
use workloads::intake::Feed;
use workloads::log::memory::MemoryLog;
use workloads::{Dedup, Log, Query, Record, Rows, Terms, workload};

/// What was answered at each version that was read.
type Answers = BTreeMap<Vec<u64>, Vec<Rows>>;

fn cases() -> u64 {
    std::env::var("KAPPA_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(80)
}

struct Case {
    name: &'static str,
    terms: Terms,
    records: Vec<Record>,
    dice: Dice,
}

impl Case {
    fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let name = ["orders", "trades", "words", "sensors", "transfers"][seed as usize % 5];
        let dedup = [Dedup::Origin, Dedup::Offset, Dedup::None, Dedup::Content][dice.below(4) as usize];
        let cancel_horizon = (dice.below(3) == 0).then_some(9_000_000);
        let records = resend(&records(name, seed, 20 + dice.below(180), 4), seed);
        Case { name, terms: Terms { dedup, cancel_horizon, ..Terms::default() }, records, dice }
    }

    fn config(&mut self) -> KappaConfig {
        let feed = Feed { dedup: self.terms.dedup, ..Feed::default() };
        let granularity = [1, 7, 40, 1_000][self.dice.below(4) as usize];
        let replace_granularity = 1 + self.dice.below(100);
        KappaConfig {
            terms: self.terms.clone(),
            feed,
            state: Some(PathBuf::from("/state")),
            workers: 1 + self.dice.below(2) as u32,
            granularity,
            version_ms: 0,
            spin: false,
            options: Options { replace_granularity, ..Options::default() },
        }
    }

    /// What is answered now must be what was answered at this version before.
    fn read(&self, kappa: &mut Kappa, answers: &mut Answers) {
        let views = workload(self.name).unwrap().views.iter();
        let queries: Vec<Query> = views.map(|view| Query { view: view.name.to_owned(), key: None }).collect();
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
        let mut config = self.config();
        let mut kappa = Kappa::start(Arc::new(log.clone()), disk, &config).unwrap();
        let records = std::mem::take(&mut self.records);
        let mut rest = &records[from..];
        while !rest.is_empty() || kappa.step(0).unwrap() {
            let (some, more) = rest.split_at((self.dice.below(50) as usize).min(rest.len()));
            append(log, some);
            rest = more;
            for _ in 0..self.dice.below(6) {
                kappa.step(0).unwrap();
            }
            self.read(&mut kappa, answers);
            match self.dice.below(odds) {
                0 => {
                    config = self.config();
                    drop(kappa);
                    kappa = Kappa::start(Arc::new(log.clone()), disk, &config).unwrap();
                }
                1 | 2 => drop(kappa.replace(Task { terms: self.terms.clone(), views: Vec::new() })),
                3 => drop(kappa.rollback()),
                4 => drop(kappa.confirm()),
                _ => {}
            }
        }
        assert_eq!(kappa.version(), Some(log.heads().unwrap()));
        self.read(&mut kappa, answers);
        self.records = records;
        kappa.job()
    }
}

#[test]
fn every_way_through_a_log_gives_the_same_answers() {
    let (mut versions, mut replaced) = (0, 0);
    for seed in 0..cases() {
        let mut case = Case::new(seed);
        let (log, mut answers) = (log(case.name, 4), Answers::new());
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
        for (view, rows) in workload(case.name).unwrap().views.iter().zip(last) {
            assert_eq!(*rows, truth.rows(view.name), "{} {}, seed {seed}", case.name, view.name);
        }
        versions += answers.len() as u64;
    }
    assert!(versions > 5 * cases() && replaced > cases() / 8, "{versions} versions, {replaced} replaced");
}
