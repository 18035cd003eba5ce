//! Power lost at any step: what was published stays published, and every later answer is true.

mod rig;

use rig::{Case, Rig};

#[test]
fn power_lost_anywhere_loses_no_publication_and_no_truth() {
    let all = workloads::WORKLOADS.iter().map(|workload| workload.name);
    // What goes wrong is the same whatever is computed, so that most cases are of what is computed most.
    for (workload, part) in all.map(|name| (name, if ["orders", "trades"].contains(&name) { 1 } else { 5 })) {
        for seed in 0..rig::cases() / part {
            let case = Case {
                restarts: 0,
                events: 60 + seed % 60,
                cut_every: 10 + seed % 20,
                ..Case::random(workload, seed)
            };
            Rig::new(case).run_with_crashes(1 + seed % 3);
        }
    }
}
