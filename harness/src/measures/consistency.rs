//! How consistent a contestant's answers were, from the verdicts on its reads.

use crate::contestants::noop::NOOP;
use crate::judge::{Class, Evidence, Verdict, Verdicts};
use crate::observe::Kind;

use super::cost::Number;
use super::number;

/// Every kind of read, with its name in files.
pub const KINDS: [(Kind, &str); 7] = [
    (Kind::Uniform, "uniform"),
    (Kind::Recent, "recent"),
    (Kind::Total, "total"),
    (Kind::Pair, "pair"),
    (Kind::Past, "past"),
    (Kind::Whole, "whole"),
    (Kind::Final, "final"),
];

/// The name of a kind in files.
pub fn kind_name(kind: Kind) -> &'static str {
    KINDS.iter().find(|(one, _)| *one == kind).map_or("", |(_, name)| name)
}

/// A stretch of wrong reads of one kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Episode {
    /// The kind.
    pub kind: Kind,
    /// The worst class in it.
    pub class: Class,
    /// When its first read was sent.
    pub from_us: i64,
    /// When the next right read was sent, or its own last read was answered.
    pub until_us: i64,
    /// Reads in it.
    pub reads: u64,
}

/// The numbers of one run.
pub fn measure(evidence: &Evidence, verdicts: &Verdicts) -> Vec<Number> {
    let mut numbers = Vec::new();
    // Noop answers nothing, so there is nothing to be consistent.
    if evidence.run.contestant == NOOP.name {
        return numbers;
    }
    for (kind, name) in KINDS {
        let reads: Vec<&Verdict> = verdicts.reads.iter().filter(|verdict| verdict.kind == kind).collect();
        if !reads.is_empty() {
            numbers.extend(shares(&reads, name));
        }
    }
    numbers.extend(staleness(verdicts));
    numbers.extend(errors(evidence, verdicts));
    numbers.extend(finality(evidence, verdicts));
    numbers.extend(levels(verdicts));
    let finals = verdicts.details.iter().filter(|detail| detail.last);
    let (rows, wrong) = finals.fold((0, 0), |sum, it| (sum.0 + it.rows, sum.1 + it.wrong));
    numbers.push(number("final.rows", "rows", rows as f64));
    numbers.push(number("final.wrong", "rows", wrong as f64));
    numbers.extend(recovery(evidence, verdicts).map(|took| number("recovery.max", "us", took as f64)));
    numbers.push(number("worst-class", "class", position(&Class::ALL, &verdicts.worst()) as f64));
    let signature = verdicts.found.iter().next_back().map_or(0, |(_, signature)| *signature as u8);
    numbers.push(number("signature", "signature", f64::from(signature)));
    numbers.push(number("publications", "n", verdicts.publications.len() as f64));
    numbers.push(number("vacuous", "flag", f64::from(u8::from(vacuous(evidence, verdicts)))));
    numbers
}

fn position<T: PartialEq>(all: &[T], one: &T) -> usize {
    all.iter().position(|other| other == one).unwrap_or(0)
}

fn shares(reads: &[&Verdict], name: &str) -> Vec<Number> {
    let n = reads.len() as f64;
    let mut numbers = vec![number(format!("reads.{name}"), "reads", n)];
    for class in Class::ALL {
        let count = reads.iter().filter(|verdict| verdict.class == class).count() as f64;
        numbers.push(number(format!("share.{name}.{}", class.name()), "share", count / n));
    }
    let at_once = reads.iter().filter(|verdict| verdict.class == Class::Current && verdict.at_once).count();
    numbers.push(number(format!("share0.{name}.current"), "share", at_once as f64 / n));
    let wrong = reads.iter().filter(|verdict| verdict.class.wrong()).count();
    numbers.push(number(format!("wrong.{name}"), "reads", wrong as f64));
    if wrong == 0 {
        numbers.push(number(format!("wrong-bound.{name}"), "share", (3.0 / n).min(1.0)));
    }
    numbers
}

fn staleness(verdicts: &Verdicts) -> Vec<Number> {
    let mut numbers = Vec::new();
    // How old an answer is about a version that was asked for is no property of whoever gives it.
    for (kind, name) in KINDS.into_iter().filter(|(kind, _)| *kind != Kind::Past) {
        let known = |verdict: &&Verdict| {
            verdict.kind == kind
                && matches!(verdict.class, Class::Current | Class::Stale | Class::Mislabelled)
        };
        let reads: Vec<&Verdict> = verdicts.reads.iter().filter(known).collect();
        if reads.is_empty() {
            continue;
        }
        let mut of = |measure: &str, unit, each: fn(&Verdict) -> i64| {
            let values = reads.iter().map(|verdict| each(verdict)).collect();
            for (which, value) in quantiles(values) {
                numbers.push(number(format!("{measure}.{name}.{which}"), unit, value as f64));
            }
        };
        of("staleness", "us", |verdict| verdict.behind_us);
        of("staleness-value", "us", |verdict| verdict.value_behind_us);
        of("staleness-events", "events", |verdict| verdict.behind_events as i64);
    }
    numbers
}

