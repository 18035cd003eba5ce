//! The log on a real broker: `WB_KAFKA=127.0.0.1:9092 cargo test -p workloads --features kafka --test kafka -- --ignored`.
#![cfg(feature = "kafka")]
#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use bytes::Bytes;
use workloads::log::kafka::rdkafka::admin::NewPartitions;
use workloads::log::kafka::rdkafka::{Offset, TopicPartitionList};
use workloads::log::kafka::{
    Cluster, Credentials, KafkaAddress, KafkaLog, KafkaSettings, Transactions, options, wait,
};
use workloads::log::{Appender, Log, LogError, RawRecord, first, last, lend};
use workloads::partition::PartitionBy;
use workloads::{Codec, Meta, Origin};

/// The broker that tests use, and a topic of their own.
fn site(name: &str) -> (KafkaAddress, Credentials) {
    let brokers = std::env::var("WB_KAFKA").expect("WB_KAFKA says where the broker is");
    let number = Instant::now().elapsed().as_nanos() ^ u128::from(std::process::id());
    let address = KafkaAddress::new(&brokers, &format!("test-{name}-{number}")).unwrap();
    let credentials = unlocked(&address, "profile=latency");
    (address, credentials)
}

fn unlocked(address: &KafkaAddress, settings: &str) -> Credentials {
    settings.parse::<KafkaSettings>().unwrap().unlock(address, &|_| None).unwrap()
}

fn meta(partitions: u32) -> Meta {
    Meta {
        workload: "orders".into(),
        codec: Codec::Json,
        partitions,
        partition_by: PartitionBy::Key,
        made_by: "test".into(),
    }
}

fn record(number: u64) -> RawRecord {
    let origin = (!number.is_multiple_of(3)).then_some(Origin { source: 7, sequence: number });
    RawRecord {
        offset: number,
        origin,
        intended: number as i64 * 10,
        appended: 1 + number as i64,
        key: Bytes::from(format!("key {number}")),
        value: Bytes::from(vec![number as u8; 80]),
    }
}

fn made(name: &str, partitions: u32) -> (KafkaAddress, Credentials, KafkaLog) {
    let (address, credentials) = site(name);
    KafkaLog::create(&address, &credentials, &meta(partitions), None).unwrap();
    let log = KafkaLog::open(&address, &credentials).unwrap();
    (address, credentials, log)
}

fn all(log: &KafkaLog, partition: u32, from: u64) -> Vec<RawRecord> {
    let (mut out, head) = (Vec::new(), log.heads().unwrap().0[partition as usize]);
    lend(log, partition, from..head, &mut |record| {
        out.push(record.keep());
        Ok(())
    })
    .unwrap();
    out
}

#[test]
#[ignore = "needs a Kafka broker: scripts/check --kafka"]
fn what_is_appended_is_read_as_it_was_at_the_offsets_it_got() {
    let (address, credentials, log) = made("round", 3);
    let mut appender = log.appender().unwrap();
    let records: Vec<_> = (0..5_000).map(record).collect();
    assert_eq!(appender.append(1, &records[..10]).unwrap(), 0..10);
    assert_eq!(appender.append(1, &records[10..]).unwrap(), 10..5_000);
    assert_eq!(log.heads().unwrap().0, [0, 5_000, 0]);
    assert_eq!(all(&log, 1, 0), records);
    assert_eq!(all(&log, 1, 4_321), records[4_321..]);
    assert_eq!(log.offset_at(1, 1_001).unwrap(), 1_000);
    assert_eq!(log.offset_at(1, 6_000).unwrap(), 5_000);
    assert_eq!(first(&log, 1, 17..20).unwrap().unwrap(), records[17]);
    assert_eq!(last(&log, 1, 0..5_000).unwrap().unwrap(), records[4_999]);
    assert_eq!(log.meta().workload, "orders");
    let (mut said, lanes) = (Vec::new(), [(2, &records[..700]), (0, &records[..0]), (1, &records[..3_000])]);
    appender.append_all(&lanes, &mut |partition, range| said.push((partition, range))).unwrap();
    assert_eq!(said, [(2, 0..700), (0, 0..0), (1, 5_000..8_000)]);
    assert_eq!(all(&log, 2, 0), records[..700]);
    assert!(matches!(log.reader(1, 8_001), Err(LogError::OutOfRange { head: 8_000, .. })));
    assert!(matches!(log.reader(3, 0), Err(LogError::NoPartition { .. })));
    assert!(matches!(log.appender().unwrap().append(3, &[]), Err(LogError::NoPartition { .. })));
    KafkaLog::delete(&address, &credentials).unwrap();
}

