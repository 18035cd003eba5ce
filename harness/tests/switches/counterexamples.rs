//! The smallest log at which each wrong merge differs from the truth.

use harness::counterexamples::{Counterexample, all};

fn line(found: &Counterexample) -> String {
    let (batched, since) = found.letters.split_at(found.batched);
    let Counterexample { switch, events, cut, right, wrong, .. } = found;
    let log = format!("{} | {}", batched.join(", "), since.join(", "));
    format!("{switch}: {events} events, cut {cut}: {log}: {right:?}, not {wrong:?}")
}

#[test]
fn each_wrong_merge_has_its_smallest_counter_example() {
    let found: Vec<String> = all().map(|found| line(&found.unwrap())).collect();
    insta::assert_snapshot!(found.join("\n"));
}
