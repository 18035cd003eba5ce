//! The Kappa's dataflow over decoded records, by granularity, beside the plain loop over the same records.

use benches::records;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use harness::contestants::reference::Fold;
use kappa::Replay;
use workloads::Terms;

const EVENTS: u64 = 1_000_000;

/// What is asked of each workload: everything, and the one view that the aims are given for.
const ASKED: &[(&str, &[&str])] = &[("orders", &[]), ("trades", &["volume"]), ("trades", &[])];

fn benches(criterion: &mut Criterion) {
    let terms = Terms::default();
    for (name, views) in ASKED {
        let records = records(name, EVENTS);
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
