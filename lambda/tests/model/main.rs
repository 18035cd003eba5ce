//! The hand-over as a small model, searched through: no event is lost or counted twice under any interleaving.
//!
//! A read may take place in every state, so what holds of every state holds of every read. The model's steps are
//! those of the code; that they are is tested by taking both along the same paths.

#![allow(unreachable_pub, clippy::unwrap_used)]

mod protocol;
mod replay;
mod state;
mod steps;

use std::time::Instant;

use protocol::{Act, Grain, Protocol, Search};
use stateright::{Checker, HasDiscoveries, Model};

const EXACT: &str = "every read is exact at its label";

const OTHERS: [Protocol; 5] = [
    Protocol::EventTime { grace: 0 },
    Protocol::EventTime { grace: 1 },
    Protocol::AtStart,
    Protocol::AtPublish,
    Protocol::Never,
];

/// Larger bounds are searched when this is set.
fn full() -> bool {
    std::env::var("LAMBDA_MODEL").is_ok_and(|form| form == "full")
}

const SMALL: Search = Search {
    protocol: Protocol::Offset,
    grain: Grain::Fine,
    apart: false,
    events: [2, 1],
    publications: 2,
    crashes: 1,
    keep: 2,
};

fn searched(search: &Search) {
    let (began, name) = (Instant::now(), search.to_string());
    let checker = search.clone().checker().threads(2).spawn_bfs().join();
    let (states, steps, depth) = (checker.unique_state_count(), checker.state_count(), checker.max_depth());
    let seconds = began.elapsed().as_secs_f64();
    checker.assert_properties();
    println!("{name}: {states} states, {steps} steps, depth {depth}, {seconds:.1} s: no gap, nothing twice");
}

#[test]
fn offsets_leave_no_gap_and_count_nothing_twice() {
    searched(&SMALL);
    searched(&Search { events: [2, 2], crashes: 2, ..SMALL });
    searched(&Search { apart: true, ..SMALL });
    if full() {
        searched(&Search { events: [3, 2], publications: 3, crashes: 2, ..SMALL });
        searched(&Search { events: [2, 1], publications: 3, crashes: 2, apart: true, ..SMALL });
    }
}

/// The shortest path to a wrong answer. A search finds one of the shortest few; it is asked again for a shorter one
/// until there is none.
fn shortest(search: &Search) -> (usize, Vec<Act>) {
    let (mut found, mut states) = (None::<Vec<Act>>, 0);
    loop {
        let depth = found.as_ref().map_or(usize::MAX, |path| path.len() + 1);
        let checker = search.clone().checker().target_max_depth(depth);
        let checker = checker.finish_when(HasDiscoveries::AnyOf([EXACT].into())).spawn_bfs().join();
        states = states.max(checker.unique_state_count());
        match (checker.discovery(EXACT), found) {
            (Some(path), _) => found = Some(path.into_actions()),
            (None, Some(path)) => return (states, path),
            (None, None) => panic!("{search} is right"),
        }
    }
}

#[test]
fn every_other_protocol_goes_wrong_as_the_model_says() {
    for protocol in OTHERS {
        let fine = Search { protocol, events: [2, 1], publications: 2, crashes: 0, ..SMALL };
        let (states, path) = shortest(&fine);
        println!("{fine}: {states} states, wrong after {} steps", path.len());
        let search = Search { grain: Grain::Steps, publications: 3, ..fine };
        let (states, path) = shortest(&search);
        println!("{search}: {states} states, wrong after {} steps, replayed:", path.len());
        let mut state = search.init_states().remove(0);
        for act in &path {
            search.act(&mut state, *act);
            println!("    {act:?}");
        }
        println!("    {}", state.answer(false).unwrap().said());
        let last = replay::replay(&search, path);
        assert!(last.answer(false).is_some_and(|answer| !answer.exact()));
    }
}

#[test]
fn the_code_steps_as_the_model_does() {
    let walks = if full() { 2_000 } else { 100 };
    for protocol in OTHERS.into_iter().chain([Protocol::Offset]) {
        let bounds = Search { events: [4, 4], publications: u8::MAX, crashes: u8::MAX, keep: 3, ..SMALL };
        let search = Search { protocol, grain: Grain::Steps, ..bounds };
        (0..walks).for_each(|seed| drop(replay::replay(&search, walk(&search, seed))));
        println!("{search}: {walks} random walks end alike");
    }
}

/// A random path: a new choice for each step, by a seed.
fn walk(search: &Search, seed: u64) -> Vec<Act> {
    let mut bits = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let (mut state, mut path, mut acts) = (search.init_states().remove(0), Vec::new(), Vec::new());
    for _ in 0..40 {
        acts.clear();
        search.actions(&state, &mut acts);
        // The component steps once more often than it crashes or anything is appended.
        acts.extend([Act::BatchSteps, Act::ServingSteps, Act::BatchSteps]);
        bits = bits.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        let act = acts[(bits >> 33) as usize % acts.len()];
        search.act(&mut state, act);
        path.push(act);
    }
    path
}
