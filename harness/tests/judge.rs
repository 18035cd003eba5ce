//! Observations made by hand, with the verdicts and the measures that they must get, to the digit.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;
use std::sync::Arc;

use harness::judge::{Bases, Class, Evidence, Signature, Verdict, Verdicts, judge};
use harness::measures::{consistency, latency};
use harness::observe::{Arrival, Kind, Noise, Observation, Run, Watched};
use workloads::log::RawRecord;
use workloads::log::memory::MemoryLog;
use workloads::partition::PartitionBy;
use workloads::{
    Answer, Appender, Codec, Event, Meta, OrderEvent, OrderKind, Origin, Query, Row, Rows, Terms, Version,
};

/// One event a millisecond, handed over at 1000 i and acknowledged 100 later; the first two are history.
const EVENTS: [(OrderKind, &str, u64, i64); 6] = [
    (OrderKind::Placed, "ali", 1, 30_000),
    (OrderKind::Placed, "sara", 2, 9_000),
    (OrderKind::Placed, "ali", 3, 1_000),
    (OrderKind::Placed, "sara", 4, 500),
    (OrderKind::Cancelled, "ali", 1, 0),
    (OrderKind::Placed, "zed", 5, 7_000),
];

fn record(index: usize) -> RawRecord {
    let (kind, customer, order, amount) = EVENTS[index];
    let event = OrderEvent { kind, customer: customer.into(), order, amount, time: index as i64 };
    let mut value = Vec::new();
    Codec::Bin.encode(&Event::Order(event), &mut value);
    let origin = Some(Origin { source: 1, sequence: index as u64 });
    let intended = (index as i64 - 2) * 1_000;
    let key = customer.as_bytes().to_vec().into();
    RawRecord { offset: 0, origin, intended, appended: index as i64, key, value: value.into() }
}

fn log() -> MemoryLog {
    let log = MemoryLog::create(Meta {
        workload: "orders".into(),
        codec: Codec::Bin,
        partitions: 1,
        partition_by: PartitionBy::Key,
        made_by: "by hand".into(),
    });
    let records: Vec<RawRecord> = (0..EVENTS.len()).map(record).collect();
    log.appender().append(0, &records).unwrap();
    log
}

/// Live events 2, 3, 4, 5 arrive at 0, 1, 2 and 3 ms.
fn evidence(reads: Vec<Observation>) -> Evidence {
    let run = Run {
        workload: "orders".into(),
        contestant: "reference".into(),
        repeat: 1,
        log: Path::new("logs/orders/reference-1").into(),
        clean_log: None,
        terms: Terms::default(),
        live_from: Version(vec![2]),
        live_until_us: 4_000,
        ended_us: 9_000,
        rate: 1_000.0,
        objective_us: 500,
        kept_bytes: 0,
        log_bytes: 0,
        dead_letters: 0,
        ended: "complete".into(),
        noise: Noise::default(),
    };
    let arrival = |i: i64| {
        let (first, handed_us) = (2 + i as u64, i * 1_000);
        Arrival { partition: 0, first, count: 1, handed_us, acked_us: handed_us + 100 }
    };
    let arrivals = (0..4).map(arrival).collect();
    Evidence { run, reads, arrivals, watched: Vec::new(), marks: Vec::new(), log: Arc::new(log()) }
}

fn read(
    kind: Kind,
    sent_us: i64,
    view: &str,
    key: Option<&str>,
    version: Option<u64>,
    rows: Rows,
) -> Observation {
    Observation {
        read: 0,
        kind,
        intended_us: sent_us - 10,
        sent_us,
        answered_us: sent_us + 50,
        queries: vec![Query { view: view.into(), key: key.map(str::to_owned) }],
        at: None,
        answer: Some(Answer { version: version.map(|next| Version(vec![next])), rows: vec![rows] }),
        error: None,
    }
}

fn rows(rows: &[(&str, &[i128])]) -> Rows {
    rows.iter().map(|(key, row)| ((*key).to_owned(), Row::from(*row))).collect()
}

/// A labelled read of what ali has spent.
fn ali(sent_us: i64, version: u64, row: &[i128]) -> Observation {
    read(Kind::Recent, sent_us, "spend", Some("ali"), Some(version), rows(&[("ali", row)]))
}

fn judged(evidence: &Evidence) -> Verdicts {
    judge(evidence, &mut Bases::default()).unwrap()
}

fn verdict(observation: Observation) -> Verdict {
    judged(&evidence(vec![observation])).reads.remove(0)
}

fn classes(observations: Vec<Observation>) -> Vec<Class> {
    judged(&evidence(observations)).reads.iter().map(|verdict| verdict.class).collect()
}

