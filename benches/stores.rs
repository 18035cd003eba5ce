//! The speed layer's stores: a thousand records' cells with their version, and one key read and merged.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lambda::Options;
use lambda::options::StoreKind;
use lambda::stores::Alone;
use workloads::{Event, Place, Query, Record, Terms, WordEvent};

const KEYS: u64 = 50_000;
const BATCH: u64 = 1_000;

fn batch(number: u64) -> Vec<Record> {
    let record = |i: u64| {
        let word = format!("word{}", (number * BATCH + i) * 7_919 % KEYS);
        let event = Event::Word(WordEvent { word: word.into(), time: 0 });
        let place = Place { partition: 0, offset: number * BATCH + i };
        Record { place, origin: None, intended: 0, appended: 0, event }
    };
    (0..BATCH).map(record).collect()
}

fn benches(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("the system has room for temporary files");
    for (name, store) in [("sqlite", StoreKind::Sqlite), ("postgres", StoreKind::Postgres)] {
        let options = Options { store, ..Options::default() };
        // Without a server that was started before there is nothing to measure.
        let Ok(mut alone) = Alone::new("words", &Terms::default(), &options, folder.path()) else { continue };
        let mut group = criterion.benchmark_group(format!("stores/{name}"));
        // A record changes a word and its window.
        group.throughput(Throughput::Elements(2 * BATCH)).sample_size(20);
        let mut number = 0;
        group.bench_function("write", |bench| {
            bench.iter(|| {
                alone.feed(&batch(number)).expect("nothing is looked up on a disk");
                alone.keep().expect("the store is there");
                number += 1;
            });
        });
        let query = Query { view: "totals".into(), key: Some("word7919".into()) };
        group.throughput(Throughput::Elements(1));
        group.bench_function("read", |bench| {
            bench.iter(|| alone.answer(&query).expect("the store is there"));
        });
    }
}

criterion_group!(group, benches);
criterion_main!(group);
