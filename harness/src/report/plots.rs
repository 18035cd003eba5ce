//! What each figure shows, put together from a run folder, with a title made from the data.

use super::figures::bars::{Bar, Bars, Panel, Part};
use super::figures::curves::{Curve, Exceedance};
use super::figures::dashes;
use super::finding::{self, Ahead, HEADLINE};
use super::folder::Folder;
use super::palette::{self, CLASSES, Fill};
use super::spread::{Outcome, Spread};
use super::times::Shown;
use super::unit;

/// The freshness objective, in microseconds.
pub(crate) fn objective(folder: &Folder, workload: &str) -> i64 {
    folder.first_run(workload).map_or(10_000, |run| run.objective_us)
}

/// When the schedule ended.
pub(crate) fn until(folder: &Folder, workload: &str) -> i64 {
    let last = folder.reads.iter().filter(|row| row.workload == workload).map(|row| row.at_us).max();
    folder.first_run(workload).map(|run| run.live_until_us).or(last).unwrap_or(1).max(1)
}

/// Who answers reads: all but those who weigh the harness.
pub(crate) fn readers(folder: &Folder, workload: &str) -> Vec<String> {
    folder.contestants(workload).into_iter().filter(|name| name != "noop").collect()
}

/// A panel of the share of time in each class.
fn shares(folder: &Folder, workload: &str, kind: &str) -> Panel {
    let bars = readers(folder, workload).into_iter().map(|name| {
        let part = |class: &&str| {
            let share = folder.whole(workload, &name, &format!("share.{kind}.{class}")).unwrap_or(0.0);
            (share > 0.0).then(|| Part {
                name: (*class).into(),
                value: share * 100.0,
                fill: palette::class(class),
            })
        };
        let current = folder.whole(workload, &name, &format!("share.{kind}.current")).unwrap_or(0.0);
        let parts = CLASSES.iter().filter_map(part).collect();
        Bar { label: name.clone(), parts, points: Vec::new(), note: unit::percent(current) }
    });
    Panel {
        heading: workload.into(),
        unit: format!("share of time, {kind} reads (%)"),
        limit: Some(100.0),
        bars: bars.collect(),
    }
}

/// A panel with one bar a contestant and a point a repeat.
fn simple(
    folder: &Folder,
    workload: &str,
    names: &[String],
    (measure, unit_name, scale): (&str, &str, f64),
    how: fn(f64) -> String,
) -> Panel {
    let n = names.iter().map(|name| folder.values(workload, name, measure).len()).max().unwrap_or(0);
    let unit_name =
        if n > 1 { format!("{unit_name}; a point a run, n = {n}") } else { unit_name.to_string() };
    let bars = names.iter().filter_map(|name| {
        let value = folder.whole(workload, name, measure)?;
        let points = folder.values(workload, name, measure);
        let points =
            if points.len() > 1 { points.iter().map(|value| value * scale).collect() } else { Vec::new() };
        let fill = Fill::plain(palette::contestant(name));
        let parts = vec![Part { name: String::new(), value: value * scale, fill }];
        Some(Bar { label: name.clone(), parts, points, note: how(value) })
    });
    Panel { heading: workload.into(), unit: unit_name, limit: None, bars: bars.collect() }
}

/// How Lambda compares with Kappa in a measure, in words fit for a heading.
fn compared(folder: &Folder, workload: &str, measure: &str, times: &str) -> String {
    let of = |name: &str| folder.values(workload, name, measure);
    let Some(ratio) = Spread::ratio(&of("lambda"), &of("kappa")) else {
        return format!("{workload}: not compared");
    };
    match ratio.outcome() {
        Outcome::More | Outcome::Less => format!("{workload}: {} {times}", unit::digits(ratio.mid)),
        Outcome::Same => format!("{workload}: no visible difference"),
        Outcome::Undecided => format!("{workload}: undecided (n = {})", ratio.n),
    }
}

/// A small figure: a panel a workload, with a heading that says what it shows.
fn panels(folder: &Folder, name: &str, title: &str, panel: impl Fn(&str) -> Panel) -> Bars {
    let panels = folder.workloads().iter().map(|workload| panel(workload)).collect();
    Bars { name: name.into(), title: title.into(), note: String::new(), across: 1, width: 340, panels }
}

/// The three small figures.
pub(crate) fn small(folder: &Folder) -> Vec<Bars> {
    vec![small_shares(folder), small_latency(folder), small_cost(folder)]
}

fn small_shares(folder: &Folder) -> Bars {
    panels(folder, "current", "How much of the time answers were current", |workload| {
        let heading = match finding::ahead(folder, workload) {
            Ahead::Kappa => format!("{workload}: Kappa more often"),
            Ahead::Lambda => format!("{workload}: Lambda more often"),
            Ahead::Neither => format!("{workload}: no visible difference"),
            Ahead::Undecided => format!("{workload}: undecided"),
        };
        Panel { heading, ..shares(folder, workload, HEADLINE) }
    })
}

fn small_latency(folder: &Folder) -> Bars {
    panels(folder, "p99", "How long until an event could be read", |workload| {
        let what = ("latency.speed.p99", "p99 (ms)", 1e-3);
        let heading = compared(folder, workload, "latency.speed.p99", "times as long with Lambda");
        Panel { heading, ..simple(folder, workload, &readers(folder, workload), what, unit::time) }
    })
}

