//! How wrong each weak hand-over is: what its law says, and no more.

use std::collections::BTreeSet;

use harness::judge::evidence::each;
use workloads::{Record, Version};

use super::shown::{Shown, shown};

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

/// One dip: how deep it is, and from when to when it lasts.
#[derive(Debug)]
struct Dip {
    depth: i64,
    from: i64,
    upto: i64,
}

/// Stretches of reads that lack something.
fn dips(shown: &Shown) -> Vec<Dip> {
    let mut dips: Vec<Dip> = Vec::new();
    let mut within = false;
    for (at, _, error) in &shown.reads {
        match dips.last_mut().filter(|_| within) {
            Some(dip) if *error < 0 => (dip.depth, dip.upto) = (dip.depth.max(-error), *at),
            None if *error < 0 => dips.push(Dip { depth: -error, from: *at, upto: *at }),
            _ => {}
        }
        within = *error < 0;
    }
    dips
}

/// The same error integral in two shapes: a reset at the cut lacks an interval for as long as the batch works, a reset at
/// the publication lacks for an interval what came while the batch worked.
#[test]
fn at_start_is_deep_by_the_interval_and_long_by_the_batch() {
    let shown = shown("handover = at-start");
    let dips = dips(&shown);
    assert!(dips.len() + 2 >= shown.cuts.len() - 1, "{dips:?}");
    let mut whole = 0;
    for dip in &dips {
        // The publication that ended it.
        let near = |publication: &usize| (shown.cuts[*publication].0 - dip.upto).abs();
        let publication = (1..shown.cuts.len()).min_by_key(near).unwrap();
        let (published, cut) = (shown.cuts[publication].0, shown.reached(publication));
        let interval = shown.total(publication) - shown.total(publication - 1);
        assert!(dip.depth <= interval, "{dip:?} of {interval}");
        whole += u64::from(dip.depth == interval);
        let (early, late) = (dip.from - cut, dip.upto - published);
        assert!(
            (-5_000..=5_000).contains(&early) && (-5_000..=10_000).contains(&late),
            "{dip:?}: {early}, {late}"
        );
    }
    assert!(2 * whole > dips.len() as u64, "{whole} of {dips:?}");
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
