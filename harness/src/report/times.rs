//! What the figures over time show: the middle repeat, with what the others say beside it.

use std::collections::BTreeSet;

use super::figures::curves::{Curve, TimeLine};
use super::figures::dashes;
use super::figures::lanes::{Block, Lane, Lanes, Sample};
use super::finding::HEADLINE;
use super::folder::{BlockRow, Folder};
use super::plots::{objective, readers, until};
use super::spread::Spread;
use super::unit;

/// By what the middle repeat is found.
const BY: &str = "latency.speed.p99";

/// The repeat that figures over time show, and of how many.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    /// Its number.
    pub(crate) repeat: u32,
    /// How many there are.
    pub(crate) of: usize,
    /// By whose latency it is the middle one.
    whose: String,
    /// Whether it was chosen among those with wrong reads.
    marked: bool,
}

impl Shown {
    /// The repeat with the middle latency of Lambda or, where it took no part, of the first who did. Where reads were
    /// wrong, a repeat that shows some.
    pub(crate) fn of(folder: &Folder, workload: &str) -> Shown {
        let names = readers(folder, workload);
        let names = ["lambda".to_string()].into_iter().chain(names);
        let found = names.map(|name| (folder.repeats(workload, &name, BY), name));
        let Some((mut values, whose)) = found.into_iter().find(|(values, _)| !values.is_empty()) else {
            return Shown { repeat: 1, of: 1, whose: String::new(), marked: false };
        };
        let of = values.len();
        let wrong = repeats_with(folder, workload, super::figures::lanes::wrong);
        let marked = !wrong.is_empty() && of > 1;
        let seen = if wrong.is_empty() { repeats_with(folder, workload, |_| true) } else { wrong };
        values.retain(|(repeat, _)| seen.is_empty() || seen.contains(repeat));
        values.sort_by(|one, other| one.1.total_cmp(&other.1));
        let repeat = values.get(values.len().saturating_sub(1) / 2).map_or(1, |(repeat, _)| *repeat);
        Shown { repeat, of, whose, marked }
    }

    fn text(&self) -> String {
        match self.of {
            of if self.marked => format!(
                "Repeat {} of {of}, of those with wrong reads the middle one by the p99 latency of {}.",
                self.repeat, self.whose
            ),
            0 | 1 => "The only repeat.".into(),
            2 => {
                format!("Repeat {} of 2, the one with the lower p99 latency of {}.", self.repeat, self.whose)
            }
            of => format!(
                "Repeat {} of {of}, the middle one by the p99 latency of {}.",
                self.repeat, self.whose
            ),
        }
    }
}

/// The repeats with a read of such a class.
fn repeats_with(folder: &Folder, workload: &str, class: impl Fn(&str) -> bool) -> BTreeSet<u32> {
    let reads = folder.reads.iter().filter(|row| row.workload == workload && class(&row.class));
    reads.map(|row| row.repeat).collect()
}

/// Consistency and staleness over time.
pub(crate) fn lanes(folder: &Folder, workload: &str) -> Lanes {
    let shown = Shown::of(folder, workload);
    let names = readers(folder, workload);
    let lanes: Vec<Lane> = names.iter().map(|name| lane(folder, workload, name, shown.repeat)).collect();
    let objective_us = objective(folder, workload);
    let worst = |name: &str| folder.whole(workload, name, &format!("staleness.{HEADLINE}.p99"));
    let behind = format!("current means at most {} behind", unit::time(objective_us as f64));
    let title = match (worst("kappa"), worst("lambda")) {
        (Some(one), Some(other)) => format!(
            "{workload}: staleness p99 {} for Kappa and {} for Lambda; {behind}",
            unit::time(one),
            unit::time(other)
        ),
        _ => format!("{workload}: reads over time; {behind}"),
    };
    let spreads: Vec<String> = names.iter().filter_map(|name| spread(folder, workload, name)).collect();
    let spreads = if shown.of > 1 && !spreads.is_empty() {
        format!(" In all {} repeats {}.", shown.of, spreads.join("; "))
    } else {
        String::new()
    };
    let note = format!("{}{spreads}{}", shown.text(), sampled(&lanes));
    let until_us = until(folder, workload);
    Lanes { name: format!("lanes-{workload}"), title, note, until_us, objective_us, lanes }
}