/// Nearest-rank median, 99th percentile and maximum.
pub fn quantiles(mut values: Vec<i64>) -> Vec<(&'static str, i64)> {
    values.sort_unstable();
    let rank = |share: f64| (share * values.len() as f64).ceil() as usize;
    let at = |share| values.get(rank(share).max(1) - 1).copied().unwrap_or(0);
    vec![("p50", at(0.5)), ("p99", at(0.99)), ("max", at(1.0))]
}

fn errors(evidence: &Evidence, verdicts: &Verdicts) -> Vec<Number> {
    let mut numbers = Vec::new();
    for (kind, name) in KINDS {
        let wrong = || verdicts.reads.iter().filter(|verdict| verdict.kind == kind && verdict.class.wrong());
        if wrong().next().is_some() {
            let most = |each: fn(&Verdict) -> i128| wrong().map(each).max().unwrap_or(0) as f64;
            numbers.push(number(format!("error-over.{name}"), "units", most(|verdict| verdict.over)));
            numbers.push(number(format!("error-under.{name}"), "units", most(|verdict| verdict.under)));
        }
    }
    let totals = crate::judge::signature::totals(&verdicts.reads);
    let gap = |pair: &[&Verdict]| (pair[1].sent_us - pair[0].sent_us) as f64 / 1e6;
    let integral: f64 = totals.windows(2).map(|pair| pair[0].error().abs() as f64 * gap(pair)).sum();
    numbers.push(number("error-integral", "units s", integral));
    let falls = |pair: &&[&Verdict]| {
        let truth = |verdict: &Verdict| verdict.first - verdict.error();
        pair[1].first < pair[0].first && truth(pair[1]) >= truth(pair[0])
    };
    numbers.push(number("decreases", "n", totals.windows(2).filter(falls).count() as f64));
    numbers.extend(keys(evidence, verdicts));
    let lengths: Vec<i64> =
        episodes(verdicts).iter().map(|episode| episode.until_us - episode.from_us).collect();
    numbers.push(number("episodes.n", "n", lengths.len() as f64));
    if !lengths.is_empty() {
        let each = quantiles(lengths).into_iter();
        numbers.extend(each.map(|(which, value)| number(format!("episodes.{which}"), "us", value as f64)));
    }
    let jump = verdicts.publications.iter().map(|publication| publication.jump.abs()).max();
    numbers.extend(jump.map(|jump| number("jump.max", "units", jump as f64)));
    let count = |which: fn(&&Verdict) -> bool| verdicts.reads.iter().filter(which).count() as f64;
    numbers.push(number("regressed", "n", count(|verdict| verdict.regressed)));
    numbers.push(number("announced-broken", "n", count(|verdict| verdict.below_announced)));
    numbers.push(number("invariants.checked", "n", verdicts.invariants.0 as f64));
    numbers.push(number("invariants.broken", "n", verdicts.invariants.1 as f64));
    numbers
}

/// Rows of whole views, and the wrong ones among them. Whole views are read on a Poisson clock, so each of them stands
/// for an equal share of the live part.
fn keys(evidence: &Evidence, verdicts: &Verdicts) -> Vec<Number> {
    let all = verdicts.reads.iter().enumerate();
    let whole: Vec<(usize, &Verdict)> = all.filter(|(_, verdict)| verdict.kind == Kind::Whole).collect();
    let seconds = evidence.run.live_until_us as f64 / 1e6 / whole.len().max(1) as f64;
    let rows: u64 = whole.iter().map(|(_, verdict)| verdict.rows).sum();
    let of_whole = |index: usize| whole.iter().any(|(other, _)| *other == index);
    let wrong = verdicts.details.iter().filter(|detail| of_whole(detail.index)).map(|detail| detail.wrong);
    let wrong = wrong.sum::<u64>() as f64 * seconds;
    vec![number("wrong-key-seconds", "key s", wrong), number("key-seconds", "key s", rows as f64 * seconds)]
}

/// The stretches of wrong reads, by kind.
pub fn episodes(verdicts: &Verdicts) -> Vec<Episode> {
    let mut episodes = Vec::new();
    for (kind, _) in KINDS {
        let mut reads: Vec<&Verdict> = verdicts.reads.iter().filter(|verdict| verdict.kind == kind).collect();
        reads.sort_by_key(|verdict| verdict.sent_us);
        for stretch in reads.chunk_by(|one, next| one.class.wrong() == next.class.wrong()) {
            let class = stretch.iter().map(|verdict| verdict.class).max().unwrap_or(Class::Current);
            if !class.wrong() {
                continue;
            }
            let (first, last) = (stretch[0], stretch[stretch.len() - 1]);
            let next = reads.iter().find(|verdict| verdict.sent_us > last.sent_us);
            episodes.push(Episode {
                kind,
                class,
                from_us: first.sent_us,
                until_us: next.map_or(last.answered_us, |verdict| verdict.sent_us),
                reads: stretch.len() as u64,
            });
        }
    }
    episodes
}

