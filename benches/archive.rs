//! The Lambda's archive: sealing records as Parquet, and scanning them column by column.

use std::path::Path;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use lambda::archive::Archive;
use workloads::files::{RealDisk, SharedDisk};
use workloads::{Dedup, Event, OrderEvent, OrderKind, Origin, Place, Record, TradeEvent, TradeKind, Version};

const RECORDS: u64 = 400_000;
const PARTITIONS: u64 = 2;

fn record(workload: &str, keys: u64, number: u64) -> Record {
    // Keys in no order that an encoder could use.
    let drawn = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
    let time = 1_700_000_000_000 + number as i64 / 20;
    let key = format!("key-{}", drawn % keys).into();
    let event = if workload == "orders" {
        let amount = (drawn % 50_000) as i64;
        Event::Order(OrderEvent { kind: OrderKind::Placed, customer: key, order: number + 1, amount, time })
    } else {
        let (price, volume) = (6_410_112_000_000 + (drawn % 100_000) as i64, (drawn % 7_000_000) as i64);
        let target = Origin::default();
        Event::Trade(TradeEvent { kind: TradeKind::Traded, symbol: key, price, volume, time, target })
    };
    let place = Place { partition: (number % PARTITIONS) as u32, offset: number / PARTITIONS };
    let origin = Some(Origin { source: 0, sequence: number });
    Record { place, origin, intended: number as i64 * 50, appended: time + 1, event }
}

fn archive(disk: &SharedDisk, folder: &Path, workload: &str, records: &[Record]) -> Archive {
    let mut archive = Archive::open(disk, folder, workload, PARTITIONS as u32).expect("the folder is new");
    archive.append(records).expect("the records are in order");
    archive.seal(&cut()).expect("the disk has room");
    archive
}

fn cut() -> Version {
    Version(vec![RECORDS / PARTITIONS; PARTITIONS as usize])
}

/// What a fold cannot do without: every key and every number.
fn scan(archive: &Archive, workload: &str, dedup: Dedup) -> i64 {
    let mut sum = 0_i64;
    let scanned = if workload == "orders" {
        archive.scan_orders(&cut(), dedup, &mut |columns| {
            sum += columns.customers.iter().map(|key| i64::from(*key)).sum::<i64>();
            sum += columns.amounts.iter().sum::<i64>();
        })
    } else {
        archive.scan_trades(&cut(), &mut |columns| {
            sum += columns.symbols.iter().map(|key| i64::from(*key)).sum::<i64>();
            sum += columns.volumes.iter().sum::<i64>();
        })
    };
    scanned.expect("the archive was made above");
    sum
}

fn benches(criterion: &mut Criterion) {
    let disk: SharedDisk = Arc::new(RealDisk);
    let mut group = criterion.benchmark_group("archive");
    group.throughput(Throughput::Elements(RECORDS)).sample_size(10);
    for (workload, keys) in [("orders", 1_000), ("orders", 100_000), ("trades", 7)] {
        let records: Vec<Record> = (0..RECORDS).map(|number| record(workload, keys, number)).collect();
        group.bench_function(format!("seal/{workload}/{keys}"), |bench| {
            bench.iter_batched(
                || tempfile::tempdir().expect("the system has room for temporary files"),
                |folder| {
                    archive(&disk, folder.path(), workload, &records);
                    folder
                },
                BatchSize::PerIteration,
            );
        });
        let folder = tempfile::tempdir().expect("the system has room for temporary files");
        let archive = archive(&disk, folder.path(), workload, &records);
        for (name, dedup) in [("offset", Dedup::Offset), ("origin", Dedup::Origin)] {
            group.bench_function(format!("scan/{workload}/{keys}/{name}"), |bench| {
                bench.iter(|| scan(&archive, workload, dedup));
            });
        }
    }
    group.finish();
}

criterion_group!(archives, benches);
criterion_main!(archives);
