//! Wrong reads that show what is wrong, with what is needed to see it again.

use workloads::Version;

use super::class::Case;
use super::value::Value;
use super::{Class, Signature, Verdict};
use crate::observe::Kind;

/// One wrong read, and what was true.
#[derive(Clone, Debug, PartialEq)]
pub struct Witness {
    /// `first`, `worst` or `last`.
    pub which: &'static str,
    /// Running number of the read.
    pub read: u64,
    /// When it was answered.
    pub at_us: i64,
    /// The views asked, joined by `+`.
    pub view: String,
    /// The keys asked, joined by `+`.
    pub key: String,
    /// The version claimed, or `-`.
    pub claimed: String,
    /// Its class.
    pub class: Class,
    /// The run's signature for that class.
    pub signature: Signature,
    /// What was answered.
    pub served: String,
    /// What was true at the claim, or on arrival for an answer without one.
    pub truth: String,
    /// The shortest log prefix after which the answer could no longer be right up to the time at which it came; where
    /// it never was, the shortest one that has the true answer.
    pub prefix: String,
    /// Shows the right answer and the contestant's own at that prefix.
    pub command: String,
}

/// Chooses the first, the worst and the last wrong read of every wrong class, and marks them.
pub fn witnesses(case: &Case<'_>, reads: &mut [Verdict]) -> Vec<Witness> {
    let mut witnesses = Vec::new();
    for class in Class::ALL.into_iter().filter(|class| class.wrong()) {
        let of = |verdict: &&(usize, &Verdict)| verdict.1.class == class && verdict.1.kind != Kind::Final;
        let all: Vec<(usize, &Verdict)> = reads.iter().enumerate().collect();
        let first = all.iter().filter(of).min_by_key(|(_, verdict)| verdict.answered_us);
        let worst = all.iter().filter(of).max_by_key(|(_, verdict)| verdict.over.max(verdict.under));
        let last = all.iter().filter(of).max_by_key(|(_, verdict)| verdict.answered_us);
        let chosen = [("first", first), ("worst", worst), ("last", last)];
        let chosen: Vec<(&str, usize)> =
            chosen.into_iter().filter_map(|(which, read)| Some((which, read?.0))).collect();
        for (which, index) in chosen {
            witnesses.push(witness(case, which, index, &reads[index]));
            reads[index].witness.get_or_insert(which);
        }
    }
    witnesses
}

fn witness(case: &Case<'_>, which: &'static str, index: usize, verdict: &Verdict) -> Witness {
    let seen = case.seen[index].as_ref();
    let join = |values: Vec<String>| if values.is_empty() { "none".into() } else { values.join(" + ") };
    let served =
        seen.map_or(Vec::new(), |seen| seen.answers.iter().map(|(_, value)| value.print()).collect());
    let prefix = prefix(case, index, verdict);
    Witness {
        which,
        read: verdict.read,
        at_us: verdict.answered_us,
        view: verdict.view.clone(),
        key: verdict.key.clone(),
        claimed: verdict.claimed.as_ref().map_or("-".into(), Version::to_string),
        class: verdict.class,
        signature: verdict.signature,
        served: join(served),
        truth: join(truth(case, index, verdict)),
        command: command(case, index, &prefix),
        prefix: prefix.to_string(),
    }
}

/// What should have been answered.
fn truth(case: &Case<'_>, index: usize, verdict: &Verdict) -> Vec<String> {
    let Some(seen) = &case.seen[index] else { return Vec::new() };
    let claim = verdict.claimed.as_ref().and_then(|claim| case.claim(claim));
    let at = |cell: &u32| match (claim, &case.arrival) {
        (Some((claims, position)), _) => Some(claims.timeline.at(*cell, position).print()),
        (None, Some(arrival)) => {
            let position = case.arrivals.handed_position(verdict.answered_us);
            Some(arrival.at(*cell, position).print())
        }
        (None, None) => None,
    };
    let lane = case.lanes.of(&case.cells, &seen.asked);
    if let (None, None, Some(lane)) = (claim, &case.arrival, lane) {
        let truth = lane.truth(&case.arrivals, verdict.answered_us, &seen.asked);
        return truth.iter().map(Value::print).collect();
    }
    seen.asked.iter().filter_map(at).collect()
}

fn prefix(case: &Case<'_>, index: usize, verdict: &Verdict) -> Version {
    let handed = case.arrivals.handed_position(verdict.answered_us);
    let fallback = verdict.claimed.clone().filter(|claim| case.heads.covers(claim));
    let fallback = fallback.unwrap_or_else(|| case.arrivals.handed(verdict.answered_us));
    let (Some(arrival), Some(seen)) = (&case.arrival, &case.seen[index]) else { return fallback };
    match arrival.latest(&seen.answers, handed) {
        Some(position) => case.arrivals.version((position + 1).min(handed)),
        None => case.arrivals.version(arrival.together(&seen.asked, handed)),
    }
}

fn command(case: &Case<'_>, index: usize, prefix: &Version) -> String {
    let run = &case.evidence.run;
    let read = &case.evidence.reads[index];
    let view = read.queries.first().map_or("", |query| query.view.as_str());
    format!(
        "wb answer {} {view} --log {} --contestant {} --at {prefix}",
        run.workload,
        run.log.display(),
        run.contestant
    )
}
