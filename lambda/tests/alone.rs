//! Each layer by itself gives what is true of what it was given.

mod rig;

use rig::{Case, Rig};
use workloads::{Event, Origin, Place, Query, Record, Terms, TradeEvent, TradeKind, View, workload};

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
            let version = workloads::Version(rig.records.iter().map(|all| all.len() as u64).collect());
            for view in workload(name).unwrap().views {
                let query = Query { view: view.name.into(), key: None };
                let expected = rig::truth(&case, &rig.records, &version, std::slice::from_ref(&query));
                assert_eq!(stream.answer(&query).unwrap(), expected[0], "{case:?}");
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