#[test]
fn an_answer_at_everything_acknowledged_is_current_for_any_objective() {
    let found = verdict(ali(1_200, 4, &[31_000, 2]));
    assert_eq!((found.class, found.at_once), (Class::Current, true));
    assert_eq!((found.behind_events, found.behind_us), (0, 0));
}

#[test]
fn an_answer_that_misses_the_last_half_millisecond_is_current_for_the_objective_only() {
    let found = verdict(ali(1_200, 3, &[31_000, 2]));
    assert_eq!((found.class, found.at_once), (Class::Current, false));
    assert_eq!((found.behind_events, found.behind_us), (1, 1_250 - 1_100));
}

#[test]
fn an_answer_that_misses_more_is_stale_from_the_first_event_left_out() {
    let found = verdict(ali(2_700, 2, &[30_000, 1]));
    assert_eq!(found.class, Class::Stale);
    assert_eq!((found.behind_events, found.behind_us), (3, 2_750 - 100));
    // The value was true until event 2 came, so by value it is as stale.
    assert_eq!(found.value_behind_us, 2_750 - 100);
}

#[test]
fn staleness_by_value_is_from_the_event_that_changed_the_answer() {
    // Event 3 is sara's: ali's row of version 3 stays true until the cancellation at 2 ms.
    let found = verdict(ali(2_700, 3, &[31_000, 2]));
    assert_eq!((found.behind_us, found.value_behind_us), (2_750 - 1_100, 2_750 - 2_100));
}

#[test]
fn an_old_value_under_a_new_label_is_mislabelled() {
    let found = verdict(ali(1_200, 4, &[30_000, 1]));
    assert_eq!(found.class, Class::Mislabelled);
    assert_eq!(found.matched, Some((Version(vec![2]), Version(vec![2]))));
    assert_eq!((found.over, found.under), (0, 1_000));
}

#[test]
fn a_value_of_no_version_is_impossible() {
    let found = verdict(ali(1_200, 4, &[31_007, 2]));
    assert_eq!((found.class, found.over, found.under), (Class::Impossible, 7, 0));
}

#[test]
fn a_label_beyond_what_was_handed_over_is_from_the_future() {
    assert_eq!(
        classes(vec![ali(1_200, 5, &[1_000, 1]), ali(1_300, 99, &[31_000, 2])]),
        [Class::FromTheFuture; 2]
    );
}

#[test]
fn an_answer_that_only_later_becomes_true_is_from_the_future() {
    assert_eq!(verdict(ali(1_200, 4, &[1_000, 1])).class, Class::FromTheFuture);
}

#[test]
fn no_answer_is_an_error() {
    let silent = Observation { answer: None, error: Some("gone".into()), ..ali(1_200, 4, &[]) };
    let verdicts = judged(&evidence(vec![silent]));
    assert_eq!(verdicts.reads[0].class, Class::Error);
    assert_eq!(verdicts.found.into_iter().collect::<Vec<_>>(), [(Class::Error, Signature::NoAnswer)]);
}

#[test]
fn an_unlabelled_answer_is_of_the_latest_version_that_it_fits() {
    let unlabelled = |sent, row: &[i128]| Observation {
        answer: Some(Answer { version: None, rows: vec![rows(&[("ali", row)])] }),
        ..ali(sent, 0, &[])
    };
    let found = classes(vec![
        unlabelled(1_200, &[31_000, 2]),
        unlabelled(2_700, &[31_000, 2]),
        unlabelled(2_700, &[30_000, 1]),
        unlabelled(1_200, &[1_000, 1]),
        unlabelled(1_200, &[5, 5]),
    ]);
    let expected = [Class::Current, Class::Stale, Class::Stale, Class::FromTheFuture, Class::Impossible];
    assert_eq!(found, expected);
}

#[test]
fn whole_views_are_read_as_differences() {
    let whole = |sent, version, change: &[(&str, &[i128])]| {
        read(Kind::Whole, sent, "spend", None, Some(version), rows(change))
    };
    let first: &[(&str, &[i128])] = &[("ali", &[30_000, 1]), ("sara", &[9_000, 1])];
    let observations = vec![
        whole(50, 2, first),
        whole(1_200, 4, &[("ali", &[31_000, 2]), ("sara", &[9_500, 2])]),
        // Ali's old row is kept although the first order is cancelled.
        whole(2_200, 5, &[]),
        whole(3_200, 6, &[("ali", &[1_000, 1]), ("zed", &[7_000, 1])]),
        whole(3_300, 6, &[("zed", &[])]),
    ];
    let verdicts = judged(&evidence(observations));
    let found: Vec<Class> = verdicts.reads.iter().map(|verdict| verdict.class).collect();
    let expected = [Class::Current, Class::Current, Class::Mislabelled, Class::Current, Class::Mislabelled];
    assert_eq!(found, expected);
    let details: Vec<_> = verdicts.details.iter().map(|it| (it.rows, it.wrong, it.over, it.under)).collect();
    assert_eq!(details, [(2, 1, 30_000, 0), (3, 1, 0, 7_000)]);
}

