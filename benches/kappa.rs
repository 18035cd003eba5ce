//! The Kappa's dataflow over decoded records, by granularity, beside the plain loop over the same records.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use harness::contestants::reference::Fold;
use kappa::Replay;
use workloads::{Place, Record, Shape, Terms, workload};

const EVENTS: u64 = 1_000_000;

/// What is asked of each workload: everything, and the one view that the aims are given for.
const ASKED: &[(&str, &[&str])] = &[("orders", &[]), ("trades", &["volume"]), ("trades", &[])];

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
    for (name, views) in ASKED {
        let records = records(name);
        let asked = if views.is_empty() { "all".to_owned() } else { views.join("+") };
        let mut group = criterion.benchmark_group(format!("kappa/{name}/{asked}"));
        group.throughput(Throughput::Elements(EVENTS)).sample_size(10);
        group.bench_function("loop", |bench| {
            bench.iter_batched(
                || Fold::new(name, &terms, views).expect("a workload of that name"),
                |mut fold| {
                    records.iter().for_each(|record| fold.feed(record));
                    fold
                },
                BatchSize::PerIteration,
            );
        });
        for granularity in [1_000, 10_000, 100_000] {
            group.bench_function(granularity.to_string(), |bench| {
                bench.iter_batched(
                    || Replay::new(name, &terms, views).expect("a workload of that name"),
                    |mut replay| {
                        records.chunks(granularity).for_each(|version| replay.feed(version));
                        replay
                    },
                    BatchSize::PerIteration,
                );
            });
        }
    }
}

criterion_group!(group, benches);
criterion_main!(group);
