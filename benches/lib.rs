//! Criterion benches over the parts and the contestants; see the files beside this one.

use workloads::{Place, Record, Shape, workload};

/// Decoded records of a workload in one partition, 5 % of them cancellations or busts and 1 % corrections.
pub fn records(name: &str, events: u64) -> Vec<Record> {
    let shape = Shape {
        seed: 1,
        events,
        rate: 20_000.0,
        keys: if name == "orders" { 100_000 } else { 1_000 },
        cancellations: 0.05,
        corrections: 0.01,
        start: 1_700_000_000_000,
        first_sequence: 0,
    };
    let workload = workload(name).expect("a workload of that name");
    let records = (workload.generate)(&shape).zip(0..).map(|(draft, offset)| Record {
        place: Place { partition: 0, offset },
        origin: draft.origin,
        intended: draft.intended,
        appended: draft.intended / 1000,
        event: draft.event,
    });
    records.collect()
}
