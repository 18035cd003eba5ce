//! The labs on one broker.

use super::{broker, done, wb};

#[test]
#[ignore = "needs a Kafka broker: scripts/check --kafka"]
fn two_of_a_group_share_and_one_takes_over() {
    let printed = done(wb(&["lab", "groups", "--bootstrap", &broker(), "--records", "20"]), "");
    for step in ["first has 0,1,2,3", "the second joins, and they share", "the first takes over"] {
        assert!(printed.contains(step), "expected `{step}` in {printed}");
    }
    assert!(printed.contains("40 records sent, 40 of them read, 0 more than once"), "{printed}");
}
