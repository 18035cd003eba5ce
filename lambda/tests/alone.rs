//! Each layer by itself gives what is true of what it was given.

mod rig;

use rig::{Case, Rig};
use workloads::{Query, Record, workload};

#[test]
fn the_speed_layer_over_nothing_is_the_whole_answer() {
    for name in ["orders", "trades"] {
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
