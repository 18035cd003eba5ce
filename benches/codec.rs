//! Codecs and intake: writing and reading events, and pulling them decoded and deduplicated from a log in memory.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use workloads::faults::Sending;
use workloads::intake::{Feed, Intake};
use workloads::log::memory::MemoryLog;
use workloads::partition::PartitionBy;
use workloads::{
    Appender, Codec, Dedup, Draft, Event, Log, Meta, OrderEvent, OrderKind, Origin, Record, TradeEvent,
    TradeKind, Version,
};

const RECORDS: u64 = 100_000;

/// Records that a component pulls at once.
const PULL: usize = 4096;

fn draft(workload: &str, number: u64) -> Draft {
    let time = 1_700_000_000_000 + number as i64 / 20;
    let event = if workload == "orders" {
        let customer = format!("customer-{}", number % 1000).into();
        let amount = 100 + number as i64 % 50_000;
        Event::Order(OrderEvent { kind: OrderKind::Placed, customer, order: number + 1, amount, time })
    } else {
        let symbol = ["BINANCE:BTCUSDT", "BINANCE:ETHUSDT", "AAPL"][number as usize % 3].into();
        let (price, volume) = (6_410_112_000_000 + number as i64 * 1_000_000, 180_000 + number as i64);
        let target = Origin::default();
        Event::Trade(TradeEvent { kind: TradeKind::Traded, symbol, price, volume, time, target })
    };
    Draft { origin: Some(Origin { source: 0, sequence: number }), intended: number as i64 * 50, event }
}

fn log(workload: &str, codec: Codec) -> MemoryLog {
    let made_by = "bench".to_owned();
    let (workload, partition_by) = (workload.to_owned(), PartitionBy::Key);
    let log = MemoryLog::create(Meta { workload, codec, partitions: 1, partition_by, made_by });
    let drafts = (0..RECORDS).map(|number| draft(&log.meta().workload, number));
    let records: Vec<_> = drafts.map(|draft| Sending::Event(draft).raw(codec, 0)).collect();
    log.appender().append(0, &records).expect("memory takes everything");
    log
}

fn pull(log: &MemoryLog, dedup: Dedup, out: &mut Vec<Record>) -> u64 {
    let feed = Feed { dedup, ..Feed::default() };
    let mut intake = Intake::open(log, &[0], &Version::zero(1), &feed).expect("the log was made above");
    let mut moved = 0;
    loop {
        out.clear();
        match intake.pull(0, u64::MAX, PULL, out).expect("the log is whole") {
            0 => return moved,
            some => moved += some,
        }
    }
}

fn benches(criterion: &mut Criterion) {
    for workload in ["orders", "trades"] {
        let mut group = criterion.benchmark_group(format!("codec/{workload}"));
        group.throughput(Throughput::Elements(RECORDS)).sample_size(10);
        let events: Vec<Event> = (0..RECORDS).map(|number| draft(workload, number).event).collect();
        for codec in Codec::ALL {
            let mut value = Vec::new();
            group.bench_function(format!("encode/{codec}"), |bench| {
                bench.iter(|| events.iter().for_each(|event| codec.encode(black_box(event), &mut value)));
            });
            let bytes = events.iter().map(|event| {
                codec.encode(event, &mut value);
                (event.key().clone(), value.clone())
            });
            let bytes: Vec<_> = bytes.collect();
            group.bench_function(format!("decode/{codec}"), |bench| {
                bench.iter(|| {
                    for (key, value) in &bytes {
                        black_box(codec.decode(workload, key.as_bytes(), value, 0)).expect("an event");
                    }
                });
            });
            let log = log(workload, *codec);
            let mut out = Vec::new();
            for (name, dedup) in
                [("offset", Dedup::Offset), ("origin", Dedup::Origin), ("content", Dedup::Content)]
            {
                group.bench_function(format!("intake/{codec}/{name}"), |bench| {
                    bench.iter(|| pull(&log, dedup, &mut out));
                });
            }
        }
        group.finish();
    }
}

criterion_group!(codecs, benches);
criterion_main!(codecs);
