//! The versions that a contestant claimed: as chains to walk, and as one reader saw them follow each other.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use workloads::Version;

use super::evidence::Evidence;
use super::{Class, Verdict};

/// Sorts versions into chains in which each covers the one before. A contestant that cuts its versions one after
/// another has a single chain.
pub fn chains<'a>(versions: impl Iterator<Item = &'a Version>) -> Vec<Vec<&'a Version>> {
    let mut versions: Vec<&Version> = versions.collect();
    versions.sort_by(|a, b| (a.total(), &a.0).cmp(&(b.total(), &b.0)));
    versions.dedup();
    let mut chains: Vec<Vec<&Version>> = Vec::new();
    for version in versions {
        let fits = |chain: &&mut Vec<&Version>| chain.last().is_some_and(|last| version.covers(last));
        match chains.iter_mut().find(fits) {
            Some(chain) => chain.push(version),
            None => chains.push(vec![version]),
        }
    }
    chains
}

/// Marks the reads that claim less than an answer that had come, or a version that had been announced, before they were
/// sent.
pub fn steps_back(evidence: &Evidence, reads: &mut [Verdict]) {
    let mut announced: Vec<_> = evidence.announced().map(|line| (line.received_us, &line.version)).collect();
    announced.sort_by_key(|(at, _)| *at);
    let mut order: Vec<usize> = (0..reads.len()).collect();
    order.sort_by_key(|index| reads[*index].sent_us);
    let mut answers: BinaryHeap<Reverse<(i64, usize)>> = BinaryHeap::new();
    let mut shown = Version::zero(evidence.run.live_from.0.len() as u32);
    let (mut promised, mut next) = (shown.clone(), 0);
    // Whoever asks about an older version does not see it step back.
    for index in order {
        let sent = reads[index].sent_us;
        while let Some((_, version)) = announced.get(next).filter(|(at, _)| *at <= sent) {
            promised = promised.join(version);
            next += 1;
        }
        while let Some(Reverse((_, earlier))) = answers.peek().filter(|Reverse((at, _))| *at <= sent).copied()
        {
            answers.pop();
            shown = reads[earlier].claimed.as_ref().map_or(shown.clone(), |claim| shown.join(claim));
        }
        let verdict = &mut reads[index];
        if evidence.reads[index].at.is_some() {
            continue;
        }
        let Some(claim) = verdict.claimed.as_ref().filter(|claim| claim.0.len() == shown.0.len()) else {
            continue;
        };
        verdict.regressed = !claim.covers(&shown);
        verdict.below_announced = !claim.covers(&promised);
        let left_out = promised.0.iter().zip(&claim.0).map(|(has, claimed)| has.saturating_sub(*claimed));
        verdict.held_back = left_out.sum();
        // A label beyond the log says nothing about what was served.
        if verdict.class != Class::FromTheFuture {
            answers.push(Reverse((verdict.answered_us, index)));
        }
    }
}
