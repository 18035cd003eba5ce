//! The class of each read.

use std::rc::Rc;

use workloads::{Version, Workload};

use super::arrival::Arrivals;
use super::claims::chains;
use super::evidence::{Evidence, Stretch};
use super::lane::Lanes;
use super::seen::{Seen, seen};
use super::timeline::{Base, Bases, Timeline};
use super::value::{Cells, Value};
use super::{Class, Signature, Verdict};
use crate::contestants::noop::NOOP;
use crate::observe::Observation;

/// Versions of which each covers the one before, and what was true at each.
pub struct Claims {
    /// The versions.
    pub versions: Vec<Version>,
    /// What was true.
    pub timeline: Timeline,
}

impl Claims {
    /// Where a version stands on the chain, if it does.
    pub fn position(&self, version: &Version) -> Option<u32> {
        let order = |held: &Version| (held.total(), &held.0).cmp(&(version.total(), &version.0));
        self.versions.binary_search_by(order).ok().map(|found| found as u32)
    }
}

/// Everything that the classes of one run's reads are found with.
pub struct Case<'a> {
    /// What was given.
    pub evidence: &'a Evidence,
    /// The questions, numbered.
    pub cells: Cells,
    /// The records from the base on.
    pub stretch: Stretch,
    /// The truth at the beginning of the stretch.
    pub base: Rc<Base>,
    /// What each read saw.
    pub seen: Vec<Option<Seen>>,
    /// When what arrived.
    pub arrivals: Arrivals,
    /// What was true along the order of arrival, where that is known.
    pub arrival: Option<Timeline>,
    /// What was true along each partition, for unlabelled answers where the order of arrival is not known.
    pub lanes: Lanes,
    /// What was true along what the contestant claimed in its answers.
    pub claims: Vec<Claims>,
    /// What was true along what it announced; made only when some answer was not true at its claim.
    pub announced: Vec<Claims>,
    /// The heads of the log.
    pub heads: Version,
}

/// What is found about one answer.
pub(super) struct Finding {
    pub(super) class: Class,
    pub(super) at_once: bool,
    /// The version that it is taken to be of.
    pub(super) version: Version,
    pub(super) matched: Option<(Version, Version)>,
    /// What should have been answered.
    pub(super) truth: Vec<Value>,
}

impl<'a> Case<'a> {
    /// Walks the truth along the chains.
    pub fn new(
        evidence: &'a Evidence,
        workload: &'static Workload,
        bases: &mut Bases,
    ) -> anyhow::Result<Self> {
        let (run, log) = (&evidence.run, &*evidence.log);
        let heads = log.heads()?;
        let mut cells = Cells::new(workload.views);
        let seen = seen(&evidence.reads, &mut cells);
        let claimed = seen.iter().flatten().filter_map(|seen| seen.version.as_ref());
        let claimed: Vec<&Version> = claimed.filter(|claim| heads.covers(claim)).collect();
        let from = claimed.iter().fold(run.live_from.clone(), |from, claim| from.meet(claim));
        let base = bases.get(workload, &run.terms, log, &from)?;
        let stretch = Stretch::read(log, &from, &heads)?;
        let arrivals = Arrivals::new(&run.live_from, &heads, &evidence.arrivals);
        let arrival = arrivals
            .complete()
            .then(|| Timeline::places(&base, &stretch, &cells, &run.live_from, arrivals.places()));
        let unlabelled = seen.iter().flatten().any(|seen| seen.version.is_none());
        let lanes = match &arrival {
            None if unlabelled => {
                let span = (&run.live_from, &heads);
                Lanes::new(&base, &stretch, &cells, log.meta(), span, &evidence.arrivals)
            }
            _ => Lanes::default(),
        };
        let claims = along(&base, &stretch, &cells, claimed.into_iter());
        let mut case = Case {
            evidence,
            cells,
            stretch,
            base,
            seen,
            arrivals,
            arrival,
            lanes,
            claims,
            announced: Vec::new(),
            heads,
        };
        if !case.seen.iter().flatten().all(|seen| case.holds(seen).unwrap_or(true)) {
            let announced = evidence.announced().map(|line| &line.version);
            let announced = announced.filter(|version| case.heads.covers(version) && version.covers(&from));
            case.announced = along(&case.base, &case.stretch, &case.cells, announced);
        }
        Ok(case)
    }

    /// Whether a labelled answer is true at its claim; nothing where the claim cannot be looked up.
    fn holds(&self, seen: &Seen) -> Option<bool> {
        let (claims, position) = self.claim(seen.version.as_ref()?)?;
        Some(claims.timeline.holds(&seen.answers, position))
    }

