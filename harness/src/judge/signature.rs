//! How a run goes wrong over time: one signature for each class of reads that is not as it should be.
//!
//! * *no answer*: errors. *Future label*: claims beyond the log.
//! * *Falls back*: some claim lies below one that an earlier answer had shown, or below an announced version.
//! * *Never catches up*, *behind by a constant*: the last reads of the run, when the contestant has had time to
//!   drain, are still stale; in the second half of all reads the claims go on and the events left out stay within a
//!   quarter of their median (a constant), or not.
//! * *Mislabelled behind by a constant*: one distance between claim and true version fits two thirds of the reads
//!   within a quarter (values that come back, such as prices, hide it from the rest).
//! * *Jump at a publication*: the error of a total grows in size only between two reads with a publication between them,
//!   in four cases of five at least, while no more than half of all such gaps have one.
//! * *Grows with cancellations*: the error of a total keeps its sign, does not shrink by more than a tenth of its
//!   maximum, and follows the number of cancellations in the claimed version (correlation 0.9 or more).
//! * *Approximate*: no total is wrong, and of twenty wrong answers or more nine in ten are within a tenth of the truth,
//!   some of them above it and some below. A number that is near is now and then what another version would have said,
//!   so this holds for every class of wrong answers.
//! * *Scattered*: neither.

use std::collections::BTreeSet;

use workloads::Version;

use super::class::Case;
use super::evidence::{Evidence, Stretch};
use super::{Class, Signature, Verdict};
use crate::observe::Kind;

/// A batch publication in the live part.
#[derive(Clone, Debug, PartialEq)]
pub struct Publication {
    /// When the driver heard of it.
    pub at_us: i64,
    /// What it covers.
    pub version: Version,
    /// How the error of the total changed across it, from the last total read before to the first after.
    pub jump: i128,
}

/// The publications of the live part, in their order.
pub fn publications(evidence: &Evidence, reads: &[Verdict]) -> Vec<Publication> {
    let totals = totals(reads);
    let live = evidence.published().filter(|line| line.received_us >= 0);
    let publication = |line: &crate::observe::Watched| {
        let after = totals.partition_point(|verdict| verdict.sent_us < line.received_us);
        let error = |index: usize| totals.get(index).map_or(0, |verdict| verdict.error());
        let jump = after.checked_sub(1).map_or(0, |before| error(after) - error(before));
        Publication { at_us: line.received_us, version: line.version.clone(), jump }
    };
    let mut found: Vec<Publication> = live.map(publication).collect();
    found.sort_by_key(|publication| publication.at_us);
    found
}

/// Reads of totals that could be compared, by the time at which they were sent.
pub fn totals(reads: &[Verdict]) -> Vec<&Verdict> {
    let comparable = |verdict: &&Verdict| !matches!(verdict.class, Class::Error | Class::Undecidable);
    let mut totals: Vec<&Verdict> =
        reads.iter().filter(|verdict| verdict.kind == Kind::Total).filter(comparable).collect();
    totals.sort_by_key(|verdict| verdict.sent_us);
    totals
}

/// Gives each read that is not as it should be its signature, and says which there are.
pub fn sign(
    case: &Case<'_>,
    publications: &[Publication],
    reads: &mut [Verdict],
) -> BTreeSet<(Class, Signature)> {
    let mut found = BTreeSet::new();
    let near = near(reads);
    let fell_back = reads.iter().any(|verdict| verdict.regressed || verdict.below_announced);
    for class in Class::ALL {
        let seen = reads.iter().any(|verdict| verdict.class == class);
        let signature = match class {
            Class::Stale if fell_back => Signature::FallsBack,
            _ if !seen => continue,
            Class::Current | Class::Undecidable => continue,
            Class::Stale => staleness(reads),
            Class::Mislabelled | Class::Impossible | Class::FromTheFuture if near => Signature::Approximate,
            Class::Mislabelled => distance(reads),
            Class::Impossible => error(case, publications, reads),
            Class::FromTheFuture => Signature::FutureLabel,
            Class::Error => Signature::NoAnswer,
        };
        for verdict in reads.iter_mut().filter(|verdict| verdict.class == class) {
            verdict.signature = signature;
        }
        if class.wrong() || signature != Signature::None {
            found.insert((class, signature));
        }
    }
    found
}

/// Of stale reads: a run that ends current has only been late.
fn staleness(reads: &[Verdict]) -> Signature {
    let mut order: Vec<&Verdict> = reads.iter().filter(|verdict| verdict.claimed.is_some()).collect();
    order.sort_by_key(|verdict| verdict.sent_us);
    let late = |verdict: &&&Verdict| verdict.class == Class::Stale;
    let last = &order[order.len().saturating_sub(3)..];
    if last.is_empty() || !last.iter().all(|verdict| late(&verdict)) {
        return Signature::None;
    }
    let second = &order[order.len() / 2..];
    let stands = second.iter().all(|verdict| verdict.claimed == second[0].claimed);
    let behind = second.iter().map(|verdict| verdict.behind_events as f64).collect();
    if !stands && constant(behind) { Signature::BehindByAConstant } else { Signature::NeverCatchesUp }
}

