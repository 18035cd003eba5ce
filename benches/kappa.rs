//! The Kappa's dataflow by granularity, over decoded records with one worker and two, and over logs on disk, beside the
//! plain loop over the same records.

use std::path::Path;
use std::sync::Arc;

use benches::records;
use criterion::measurement::WallTime;
use criterion::{BatchSize, BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use harness::contestants::reference::Fold;
use kappa::{Kappa, KappaConfig, Options, Replay, Shift};
use workloads::files::{RealDisk, SharedDisk};
use workloads::intake::Feed;
use workloads::log::RawRecord;
use workloads::log::file::{FileLog, FsyncPolicy};
use workloads::partition::PartitionBy;
use workloads::{Appender, Codec, Log, Meta, Record, Terms};

/// Events of each workload, and where it is only tried whether a bench runs.
const EVENTS: (u64, u64) = (1_000_000, 20_000);

const PARTITIONS: u32 = 2;

/// Records a version of decoded ones.
const GRAINS: [usize; 3] = [1_000, 10_000, 100_000];

/// What is asked of each workload: everything, and what the aims are given for.
const ASKED: &[(&str, &[&str])] =
    &[("orders", &["spend"]), ("orders", &[]), ("trades", &["volume"]), ("trades", &[])];

/// In the partitions of their names.
fn parted(name: &str, events: u64) -> Vec<Record> {
    let (mut records, mut next) = (records(name, events), [0; PARTITIONS as usize]);
    for record in &mut records {
        let partition = PartitionBy::Key.partition(record.event.key().as_bytes(), None, 0, PARTITIONS);
        let offset = &mut next[partition as usize];
        (record.place.partition, record.place.offset) = (partition, *offset);
        *offset += 1;
    }
    records
}

fn benches(criterion: &mut Criterion) {
    let tried = std::env::args().any(|argument| argument == "--test");
    let events = if tried { EVENTS.1 } else { EVENTS.0 };
    for (name, views) in ASKED {
        let records = parted(name, events);
        let asked = if views.is_empty() { "all".to_owned() } else { views.join("+") };
        let mut group = criterion.benchmark_group(format!("kappa/{name}/{asked}"));
        group.throughput(Throughput::Elements(events)).sample_size(10);
        decoded(&mut group, name, views, &records);
        together(&mut group, name, views, &records);
        if views.is_empty() {
            from_disk(&mut group, name, &records);
        }
    }
}

fn decoded(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, views: &[&str], records: &[Record]) {
    let terms = Terms::default();
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
    for granularity in GRAINS {
        group.bench_function(format!("{granularity}/1"), |bench| {
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

/// With two workers, from records in turn and from those of one partition each.
fn together(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, views: &[&str], records: &[Record]) {
    for (granularity, by_partition) in GRAINS.into_iter().flat_map(|g| [(g, false), (g, true)]) {
        let shift = Shift {
            workload: name.to_owned(),
            terms: Terms::default(),
            views: views.iter().map(|view| (*view).to_owned()).collect(),
            shares: Shift::deal(records, 2, (!by_partition).then_some(512)),
            partitions: by_partition.then_some(PARTITIONS),
            granularity,
        };
        let how = if by_partition { "2 by partition" } else { "2" };
        group.bench_function(format!("{granularity}/{how}"), |bench| {
            bench.iter(|| shift.work(&[], |_| ()).expect("the workers go through all of it"));
        });
    }
}

/// The whole way: read, decoded, checked for duplicates, and carried out.
fn from_disk(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, records: &[Record]) {
    let disk: SharedDisk = Arc::new(RealDisk);
    for codec in Codec::ALL {
        let folder = tempfile::tempdir().expect("there is room");
        write(&disk, folder.path(), name, *codec, records);
        for workers in [1, 2] {
            group.bench_function(format!("{codec} from disk/{workers}"), |bench| {
                bench.iter(|| follow(&disk, folder.path(), workers));
            });
        }
    }
}

fn write(disk: &SharedDisk, folder: &Path, name: &str, codec: Codec, records: &[Record]) {
    let meta = Meta {
        workload: name.to_owned(),
        codec,
        partitions: PARTITIONS,
        partition_by: PartitionBy::Key,
        made_by: "bench".to_owned(),
    };
    FileLog::create(disk, folder, &meta).expect("the folder is new");
    let mut appender = FileLog::appender(disk, folder, FsyncPolicy::None).expect("nobody else writes it");
    for batch in records.chunks(1_000) {
        let mut raw = vec![Vec::new(); PARTITIONS as usize];
        for record in batch {
            let (mut value, key) = (Vec::new(), record.event.key().as_bytes().to_vec());
            codec.encode(&record.event, &mut value);
            let Record { origin, intended, appended, .. } = *record;
            let (key, value) = (key.into(), value.into());
            let lone = RawRecord { offset: 0, origin, intended, appended, key, value };
            raw[record.place.partition as usize].push(lone);
        }
        for (partition, raw) in (0..).zip(&raw).filter(|(_, raw)| !raw.is_empty()) {
            appender.append(partition, raw).expect("the disk has room");
        }
    }
}

fn follow(disk: &SharedDisk, folder: &Path, workers: u32) -> Kappa {
    let log = Arc::new(FileLog::open(disk, folder).expect("it was written above"));
    let heads = log.heads().expect("the log is whole");
    let config = KappaConfig {
        terms: Terms::default(),
        feed: Feed::default(),
        state: None,
        workers,
        granularity: 100_000,
        version_ms: 0,
        spin: false,
        options: Options::default(),
    };
    let mut kappa = Kappa::start(log, disk, &config).expect("a workload of that name");
    while kappa.version().as_ref() != Some(&heads) {
        kappa.step(0).expect("the log is whole");
    }
    kappa
}

criterion_group!(group, benches);
criterion_main!(group);
