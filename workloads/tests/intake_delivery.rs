//! What a component gets of a log: each record once, in order, whatever is delivered twice, late or undecodable.

use std::path::Path;

use bytes::Bytes;
use proptest::prelude::*;
use workloads::faults::DeliveryFaults;
use workloads::intake::{DeadLetter, Duplicates, Feed, Intake, PATIENCE};
use workloads::log::memory::MemoryLog;
use workloads::log::{Log, LogError, Meta, RawRecord};
use workloads::partition::PartitionBy;
use workloads::{Appender, Codec, Dedup, Event, OrderEvent, OrderKind, Origin, Record, Version};

fn empty(partitions: u32) -> MemoryLog {
    MemoryLog::create(Meta {
        workload: "orders".into(),
        codec: Codec::Bin,
        partitions,
        partition_by: PartitionBy::RoundRobin,
        made_by: "test".into(),
    })
}

fn raw(order: u64, origin: Option<u64>) -> RawRecord {
    let event = OrderEvent { kind: OrderKind::Placed, customer: "Ali".into(), order, amount: 5, time: 9 };
    let mut value = Vec::new();
    Codec::Bin.encode(&Event::Order(event), &mut value);
    let origin = origin.map(|sequence| Origin { source: 1, sequence });
    RawRecord {
        offset: 0,
        origin,
        intended: 3,
        appended: 4,
        key: Bytes::from_static(b"Ali"),
        value: value.into(),
    }
}

fn poison() -> RawRecord {
    RawRecord { value: Bytes::from_static(b"\xff\x00"), ..raw(0, None) }
}

/// A log of one partition with these records.
fn log(records: &[RawRecord]) -> MemoryLog {
    let log = empty(1);
    log.appender().append(0, records).expect("memory");
    log
}

fn orders(records: &[Record]) -> Vec<u64> {
    let order = |record: &Record| match &record.event {
        Event::Order(order) => order.order,
        _ => unreachable!("the log is of orders"),
    };
    records.iter().map(order).collect()
}

/// Everything of partition 0, pulled some at a time.
fn drain(intake: &mut Intake, most: usize) -> Vec<Record> {
    let mut out = Vec::new();
    while intake.pull(0, u64::MAX, most, &mut out).expect("a whole log") > 0 {}
    out
}

fn feed(dedup: Dedup) -> Feed {
    Feed { dedup, ..Feed::default() }
}

fn open(log: &MemoryLog, feed: &Feed) -> Intake {
    Intake::open(log, &[0], &Version::zero(1), feed).expect("a log")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Whatever the sizes of the pulls, the records are those of one big pull.
    #[test]
    fn pulls_of_any_size_give_the_same(
        origins in prop::collection::vec(prop::option::of(0_u64..20), 0..60),
        most in 1_usize..9,
        redeliver in 0.0..0.6,
        drop in 0.0..0.6,
    ) {
        let records: Vec<RawRecord> = origins.iter().enumerate().map(|(i, origin)| raw(i as u64 / 2, *origin)).collect();
        let log = log(&records);
        for dedup in [Dedup::None, Dedup::Offset, Dedup::Origin, Dedup::Content] {
            let faults = DeliveryFaults { seed: 4, redeliver, drop, delay_partition: None };
            let feed = Feed { dedup, faults, ..Feed::default() };
            let whole = drain(&mut open(&log, &feed), usize::MAX);
            let mut intake = open(&log, &feed);
            prop_assert_eq!(&drain(&mut intake, most), &whole);
            prop_assert_eq!(intake.version(), &log.heads().expect("memory"));
        }
    }
}

#[test]
fn a_resend_counts_once_where_origins_are_compared() {
    let log = log(&[raw(1, Some(1)), raw(2, Some(2)), raw(1, Some(1)), raw(2, None), raw(2, None)]);
    for (dedup, expected) in [
        (Dedup::None, vec![1, 2, 1, 2, 2]),
        (Dedup::Offset, vec![1, 2, 1, 2, 2]),
        (Dedup::Origin, vec![1, 2, 2, 2]),
        (Dedup::Content, vec![1, 2]),
    ] {
        let records = drain(&mut open(&log, &feed(dedup)), 2);
        assert_eq!(orders(&records), expected, "{dedup:?}");
        assert_eq!((records[0].place.offset, records[0].intended, records[0].appended), (0, 3, 4));
    }
}

#[test]
fn a_resend_in_another_partition_counts_again() {
    let log = empty(2);
    for partition in 0..2 {
        log.appender().append(partition, &[raw(1, Some(1))]).expect("memory");
    }
    let mut intake = Intake::open(&log, &[0, 1], &Version::zero(2), &feed(Dedup::Origin)).expect("a log");
    let mut out = Vec::new();
    assert_eq!(intake.pull(0, 9, 9, &mut out).ok(), Some(1));
    assert_eq!(intake.pull(1, 9, 9, &mut out).ok(), Some(1));
    assert_eq!(out.len(), 2);
}

#[test]
fn a_pull_stops_at_its_bound_and_skips_partitions_that_were_not_opened() {
    let log = empty(2);
    let records: Vec<RawRecord> = (0..10).map(|i| raw(i, None)).collect();
    log.appender().append(0, &records).expect("memory");
    log.appender().append(1, &records).expect("memory");
    let mut intake = Intake::open(&log, &[0], &Version(vec![3, 4]), &Feed::default()).expect("a log");
    let mut out = Vec::new();
    assert_eq!(intake.pull(1, 10, 10, &mut out).ok(), Some(0));
    assert_eq!(intake.pull(0, 7, 100, &mut out).ok(), Some(4));
    assert_eq!(intake.pull(0, 7, 100, &mut out).ok(), Some(0));
    assert_eq!((orders(&out), intake.version()), (vec![3, 4, 5, 6], &Version(vec![7, 4])));
    assert!(matches!(
        Intake::open(&log, &[2], &Version::zero(2), &Feed::default()),
        Err(LogError::NoPartition { .. })
    ));
}

