//! Batches that go on from the publication before, or fold by the speed layer's rules: they publish what a batch
//! publishes that computes everything by its own.
#![allow(clippy::unwrap_used)]

mod rig;

use std::path::{Path, PathBuf};

use lambda::options::Batching;
use lambda::runs::{Run, runs};
use lambda::{Batch, Export, LambdaConfig, Options, Serving, rollback};
use rig::{Case, Dice, Rig};
use workloads::files::Disk;

const WORKLOADS: [&str; 5] = ["orders", "trades", "words", "sensors", "transfers"];

/// A Lambda with a folder of its own.
struct Lambda {
    config: LambdaConfig,
    batch: Option<Batch>,
    serving: Serving,
}

impl Lambda {
    fn start(rig: &Rig, state: &str, batch: Batching) -> Lambda {
        let options = Options { batch, ..Options::default() };
        let config =
            LambdaConfig { state: PathBuf::from(state), granularity: 1_000, options, ..rig.config() };
        let (log, disk) = rig.shared();
        Lambda { batch: None, serving: Serving::start(log, &disk, &config).unwrap(), config }
    }

    /// Publishes everything there is.
    fn settle(&mut self, rig: &Rig) {
        let (log, disk) = rig.shared();
        if self.batch.is_none() {
            self.batch = Some(Batch::start(log, &disk, &self.config).unwrap());
        }
        let batch = self.batch.as_mut().unwrap();
        while batch.step(0).unwrap() | self.serving.step(0).unwrap() {}
    }

    fn published(&self, rig: &Rig) -> Export {
        let (_, disk) = rig.shared();
        Export::read(&disk, &self.config.state, None, &self.config.terms).unwrap()
    }

    fn runs(&self, rig: &Rig) -> Vec<Run> {
        runs(&rig.shared().1, &self.config.state).unwrap()
    }
}

/// What two have published is the same.
fn same(rig: &Rig, one: &Lambda, other: &Lambda) {
    let (one, other) = (one.published(rig), other.published(rig));
    assert_eq!(one.version, other.version, "{:?}", rig.case);
    for ((view, rows), (_, others)) in one.views.iter().zip(&other.views) {
        assert_eq!(rows, others, "{} of {:?}", view.name, rig.case);
    }
}

/// A log that grows by random stretches, published by three at each. Says how often one went on and how often not.
fn grow(case: Case) -> (usize, usize) {
    let mut dice = Dice::new(case.seed ^ 0xbeef);
    let case = Case { restarts: 0, cut_every: 1, ..case };
    let mut rig = Rig::new(case);
    rig.append();
    let start = |state, batch| Lambda::start(&rig, state, batch);
    let mut full = start("/full", Batching::Full);
    let mut onward = start("/onward", Batching::Incremental);
    let mut shared = start("/shared", Batching::Shared);
    while (rig.sent.len() as u64) < rig.case.events {
        [&mut full, &mut onward, &mut shared].into_iter().for_each(|lambda| lambda.settle(&rig));
        same(&rig, &full, &onward);
        same(&rig, &full, &shared);
        (0..=dice.below(40)).for_each(|_| rig.append());
        if dice.percent(20) {
            onward.batch = None;
        }
    }
    let runs = onward.runs(&rig);
    let afresh = runs.iter().filter(|run| run.afresh.is_some()).count();
    (runs.iter().filter(|run| run.from.is_some()).count(), afresh)
}

#[test]
fn what_grows_is_what_is_computed_from_the_beginning() {
    for workload in WORKLOADS {
        let (mut onward, mut afresh) = (0, 0);
        for seed in 0..rig::cases() / 5 {
            let (went_on, did_not) = grow(Case::random(workload, seed));
            (onward, afresh) = (onward + went_on, afresh + did_not);
        }
        println!("{workload}: {onward} batches went on from the one before, {afresh} could not");
        assert!(onward > 50, "{workload}: {onward}");
        // Only trades publish lists that can be used up.
        assert!(afresh == 0 || workload == "trades", "{workload}: {afresh}");
    }
}

#[test]
fn where_a_list_is_nearly_used_up_everything_is_computed() {
    let (mut onward, mut afresh) = (0, 0);
    for seed in 0..rig::cases() / 15 {
        // Many prices, and then little but busts.
        let case = Case { keys: 1, marks: 0, prices: 400, events: 400, ..Case::random("trades", seed) };
        let (went_on, did_not) = grow(Case { purge_from: 200, ..case });
        (onward, afresh) = (onward + went_on, afresh + did_not);
    }
    println!("{onward} batches went on from the one before, {afresh} could not");
    assert!(onward > 20 && afresh > 5, "{onward} {afresh}");
}