    /// A claim's place on its chain.
    pub fn claim(&self, version: &Version) -> Option<(&Claims, u32)> {
        self.claims.iter().find_map(|claims| Some((claims, claims.position(version)?)))
    }

    /// The verdict on each read.
    pub fn classes(&self) -> Vec<Verdict> {
        self.evidence
            .reads
            .iter()
            .zip(&self.seen)
            .map(|(read, seen)| self.verdict(read, seen.as_ref()))
            .collect()
    }

    fn verdict(&self, read: &Observation, seen: Option<&Seen>) -> Verdict {
        let mut verdict = blank(read);
        let Some(seen) = seen else { return verdict };
        verdict.claimed = seen.version.clone();
        verdict.first = seen.answers.iter().map(|(_, value)| value.first()).sum();
        let rows = |value: &Value| if let Value::Whole(whole) = value { whole.rows as u64 } else { 0 };
        verdict.rows = seen.answers.iter().map(|(_, value)| rows(value)).sum();
        if self.evidence.run.contestant == NOOP.name {
            // It answers nothing on purpose, so there is nothing to decide.
            verdict.class = Class::Undecidable;
            return verdict;
        }
        let Some(found) = self.find(read, seen) else {
            verdict.class = Class::Undecidable;
            return verdict;
        };
        (verdict.class, verdict.at_once) = (found.class, found.at_once);
        (verdict.behind_us, verdict.behind_events) = self.arrivals.behind(&found.version, read.answered_us);
        if read.at.is_some() {
            // Nobody asked for anything newer.
            (verdict.behind_us, verdict.behind_events) = (0, 0);
        }
        verdict.value_behind_us = self.value_behind(read, seen).map_or(verdict.behind_us, |behind| {
            if found.class.wrong() { behind } else { behind.min(verdict.behind_us) }
        });
        verdict.matched = found.matched;
        if verdict.class.wrong() {
            for ((_, value), truth) in seen.answers.iter().zip(&found.truth) {
                let error = value.first() - truth.first();
                verdict.over += error.max(0);
                verdict.under += (-error).max(0);
            }
        }
        verdict
    }

    fn find(&self, read: &Observation, seen: &Seen) -> Option<Finding> {
        if let Some(at) = &read.at {
            return Some(self.past(read, seen, at));
        }
        match &seen.version {
            Some(claim) => Some(self.labelled(read, seen, claim)),
            None => self.unlabelled(read, seen),
        }
    }

    /// The answer to a question about a version is of that version or it is wrong; how old it is was the reader's wish.
    fn past(&self, read: &Observation, seen: &Seen, at: &Version) -> Finding {
        let found = self.labelled(read, seen, seen.version.as_ref().unwrap_or(at));
        let (class, at_once) = match found.class {
            _ if seen.version.as_ref() != Some(at) => (Class::Mislabelled, false),
            Class::Stale => (Class::Current, true),
            class => (class, found.at_once),
        };
        Finding { class, at_once, ..found }
    }

    fn labelled(&self, read: &Observation, seen: &Seen, claim: &Version) -> Finding {
        let finding = |class, at_once, matched, truth| Finding {
            class,
            at_once,
            version: claim.clone(),
            matched,
            truth,
        };
        let handed = self.arrivals.handed(read.answered_us);
        let Some((claims, position)) = self.claim(claim).filter(|_| handed.covers(claim)) else {
            let truth = self.truth_by(read.answered_us, seen);
            return finding(Class::FromTheFuture, false, None, truth);
        };
        if claims.timeline.holds(&seen.answers, position) {
            let covers = |time| claim.covers(&self.arrivals.acked(time));
            let current = covers(read.sent_us - self.evidence.run.objective_us);
            let class = if current { Class::Current } else { Class::Stale };
            return finding(class, covers(read.sent_us), None, Vec::new());
        }
        let truth = seen.asked.iter().map(|cell| claims.timeline.at(*cell, position).clone()).collect();
        match self.elsewhere(seen, &handed, read) {
            Some(matched) => finding(Class::Mislabelled, false, Some(matched), truth),
            None if self.later(seen) => finding(Class::FromTheFuture, false, None, truth),
            None => finding(Class::Impossible, false, None, truth),
        }
    }

