//! One day computed alone, where what concerns it was sent on the other side of midnight.
#![allow(clippy::unwrap_used)]

mod rig;

use std::path::Path;

use lambda::Options;
use lambda::day::rebuild;
use rig::{Case, Dice, Rig};
use workloads::{Dedup, Event, OrderEvent, OrderKind, Origin, Terms, TradeEvent, TradeKind};

const DAY: i64 = 86_400_000;

/// An event at that moment, which may take back or correct an earlier one.
fn event(workload: &str, number: u64, time: i64, dice: &mut Dice) -> Event {
    let earlier = dice.below(number + 1);
    let (price, volume) = (1 + dice.below(20) as i64, 1 + dice.below(9) as i64);
    let key = format!("k{}", earlier % 3).into();
    if workload == "orders" {
        let kinds = [OrderKind::Placed, OrderKind::Placed, OrderKind::Cancelled, OrderKind::Corrected];
        let kind = kinds[dice.below(4) as usize];
        let order = if kind == OrderKind::Placed { number } else { earlier };
        return Event::Order(OrderEvent { kind, customer: key, order, amount: price * 1_000, time });
    }
    let kinds = [TradeKind::Traded, TradeKind::Traded, TradeKind::Busted, TradeKind::Corrected];
    let target = Origin { source: 0, sequence: earlier };
    Event::Trade(TradeEvent { kind: kinds[dice.below(4) as usize], symbol: key, price, volume, time, target })
}

/// A log around a midnight, archived in many files: events of either day, marks on events of the other, and resends:
/// some repeat their event, others have its origin only.
fn around_midnight(workload: &'static str, seed: u64) -> Rig {
    let terms = Terms { dedup: Dedup::Origin, cancel_horizon: None, ..Terms::default() };
    let options = Options { compact: 0, ..Options::default() };
    let case = Case::random(workload, seed);
    let case = Case { partitions: 2, restarts: 0, cut_every: 7, granularity: 1, terms, options, ..case };
    let (mut rig, mut dice) = (Rig::new(case), Dice::new(seed));
    for number in 0..200_u64 {
        let late = dice.below(40) as i64 - 20;
        let time = 20_000 * DAY + (number as i64 - 100 + late) * 60_000;
        let fresh = event(workload, number, time, &mut dice);
        if dice.percent(15) && !rig.sent.is_empty() {
            let (partition, origin, sent) = rig.sent[dice.below(rig.sent.len() as u64) as usize].clone();
            rig.send(partition, origin, if dice.percent(50) { sent } else { fresh });
        } else {
            let partition = u32::from(fresh.key().as_bytes()[1]) % 2;
            rig.send(partition, Some(Origin { source: 0, sequence: number }), fresh);
        }
        if number % 9 == 0 {
            while rig.step_batch() | rig.step_serving() {}
        }
    }
    while rig.step_batch() | rig.step_serving() {}
    rig
}

#[test]
fn marks_and_resends_from_across_midnight_are_in_the_day_that_they_concern() {
    for workload in ["orders", "trades"] {
        for seed in 0..10 {
            let rig = around_midnight(workload, seed);
            let (_, disk) = rig.shared();
            for day in ["2024-10-03", "2024-10-04"] {
                let again = rebuild(&disk, Path::new("/state"), "", day, &rig.case.terms).unwrap();
                assert!(again.views.iter().any(|view| !view.again.is_empty()), "{day}");
                for view in again.views {
                    assert_eq!(view.again, view.published, "{} of {day}, seed {seed}", view.view.name);
                }
            }
        }
    }
}
