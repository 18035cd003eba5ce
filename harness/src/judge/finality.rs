//! Which of the served answers a reader can prove to be final.
//!
//! No value is final for good where everything can be taken back for ever. What can be proved is less, and it is what the
//! word is used for: that the answer is of a named version, below which nothing is still to come. An answer without a label
//! proves nothing, and neither does one whose label is not true. Of these, some are what a batch has computed from
//! scratch: nothing that came after its cut has changed them.

use workloads::Version;

use super::class::{Case, Claims, along};
use super::{Class, Verdict};

/// Marks the reads whose answers can be proved.
pub fn prove(case: &Case<'_>, reads: &mut [Verdict]) {
    let mut published: Vec<(i64, &Version)> =
        case.evidence.published().map(|line| (line.received_us, &line.version)).collect();
    published.sort_by_key(|(at, _)| *at);
    let known = |version: &&Version| case.heads.covers(version) && version.covers(case.base.at());
    let truths = along(&case.base, &case.stretch, &case.cells, published.iter().map(|it| it.1).filter(known));
    for (index, verdict) in reads.iter_mut().enumerate() {
        let right = matches!(verdict.class, Class::Current | Class::Stale);
        let (Some(claim), true) = (&verdict.claimed, right) else { continue };
        verdict.known_final = true;
        let before = published.partition_point(|(at, _)| *at <= verdict.sent_us);
        let newest = before.checked_sub(1).map(|last| published[last].1);
        let Some(cut) = newest.filter(|cut| claim.covers(cut)) else { continue };
        verdict.recomputed = holds(case, &truths, cut, index);
    }
}

/// Whether a read's answers were true at a cut.
fn holds(case: &Case<'_>, truths: &[Claims], cut: &Version, index: usize) -> bool {
    let Some(seen) = &case.seen[index] else { return false };
    let found = truths.iter().find_map(|chain| Some((chain, chain.position(cut)?)));
    found.is_some_and(|(chain, position)| chain.timeline.holds(&seen.answers, position))
}
