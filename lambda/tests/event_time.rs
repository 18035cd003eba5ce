//! A hand-over by event time with a grace that nothing is later than is exact, however far the speed layer lags.

#![allow(clippy::unwrap_used)]

mod rig;

use std::path::PathBuf;
use std::sync::Arc;

use lambda::options::{Options, Protocol};
use lambda::{Batch, LambdaConfig, Serving};
use rig::Dice;
use workloads::files::{PowerLoss, SharedDisk};
use workloads::intake::Feed;
use workloads::log::memory::MemoryLog;
use workloads::log::{Appender, Meta, RawRecord};
use workloads::partition::PartitionBy;
use workloads::{Codec, Dedup, Event, Log, OrderEvent, OrderKind, Query, Terms};

const PARTITIONS: u32 = 2;

/// An order of one cent, later or earlier by less than the grace.
fn order(number: u64, dice: &mut Dice) -> RawRecord {
    let time = number as i64 + dice.below(20) as i64;
    let kind = OrderKind::Placed;
    let event = Event::Order(OrderEvent { kind, customer: "c".into(), order: 0, amount: 1, time });
    let mut value = Vec::new();
    Codec::Bin.encode(&event, &mut value);
    RawRecord { offset: 0, origin: None, intended: 0, appended: 0, key: "c".into(), value: value.into() }
}

fn config() -> LambdaConfig {
    let terms = Terms { dedup: Dedup::Offset, ..Terms::default() };
    LambdaConfig {
        workload: "orders".into(),
        state: PathBuf::from("/state"),
        feed: Feed { dedup: terms.dedup, ..Feed::default() },
        terms,
        granularity: 2,
        cut_every: 12,
        cut_ms: 0,
        socket: None,
        options: Options { handover: Protocol::EventTime { grace_ms: 40 }, ..Options::default() },
    }
}

/// Steps a batch and a speed layer of which the first is so much quicker that publications overtake reads.
fn every_read_counts_everything_once(seed: u64) -> u64 {
    let meta = Meta {
        workload: "orders".into(),
        codec: Codec::Bin,
        partitions: PARTITIONS,
        partition_by: PartitionBy::RoundRobin,
        made_by: "a test".into(),
    };
    let log = MemoryLog::create(meta);
    let mut appender = log.appender();
    let disk: SharedDisk = Arc::new(PowerLoss::new(seed));
    let (log, config, mut dice): (Arc<dyn Log>, _, _) = (Arc::new(log), config(), Dice::new(seed));
    let mut batch = Batch::start(Arc::clone(&log), &disk, &config).unwrap();
    let mut serving = Serving::start(log, &disk, &config).unwrap();
    let (mut sent, mut reads) = (0, 0);
    while sent < 400 {
        match dice.below(10) {
            0..=3 => {
                let partition = dice.below(PARTITIONS.into()) as u32;
                appender.append(partition, &[order(sent, &mut dice)]).unwrap();
                sent += 1;
            }
            4..=7 => drop(batch.step(0).unwrap()),
            _ => drop(serving.step(0).unwrap()),
        }
        if serving.version().is_some() {
            let query = Query { view: "revenue".into(), key: None };
            let answer = serving.read(&[query]).unwrap();
            let counted = answer.rows[0].get("all").map_or(0, |row| row[1]);
            let version = answer.version.unwrap();
            assert_eq!(counted, i128::from(version.total()), "at {version} of seed {seed}");
            reads += 1;
        }
    }
    reads
}

#[test]
fn nothing_is_lost_when_publications_overtake_the_speed_layer() {
    let reads: u64 = (0..16).map(every_read_counts_everything_once).sum();
    assert!(reads > 300, "{reads}");
}
