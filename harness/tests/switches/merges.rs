//! How wrong each wrong merge is, and an approximate speed layer.

use harness::judge::{Class, Signature, Verdicts};
use harness::switches::Finding;

use super::case;

fn judged(switch: &str, workload: &str) -> (Vec<Finding>, Verdicts) {
    let case = case(switch, workload);
    let (_, verdicts) = case.run().unwrap();
    (case.findings(&verdicts), verdicts)
}

/// The one view that a merge makes wrong.
fn only(switch: &str, workload: &str, view: &str) -> Finding {
    let (mut found, _) = judged(&format!("student = {switch}"), workload);
    assert_eq!(found.iter().map(|finding| finding.view.as_str()).collect::<Vec<_>>(), [view], "{switch}");
    found.remove(0)
}

#[test]
fn added_counts_of_customers_are_too_high_and_never_too_low() {
    let found = only("merge-distinct", "orders", "customers_per_day");
    // Forty customers, of whom each may count twice.
    assert!((10..=40).contains(&found.over) && found.under == 0, "{found:?}");
}

#[test]
fn halves_that_are_filtered_first_lack_more_than_returns_leave_over() {
    let found = only("merge-having", "orders", "big_spenders");
    // A half that is negative is left out too.
    assert!(found.under > 2 * found.over, "{found:?}");
}

#[test]
fn joined_lists_of_ten_are_wrong_about_the_first_ten() {
    let found = only("merge-top", "orders", "top_customers");
    assert!(found.under > 0 && found.rows.0 <= 20, "{found:?}");
}

#[test]
fn each_other_merge_is_wrong_about_its_view_and_no_other() {
    for (switch, workload, view) in [
        ("merge-median", "orders", "median_order"),
        ("merge-extreme", "trades", "range"),
        ("merge-last", "trades", "last"),
        ("merge-mean", "trades", "mean"),
    ] {
        let found = only(switch, workload, view);
        assert!(found.wrong > 10 && found.wrong * 30 > found.reads, "{found:?}");
    }
}

#[test]
fn an_approximate_speed_layer_is_seen_as_one_and_within_what_it_states() {
    let case = case("approximate = {}", "orders");
    let sketches = case.script.lambda.approximate.unwrap();
    let (_, verdicts) = case.run().unwrap();
    assert!(verdicts.found.contains(&(Class::Impossible, Signature::Approximate)));
    assert!(
        verdicts.found.iter().all(|(_, signature)| *signature == Signature::Approximate),
        "as what it is"
    );
    let reads = verdicts.reads.iter().filter(|read| read.view == "customers_per_day");
    let off = |read: &harness::judge::Verdict| {
        let right = (read.first - read.error()).max(1) as f64;
        (read.error() as f64 / right).abs()
    };
    let errors: Vec<f64> = reads.filter(|read| !read.key.is_empty()).map(off).collect();
    let wrong = errors.iter().filter(|error| **error > 0.0).count();
    assert!(2 * wrong > errors.len() && wrong > 50, "{wrong} of {} reads are approximate", errors.len());
    // The speed layer has only a part of the customers, so the whole is less wrong than its part.
    let worst = errors.iter().fold(0.0f64, |a, b| a.max(*b));
    assert!(worst < 4.0 * sketches.relative_error(), "{worst}");
}
