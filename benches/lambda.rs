//! The Lambda's layers by themselves: the speed layer beside the plain loop, and the batch from its archive.

use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use harness::contestants::reference::Fold;
use lambda::alone::{Stream, recompute};
use lambda::archive::Archive;
use workloads::files::{RealDisk, SharedDisk};
use workloads::{Dedup, Place, Record, Shape, Terms, Version, workload};

const EVENTS: u64 = 500_000;

fn records(name: &str) -> Vec<Record> {
    let shape = Shape {
        seed: 1,
        events: EVENTS,
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

fn benches(criterion: &mut Criterion) {
    let terms = Terms::default();
    for name in ["orders", "trades"] {
        let records = records(name);
        let mut group = criterion.benchmark_group(format!("lambda/{name}"));
        group.throughput(Throughput::Elements(EVENTS)).sample_size(10);
        group.bench_function("loop", |bench| {
            bench.iter_batched(
                || Fold::new(name, &terms, &[]).expect("a workload of that name"),
                |mut fold| {
                    records.iter().for_each(|record| fold.feed(record));
                    fold
                },
                BatchSize::PerIteration,
            );
        });
        group.bench_function("speed", |bench| {
            bench.iter_batched(
                || Stream::new(name, &terms).expect("a workload of that name"),
                |mut stream| {
                    stream.feed(&records).expect("nothing is looked up on a disk");
                    stream
                },
                BatchSize::PerIteration,
            );
        });
        let folder = tempfile::tempdir().expect("the system has room for temporary files");
        let disk: SharedDisk = Arc::new(RealDisk);
        let mut archive = Archive::open(&disk, folder.path(), name, 1).expect("the folder is new");
        let cut = Version(vec![EVENTS]);
        archive.append(&records).expect("the records are in order");
        archive.seal(&cut).expect("the disk has room");
        group.bench_function("batch", |bench| {
            bench.iter(|| {
                recompute(name, &archive, &cut, &terms, Dedup::Origin).expect("the archive was made above")
            });
        });
    }
}

criterion_group!(group, benches);
criterion_main!(group);
