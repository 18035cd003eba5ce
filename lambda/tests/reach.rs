//! More of the batch's extremes taken back than it has published: answered at an older version, and rightly.

#![allow(clippy::unwrap_used)]

mod rig;

use rig::{Case, Rig};
use workloads::{Dedup, Query, Terms};

#[test]
fn a_key_out_of_reach_is_answered_at_its_last_right_version() {
    let mut behind = 0;
    for seed in 0..rig::cases() / 2 {
        let case = Case {
            events: 260,
            purge_from: 60,
            prices: 1_000,
            keys: 1 + seed % 2,
            marks: 10,
            cut_every: 200,
            restarts: 0,
            terms: Terms { dedup: Dedup::Origin, ..Terms::default() },
            ..Case::random("trades", seed)
        };
        let mut rig = Rig::new(case);
        while rig.sent.len() < 260 {
            rig.append();
            if rig.sent.len() < 60 {
                continue;
            }
            rig.step_batch();
            rig.step_serving();
            rig.step_serving();
            if seed % 3 > 0 {
                rig.read();
            }
            behind += u64::from(is_behind(&mut rig));
        }
        rig.run();
    }
    assert!(behind > 0, "no key went out of reach");
}

/// Whether a whole view is answered at an older version than can be read.
fn is_behind(rig: &mut Rig) -> bool {
    let Some(serving) = &mut rig.serving else { return false };
    let Some(version) = serving.version() else { return false };
    let queries = ["range", "last"].map(|view| Query { view: view.into(), key: None });
    let behind = queries
        .iter()
        .any(|query| serving.read(std::slice::from_ref(query)).unwrap().version != Some(version.clone()));
    for query in queries {
        rig.check(&[query]);
    }
    behind
}