fn small_cost(folder: &Folder) -> Bars {
    panels(folder, "cpu", "What it took", |workload| {
        let what = ("cpu.per-million", "CPU s per million events", 1.0);
        let heading = compared(folder, workload, "cpu.per-million", "times the CPU with Lambda");
        let seconds = |value: f64| format!("{} s", unit::digits(value));
        Panel { heading, ..simple(folder, workload, &folder.contestants(workload), what, seconds) }
    })
}

/// Shares of time by class for every kind of read, one panel a kind.
pub(crate) fn kinds(folder: &Folder, workload: &str) -> Bars {
    let kinds = ["uniform", "recent", "total", "pair", "whole", "past"];
    let asked =
        |kind: &&&str| folder.rows_of(workload, "kappa").any(|row| row.measure == format!("reads.{kind}"));
    let panels = kinds
        .iter()
        .filter(asked)
        .map(|kind| Panel { heading: (*kind).into(), ..shares(folder, workload, kind) });
    let title = format!("{workload}: share of time in each class, by kind of read");
    Bars {
        name: format!("kinds-{workload}"),
        title,
        note: String::new(),
        across: 2,
        width: 960,
        panels: panels.collect(),
    }
}

/// Shares of events above latencies, all repeats merged.
pub(crate) fn exceedance(folder: &Folder, workload: &str) -> Exceedance {
    let mut curves = Vec::new();
    for name in readers(folder, workload) {
        for stop in ["speed", "batch"] {
            curves.extend(exceedance_curve(folder, workload, &name, stop));
        }
    }
    let n = curves.len();
    curves.iter_mut().zip(dashes(n)).for_each(|(curve, dash)| curve.dash = dash);
    let of = |name: &str| folder.whole(workload, name, "latency.speed.p99").map(unit::time);
    let title = match (of("kappa"), of("lambda")) {
        (Some(one), Some(other)) => format!(
            "{workload}: one event in a hundred took longer than {one} with Kappa, {other} with Lambda"
        ),
        _ => format!("{workload}: time until an event could be read"),
    };
    Exceedance {
        name: format!("latency-{workload}"),
        title,
        objective_us: objective(folder, workload) as f64,
        curves,
    }
}

fn exceedance_curve(folder: &Folder, workload: &str, name: &str, stop: &str) -> Option<Curve> {
    let rows = || {
        folder.exceedance.iter().filter(|row| {
            row.workload == workload && row.contestant == name && row.stop == stop && row.corrected
        })
    };
    let repeat = if rows().any(|row| row.repeat == 0) { 0 } else { Shown::of(folder, workload).repeat };
    let mine: Vec<_> = rows().filter(|row| row.repeat == repeat).collect();
    let first = mine.first()?;
    let points = mine.iter().map(|row| (row.latency_us, row.share_above)).collect();
    let what = if stop == "batch" { " in a batch view" } else { "" };
    let detail = format!(
        "n = {}, never seen {}",
        unit::prefixed(first.n as f64),
        unit::prefixed(first.censored as f64)
    );
    Some(Curve { contestant: name.into(), label: format!("{name}{what}"), detail, dash: None, points })
}

/// CPU, memory and bytes by component.
pub(crate) fn cost(folder: &Folder, workload: &str) -> Bars {
    let stacked = |heading: &str, unit_name: &str, prefix: &str, scale: f64, how: fn(f64) -> String| {
        let bars = folder.contestants(workload).into_iter().filter_map(|name| {
            let parts: Vec<Part> = folder
                .parts(workload, &name, prefix)
                .into_iter()
                .filter_map(|part| {
                    let value = folder.whole(workload, &name, &format!("{prefix}{part}"))?;
                    let shown = if part == name { name.clone() } else { format!("{name}: {part}") };
                    Some(Part { name: shown, value: value * scale, fill: palette::part(&name, &part) })
                })
                .collect();
            let whole: f64 = parts.iter().map(|part| part.value).sum::<f64>() / scale;
            (!parts.is_empty()).then(|| Bar {
                label: name.clone(),
                parts,
                points: Vec::new(),
                note: how(whole),
            })
        });
        Panel { heading: heading.into(), unit: unit_name.into(), limit: None, bars: bars.collect() }
    };
    let names = folder.contestants(workload);
    let plain = |heading: &str, measure: &str| Panel {
        heading: heading.into(),
        ..simple(folder, workload, &names, (measure, "MB", 1e-6), unit::bytes)
    };
    let panels = vec![
        stacked("CPU by component", "CPU seconds per million events", "cpu.per-million.", 1.0, |v| {
            format!("{} s", unit::digits(v))
        }),
        stacked("peak memory by component", "MB", "memory.peak.", 1e-6, unit::bytes),
        plain("bytes written while live", "bytes.written"),
        plain("bytes kept", "bytes.kept"),
    ];
    let panels = panels.into_iter().filter(|panel| !panel.bars.is_empty()).collect();
    let title = compared(folder, workload, "cpu.per-million", "times the CPU with Lambda");
    Bars { name: format!("cost-{workload}"), title, note: String::new(), across: 2, width: 960, panels }
}
