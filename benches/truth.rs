//! How fast the oracles walk along a log, and what a fork costs.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use workloads::{Place, Record, Shape, Terms, WORKLOADS, Workload};

const EVENTS: u64 = 200_000;

fn shape(keys: u32) -> Shape {
    Shape {
        seed: 1,
        events: EVENTS,
        rate: 20_000.0,
        keys,
        cancellations: 0.04,
        corrections: 0.02,
        start: 1_700_000_000_000,
        first_sequence: 0,
    }
}

fn records(workload: &Workload, shape: &Shape) -> Vec<Record> {
    let drafts = (workload.generate)(shape).enumerate();
    let record = |(at, draft): (usize, workloads::Draft)| Record {
        place: Place { partition: at as u32 % 2, offset: at as u64 / 2 },
        origin: draft.origin,
        intended: draft.intended,
        appended: shape.start + draft.intended / 1000,
        event: draft.event,
    };
    drafts.map(record).collect()
}

fn walk(criterion: &mut Criterion) {
    for workload in WORKLOADS {
        let shape = shape(10_000);
        let records = records(workload, &shape);
        let mut group = criterion.benchmark_group(format!("truth/{}", workload.name));
        group.throughput(Throughput::Elements(EVENTS)).sample_size(10);
        group.bench_function("generate", |bench| {
            bench.iter(|| (workload.generate)(black_box(&shape)).count());
        });
        group.bench_function("feed", |bench| {
            bench.iter_batched_ref(
                || (workload.truth)(&Terms::default()),
                |truth| records.iter().for_each(|record| truth.feed(record, None)),
                BatchSize::PerIteration,
            );
        });
        group.bench_function("feed and name rows", |bench| {
            let mut touched = Vec::new();
            bench.iter_batched_ref(
                || (workload.truth)(&Terms::default()),
                |truth| {
                    for record in &records {
                        touched.clear();
                        truth.feed(record, Some(&mut touched));
                        black_box(&touched);
                    }
                },
                BatchSize::PerIteration,
            );
        });
        let mut truth = (workload.truth)(&Terms::default());
        records.iter().for_each(|record| truth.feed(record, None));
        group.bench_function("fork", |bench| bench.iter(|| truth.fork()));
        group.finish();
    }
}

criterion_group!(benches, walk);
criterion_main!(benches);
