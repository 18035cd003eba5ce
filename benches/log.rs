//! The embedded log: appending and replaying records of 100 bytes, with and without the header of their origin.

use std::path::Path;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use workloads::codec::Codec;
use workloads::files::{RealDisk, SharedDisk};
use workloads::log::RawRecord;
use workloads::log::file::{FileAppender, FileLog, FsyncPolicy};
use workloads::partition::PartitionBy;
use workloads::{Appender, Log, Meta, Origin};

const RECORDS: u64 = 200_000;
const BATCH: usize = 500;
/// Records of a batch where a history is written.
const HISTORY: usize = 4096;

fn records(stamped: bool) -> Vec<RawRecord> {
    let record = |number: u64| RawRecord {
        offset: 0,
        origin: stamped.then_some(Origin { source: 1, sequence: number }),
        intended: number as i64 * if stamped { 50 } else { 1000 },
        appended: number as i64,
        key: format!("{:08}", number % 1000).into(),
        value: vec![number as u8; 92].into(),
    };
    (0..RECORDS).map(record).collect()
}

fn fresh(disk: &SharedDisk, folder: &Path) -> FileAppender {
    let meta = Meta {
        workload: "orders".into(),
        codec: Codec::Bin,
        partitions: 1,
        partition_by: PartitionBy::Key,
        made_by: "bench".into(),
    };
    FileLog::create(disk, folder, &meta).expect("the folder is new");
    FileLog::appender(disk, folder, FsyncPolicy::None).expect("nobody else writes it")
}

fn append(appender: &mut FileAppender, records: &[RawRecord]) {
    for batch in records.chunks(BATCH) {
        appender.append(0, batch).expect("the disk has room");
    }
}

fn replay(log: &FileLog) -> u64 {
    let mut reader = log.reader(0, 0).expect("the log was made above");
    let mut out = Vec::with_capacity(BATCH);
    let mut bytes = 0;
    while reader.read(u64::MAX, BATCH, &mut out).expect("the log is whole") > 0 {
        bytes += out.iter().map(|record| record.value.len() as u64).sum::<u64>();
        out.clear();
    }
    bytes
}

fn benches(criterion: &mut Criterion) {
    let disk: SharedDisk = Arc::new(RealDisk);
    let mut group = criterion.benchmark_group("log");
    group.throughput(Throughput::Elements(RECORDS)).sample_size(10);
    for (name, stamped) in [("plain", false), ("origin", true)] {
        let records = records(stamped);
        group.bench_function(format!("append/{name}"), |bench| {
            bench.iter_batched(
                || {
                    let folder = tempfile::tempdir().expect("the system has room for temporary files");
                    let appender = fresh(&disk, folder.path());
                    (folder, appender)
                },
                |(folder, mut appender)| {
                    append(&mut appender, &records);
                    (folder, appender)
                },
                BatchSize::PerIteration,
            );
        });
        let folder = tempfile::tempdir().expect("the system has room for temporary files");
        append(&mut fresh(&disk, folder.path()), &records);
        let log = FileLog::open(&disk, folder.path()).expect("the log was made above");
        group.bench_function(format!("replay/{name}"), |bench| bench.iter(|| replay(&log)));
    }
    group.finish();
    look_up(criterion, &disk);
}

/// Looking up append times all over an open segment, whose batches are as long as a history's.
fn look_up(criterion: &mut Criterion, disk: &SharedDisk) {
    let folder = tempfile::tempdir().expect("the system has room for temporary files");
    let mut appender = fresh(disk, folder.path());
    for batch in records(true).chunks(HISTORY) {
        appender.append(0, batch).expect("the disk has room");
    }
    let log = FileLog::open(disk, folder.path()).expect("the log was made above");
    let mut time = 0;
    criterion.bench_function("log/offset_at", |bench| {
        bench.iter(|| {
            time = (time + 7919) % RECORDS as i64;
            log.offset_at(0, time).expect("the log is whole")
        });
    });
}

criterion_group!(log, benches);
criterion_main!(log);
