//! The map against a plain one, on random acts.

use std::collections::BTreeMap;
use std::rc::Rc;

use proptest::prelude::*;

use super::Shards;
use crate::snapshot::{Home, Met, Table, Taken, Written};

/// What is held aside at last.
const LAST: i64 = -7;

// The key of orders.
type Map = Shards<(u32, u64), i64, i64>;
type Truth = BTreeMap<(u32, u64), (Vec<i64>, Option<i64>)>;

fn check(shards: &mut Map, key: (u32, u64), truth: &Truth, before: i64) {
    let leaf = shards.at(key);
    let (mut values, aside) = truth.get(&key).cloned().unwrap_or_default();
    // What is done may be so some time before it is settled.
    let settled = leaf.aside().map(|aside| if *aside < before { LAST } else { *aside });
    assert_eq!(settled, aside.map(|aside| if aside < before { LAST } else { aside }));
    let mut held: Vec<i64> = leaf.values().collect();
    // What is old may be gone.
    held.retain(|value| *value >= before);
    values.retain(|value| *value >= before);
    held.sort_unstable();
    assert_eq!(held, values);
}

fn restored(shards: &mut Map, mut between: impl FnMut(&mut Map)) -> Map {
    shards.begin();
    let (mut copy, home) = (
        Map::new(LAST),
        Home { met: Rc::new((0..40).map(Met::Here).collect()), told: false, index: 0, workers: 1 },
    );
    loop {
        between(shards);
        let mut rows = Written::with_room(30);
        let left = shards.write(&mut rows);
        copy.take_up(&mut Taken::new(&rows.bytes, rows.rows), &home).expect("rows as they were written");
        if !left {
            return copy;
        }
    }
}

proptest! {
    #[test]
    fn what_was_put_there_is_held_until_it_is_old(
        acts in proptest::collection::vec((0..40_u32, 0..50_u64, 0..9_u8), 0..1_500),
    ) {
        let (mut shards, mut truth, mut before) = (Map::new(LAST), Truth::new(), 0);
        for (now, (rest, number, kind)) in (0..).zip(acts) {
            let number = if rest % 3 == 0 { number } else { number % 4 };
            let key = (rest, number << (now / 500 * 20));
            match kind {
                0 => {
                    *shards.at(key).hold_aside() = now;
                    truth.entry(key).or_default().1 = Some(now);
                }
                1 => {
                    before = now - 60;
                    shards.forget((before, 10), |_, value| *value < before, |aside| *aside < before);
                }
                2 if now % 50 == 0 => {
                    let then = truth.clone();
                    let mut more = 0;
                    shards = restored(&mut shards, |shards| {
                        more += 1;
                        shards.at((rest, number + more)).push(-1);
                        shards.forget((i64::MAX, 0), |_, _| true, |_| true);
                    });
                    for key in then.keys() {
                        check(&mut shards, *key, &then, before);
                    }
                }
                _ => {
                    shards.at(key).push(now);
                    truth.entry(key).or_default().0.push(now);
                }
            }
            check(&mut shards, key, &truth, before);
        }
    }

    #[test]
    fn what_changes_while_a_snapshot_is_taken_is_written_as_it_was(
        keys in proptest::collection::vec((0..40_u32, 0..50_u64, 1..9_i64), 0..500),
    ) {
        let (mut shards, mut truth) = (Map::new(LAST), BTreeMap::new());
        for (rest, number, value) in &keys {
            *shards.at((*rest, *number)).value() = *value;
            truth.insert((*rest, *number), *value);
        }
        let mut later = keys.iter();
        let mut copy = restored(&mut shards, |shards| {
            for (rest, number, _) in later.by_ref().take(3) {
                *shards.at((*rest, *number)).value() += 100;
                *shards.at((*rest, *number + 1)).value() += 100;
            }
        });
        for (key, value) in truth {
            prop_assert_eq!(copy.at(key).values().collect::<Vec<_>>(), vec![value]);
        }
    }
}

#[test]
fn what_is_held_stays_as_much_as_long_as_what_comes_is() {
    let mut shards = Map::new(LAST);
    let mut held = Vec::new();
    for now in 0..60_000_i64 {
        shards.at((now as u32 % 7, now as u64)).push(now);
        if now % 100 == 0 {
            shards.forget((now - 5_000, 300), |_, value| *value < now - 5_000, |_| false);
        }
        if now % 10_000 == 9_999 {
            held.push((shards.pages.items.length(), shards.pages.pages.length()));
        }
    }
    assert!(held[5].0 <= held[1].0 && held[1].0 < 7_000, "{held:?}");
    assert!(held[5].1 <= held[1].1 && held[1].1 < 500, "{held:?}");
}
