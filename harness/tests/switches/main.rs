//! Every mistake that a Lambda can be switched to is caught in its class and size, and gone when it is switched off.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};

use harness::judge::evidence::each;
use harness::judge::{Evidence, Verdict};
use harness::observe::Kind;
use harness::switches::{Case, Finding, cases};
use workloads::{Record, Version};

/// The table but for its figures: `wb lambda switches --format csv` with the first five columns.
const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/switches.csv");

fn case(switch: &str, workload: &str) -> Case {
    let mut found = cases();
    found.retain(|case| case.switch == switch && case.script.workload == workload);
    found.pop().unwrap_or_else(|| panic!("no case {switch} on {workload}"))
}

fn line(finding: &Finding) -> String {
    let Finding { switch, workload, view, class, signature, .. } = finding;
    format!("{switch},{workload},{view},{},{}", class.name(), signature.name())
}

fn table(wanted: impl Fn(&Case) -> bool) {
    let text = std::fs::read_to_string(TABLE).unwrap();
    let mut pinned: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let mut fields = line.split(',');
        let key = (fields.next().unwrap(), fields.next().unwrap());
        pinned.entry(key).or_default().insert(line);
    }
    for case in cases().into_iter().filter(wanted) {
        let (_, verdicts) = case.run().unwrap();
        let found: BTreeSet<String> = case.findings(&verdicts).iter().map(line).collect();
        let expected = pinned.get(&(case.switch.as_str(), case.script.workload)).cloned().unwrap_or_default();
        assert_eq!(found.iter().map(String::as_str).collect::<BTreeSet<_>>(), expected, "{}", case.switch);
    }
}

#[test]
fn every_handover_is_seen_as_the_table_says() {
    table(|case| case.switch.starts_with("handover"));
}

#[test]
fn every_mistake_on_orders_is_seen_as_the_table_says() {
    table(|case| case.switch.starts_with("student") && case.script.workload == "orders");
}

#[test]
fn every_mistake_on_trades_is_seen_as_the_table_says() {
    table(|case| case.switch.starts_with("student") && case.script.workload == "trades");
}

#[test]
fn what_is_switched_off_is_gone() {
    let mut tried = BTreeSet::new();
    for case in cases() {
        let off = case.off();
        if tried.insert(format!("{:?}", off.script)) {
            let (_, verdicts) = off.run().unwrap();
            let found = off.findings(&verdicts);
            assert!(found.iter().all(|finding| finding.wrong == 0), "{} off: {found:#?}", case.switch);
        }
    }
    assert!(tried.len() > 3);
}

/// What a run on orders shows: how many records too many or too few the revenue counts, read by read, and the cuts.
struct Shown {
    evidence: Evidence,
    /// When it was sent, the version claimed, and the error.
    reads: Vec<(i64, Version, i64)>,
    /// The cuts of the publications, that of the history first, with the time at which each was heard of.
    cuts: Vec<(i64, Version)>,
}

fn shown(switch: &str) -> Shown {
    let (evidence, _) = case(switch, "orders").run().unwrap();
    let totals = evidence.reads.iter().filter(|read| read.kind == Kind::Total);
    let reads = totals.filter_map(|read| {
        let answer = read.answer.as_ref()?;
        let counted = answer.rows[0].get("all").map_or(0, |row| row[1] as i64);
        let version = answer.version.clone()?;
        let error = counted - version.total() as i64;
        Some((read.sent_us, version, error))
    });
    let reads: Vec<_> = reads.collect();
    let history = (i64::MIN, evidence.run.live_from.clone());
    let live = evidence.published().map(|line| (line.received_us, line.version.clone()));
    let cuts: Vec<_> = std::iter::once(history).chain(live).collect();
    assert!(reads.len() > 100 && cuts.len() > 4, "{} reads, {} cuts", reads.len(), cuts.len());
    Shown { evidence, reads, cuts }
}

impl Shown {
    /// Asserts that each read shows the error that is due to a publication about which the driver heard just then, and
    /// that the last but one was read from.
    fn follows(&self, law: impl Fn(usize) -> i64) {
        for (at, version, error) in &self.reads {
            let heard = self.cuts.iter().rposition(|(heard, _)| heard <= at).unwrap();
            let may = [law(heard), law(heard.saturating_sub(1)), law((heard + 1).min(self.cuts.len() - 1))];
            assert!(may.contains(error), "at {at}, {version}: {error} is none of {may:?}");
        }
        // The last may have come when all events had, and there were no more reads.
        let late = law(self.cuts.len() - 2);
        assert_ne!(late, 0, "the law says that nothing is wrong");
        assert!(self.reads.iter().any(|(.., error)| *error == late), "no read shows {late}");
    }

    fn total(&self, publication: usize) -> i64 {
        self.cuts[publication].1.total() as i64
    }

    /// Errors of the reads that were made well after a publication was taken in, and before the next was heard of.
    fn settled(&self, publication: usize) -> Vec<i64> {
        let from = self.cuts[publication].0.saturating_add(16_000);
        let upto = self.cuts.get(publication + 1).map_or(i64::MAX, |next| next.0 - 8_000);
        let between = self.reads.iter().filter(|(at, ..)| (from..upto).contains(at));
        between.map(|(.., error)| *error).collect()
    }

