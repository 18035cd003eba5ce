//! The Lambda's archive: sealing records as Parquet, merging small files, and scanning them column by column.

use std::path::Path;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use lambda::archive::Archive;
use workloads::files::{RealDisk, SharedDisk};
use workloads::{Dedup, Place, Record, Shape, Version, workload};

const RECORDS: u64 = 400_000;
const PARTITIONS: u64 = 2;

/// Files that are merged into one.
const SMALL: u64 = 8;

/// Workloads, and of how many customers, symbols, words, regions or accounts.
const CASES: [(&str, u32); 6] = [
    ("orders", 1_000),
    ("orders", 100_000),
    ("trades", 7),
    ("words", 1_000),
    ("sensors", 50),
    ("transfers", 1_000),
];

/// Records of generated events, which take turns between the partitions.
fn records(name: &str, keys: u32) -> Vec<Record> {
    let shape = Shape {
        seed: 42,
        events: RECORDS,
        rate: 20_000.0,
        keys,
        cancellations: 0.01,
        corrections: 0.0,
        start: 1_700_000_000_000,
        first_sequence: 0,
    };
    let generate = workload(name).expect("a workload that there is").generate;
    let drafts = (0..).zip(generate(&shape));
    let record = |(number, draft): (u64, workloads::Draft)| {
        let place = Place { partition: (number % PARTITIONS) as u32, offset: number / PARTITIONS };
        let (intended, appended) = (draft.intended, shape.start + draft.intended / 1000);
        Record { place, origin: draft.origin, intended, appended, event: draft.event }
    };
    drafts.map(record).collect()
}

fn archive(disk: &SharedDisk, folder: &Path, workload: &str, records: &[Record]) -> Archive {
    sealed(disk, folder, workload, records, 1)
}

/// An archive that was sealed so many times.
fn sealed(disk: &SharedDisk, folder: &Path, workload: &str, records: &[Record], seals: u64) -> Archive {
    let mut archive = Archive::open(disk, folder, workload, PARTITIONS as u32).expect("the folder is new");
    for part in records.chunks((RECORDS / seals) as usize) {
        archive.append(part).expect("the records are in order");
        let last = archive.sealed().total() / PARTITIONS + part.len() as u64 / PARTITIONS;
        archive.seal(&Version(vec![last; PARTITIONS as usize])).expect("the disk has room");
    }
    archive
}

/// What a fold cannot do without: every key and every number.
fn scan(archive: &Archive, workload: &str, dedup: Dedup) -> i64 {
    let (mut sum, cut) = (0_i64, archive.sealed());
    let keys = |keys: &[u32]| keys.iter().map(|key| i64::from(*key)).sum::<i64>();
    let scanned = match workload {
        "orders" => archive.scan_orders(cut, dedup, &mut |columns| {
            sum += keys(columns.customers) + columns.amounts.iter().sum::<i64>();
        }),
        "trades" => archive.scan_trades(cut, &mut |columns| {
            sum += keys(columns.symbols) + columns.volumes.iter().sum::<i64>();
        }),
        _ => archive.scan_facts(cut, dedup, &mut |facts| {
            sum +=
                keys(facts.keys()) + keys(facts.text("debited")) + facts.numbers("time").iter().sum::<i64>();
        }),
    };
    scanned.expect("the archive was made above");
    sum
}

fn benches(criterion: &mut Criterion) {
    let disk: SharedDisk = Arc::new(RealDisk);
    let mut group = criterion.benchmark_group("archive");
    group.throughput(Throughput::Elements(RECORDS)).sample_size(10);
    let temporary = || tempfile::tempdir().expect("the system has room for temporary files");
    for (workload, keys) in CASES {
        let records = records(workload, keys);
        group.bench_function(format!("seal/{workload}/{keys}"), |bench| {
            bench.iter_batched(
                temporary,
                |folder| {
                    archive(&disk, folder.path(), workload, &records);
                    folder
                },
                BatchSize::PerIteration,
            );
        });
        let folder = temporary();
        let archive = archive(&disk, folder.path(), workload, &records);
        for (name, dedup) in [("offset", Dedup::Offset), ("origin", Dedup::Origin)] {
            group.bench_function(format!("scan/{workload}/{keys}/{name}"), |bench| {
                bench.iter(|| scan(&archive, workload, dedup));
            });
        }
    }
    let records = records("orders", 1_000);
    group.bench_function("merge/orders/1000", |bench| {
        bench.iter_batched(
            || {
                let folder = temporary();
                let archive = sealed(&disk, folder.path(), "orders", &records, SMALL);
                (folder, archive)
            },
            |(folder, mut archive)| {
                assert!(archive.compact(RECORDS).expect("the disk has room"));
                folder
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(archives, benches);
criterion_main!(archives);
