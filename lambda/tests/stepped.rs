//! Batch and serving stepped by turns in one thread: every answer is the truth at the version that it claims.

mod rig;

use rig::{Case, Rig};

#[test]
fn every_answer_is_true_at_its_label_whatever_the_order_of_steps() {
    let cases = rig::cases();
    for seed in 0..cases {
        Rig::new(Case::random("orders", seed)).run();
    }
}