#[test]
fn every_answer_over_a_publication_that_grew_is_true_at_its_label() {
    for workload in WORKLOADS {
        for (seed, batch) in
            (0..rig::cases() / 5).zip([Batching::Incremental, Batching::Shared].into_iter().cycle())
        {
            let case = Case::random(workload, 1_000 + seed);
            Rig::new(Case { options: Options { batch, ..Options::default() }, ..case }).run();
        }
    }
}

/// Some events more, and the runs of a batch that goes on, after something was done to it.
fn after(workload: &'static str, deed: fn(&Rig, &mut Lambda)) -> Vec<Run> {
    let mut rig = Rig::new(Case { restarts: 0, cut_every: 1, ..Case::random(workload, 3) });
    let (mut full, mut onward) =
        (Lambda::start(&rig, "/full", Batching::Full), Lambda::start(&rig, "/onward", Batching::Incremental));
    for _ in 0..4 {
        (0..30).for_each(|_| rig.append());
        full.settle(&rig);
        onward.settle(&rig);
    }
    onward.batch = None;
    deed(&rig, &mut onward);
    for _ in 0..2 {
        (0..30).for_each(|_| rig.append());
        full.settle(&rig);
        onward.settle(&rig);
        same(&rig, &full, &onward);
    }
    onward.runs(&rig)
}

#[test]
fn after_a_rollback_it_goes_on_from_what_is_served_again() {
    for workload in WORKLOADS {
        let runs = after(workload, |rig, onward| {
            let (_, disk) = rig.shared();
            rollback(&disk, &onward.config.state, 3, 0).unwrap();
            onward.settle(rig);
        });
        let from: Vec<_> = runs.iter().map(|run| run.from).collect();
        assert_eq!(from[1..5], [Some(1), Some(2), Some(3), Some(3)], "{workload}: {from:?}");
        assert_eq!(from[5], Some(5), "{workload}: {from:?}");
    }
}

#[test]
fn over_a_broken_publication_it_computes_everything() {
    let runs = after("orders", |rig, onward| {
        let path = onward.config.state.join("views").join("0000000004-spent");
        let mut bytes = rig.disk.read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        let mut file = rig.disk.create(&path).unwrap();
        file.append(&bytes).unwrap();
        file.sync().unwrap();
    });
    assert_eq!(runs[4].from, None);
    assert!(runs[4].afresh.as_ref().unwrap().contains("checksum"), "{:?}", runs[4]);
    assert_eq!(runs[5].from, Some(5));
}

#[test]
fn under_other_terms_it_computes_everything() {
    let runs = after("orders", |_, onward| onward.config.terms.large_from += 0);
    assert!(runs[4].afresh.is_none());
    let mut rig = Rig::new(Case { restarts: 0, cut_every: 1, ..Case::random("orders", 3) });
    let mut onward = Lambda::start(&rig, "/onward", Batching::Incremental);
    (0..30).for_each(|_| rig.append());
    onward.settle(&rig);
    onward.batch = None;
    onward.config.terms.large_from += 5_000;
    (0..30).for_each(|_| rig.append());
    onward.settle(&rig);
    let runs = onward.runs(&rig);
    assert!(runs[1].from.is_none() && runs[1].afresh.as_ref().unwrap().contains("terms"), "{:?}", runs[1]);
}

#[test]
fn what_a_publication_is_made_of_stays_and_nothing_else() {
    let mut rig = Rig::new(Case { restarts: 0, cut_every: 1, marks: 0, ..Case::random("orders", 3) });
    let mut onward = Lambda::start(&rig, "/onward", Batching::Incremental);
    (0..200).for_each(|_| rig.append());
    for _ in 0..12 {
        (0..10).for_each(|_| rig.append());
        onward.settle(&rig);
    }
    let names = rig.disk.list(Path::new("/onward/views")).unwrap();
    let placed: Vec<&String> = names.iter().filter(|name| name.ends_with("-placed")).collect();
    assert!(placed.contains(&&"0000000001-placed".to_owned()), "{placed:?}");
    assert!(names.iter().filter(|name| name.ends_with("-names")).count() == 3, "{names:?}");
    assert!(placed.len() <= 8, "{placed:?}");
}
