//! The Lambda's layers by themselves: the speed layer beside the plain loop, and the batch from its archive, some views
//! alone and everything that it publishes.

use std::sync::Arc;

use benches::records;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use harness::contestants::reference::Fold;
use lambda::alone::{Stream, answer, recompute};
use lambda::archive::Archive;
use workloads::files::{RealDisk, SharedDisk};
use workloads::{Dedup, Terms, Version};

const EVENTS: u64 = 500_000;

fn benches(criterion: &mut Criterion) {
    let terms = Terms::default();
    for name in ["orders", "trades"] {
        let records = records(name, EVENTS);
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
        let views: &[&str] = if name == "orders" { &["spend"] } else { &["volume", "range"] };
        group.bench_function("fold", |bench| {
            bench.iter(|| {
                answer(name, views, &archive, &cut, &terms, Dedup::Origin)
                    .expect("the archive was made above")
            });
        });
        group.bench_function("batch", |bench| {
            bench.iter(|| {
                recompute(name, &archive, &cut, &terms, Dedup::Origin).expect("the archive was made above")
            });
        });
    }
}

criterion_group!(group, benches);
criterion_main!(group);