/// How far the repeats of a contestant are apart.
fn spread(folder: &Folder, workload: &str, name: &str) -> Option<String> {
    let of = |measure: &str| Spread::of(&folder.values(workload, name, measure));
    let (share, behind) =
        (of(&format!("share.{HEADLINE}.current"))?, of(&format!("staleness.{HEADLINE}.p99"))?);
    let between = |low: String, high: String| if low == high { low } else { format!("{low} to {high}") };
    Some(format!(
        "{name} was current in {} of the time, staleness p99 {}",
        between(unit::percent(share.low), unit::percent(share.high)),
        between(unit::time(behind.low), unit::time(behind.high))
    ))
}

/// What the grey blocks are, since nobody tells when a batch begins.
fn sampled(lanes: &[Lane]) -> &'static str {
    if lanes.iter().flat_map(|lane| &lane.blocks).any(|block| block.what == "batch") { GREY } else { "" }
}

const GREY: &str = " Grey: the batch process was computing, as samples of its processor time every 50 ms say; \
    batches that follow each other at once are one block. Ticks: when it published, as it announced.";

fn lane(folder: &Folder, workload: &str, name: &str, repeat: u32) -> Lane {
    let mine = |run: &str, who: &str, number: u32| run == workload && who == name && number == repeat;
    let reads = folder.reads.iter().filter(|row| mine(&row.workload, &row.contestant, row.repeat));
    let mut samples: Vec<Sample> = reads
        .filter(|row| row.kind == HEADLINE || super::figures::lanes::wrong(&row.class))
        .map(|row| Sample {
            at_us: row.at_us,
            class: row.class.clone(),
            behind_us: row.behind_us.unwrap_or(0.0),
        })
        .collect();
    samples.sort_by_key(|sample| sample.at_us);
    Lane { contestant: name.into(), samples, blocks: blocks(folder, workload, name, repeat) }
}

fn blocks(folder: &Folder, workload: &str, name: &str, repeat: u32) -> Vec<Block> {
    let mine = folder
        .blocks
        .iter()
        .filter(|row| row.workload == workload && row.contestant == name && row.repeat == repeat);
    // A command is known by what the plan calls it.
    let named = |row: &BlockRow| if row.what == "command" { row.detail.clone() } else { row.what.clone() };
    mine.map(|row| Block { what: named(row), from_us: row.from_us, until_us: row.until_us }).collect()
}

/// Latency by time of the event.
pub(crate) fn timeline(folder: &Folder, workload: &str) -> TimeLine {
    let shown = Shown::of(folder, workload);
    let names = readers(folder, workload);
    let curves = names.iter().zip(dashes(names.len()));
    let curves: Vec<Curve> = curves
        .filter_map(|(name, dash)| Some(Curve { dash, ..time_curve(folder, workload, name, shown.repeat)? }))
        .collect();
    let mut repeats: Vec<u32> = folder.times.iter().map(|row| row.repeat).collect();
    repeats.sort_unstable();
    repeats.dedup();
    let others = repeats.into_iter().filter(|repeat| *repeat > 0 && *repeat != shown.repeat);
    let behind: Vec<Curve> = others
        .flat_map(|repeat| names.iter().filter_map(move |name| time_curve(folder, workload, name, repeat)))
        .map(|curve| Curve { label: format!("{}, {}", curve.label, curve.detail), ..curve })
        .collect();
    let until_us = until(folder, workload);
    let batches = blocks(folder, workload, "lambda", shown.repeat);
    let published = |block: &&Block| block.what == "publication" && (1..=until_us).contains(&block.from_us);
    let n = batches.iter().filter(published).count();
    let thin = if behind.is_empty() { "" } else { " Thin: the other repeats." };
    let grey = if batches.is_empty() { "" } else { GREY };
    let title = if n == 0 {
        format!("{workload}: latency over time")
    } else {
        format!("{workload}: latency over time, while Lambda published {n} batches")
    };
    TimeLine {
        name: format!("latency-time-{workload}"),
        title,
        note: format!("{}{thin}{grey}", shown.text()),
        until_us,
        objective_us: objective(folder, workload) as f64,
        curves: curves.into_iter().map(|curve| Curve { detail: String::new(), ..curve }).collect(),
        behind,
        batches,
    }
}

fn time_curve(folder: &Folder, workload: &str, name: &str, repeat: u32) -> Option<Curve> {
    let mine = folder.times.iter().filter(|row| {
        row.workload == workload && row.contestant == name && row.repeat == repeat && row.stop == "speed"
    });
    let points: Vec<(f64, f64)> =
        mine.filter_map(|row| Some((row.at_us as f64 / 1e6, row.p99_us?))).collect();
    let detail = format!("repeat {repeat}");
    let curve = Curve { contestant: name.into(), label: name.into(), detail, dash: None, points };
    (!curve.points.is_empty()).then_some(curve)
}