#[test]
fn what_was_seen_before_a_restart_is_remembered() {
    let log = log(&[raw(1, Some(1)), raw(2, Some(2)), raw(1, Some(1)), raw(3, Some(3))]);
    let mut intake = open(&log, &feed(Dedup::Origin));
    let mut out = Vec::new();
    intake.pull(0, 2, 9, &mut out).expect("a whole log");
    let seen = Duplicates::restore(&intake.duplicates().snapshot()).expect("a whole snapshot");
    let mut again = Intake::resume(&log, &[0], intake.version(), &feed(Dedup::Origin), seen).expect("a log");
    assert_eq!(orders(&drain(&mut again, 9)), [3]);
}

#[test]
fn a_redelivery_counts_once_unless_nothing_is_compared() {
    let records: Vec<RawRecord> = (0..1000).map(|i| raw(i, None)).collect();
    let log = log(&records);
    let faults = DeliveryFaults { seed: 1, redeliver: 0.25, ..DeliveryFaults::default() };
    let delivered =
        |dedup| drain(&mut open(&log, &Feed { dedup, faults: faults.clone(), ..Feed::default() }), 7);
    assert_eq!(orders(&delivered(Dedup::Offset)), (0..1000).collect::<Vec<_>>());
    let twice = delivered(Dedup::None);
    assert!((1180..1320).contains(&twice.len()), "{}", twice.len());
    assert_eq!(twice, delivered(Dedup::None));
}

#[test]
fn what_is_dropped_is_passed_over() {
    let records: Vec<RawRecord> = (0..1000).map(|i| raw(i, Some(i))).collect();
    let log = log(&records);
    let faults = DeliveryFaults { seed: 1, drop: 0.1, ..DeliveryFaults::default() };
    let feed = Feed { faults, ..Feed::default() };
    let mut intake = open(&log, &feed);
    let left = drain(&mut intake, 10);
    assert!((850..950).contains(&left.len()), "{}", left.len());
    assert!(left.is_sorted_by_key(|record| record.place));
    assert_eq!(intake.version(), &Version(vec![1000]));
    assert_eq!(left, drain(&mut open(&log, &feed), 1000));
}

#[test]
fn a_delayed_partition_lags_until_its_log_has_ended() {
    let log = empty(1);
    let faults = DeliveryFaults { delay_partition: Some((0, 20)), ..DeliveryFaults::default() };
    let mut intake = open(&log, &Feed { faults, ..Feed::default() });
    let mut out = Vec::new();
    for number in 0..50 {
        log.appender().append(0, &[raw(number, Some(number))]).expect("memory");
        intake.pull(0, u64::MAX, 7, &mut out).expect("a whole log");
        assert_eq!(intake.version(), &Version(vec![(number + 1).saturating_sub(20)]));
    }
    for _ in 0..=PATIENCE + 20 {
        intake.pull(0, u64::MAX, 7, &mut out).expect("a whole log");
    }
    assert_eq!(orders(&out), (0..50).collect::<Vec<_>>());
}

fn letters(path: &Path) -> Vec<DeadLetter> {
    let text = std::fs::read_to_string(path).expect("the file");
    text.lines().map(|line| serde_json::from_str(line).expect("a dead letter")).collect()
}

#[test]
fn an_undecodable_record_is_noted_and_counted_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("dead.jsonl");
    let text = RawRecord { value: Bytes::from_static(b"{oops"), ..poison() };
    let log = log(&[raw(1, None), poison(), raw(2, None), text]);
    let faults = DeliveryFaults { redeliver: 1.0, ..DeliveryFaults::default() };
    for dedup in [Dedup::None, Dedup::Offset, Dedup::None] {
        let feed =
            Feed { dedup, dead_letters: Some(path.clone()), faults: faults.clone(), ..Feed::default() };
        let mut intake = open(&log, &feed);
        let records = drain(&mut intake, 2);
        assert_eq!(records.len(), if dedup == Dedup::None { 4 } else { 2 });
        assert_eq!(intake.dead(), 2);
        let letters = letters(&path);
        assert_eq!(letters.iter().map(|letter| letter.offset).collect::<Vec<_>>(), [1, 3]);
        assert_eq!(letters[0].reason, "an order takes 32 bytes, the value has 2");
        assert_eq!((letters[0].key.as_deref(), letters[0].value_hex.as_deref()), (Some("Ali"), Some("ff00")));
        assert_eq!(letters[1].value.as_deref(), Some("{oops"));
    }
    assert_eq!(open(&log, &Feed::default()).dead(), 0);
}

#[test]
fn a_dead_letter_cut_short_by_a_crash_is_noted_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("dead.jsonl");
    let log = log(&[poison(), poison()]);
    let feed = Feed { dead_letters: Some(path.clone()), ..Feed::default() };
    drain(&mut open(&log, &feed), 9);
    let whole = std::fs::read(&path).expect("the file");
    std::fs::write(&path, &whole[..whole.len() - 5]).expect("room");
    let mut intake = open(&log, &feed);
    drain(&mut intake, 9);
    assert_eq!((std::fs::read(&path).expect("the file"), intake.dead()), (whole, 2));
}