    /// How many records one partition has in the interval before a publication.
    fn interval(&self, publication: usize, partition: usize) -> u64 {
        let before = publication.checked_sub(1).map_or(0, |before| self.cuts[before].1.0[partition]);
        self.cuts[publication].1.0[partition] - before
    }
}

#[test]
fn none_counts_twice_whatever_was_batched_since_the_start() {
    let shown = shown("handover = none");
    shown.follows(|publication| shown.total(publication) - shown.total(0));
}

#[test]
fn at_start_lacks_the_last_interval_until_the_batch_publishes() {
    let shown = shown("handover = at-start");
    let deepest = shown.reads.iter().map(|(.., error)| *error).min().unwrap();
    let intervals: Vec<i64> = (1..shown.cuts.len()).map(|i| shown.total(i) - shown.total(i - 1)).collect();
    let (least, most) = (intervals.iter().min().unwrap(), intervals.iter().max().unwrap());
    assert!((*least - 100..=*most).contains(&-deepest), "{deepest} of {intervals:?}");
    for (at, version, error) in &shown.reads {
        assert!(*error <= 0, "{at} {version}: {error}");
        // It lasts from the cut until the publication has been taken in, some steps after the driver heard of it.
        let near = shown
            .cuts
            .iter()
            .any(|(heard, _)| (heard.saturating_sub(20_000)..heard.saturating_add(20_000)).contains(at));
        assert!(*error == 0 || near, "{at}: {error}");
    }
    let right = shown.reads.iter().filter(|(.., error)| *error == 0).count();
    assert!(2 * right > shown.reads.len(), "{right} of {}", shown.reads.len());
}

#[test]
fn a_late_reset_at_start_lacks_rate_times_delay() {
    let shown = shown("handover = at-start delay_ms = 10");
    let settled: Vec<i64> = (2..shown.cuts.len() - 1).flat_map(|i| shown.settled(i)).collect();
    assert!(settled.len() > 20, "{}", settled.len());
    // 20 events a millisecond, and what a step or a cut ahead of the layer makes of it.
    assert!(settled.iter().all(|error| (-280..=-120).contains(error)), "{settled:?}");
}

#[test]
fn at_publish_lacks_what_came_during_the_batch_until_the_next_one() {
    let shown = shown("handover = at-publish");
    for publication in 1..shown.cuts.len() {
        let settled: BTreeSet<i64> = shown.settled(publication).into_iter().collect();
        assert!(settled.len() <= 1, "it stays where it is: {settled:?}");
        for error in settled {
            // What the layer had read when it took the publication in, less the cut.
            let heard = shown.cuts[publication].0 + 16_000;
            let read =
                shown.reads.iter().filter(|(at, ..)| *at <= heard).map(|(_, version, _)| version.total());
            let most = read.max().unwrap() as i64 - shown.total(publication);
            assert!(error < 0 && -error <= most, "{error}, at most {most}");
        }
    }
}

#[test]
fn a_skewed_clock_misplaces_rate_times_skew() {
    for (skew, sign) in [(10, -1), (-10, 1)] {
        let shown = shown(&format!("handover = event-time(5) skew_ms = {skew}"));
        let settled: Vec<i64> = (2..shown.cuts.len() - 1).flat_map(|i| shown.settled(i)).collect();
        assert!(settled.len() > 20, "{}", settled.len());
        assert!(settled.iter().all(|error| (150..=250).contains(&(sign * error))), "{skew}: {settled:?}");
    }
}

#[test]
fn event_time_lacks_what_is_later_than_its_grace() {
    let shown = shown("handover = event-time(5)");
    let log = &shown.evidence.log;
    let heads = log.heads().unwrap();
    let mut records: Vec<Record> = Vec::new();
    for (partition, upto) in heads.0.iter().enumerate() {
        each(&**log, partition as u32, 0, *upto, |record| records.extend(record)).unwrap();
    }
    let lacks = |publication: usize, version: &Version| {
        let cut = &shown.cuts[publication].1;
        let batched = records.iter().filter(|record| cut.contains(record.place));
        let until = batched.map(|record| record.event.time()).max().unwrap() - 5;
        let late = |record: &&Record| {
            version.contains(record.place) && !cut.contains(record.place) && record.event.time() < until
        };
        -(records.iter().filter(late).count() as i64)
    };
    let mut worst = 0;
    for (at, version, error) in &shown.reads {
        let heard = shown.cuts.iter().rposition(|(heard, _)| heard <= at).unwrap();
        let may: Vec<i64> = (heard.saturating_sub(1)..=(heard + 1).min(shown.cuts.len() - 1))
            .filter(|publication| version.covers(&shown.cuts[*publication].1))
            .map(|publication| lacks(publication, version))
            .collect();
        assert!(may.contains(error), "at {at}, {version}: {error} is none of {may:?}");
        worst = worst.min(*error);
    }
    assert!(worst < -5, "{worst}");
}

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
