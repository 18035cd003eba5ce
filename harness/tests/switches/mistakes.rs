//! How wrong each mistake of a student is: what its law says, and no more.

use std::collections::BTreeSet;

use harness::judge::Verdict;

use super::case;
use super::shown::shown;

#[test]
fn dup_accumulate_counts_everything_once_more_for_each_flush_since() {
    let shown = shown("student = dup-accumulate");
    shown.follows(|publication| (0..publication).map(|flush| shown.total(flush)).sum());
    let findings = case("student = dup-accumulate", "trades");
    let (_, verdicts) = findings.run().unwrap();
    let found = findings.findings(&verdicts);
    assert!(found.iter().all(|finding| finding.view != "range"), "least and largest are right: {found:#?}");
    let volume = found.iter().find(|finding| finding.view == "volume").unwrap();
    assert!(volume.over > 0 && volume.under == 0, "sums are too high: {volume:?}");
}

#[test]
fn retention_and_stopping_early_leave_the_batch_so_many_records_of_each_interval() {
    for fault in ["retention(300)", "stop-after(300)"] {
        let shown = shown(&format!("student = {fault}"));
        let lost = |publication: usize| {
            (0..2)
                .map(|partition| shown.interval(publication, partition).saturating_sub(150) as i64)
                .sum::<i64>()
        };
        shown.follows(|publication| -(0..=publication).map(lost).sum::<i64>());
    }
}

#[test]
fn swallowed_errors_lose_whole_intervals() {
    let shown = shown("student = swallow-errors(3)");
    let lost = |publication: usize| {
        let failed = (publication + 1).is_multiple_of(3);
        if failed {
            shown.total(publication) - publication.checked_sub(1).map_or(0, |it| shown.total(it))
        } else {
            0
        }
    };
    shown.follows(|publication| -(0..=publication).map(lost).sum::<i64>());
}

#[test]
fn two_topics_without_a_transaction_lose_their_share_for_ever() {
    let shown = shown("student = dual-write-loss(0.02)");
    let (_, version, error) = shown.reads.last().unwrap();
    let expected = 0.02 * version.total() as f64;
    let spread = 4.0 * (expected * 0.98).sqrt();
    assert!((-*error as f64 - expected).abs() < spread, "{error}, expected {expected} within {spread}");
}

#[test]
fn a_view_that_is_overwritten_is_empty_at_first_and_then_ahead_of_the_speed_layer() {
    let shown = shown("student = in-place-overwrite");
    let all = 0..shown.cuts.len();
    let empty: BTreeSet<i64> = all.clone().map(|publication| -shown.total(publication)).collect();
    let ahead: BTreeSet<i64> = all.skip(1).map(|it| shown.total(it) - shown.total(it - 1)).collect();
    let count =
        |errors: &BTreeSet<i64>| shown.reads.iter().filter(|(.., error)| errors.contains(error)).count();
    let right = shown.reads.iter().filter(|(.., error)| *error == 0).count();
    assert_eq!(right + count(&empty) + count(&ahead), shown.reads.len(), "{:?}", shown.reads);
    assert!(count(&empty) > 0 && count(&ahead) > 0, "{} empty, {} ahead", count(&empty), count(&ahead));
    // For as long as the files take to be written, of each interval.
    assert!(2 * right > shown.reads.len(), "{right} of {}", shown.reads.len());
}

#[test]
fn the_merge_over_the_batch_lacks_keys_and_nothing_else() {
    let case = case("student = left-join-merge", "orders");
    let (_, verdicts) = case.run().unwrap();
    let found = case.findings(&verdicts);
    let spend =
        |verdict: &&Verdict| verdict.view == "spend" && !verdict.key.is_empty() && verdict.class.wrong();
    let wrong: Vec<&Verdict> = verdicts.reads.iter().filter(spend).collect();
    assert!(
        !wrong.is_empty() && wrong.iter().all(|verdict| verdict.rows == 0 && verdict.first == 0),
        "{wrong:?}"
    );
    assert!(
        found.iter().all(|finding| finding.view != "revenue"),
        "the grand total has but one key: {found:?}"
    );
}