#[test]
#[ignore = "needs a Kafka broker: scripts/check --kafka"]
fn aborted_records_are_passed_over() {
    let (address, credentials, log) = made("aborted", 1);
    let mut appender = log.transactional(Transactions { every: 50, abort: 0.4, seed: 3 }).unwrap();
    let records: Vec<_> = (0..2_000).map(record).collect();
    let range = appender.append(0, &records).unwrap();
    assert!(appender.aborted() > 5, "{}", appender.aborted());
    let head = log.heads().unwrap().0[0];
    // Every record, the mark of every transaction, and all that was aborted.
    assert_eq!(head, 2_000 + 40 + appender.aborted() * 51);
    assert!(range.end < head);
    let read = all(&log, 0, 0);
    assert_eq!(read.len(), 2_000);
    for (read, record) in read.iter().zip(&records) {
        assert_eq!(RawRecord { offset: 0, ..read.clone() }, RawRecord { offset: 0, ..record.clone() });
    }
    assert_eq!(last(&log, 0, 0..head).unwrap().unwrap().key, records[1_999].key);
    // Bounded by any offset, it never hands out what lies beyond.
    let mut reader = log.reader(0, 0).unwrap();
    for upto in (0..=head).step_by(7) {
        let mut out = Vec::new();
        while reader.position() < upto {
            if reader.read(upto, 1_000, &mut out).unwrap() == 0 && reader.position() < upto {
                reader.wait(upto).unwrap();
            }
        }
        assert!(out.iter().all(|record| record.offset < upto));
    }
    KafkaLog::delete(&address, &credentials).unwrap();
}

/// Within ten seconds, one line with these words in it.
fn refused<T>(words: &[&str], attempt: impl FnOnce() -> Result<T, LogError>) {
    let began = Instant::now();
    let said = attempt().err().expect("it must be refused").to_string();
    assert!(began.elapsed() < Duration::from_secs(10), "{said} took {:?}", began.elapsed());
    eprintln!("{:?}: {said}", began.elapsed());
    assert!(words.iter().all(|word| said.contains(word)), "{said}");
    assert_eq!(said.lines().count(), 1);
}

#[test]
#[ignore = "needs a Kafka broker: scripts/check --kafka"]
fn what_cannot_be_is_refused_in_one_line_that_says_what_to_do() {
    let (address, credentials, log) = made("refused", 2);
    let nobody = KafkaAddress::new("127.0.0.1:1", "orders").unwrap();
    refused(&["no broker answers at 127.0.0.1:1"], || KafkaLog::open(&nobody, &unlocked(&nobody, "")));
    let unknown = address.beside("no-such-topic").unwrap();
    refused(&["no topic no-such-topic", "wb generate"], || KafkaLog::open(&unknown, &credentials));
    refused(&["has a topic", "already"], || KafkaLog::create(&address, &credentials, &meta(2), None));
    let copies = address.beside(&format!("{}-copies", address.topic())).unwrap();
    refused(&["fewer brokers than copies"], || KafkaLog::create(&copies, &credentials, &meta(1), Some(9)));
    let bare = address.beside(&format!("{}-bare", address.topic())).unwrap();
    Cluster::new(&bare, &credentials).unwrap().create(1, Some(1), &[]).unwrap();
    refused(&["nobody has said what it holds", "wb topic declare"], || KafkaLog::open(&bare, &credentials));
    refused(&["has 1 partitions and no longer 4"], || KafkaLog::declare(&bare, &credentials, &meta(4)));
    KafkaLog::declare(&bare, &credentials, &meta(1)).unwrap();
    assert_eq!(KafkaLog::open(&bare, &credentials).unwrap().meta().partitions, 1);
    KafkaLog::delete(&bare, &credentials).unwrap();
    let large = RawRecord { value: Bytes::from(vec![0; 3 << 20]), ..record(0) };
    refused(&["larger than the broker takes"], || log.appender()?.append(0, std::slice::from_ref(&large)));
    let willing = unlocked(&address, "message.max.bytes=9000000");
    refused(&["larger than the broker takes"], || {
        KafkaLog::open(&address, &willing)?.appender()?.append(0, &[large])
    });
    KafkaLog::delete(&address, &credentials).unwrap();
}

