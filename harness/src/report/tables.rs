//! The tables of the page: what the figures do not say to the digit.

use serde::Serialize;

use super::folder::{Folder, StandstillRow};
use super::spread::Spread;
use super::{summary, unit};

/// Cells under a head.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Table {
    /// Names of the columns.
    pub(crate) head: Vec<String>,
    /// The rows.
    pub(crate) rows: Vec<Vec<String>>,
}

impl Table {
    fn new(head: &[&str]) -> Self {
        Table { head: head.iter().map(|name| (*name).to_string()).collect(), rows: Vec::new() }
    }
}

/// In which form the Kappa of the run kept each view.
pub(crate) fn forms(manifest: &serde_json::Value) -> Table {
    let mut table = Table::new(&["workload", "view", "is kept as"]);
    for (workload, forms) in manifest["forms"].as_object().into_iter().flatten() {
        for (view, form) in forms.as_object().into_iter().flatten() {
            table.rows.push(vec![workload.clone(), view.clone(), plain(form)]);
        }
    }
    table
}

/// The rows of the terminal summary.
pub(crate) fn overview(folder: &Folder) -> Table {
    let mut table = Table::new(&summary::head());
    table.rows = summary::lines(folder).iter().map(summary::Line::cells).collect();
    table
}

/// Measures downwards and contestants across, for measures whose names begin so.
pub(crate) fn compare(folder: &Folder, workload: &str, prefixes: &[&str]) -> Table {
    let names = folder.contestants(workload);
    let mut table = Table::new(&["measure"]);
    table.head.extend(names.iter().cloned());
    let mut measures: Vec<(String, String)> = Vec::new();
    for row in folder.measurements.iter().filter(|row| row.workload == workload) {
        let wanted = prefixes.iter().any(|prefix| row.measure.starts_with(prefix));
        if wanted && !measures.iter().any(|(known, _)| *known == row.measure) {
            measures.push((row.measure.clone(), row.unit.clone()));
        }
    }
    for (measure, unit_name) in measures {
        let mut cells = vec![measure.clone()];
        cells.extend(names.iter().map(|name| cell(folder, (workload, name), &measure, &unit_name)));
        table.rows.push(cells);
    }
    table
}

/// The merged value, or the median with the least and the most of the repeats.
fn cell(folder: &Folder, (workload, name): (&str, &str), measure: &str, unit_name: &str) -> String {
    let Some(value) = folder.whole(workload, name, measure) else {
        return "-".into();
    };
    let shown = unit::human(value, unit_name);
    match Spread::of(&folder.values(workload, name, measure)) {
        Some(spread) if spread.n > 1 && spread.low < spread.high => {
            let ends = (unit::human(spread.low, unit_name), unit::human(spread.high, unit_name));
            format!("{shown} ({} to {})", ends.0, ends.1)
        }
        _ => shown,
    }
}

/// The three stops of latency, a row for each contestant and stop.
pub(crate) fn latency(folder: &Folder, workload: &str) -> Table {
    let shown = ["p50", "p90", "p99", "p99.9", "max"];
    let mut table = Table::new(&[
        "contestant",
        "stop",
        "p50",
        "p90",
        "p99",
        "p99.9",
        "max",
        "n",
        "never seen",
        "within objective",
    ]);
    for name in folder.contestants(workload) {
        for (stop, what) in [
            ("latency.speed", "speed"),
            ("uncorrected.speed", "speed, uncorrected"),
            ("latency.batch", "batch"),
            ("latency.right", "right"),
        ] {
            let of = |part: &str| folder.whole(workload, &name, &format!("{stop}.{part}"));
            if of("p50").is_none() && of("n").unwrap_or(0.0) == 0.0 {
                continue;
            }
            let mut cells = vec![name.clone(), what.to_string()];
            cells.extend(shown.iter().map(|part| of(part).map_or("-".into(), unit::time)));
            cells.push(of("n").map_or("-".into(), unit::prefixed));
            cells.push(of("censored").map_or("-".into(), unit::prefixed));
            cells.push(of("within").map_or("-".into(), unit::percent));
            table.rows.push(cells);
        }
    }
    table
}

/// What the plan did while a workload was run, and how long the stream stood still for it.
pub(crate) fn standstills(folder: &Folder, workload: &str) -> Table {
    let mut table = Table::new(&[
        "contestant",
        "repeat",
        "what was done",
        "from",
        "until",
        "no event acknowledged for",
        "no new version for",
    ]);
    for row in folder.standstills.iter().filter(|row| row.workload == workload) {
        table.rows.push(vec![
            row.contestant.clone(),
            row.repeat.to_string(),
            done(row),
            unit::time(row.from_us as f64),
            unit::time(row.until_us as f64),
            unit::time(row.acknowledged_us),
            unit::time(row.visible_us),
        ]);
    }
    table
}

/// What was done, in a few words: a command by its name.
pub(crate) fn done(row: &StandstillRow) -> String {
    if row.what == "command" { row.detail.clone() } else { format!("{} of {}", row.what, row.detail) }
}

/// How each run ended and how quiet its machine was.
pub(crate) fn runs(folder: &Folder) -> Table {
    let mut table = Table::new(&[
        "workload",
        "contestant",
        "repeat",
        "ended",
        "events/s",
        "waiting for a core",
        "canary p99",
        "canary max",
        "generator p99",
        "generator max",
        "dead letters",
    ]);
    for run in &folder.runs {
        table.rows.push(vec![
            run.workload.clone(),
            run.contestant.clone(),
            run.repeat.to_string(),
            run.ended.clone(),
            unit::prefixed(run.rate),
            unit::percent(run.noise.pressure),
            unit::time(run.noise.canary_p99_us),
            unit::time(run.noise.canary_max_us),
            unit::time(run.noise.generator_p99_us),
            unit::time(run.noise.generator_max_us),
            run.dead_letters.to_string(),
        ]);
    }
    table
}

/// Every leaf of a JSON value, by its path.
pub(crate) fn leaves(value: &serde_json::Value) -> Table {
    let mut table = Table::new(&["what", "value"]);
    walk(value, "", &mut table.rows);
    table
}

fn walk(value: &serde_json::Value, path: &str, rows: &mut Vec<Vec<String>>) {
    let under = |name: &str| if path.is_empty() { name.to_string() } else { format!("{path}.{name}") };
    match value {
        serde_json::Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| walk(value, &under(name), rows));
        }
        serde_json::Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            items.iter().enumerate().for_each(|(n, item)| walk(item, &under(&n.to_string()), rows));
        }
        serde_json::Value::Array(items) => {
            let text: Vec<String> = items.iter().map(plain).collect();
            rows.push(vec![path.to_string(), text.join(", ")]);
        }
        serde_json::Value::Null => {}
        other => rows.push(vec![path.to_string(), plain(other)]),
    }
}

fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), String::from)
}
