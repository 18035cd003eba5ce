//! Answers without a label, and no order of arrival over all partitions: what can still be said of them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;
use std::sync::Arc;

use harness::judge::{Bases, Class, Evidence, Verdict, judge};
use harness::observe::{Arrival, Kind, Noise, Observation, Run};
use workloads::log::RawRecord;
use workloads::log::memory::MemoryLog;
use workloads::partition::PartitionBy;
use workloads::{
    Answer, Appender, Codec, Event, Log, Meta, OrderEvent, OrderKind, Origin, Query, Rows, Terms, Version,
};

const PARTITIONS: u32 = 2;

/// Two customers whose keys go to different partitions.
const ALI: &str = "ali";
const SARA: &str = "sara";

fn home(name: &str) -> u32 {
    PartitionBy::Key.partition(name.as_bytes(), None, 0, PARTITIONS)
}

fn record(name: &str, number: u64, amount: i64) -> RawRecord {
    let (kind, customer) = (OrderKind::Placed, name.into());
    let event = OrderEvent { kind, customer, order: number, amount, time: number as i64 };
    let mut value = Vec::new();
    Codec::Bin.encode(&Event::Order(event), &mut value);
    let origin = Some(Origin { source: 1, sequence: number });
    let (key, value) = (name.as_bytes().to_vec().into(), value.into());
    RawRecord { offset: 0, origin, intended: 0, appended: number as i64, key, value }
}

/// Each customer has one order of 1 in the history and three live ones of 10, 100 and 1,000.
fn log(spread: PartitionBy) -> MemoryLog {
    let log = MemoryLog::create(Meta {
        workload: "orders".into(),
        codec: Codec::Bin,
        partitions: PARTITIONS,
        partition_by: spread,
        made_by: "by hand".into(),
    });
    for (turn, name) in (0..).zip([ALI, SARA]) {
        let records: Vec<RawRecord> =
            (0..4).map(|n| record(name, turn * 10 + n + 1, 10_i64.pow(n as u32))).collect();
        log.appender().append(home(name), &records).unwrap();
    }
    log
}

/// Each customer's live order i is handed over at 1000 i and acknowledged 100 later.
fn arrivals() -> Vec<Arrival> {
    let arrival = |(i, name): (i64, &str)| {
        let (first, handed_us) = (1 + i as u64, i * 1_000);
        Arrival { partition: home(name), first, count: 1, handed_us, acked_us: handed_us + 100 }
    };
    [ALI, SARA].into_iter().flat_map(|name| (0..3).map(move |i| (i, name))).map(arrival).collect()
}

fn evidence(spread: PartitionBy, reads: Vec<Observation>, lost: impl Fn(&Arrival) -> bool) -> Evidence {
    let run = Run {
        workload: "orders".into(),
        contestant: "reference".into(),
        repeat: 1,
        log: Path::new("logs/orders/reference-1").into(),
        clean_log: None,
        terms: Terms::default(),
        live_from: Version(vec![1, 1]),
        live_until_us: 3_000,
        ended_us: 9_000,
        rate: 1_000.0,
        objective_us: 500,
        kept_bytes: 0,
        log_bytes: 0,
        dead_letters: 0,
        ended: "complete".into(),
        noise: Noise::default(),
    };
    let log = log(spread);
    assert_eq!(log.heads().unwrap().total(), 8, "the customers lie apart");
    let arrivals = arrivals().into_iter().filter(|arrival| !lost(arrival)).collect();
    Evidence { run, reads, arrivals, watched: Vec::new(), marks: Vec::new(), log: Arc::new(log) }
}