    /// The newest stretch of versions, not beyond what had been handed over, in which the answers were true.
    fn elsewhere(&self, seen: &Seen, handed: &Version, read: &Observation) -> Option<(Version, Version)> {
        let on_chain = |claims: &Claims| {
            let count = claims.versions.partition_point(|version| handed.covers(version));
            let found = claims.timeline.latest(&seen.answers, (count as u32).checked_sub(1)?)?;
            let since = claims.timeline.together(&seen.asked, found);
            Some((claims.versions[since as usize].clone(), claims.versions[found as usize].clone()))
        };
        let own = self.claims.iter().chain(&self.announced).filter_map(on_chain);
        let arrived = self.arrival.as_ref().and_then(|arrival| {
            let upto = self.arrivals.handed_position(read.answered_us);
            Some(self.matched(arrival, seen, arrival.latest(&seen.answers, upto)?))
        });
        own.chain(arrived).max_by_key(|(_, upto)| upto.total())
    }

    /// The stretch of the arrival chain up to `position` in which the answers were what they were there.
    fn matched(&self, arrival: &Timeline, seen: &Seen, position: u32) -> (Version, Version) {
        let since = arrival.together(&seen.asked, position);
        (self.arrivals.version(since), self.arrivals.version(position))
    }

    /// Whether the answers became true at some later time.
    fn later(&self, seen: &Seen) -> bool {
        let end = self.arrivals.places().len() as u32;
        self.arrival.as_ref().is_some_and(|arrival| arrival.latest(&seen.answers, end).is_some())
    }

    fn unlabelled(&self, read: &Observation, seen: &Seen) -> Option<Finding> {
        let Some(arrival) = &self.arrival else {
            return Some(self.lanes.of(&self.cells, &seen.asked)?.find(self, read, seen));
        };
        let handed = self.arrivals.handed_position(read.answered_us);
        let Some(position) = arrival.latest(&seen.answers, handed) else {
            let class = if self.later(seen) { Class::FromTheFuture } else { Class::Impossible };
            let truth = self.truth_by(read.sent_us, seen);
            let version = self.arrivals.version(handed);
            return Some(Finding { class, at_once: false, version, matched: None, truth });
        };
        let covers = |time| position >= self.arrivals.acked_position(time);
        let current = covers(read.sent_us - self.evidence.run.objective_us);
        let class = if current { Class::Current } else { Class::Stale };
        let matched = self.matched(arrival, seen, position);
        let (version, matched) = (matched.1.clone(), Some(matched));
        Some(Finding { class, at_once: covers(read.sent_us), version, matched, truth: Vec::new() })
    }

    /// What was true of a read's questions when everything handed over by then is counted.
    fn truth_by(&self, time: i64, seen: &Seen) -> Vec<Value> {
        let position = self.arrivals.handed_position(time);
        let at = |cell: &u32| self.arrival.as_ref().map(|arrival| arrival.at(*cell, position).clone());
        seen.asked.iter().filter_map(at).collect()
    }

    fn value_behind(&self, read: &Observation, seen: &Seen) -> Option<i64> {
        let arrival = self.arrival.as_ref()?;
        let position = arrival.latest(&seen.answers, self.arrivals.handed_position(read.answered_us))?;
        Some(self.arrivals.behind(&self.arrivals.version(position), read.answered_us).0)
    }
}

/// The truth along some versions, as chains in which each covers the one before.
pub(super) fn along<'v>(
    base: &Base,
    stretch: &Stretch,
    cells: &Cells,
    versions: impl Iterator<Item = &'v Version>,
) -> Vec<Claims> {
    let walk = |chain: Vec<&Version>| Claims {
        timeline: Timeline::versions(base, stretch, cells, &chain),
        versions: chain.into_iter().cloned().collect(),
    };
    chains(versions).into_iter().map(walk).collect()
}

fn blank(read: &Observation) -> Verdict {
    let joined = |each: fn(&workloads::Query) -> &str| {
        read.queries.iter().map(each).filter(|text| !text.is_empty()).collect::<Vec<_>>().join("+")
    };
    Verdict {
        read: read.read,
        kind: read.kind,
        intended_us: read.intended_us,
        sent_us: read.sent_us,
        answered_us: read.answered_us,
        view: joined(|query| &query.view),
        key: joined(|query| query.key.as_deref().unwrap_or("")),
        class: Class::Error,
        at_once: false,
        signature: Signature::None,
        behind_events: 0,
        behind_us: 0,
        value_behind_us: 0,
        claimed: None,
        matched: None,
        first: 0,
        over: 0,
        under: 0,
        rows: 0,
        regressed: false,
        below_announced: false,
        held_back: 0,
        known_final: false,
        recomputed: false,
        witness: None,
    }
}