#[test]
fn a_pair_must_be_true_at_one_version_and_agree() {
    let pair = |row: &[i128], big: &[(&str, &[i128])]| Observation {
        kind: Kind::Pair,
        queries: ["spend", "big_spenders"]
            .map(|view| Query { view: view.into(), key: Some("ali".into()) })
            .into(),
        answer: Some(Answer {
            version: Some(Version(vec![5])),
            rows: vec![rows(&[("ali", row)]), rows(big)],
        }),
        ..ali(2_300, 5, &[])
    };
    let verdicts = judged(&evidence(vec![
        pair(&[1_000, 1], &[]),
        // Each is true at some version, but the two never together.
        pair(&[1_000, 1], &[("ali", &[31_000, 2])]),
    ]));
    assert_eq!(verdicts.reads[0].class, Class::Current);
    assert_eq!(verdicts.reads[1].class, Class::Impossible);
    assert_eq!(verdicts.invariants, (2, 1));
}

#[test]
fn a_claim_below_an_earlier_answer_or_an_announcement_is_counted() {
    let mut evidence = evidence(vec![
        ali(1_200, 4, &[31_000, 2]),
        // Sent before the first was answered: it may be older.
        ali(1_240, 3, &[31_000, 2]),
        ali(1_260, 3, &[31_000, 2]),
        ali(2_300, 4, &[31_000, 2]),
    ]);
    let version = Version(vec![5]);
    evidence.watched = vec![Watched { component: "reference".into(), version, received_us: 2_250 }];
    let verdicts = judged(&evidence);
    let regressed: Vec<bool> = verdicts.reads.iter().map(|verdict| verdict.regressed).collect();
    assert_eq!(regressed, [false, false, true, false]);
    let below: Vec<bool> = verdicts.reads.iter().map(|verdict| verdict.below_announced).collect();
    assert_eq!(below, [false, false, false, true]);
    assert!(verdicts.found.contains(&(Class::Stale, Signature::FallsBack)));
}

#[test]
fn only_a_label_that_is_true_proves_an_answer_final_and_a_publication_that_nothing_changed_it() {
    let unlabelled = Observation {
        answer: Some(Answer { version: None, rows: vec![rows(&[("ali", &[31_000, 2])])] }),
        ..ali(1_200, 0, &[])
    };
    let mut evidence = evidence(vec![
        // Of the history, which the first publication covers; ali's order of 1,000 has come since.
        ali(40, 2, &[30_000, 1]),
        ali(1_200, 4, &[31_000, 2]),
        unlabelled,
        ali(1_250, 4, &[30_000, 1]),
        // After the second publication, which covers that order.
        ali(1_400, 4, &[31_000, 2]),
    ]);
    evidence.run.contestant = "broken-handover".into();
    let watch =
        |next, received_us| Watched { component: "batch".into(), version: Version(vec![next]), received_us };
    evidence.watched = vec![watch(2, -100), watch(3, 1_300)];
    let verdicts = judged(&evidence);
    let proved: Vec<(bool, bool)> =
        verdicts.reads.iter().map(|verdict| (verdict.known_final, verdict.recomputed)).collect();
    assert_eq!(proved, [(true, true), (true, false), (false, false), (false, false), (true, true)]);
    let numbers = consistency::measure(&evidence, &verdicts);
    let value = |name: &str| numbers.iter().find(|number| number.measure == name).map(|number| number.value);
    assert_eq!(value("known-final.recent"), Some(0.6));
    assert_eq!(value("known-final-batch.recent"), Some(0.4));
}

#[test]
fn a_right_answer_older_than_what_was_announced_is_counted_with_what_it_leaves_out() {
    let mut evidence =
        evidence(vec![ali(1_200, 4, &[31_000, 2]), ali(2_300, 3, &[31_000, 2]), ali(2_400, 3, &[7, 7])]);
    let version = Version(vec![5]);
    evidence.watched = vec![Watched { component: "reference".into(), version, received_us: 2_250 }];
    let numbers = consistency::measure(&evidence, &judged(&evidence));
    let value = |name: &str| numbers.iter().find(|number| number.measure == name).map(|number| number.value);
    assert_eq!(value("held-back.recent"), Some(1.0));
    assert_eq!(value("held-back.recent.max"), Some(2.0));
    assert_eq!(value("known-final-batch.recent"), None, "there is no batch");
}