#[test]
#[ignore = "needs a Kafka broker: scripts/check --kafka"]
fn events_that_are_no_longer_kept_are_named() {
    let (address, credentials, log) = made("gone", 1);
    let records: Vec<_> = (0..500).map(record).collect();
    log.appender().unwrap().append(0, &records).unwrap();
    let mut early = log.reader(0, 0).unwrap();
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(address.topic(), 0, Offset::Offset(200)).unwrap();
    let admin = Cluster::new(&address, &credentials).unwrap().admin().unwrap();
    wait(admin.delete_records(&list, &options())).unwrap();
    assert_eq!(log.starts().unwrap().0, [200]);
    refused(&["partition 0", "offsets 7 to 199 are gone"], || log.reader(0, 7));
    assert_eq!(all(&log, 0, 200), records[200..]);
    // One that was there before goes on with what it had fetched, or says the same.
    let mut out = Vec::new();
    while early.position() < 500 {
        match early.read(500, 1_000, &mut out) {
            Ok(0) => early.wait(500).unwrap_or_else(|error| assert!(error.to_string().contains("gone"))),
            Ok(_) => {}
            Err(error) => return assert!(error.to_string().contains("are gone"), "{error}"),
        }
    }
    assert_eq!(out, records);
    KafkaLog::delete(&address, &credentials).unwrap();
}

#[test]
#[ignore = "needs a Kafka broker: scripts/check --kafka"]
fn another_number_of_partitions_is_noticed_while_the_log_is_open() {
    let (address, credentials, log) = made("partitions", 2);
    let admin = Cluster::new(&address, &credentials).unwrap().admin().unwrap();
    wait(admin.create_partitions(&[NewPartitions::new(address.topic(), 3)], &options())).unwrap();
    let said = (0..5_000).find_map(|_| log.heads().err()).expect("it is noticed").to_string();
    assert!(said.contains("3 partitions and no longer 2"), "{said}");
    refused(&["3 partitions and no longer 2"], || KafkaLog::open(&address, &credentials));
    KafkaLog::delete(&address, &credentials).unwrap();
}

#[test]
#[ignore = "needs a Kafka broker: scripts/check --kafka"]
fn a_topic_that_is_deleted_is_missed_by_whoever_reads_it() {
    let (address, credentials, log) = made("deleted", 1);
    let records: Vec<_> = (0..10).map(record).collect();
    log.appender().unwrap().append(0, &records).unwrap();
    let (mut waits, mut looks) = (log.reader(0, 0).unwrap(), log.reader(0, 0).unwrap());
    let mut out = Vec::new();
    for reader in [&mut waits, &mut looks] {
        while reader.position() < 10 {
            reader.read(10, 10, &mut out).unwrap();
            reader.wait(10).unwrap();
        }
    }
    KafkaLog::delete(&address, &credentials).unwrap();
    let began = Instant::now();
    refused(&["has no topic"], || -> Result<(), LogError> {
        loop {
            if waits.read(20, 10, &mut out)? == 0 {
                waits.wait(20)?;
            }
        }
    });
    refused(&["has no topic"], || -> Result<(), LogError> {
        loop {
            looks.read(20, 10, &mut out)?;
        }
    });
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert!(matches!(log.glance(1, 0), Err(LogError::NoPartition { partition: 1, number: 1 })));
}
