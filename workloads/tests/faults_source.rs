//! Each fault of a source does what it says, to as many events as it says, and the same again with the same seed.

use std::collections::{BTreeMap, BTreeSet};

use workloads::faults::{Sending, SourceFaults, inject};
use workloads::log::Meta;
use workloads::partition::PartitionBy;
use workloads::{Codec, Draft, Event, OrderEvent, OrderKind, Origin};

const EVENTS: u64 = 20_000;

fn drafts() -> impl Iterator<Item = Draft> {
    (0..EVENTS).map(|number| {
        let customer = format!("customer {}", number % 97).into();
        let order =
            OrderEvent { kind: OrderKind::Placed, customer, order: number, amount: 100, time: number as i64 };
        // Several share a time, as the trades of a frame do.
        let intended = number as i64 / 3 * 150;
        Draft { origin: Some(Origin { source: 7, sequence: number }), intended, event: Event::Order(order) }
    })
}

fn sent(faults: &str, seed: u64) -> Vec<Sending> {
    let faults = SourceFaults::parse(faults).expect("known faults");
    inject(drafts(), &faults, seed).collect()
}

fn events(sendings: &[Sending]) -> Vec<Draft> {
    let events = sendings.iter().filter_map(|sending| match sending {
        Sending::Event(draft) => Some(draft.clone()),
        Sending::Poison { .. } => None,
    });
    events.collect()
}

/// Sending times by origin, one event each.
fn times(sendings: &[Sending]) -> BTreeMap<Option<Origin>, i64> {
    events(sendings).into_iter().map(|draft| (draft.origin, draft.intended)).collect()
}

fn near(number: usize, share: f64) -> bool {
    let expected = EVENTS as f64 * share;
    let deviation = (expected * (1.0 - share)).sqrt();
    (number as f64 - expected).abs() < 5.0 * deviation
}

fn assert_in_order(sendings: &[Sending]) {
    assert!(sendings.is_sorted_by_key(Sending::intended));
}

#[test]
fn no_faults_change_nothing() {
    assert_eq!(events(&sent("none", 1)), drafts().collect::<Vec<_>>());
}

#[test]
fn the_same_seed_makes_the_same_faults_and_another_makes_others() {
    let all = "resend=0.1,lose=0.1,late=0.1,reorder=0.1,burst=0.1,poison=0.1";
    assert_eq!(sent(all, 5), sent(all, 5));
    assert_ne!(sent(all, 5), sent(all, 6));
    assert_in_order(&sent(all, 5));
}

#[test]
fn a_resend_has_the_same_origin_and_comes_later() {
    let sendings = sent("resend=0.05", 1);
    assert_in_order(&sendings);
    let mut first = BTreeMap::new();
    let mut again = 0;
    for draft in events(&sendings) {
        if let Some(before) = first.insert(draft.origin, draft.clone()) {
            again += 1;
            assert_eq!(before.event, draft.event);
            assert!((1..=1_000_001).contains(&(draft.intended - before.intended)));
        }
    }
    assert!(near(again, 0.05), "{again}");
    assert_eq!(first.len() as u64, EVENTS);
}

#[test]
fn what_is_lost_is_never_sent() {
    let left = events(&sent("lose=0.2", 1));
    assert!(near(EVENTS as usize - left.len(), 0.2), "{}", left.len());
    let kept: BTreeSet<_> = left.iter().map(|draft| draft.origin).collect();
    let expected: Vec<_> = drafts().filter(|draft| kept.contains(&draft.origin)).collect();
    assert_eq!(left, expected);
}

#[test]
fn what_is_late_is_sent_after_a_heavy_tailed_delay() {
    let sendings = sent("late=0.5,late_ms=60000", 1);
    assert_in_order(&sendings);
    let after = times(&sendings);
    let delays: Vec<i64> = drafts().map(|draft| after[&draft.origin] - draft.intended).collect();
    let mut late: Vec<i64> = delays.into_iter().filter(|delay| *delay > 0).collect();
    late.sort_unstable();
    assert!(near(late.len(), 0.5), "{}", late.len());
    let (shortest, longest) = (late[0], late[late.len() - 1]);
    assert!((499_000..600_000).contains(&shortest) && (30_000_000..=60_000_000).contains(&longest));
    // Half are shorter than a second, and one in a hundred is longer than ten.
    assert!((800_000..1_000_000).contains(&late[late.len() / 2]), "{}", late[late.len() / 2]);
    assert!(late[late.len() * 99 / 100] > 10_000_000, "{}", late[late.len() * 99 / 100]);
    for (draft, origin) in events(&sendings).iter().map(|draft| (draft, draft.origin)) {
        assert_eq!(draft.event.time() as u64, origin.map_or(0, |origin| origin.sequence), "event times stay");
    }
}

#[test]
fn what_is_reordered_changes_places_with_a_neighbour() {
    let sendings = events(&sent("reorder=0.1", 1));
    let expected: Vec<_> = drafts().collect();
    let moved = sendings.iter().zip(&expected).filter(|(sent, draft)| sent.origin != draft.origin).count();
    // Both of a pair move; now and then the neighbour has moved already.
    assert!((0.14..0.2).contains(&(moved as f64 / EVENTS as f64)), "{moved}");
    for (place, draft) in sendings.iter().enumerate() {
        let origin = draft.origin.expect("every draft has one");
        assert!(origin.sequence.abs_diff(place as u64) <= 8);
        assert_eq!(draft.intended, expected[place].intended);
    }
    let origins: BTreeSet<_> = sendings.iter().map(|draft| draft.origin).collect();
    assert_eq!(origins.len() as u64, EVENTS);
}

#[test]
fn a_burst_comes_at_the_end_of_its_second() {
    let sendings = sent("burst=0.3", 1);
    assert_in_order(&sendings);
    let after = times(&sendings);
    let held: Vec<_> = drafts().filter(|draft| after[&draft.origin] != draft.intended).collect();
    assert!(near(held.len(), 0.3), "{}", held.len());
    for draft in held {
        assert_eq!(after[&draft.origin], (draft.intended / 1_000_000 + 1) * 1_000_000);
    }
}

#[test]
fn poison_cannot_be_decoded_by_any_codec() {
    let sendings = sent("poison=0.1", 1);
    assert_in_order(&sendings);
    let mut number = 0;
    for (sending, follows) in sendings.iter().zip(&sendings[1..]) {
        let Sending::Poison { key, value, .. } = sending else { continue };
        number += 1;
        assert_eq!((follows.key(), follows.intended()), (&key[..], sending.intended()));
        for (codec, workload) in Codec::ALL.iter().flat_map(|codec| [(codec, "orders"), (codec, "trades")]) {
            assert!(codec.decode(workload, key, value, 0).is_err());
        }
    }
    assert!(near(number, 0.1), "{number}");
    assert_eq!(events(&sendings).len() as u64, EVENTS);
}

#[test]
fn a_sending_becomes_a_record_that_reads_back() {
    let meta = Meta {
        workload: "orders".into(),
        codec: Codec::Json,
        partitions: 5,
        partition_by: PartitionBy::Key,
        made_by: String::new(),
    };
    for sending in sent("resend=0.5,late=0.2", 3).iter().take(100) {
        let raw = sending.raw(meta.codec, 77);
        assert_eq!((raw.appended, raw.intended, raw.origin), (77, sending.intended(), sending.origin()));
        let event = meta.codec.decode("orders", &raw.key, &raw.value, 77).expect("an event");
        assert_eq!(Some(event.key()), sending.name());
        assert_eq!(sending.partition(&meta, 0), meta.partition_by.partition(&raw.key, raw.origin, 0, 5));
    }
}
