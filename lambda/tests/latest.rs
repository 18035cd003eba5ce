//! A symbol that trades at one price again and again, and the last prices that are left when its trades are taken back.
#![allow(clippy::unwrap_used)]

mod rig;

use lambda::Options;
use lambda::options::Batching;
use rig::{Case, Rig};
use workloads::{Dedup, Event, Log, Origin, Query, Terms, TradeEvent, TradeKind};

/// Trades at one price, behind one trade at another.
const TRADES: u64 = 200;

fn case(batch: Batching) -> Case {
    let terms = Terms { dedup: Dedup::Origin, cancel_horizon: None, ..Terms::default() };
    let options = Options { batch, ..Options::default() };
    let case = Case::random("trades", 1);
    Case { partitions: 1, restarts: 0, cut_every: 1, granularity: 1, terms, options, ..case }
}

fn send(rig: &mut Rig, kind: TradeKind, price: i64, target: u64) {
    let time = rig.sent.len() as i64;
    let origin = |sequence| Origin { source: 0, sequence };
    let symbol = "S".into();
    let target = origin(target);
    let event = TradeEvent { kind, symbol, price, volume: 2, time, target };
    rig.send(0, Some(origin(time as u64)), Event::Trade(event));
}

fn settle(rig: &mut Rig) {
    while rig.step_batch() | rig.step_serving() {}
}

/// Whether the last price is answered at the head; in any case it is right at its label.
fn at_head(rig: &mut Rig) -> bool {
    while rig.step_serving() {}
    let query = [Query { view: "last".into(), key: Some("S".into()) }];
    rig.check(&query);
    let heads = rig.log.heads().unwrap();
    rig.serving.as_mut().unwrap().read(&query).unwrap().version == Some(heads)
}

#[test]
fn a_price_that_stays_for_long_is_told_with_the_one_before_it() {
    for batch in [Batching::Full, Batching::Incremental, Batching::Shared] {
        let mut rig = Rig::new(case(batch));
        send(&mut rig, TradeKind::Traded, 3, 0);
        (0..TRADES).for_each(|_| send(&mut rig, TradeKind::Traded, 5, 0));
        settle(&mut rig);
        assert!(at_head(&mut rig), "{batch:?}");
        // The trade before is taken back, and so there is none with another price.
        send(&mut rig, TradeKind::Busted, 0, 0);
        while rig.step_serving() {}
        assert!(at_head(&mut rig), "{batch:?}");
        settle(&mut rig);
        assert!(at_head(&mut rig), "{batch:?}");
    }
}

#[test]
fn trades_at_one_price_are_taken_back_one_after_the_other() {
    for batch in [Batching::Full, Batching::Incremental, Batching::Shared] {
        let mut rig = Rig::new(case(batch));
        send(&mut rig, TradeKind::Traded, 3, 0);
        (0..TRADES).for_each(|_| send(&mut rig, TradeKind::Traded, 5, 0));
        settle(&mut rig);
        for (number, target) in (1..=TRADES).rev().enumerate() {
            let kind = if target % 7 == 0 { TradeKind::Corrected } else { TradeKind::Busted };
            send(&mut rig, kind, 4, target);
            // As many as are listed can be lost; then the next batch has to say more.
            let reached = at_head(&mut rig);
            assert!(reached || number % 12 > 10, "{batch:?}: {number}");
            if number % 12 == 11 {
                settle(&mut rig);
                assert!(at_head(&mut rig), "{batch:?}: {number}");
            }
        }
    }
}

#[test]
fn every_answer_about_few_prices_is_true_at_its_label() {
    for seed in 0..rig::cases() / 3 {
        let batch = [Batching::Full, Batching::Incremental][seed as usize % 2];
        let case = Case {
            prices: 1 + seed % 11,
            keys: 1 + seed % 2,
            events: 420,
            purge_from: 200 + 30 * (seed % 5),
            options: Options { batch, ..Options::default() },
            ..Case::random("trades", 5_000 + seed)
        };
        Rig::new(case).run();
    }
}