/// Of mislabelled reads: an answer that was true from one version to another tells that the distance lies between
/// two bounds, so it is asked whether one distance fits most of them.
fn distance(reads: &[Verdict]) -> Signature {
    let bounds = |verdict: &Verdict| {
        let ((from, upto), claimed) = (verdict.matched.as_ref()?, verdict.claimed.as_ref()?.total() as f64);
        Some((claimed - upto.total() as f64, claimed - from.total() as f64))
    };
    let wrong = reads.iter().filter(|verdict| verdict.class == Class::Mislabelled);
    let bounds: Vec<(f64, f64)> = wrong.filter_map(bounds).collect();
    let mut least: Vec<f64> = bounds.iter().map(|(least, _)| *least).collect();
    least.sort_by(f64::total_cmp);
    let Some(distance) = least.get(least.len() * 9 / 10) else { return Signature::Scattered };
    let fits = |bounds: &&(f64, f64)| bounds.0 <= 1.25 * distance && bounds.1 >= 0.75 * distance;
    let fitting = bounds.iter().filter(fits).count();
    if 3 * fitting >= 2 * bounds.len() { Signature::BehindByAConstant } else { Signature::Scattered }
}

/// Whether nine tenths of some numbers lie within a quarter of their median.
fn constant(mut numbers: Vec<f64>) -> bool {
    numbers.sort_by(f64::total_cmp);
    let Some(median) = numbers.get(numbers.len() / 2).copied() else { return false };
    let near = numbers.iter().filter(|number| (**number - median).abs() <= 0.25 * median.abs()).count();
    near as f64 >= 0.9 * numbers.len() as f64
}

fn error(case: &Case<'_>, publications: &[Publication], reads: &[Verdict]) -> Signature {
    let totals = totals(reads);
    if totals.iter().filter(|verdict| verdict.class == Class::Impossible).count() < 5 {
        return Signature::Scattered;
    }
    let slack = case.evidence.run.objective_us;
    if jumps(&totals, publications, slack) {
        Signature::JumpAtPublication
    } else if grows(&totals, &Cancellations::count(&case.stretch)) {
        Signature::GrowsWithCancellations
    } else {
        Signature::Scattered
    }
}

/// Whether answers are wrong by little, to either side.
fn near(reads: &[Verdict]) -> bool {
    let wrong: Vec<&Verdict> =
        reads.iter().filter(|verdict| verdict.class.wrong() && verdict.class != Class::Error).collect();
    if wrong.iter().any(|verdict| verdict.kind == Kind::Total) {
        return false;
    }
    let near = |verdict: &&&Verdict| {
        let truth = verdict.first - verdict.error();
        let off = verdict.over + verdict.under;
        off > 0 && 10 * off <= truth.abs()
    };
    let sides = wrong.iter().any(|verdict| verdict.over > 0) && wrong.iter().any(|verdict| verdict.under > 0);
    sides && wrong.len() >= 20 && 10 * wrong.iter().filter(near).count() >= 9 * wrong.len()
}

fn jumps(totals: &[&Verdict], publications: &[Publication], slack: i64) -> bool {
    let published = |pair: &[&Verdict]| {
        let first = publications.partition_point(|publication| publication.at_us < pair[0].sent_us - slack);
        publications.get(first).is_some_and(|publication| publication.at_us <= pair[1].answered_us + slack)
    };
    let gaps: Vec<(bool, bool)> = totals
        .windows(2)
        .map(|pair| (published(pair), pair[1].error().abs() > pair[0].error().abs()))
        .collect();
    let count = |which: fn(&&(bool, bool)) -> bool| gaps.iter().filter(which).count();
    let (grown, with) = (count(|gap| gap.1), count(|gap| gap.0));
    grown > 0 && 5 * count(|gap| gap.0 && gap.1) >= 4 * grown && 2 * with <= gaps.len()
}

fn grows(totals: &[&Verdict], cancellations: &Cancellations) -> bool {
    let points = totals.iter().filter_map(|verdict| {
        Some((cancellations.below(verdict.claimed.as_ref()?) as f64, verdict.error() as f64))
    });
    let points: Vec<(f64, f64)> = points.collect();
    let sign = points.iter().map(|(_, error)| error).sum::<f64>().signum();
    let largest = points.iter().map(|(_, error)| error.abs()).fold(0.0, f64::max);
    let mut highest = f64::MIN;
    let steady = points.iter().all(|(_, error)| {
        highest = highest.max(error * sign);
        error * sign >= -0.1 * largest && error * sign >= highest - 0.1 * largest
    });
    steady && correlation(&points).abs() >= 0.9
}

/// Pearson's.
fn correlation(points: &[(f64, f64)]) -> f64 {
    let n = points.len() as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), point| (x + point.0 / n, y + point.1 / n));
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for point in points {
        let (dx, dy) = (point.0 - x, point.1 - y);
        (xx, yy, xy) = (xx + dx * dx, yy + dy * dy, xy + dx * dy);
    }
    if xx * yy > 0.0 { xy / (xx * yy).sqrt() } else { 0.0 }
}

/// The offsets at which a partition's cancellations and busts lie.
struct Cancellations(Vec<Vec<u64>>);

impl Cancellations {
    fn count(stretch: &Stretch) -> Self {
        let mut offsets = vec![Vec::new(); stretch.from.0.len()];
        for record in stretch.iter() {
            if record.event.takes_back() {
                offsets[record.place.partition as usize].push(record.place.offset);
            }
        }
        Cancellations(offsets)
    }

    fn below(&self, version: &Version) -> usize {
        let below = |(offsets, next): (&Vec<u64>, &u64)| offsets.partition_point(|offset| offset < next);
        self.0.iter().zip(&version.0).map(below).sum()
    }
}