/// An unlabelled read of what somebody has spent.
fn spent(sent_us: i64, queries: &[(&str, &str)], rows: &[(&str, [i128; 2])]) -> Observation {
    let query = |(view, key): &(&str, &str)| Query { view: (*view).into(), key: Some((*key).into()) };
    let row = |(key, row): &(&str, [i128; 2])| Rows::from([((*key).to_owned(), row.to_vec())]);
    Observation {
        read: 0,
        kind: Kind::Uniform,
        intended_us: sent_us - 10,
        sent_us,
        answered_us: sent_us + 50,
        queries: queries.iter().map(query).collect(),
        at: None,
        answer: Some(Answer { version: None, rows: rows.iter().map(row).collect() }),
        error: None,
    }
}

fn ali(sent_us: i64, sum: i128, count: i128) -> Observation {
    spent(sent_us, &[("spend", ALI)], &[(ALI, [sum, count])])
}

fn judged(evidence: &Evidence) -> Vec<Verdict> {
    judge(evidence, &mut Bases::default()).unwrap().reads
}

fn classes(evidence: &Evidence) -> Vec<Class> {
    judged(evidence).iter().map(|verdict| verdict.class).collect()
}

/// Somebody else wrote to the other partition, so that no order over both is known.
fn of_sara(arrival: &Arrival) -> bool {
    arrival.partition == home(SARA) && arrival.first == 2
}

#[test]
fn one_key_is_compared_along_its_partition() {
    assert_ne!(home(ALI), home(SARA));
    let reads = vec![
        ali(1_200, 111, 3),
        ali(2_700, 111, 3),
        ali(2_700, 1, 1),
        ali(1_200, 1_111, 4),
        ali(1_200, 7, 7),
    ];
    let found = judged(&evidence(PartitionBy::Key, reads, of_sara));
    let classes: Vec<Class> = found.iter().map(|verdict| verdict.class).collect();
    let expected = [Class::Current, Class::Stale, Class::Stale, Class::FromTheFuture, Class::Impossible];
    assert_eq!(classes, expected);
    assert_eq!((found[1].behind_events, found[1].behind_us), (1, 2_750 - 2_100));
    assert_eq!((found[4].over, found[4].under), (0, 104));
}

#[test]
fn keys_of_two_partitions_and_grand_totals_are_undecidable() {
    let both = [("spend", ALI), ("spend", SARA)];
    let pair = spent(1_200, &both, &[(ALI, [111, 3]), (SARA, [111, 3])]);
    let total = spent(1_200, &[("revenue", "all")], &[("all", [222, 6])]);
    let same = [("spend", ALI), ("large_orders", ALI)];
    let same = spent(1_200, &same, &[(ALI, [111, 3]), ("nobody", [0, 0])]);
    let found = classes(&evidence(PartitionBy::Key, vec![pair, total, same], of_sara));
    assert_eq!(found, [Class::Undecidable, Class::Undecidable, Class::Current]);
}

#[test]
fn a_log_that_is_not_spread_by_key_has_no_partition_for_a_key() {
    let found = classes(&evidence(PartitionBy::RoundRobin, vec![ali(1_200, 111, 3)], of_sara));
    assert_eq!(found, [Class::Undecidable]);
}

#[test]
fn nobody_is_accused_of_knowing_what_somebody_else_wrote() {
    // The second live order of ali was appended by somebody else: it may have been there from the beginning.
    let lost = |arrival: &Arrival| arrival.partition == home(ALI) && arrival.first == 2;
    let reads = vec![ali(200, 111, 3), ali(200, 11, 2), ali(200, 112, 3)];
    let found = classes(&evidence(PartitionBy::Key, reads, lost));
    assert_eq!(found, [Class::Undecidable, Class::Current, Class::Impossible]);
}

#[test]
fn a_wrong_answer_has_a_witness_all_the_same() {
    let evidence = evidence(PartitionBy::Key, vec![ali(1_200, 7, 7)], of_sara);
    let verdicts = judge(&evidence, &mut Bases::default()).unwrap();
    let witness = &verdicts.witnesses[0];
    assert_eq!((witness.class, witness.truth.as_str()), (Class::Impossible, "111;3"));
    assert!(witness.command.contains("--at "), "{}", witness.command);
}
