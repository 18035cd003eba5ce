//! Processes killed and power lost wherever something is under way: what was published stays published, nothing is lost
//! and nothing counts twice.

mod rig;

use lambda::options::{Batching, StoreKind};
use rig::{Case, Counts, Crash, PLACES, Rig};

/// How many crashes the test goes through.
fn crashes() -> u64 {
    std::env::var("LAMBDA_CRASHES").ok().and_then(|n| n.parse().ok()).unwrap_or(1_000)
}

#[test]
fn crashes_anywhere_lose_nothing_and_count_nothing_twice() {
    let (mut counts, mut seed) = (Counts::new(), 0);
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let address = folder.path().join("halves.sqlite").display().to_string();
    // What goes wrong is the same whatever is computed, so that most cases are of what is computed most.
    let often = ["orders", "trades"].into_iter().cycle().take(8);
    let workloads: Vec<&str> =
        often.chain(workloads::WORKLOADS.iter().map(|workload| workload.name)).collect();
    while counts.values().sum::<u64>() < crashes() {
        for workload in &workloads {
            let (events, cut_every) = (60 + seed % 60, 10 + seed % 20);
            let mut case = Case { restarts: 0, events, cut_every, ..Case::random(workload, seed) };
            case.options.keep = 2;
            case.options.batch = [Batching::Full, Batching::Incremental, Batching::Shared][seed as usize % 3];
            if seed % 8 == 7 {
                (case.options.store, case.options.store_address) = (StoreKind::Sqlite, address.clone());
            }
            Rig::new(case).run_with_crashes(1 + seed % 4, &mut counts);
            seed += 1;
        }
    }
    println!("{:<18} {:>6} {:>6}", "under way", "killed", "power");
    for place in PLACES {
        let of = |crash| counts.get(&(place, crash)).copied().unwrap_or(0);
        println!("{place:<18} {:>6} {:>6}", of(Crash::Kill), of(Crash::Power));
        assert!(of(Crash::Kill) > 0 && of(Crash::Power) > 0, "{place} was never under way");
    }
    println!("{} crashes over {seed} runs: nothing lost, nothing twice", counts.values().sum::<u64>());
}