#[test]
fn a_witness_names_what_was_true_and_the_shortest_prefix() {
    let verdicts = judged(&evidence(vec![ali(2_300, 5, &[31_000, 2]), ali(2_400, 5, &[99, 9])]));
    let [first, worst, last] = &verdicts.witnesses[..3] else { panic!("{:?}", verdicts.witnesses) };
    assert_eq!((first.which, first.class), ("first", Class::Mislabelled));
    assert_eq!((first.served.as_str(), first.truth.as_str()), ("31000;2", "1000;1"));
    // Right until the cancellation, which is record 4.
    assert_eq!(first.prefix, "5");
    assert_eq!(
        first.command,
        "wb answer orders spend --log logs/orders/reference-1 --contestant reference --at 5"
    );
    assert_eq!((worst.which, last.which), ("worst", "last"));
    assert_eq!(verdicts.witnesses.len(), 6, "three of each wrong class");
}

#[test]
fn latency_runs_from_the_intended_time_to_the_first_announced_version_that_covers_an_event() {
    let mut evidence = evidence(vec![]);
    let watch = |component: &str, next, received_us| Watched {
        component: component.into(),
        version: Version(vec![next]),
        received_us,
    };
    evidence.run.contestant = "broken-handover".into();
    evidence.watched = vec![watch("serving", 3, 300), watch("serving", 5, 2_400), watch("batch", 4, 5_000)];
    let latencies = latency::measure(&evidence, &judged(&evidence)).unwrap();
    let speed = &latencies[0];
    assert_eq!(speed.stop, "speed");
    assert_eq!((speed.corrected.len(), speed.censored, speed.negative), (3, 1, 0));
    let mut seen: Vec<u64> = speed.corrected.iter_recorded().map(|step| step.value_iterated_to()).collect();
    seen.sort_unstable();
    assert_eq!(seen, [300, 400, 1_400]);
    assert_eq!(speed.within, 2);
    let batch = &latencies[1];
    assert_eq!((batch.stop, batch.corrected.len(), batch.censored), ("batch", 2, 2));
    assert_eq!(batch.exceedance(true).last().unwrap().1, 0.5);
    let numbers = speed.numbers();
    let value = |name: &str| numbers.iter().find(|number| number.measure == name).map(|number| number.value);
    assert_eq!(value("latency.speed.p50"), Some(400.0));
    assert_eq!(value("latency.speed.p99.9"), None, "needs 10,000 events");
    assert_eq!(value("latency.speed.within"), Some(0.5));
}

#[test]
fn right_is_when_the_last_stretch_of_true_reads_that_cover_an_event_begins() {
    let total = |sent, version, row: &[i128]| {
        read(Kind::Total, sent, "revenue", Some("all"), Some(version), rows(&[("all", row)]))
    };
    let evidence = evidence(vec![
        total(200, 3, &[40_000, 3]),
        total(1_200, 4, &[1, 1]),
        total(2_200, 4, &[40_500, 4]),
        total(3_200, 6, &[17_500, 4]),
    ]);
    let latencies = latency::measure(&evidence, &judged(&evidence)).unwrap();
    let right = latencies.iter().find(|latency| latency.stop == "right").unwrap();
    let mut seen: Vec<u64> = right.corrected.iter_recorded().map(|step| step.value_iterated_to()).collect();
    seen.sort_unstable();
    // Events 2 and 3 from the third read on, 4 and 5 from the last; three digits, so 2,250 stands as 2,251.
    assert_eq!(seen, [250, 1_250, 2_251]);
    assert_eq!(right.corrected.len(), 4);
    assert_eq!(right.resolution_us, Some(1_000));
}

#[test]
fn shares_bounds_and_levels_are_counted_by_kind() {
    let mut observations: Vec<Observation> = (0..6).map(|i| ali(1_200 + i, 4, &[31_000, 2])).collect();
    observations.push(ali(2_700, 2, &[30_000, 1]));
    observations.push(ali(2_800, 5, &[31_000, 2]));
    let evidence = evidence(observations);
    let numbers = consistency::measure(&evidence, &judged(&evidence));
    let value = |name: &str| numbers.iter().find(|number| number.measure == name).map(|number| number.value);
    assert_eq!(value("reads.recent"), Some(8.0));
    assert_eq!(value("share.recent.current"), Some(0.75));
    assert_eq!(value("share.recent.stale"), Some(0.125));
    assert_eq!(value("share.recent.mislabelled"), Some(0.125));
    assert_eq!(value("wrong.recent"), Some(1.0));
    assert_eq!(value("wrong-bound.recent"), None);
    assert_eq!(value("error-over.recent"), Some(30_000.0));
    assert_eq!(value("episodes.n"), Some(1.0));
    assert_eq!(value("level.prefix"), Some(1.0));
    assert_eq!(value("level.labelled-prefix"), Some(0.0));
    assert_eq!(value("level.monotonic"), Some(0.0));
    assert_eq!(value("level.eventual"), Some(-1.0), "nothing was read at the end");
    assert_eq!(value("regressed"), Some(1.0));
}
