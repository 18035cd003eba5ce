//! Each layer by itself gives what is true of what it was given.
#![allow(clippy::unwrap_used)]

mod rig;

use std::path::Path;
use std::sync::Arc;

use lambda::archive::Archive;
use rig::{Case, Rig};
use workloads::files::{PowerLoss, SharedDisk};
use workloads::{Event, Origin, Place, Query, Record, Terms, TradeEvent, TradeKind, Version, View, workload};

#[test]
fn the_speed_layer_over_nothing_is_the_whole_answer() {
    for name in workloads::WORKLOADS.iter().map(|workload| workload.name) {
        for seed in 0..20 {
            let mut case = Case::random(name, seed);
            case.terms.dedup = workloads::Dedup::Offset;
            let mut rig = Rig::new(case.clone());
            (0..case.events).for_each(|_| rig.append());
            let mut stream = lambda::alone::Stream::new(name, &case.terms).unwrap();
            let records: Vec<Record> = rig.records.iter().flatten().cloned().collect();
            stream.feed(&records).unwrap();
            let version = Version(rig.records.iter().map(|all| all.len() as u64).collect());
            for view in workload(name).unwrap().views {
                let query = Query { view: view.name.into(), key: None };
                let expected = rig::truth(&case, &rig.records, &version, std::slice::from_ref(&query));
                assert_eq!(stream.answer(&query).unwrap(), expected[0], "{case:?}");
            }
        }
    }
}

/// An archive of a random log in many row groups, and a version within it.
fn archived(case: &Case, rig: &mut Rig) -> (Archive, Version) {
    let disk: SharedDisk = Arc::new(PowerLoss::new(0));
    let mut archive =
        Archive::open(&disk, Path::new("/archive"), case.workload, case.partitions).expect("an archive");
    (0..case.events).for_each(|_| rig.append());
    for part in 1..=5 {
        let cut = Version(rig.records.iter().map(|all| all.len() as u64 * part / 5).collect());
        for (records, (from, to)) in rig.records.iter().zip(archive.sealed().clone().0.iter().zip(&cut.0)) {
            archive.append(&records[*from as usize..*to as usize]).expect("records in order");
        }
        archive.seal(&cut).expect("a seal");
    }
    let within = rig.records.iter().map(|all| rig.dice.below(all.len() as u64 + 1)).collect();
    let version = if case.seed.is_multiple_of(2) { Version(within) } else { archive.sealed().clone() };
    (archive, version)
}

#[test]
fn any_views_of_an_archive_are_the_oracles_by_any_number_of_threads() {
    for name in workloads::WORKLOADS.iter().map(|workload| workload.name) {
        for seed in 0..20 {
            let mut case = Case::random(name, seed);
            // Each offset is archived once.
            if case.terms.dedup == workloads::Dedup::None {
                case.terms.dedup = workloads::Dedup::Offset;
            }
            let mut rig = Rig::new(case.clone());
            let (archive, version) = archived(&case, &mut rig);
            let archive = archive.read_by(1 + seed as usize % 4);
            let views: Vec<&str> = workload(name).unwrap().views.iter().map(|view| view.name).collect();
            let chosen: Vec<&str> = views.iter().copied().filter(|_| rig.dice.below(2) == 0).collect();
            for views in [views, chosen] {
                let query = |view: &&str| Query { view: (*view).to_owned(), key: None };
                let queries: Vec<Query> = views.iter().map(query).collect();
                let expected = rig::truth(&case, &rig.records, &version, &queries);
                let dedup = case.terms.dedup;
                let rows = lambda::alone::answer(name, &views, &archive, &version, &case.terms, dedup);
                assert_eq!(rows.unwrap(), expected, "{views:?} at {version} of {case:?}");
            }
        }
    }
}

#[test]
fn a_symbol_whose_trades_are_all_busted_has_no_row() {
    let mut stream = lambda::alone::Stream::new("trades", &Terms::default()).unwrap();
    let target = Origin { source: 0, sequence: 7 };
    let record = |offset, kind, origin, price| {
        let event = TradeEvent { kind, symbol: "S".into(), price, volume: price, time: 1, target };
        let place = Place { partition: 0, offset };
        Record { place, origin, intended: 0, appended: 0, event: Event::Trade(event) }
    };
    let views = workload("trades").unwrap().views;
    let rows = |stream: &lambda::alone::Stream| {
        let query = |view: &View| Query { view: view.name.into(), key: None };
        views.iter().map(|view| stream.answer(&query(view)).unwrap().len()).sum::<usize>()
    };
    stream.feed(&[record(0, TradeKind::Traded, Some(target), 5)]).unwrap();
    assert_eq!(rows(&stream), views.len());
    stream.feed(&[record(1, TradeKind::Busted, None, 0)]).unwrap();
    assert_eq!(rows(&stream), 0);
}