/// Longest time from a pause or a kill until the reads were current again; nothing if there was none of them.
fn recovery(evidence: &Evidence, verdicts: &Verdicts) -> Option<i64> {
    let mut blows: Vec<i64> = evidence
        .marks
        .iter()
        .filter(|mark| matches!(mark.what.as_str(), "pause" | "kill"))
        .map(|mark| mark.from_us)
        .collect();
    blows.sort_unstable();
    let mut reads: Vec<&Verdict> = verdicts.reads.iter().collect();
    reads.sort_by_key(|verdict| verdict.sent_us);
    let took = |index: usize| {
        let from = blows[index];
        let until = blows.get(index + 1).copied().unwrap_or(i64::MAX);
        let after = |verdict: &&&Verdict| from <= verdict.sent_us && verdict.sent_us < until;
        let stretch: Vec<&&Verdict> = reads.iter().filter(after).collect();
        let last = stretch.iter().rposition(|verdict| verdict.class != Class::Current);
        // Never current again counts up to the end of the stretch.
        last.map_or(0, |last| stretch.get(last + 1).unwrap_or(&stretch[last]).answered_us - from)
    };
    (0..blows.len()).map(took).max()
}

/// What of the served answers can be proved final, and how many right answers are of an older version than was announced.
fn finality(evidence: &Evidence, verdicts: &Verdicts) -> Vec<Number> {
    let mut numbers = Vec::new();
    for (kind, name) in KINDS {
        let reads: Vec<&Verdict> = verdicts.reads.iter().filter(|verdict| verdict.kind == kind).collect();
        if reads.is_empty() {
            continue;
        }
        let share =
            |which: fn(&&&Verdict) -> bool| reads.iter().filter(which).count() as f64 / reads.len() as f64;
        numbers.push(number(format!("known-final.{name}"), "share", share(|it| it.known_final)));
        if evidence.has_batch() {
            numbers.push(number(format!("known-final-batch.{name}"), "share", share(|it| it.recomputed)));
        }
        let held: Vec<u64> =
            reads.iter().filter(|it| it.known_final && it.below_announced).map(|it| it.held_back).collect();
        numbers.push(number(format!("held-back.{name}"), "reads", held.len() as f64));
        if let Some(most) = held.iter().max() {
            numbers.push(number(format!("held-back.{name}.max"), "events", *most as f64));
        }
    }
    numbers
}

/// Each level of consistency by itself: 1 held, 0 broken, -1 not tested.
fn levels(verdicts: &Verdicts) -> Vec<Number> {
    let reads = || verdicts.reads.iter();
    let score = |tested: bool, held: bool| if tested { f64::from(u8::from(held)) } else { -1.0 };
    let decided = || reads().filter(|verdict| !matches!(verdict.class, Class::Undecidable | Class::Error));
    let labelled = || decided().filter(|verdict| verdict.claimed.is_some());
    let finals = || reads().filter(|verdict| verdict.kind == Kind::Final);
    let pairs = || decided().filter(|verdict| verdict.kind == Kind::Pair);
    let ends = finals().all(|verdict| verdict.class == Class::Current)
        && verdicts.details.iter().all(|detail| !detail.last || detail.wrong == 0);
    let together = pairs().all(|verdict| !verdict.class.wrong()) && verdicts.invariants.1 == 0;
    let scores = [
        ("eventual", score(finals().next().is_some(), ends)),
        ("prefix", score(decided().next().is_some(), decided().all(|it| it.class != Class::Impossible))),
        ("labelled-prefix", score(labelled().next().is_some(), labelled().all(|it| !it.class.wrong()))),
        ("monotonic", score(labelled().count() > 1, labelled().all(|it| !it.regressed))),
        ("mutual", score(pairs().next().is_some(), together)),
    ];
    scores.into_iter().map(|(name, value)| number(format!("level.{name}"), "score", value)).collect()
}

/// Whether the run tested nothing: no live read; or, of a contestant with a batch, no publication with a read before it
/// and a read after it.
fn vacuous(evidence: &Evidence, verdicts: &Verdicts) -> bool {
    let mut sent: Vec<i64> =
        verdicts.reads.iter().filter(|it| it.kind != Kind::Final).map(|it| it.sent_us).collect();
    sent.sort_unstable();
    let (Some(first), Some(last)) = (sent.first(), sent.last()) else { return true };
    let between = |at: i64| *first < at && at < *last;
    evidence.has_batch() && !verdicts.publications.iter().any(|publication| between(publication.at_us))
}
