//! The summary that fits a terminal, and the same rows for other programs.

use anyhow::Result;
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use serde::Serialize;

use super::finding::{Finding, HEADLINE};
use super::folder::{Folder, StandstillRow};
use super::palette::CLASSES;
use super::spread::Spread;
use super::tables::done;
use super::unit;

/// In which form rows are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For eyes.
    Table,
    /// For spreadsheets.
    Csv,
    /// For programs.
    Json,
    /// For a README.
    Markdown,
    /// For a paper.
    Latex,
}

/// One contestant in one workload. A figure is absent when it was not measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Line {
    /// The workload.
    pub(crate) workload: String,
    /// The contestant.
    pub(crate) contestant: String,
    /// Share of the time in which uniform point reads were current.
    pub(crate) current: Option<f64>,
    /// The worst class that any read of it had.
    pub(crate) worst: String,
    /// Time until an event could be read, median, microseconds.
    pub(crate) p50_us: Option<f64>,
    /// The same, 99th percentile.
    pub(crate) p99_us: Option<f64>,
    /// CPU seconds per million events.
    pub(crate) cpu_s: Option<f64>,
    /// Peak memory of all components together, bytes.
    pub(crate) memory: Option<f64>,
    /// Lines of logic.
    pub(crate) lines: Option<f64>,
    /// Places in which a rule stands, on average.
    pub(crate) sites: Option<f64>,
    /// Runs.
    pub(crate) n: usize,
}

const HEAD: [&str; 11] = [
    "workload",
    "contestant",
    "current",
    "worst",
    "p50",
    "p99",
    "CPU s/M",
    "memory",
    "lines",
    "sites/rule",
    "n",
];

/// So many standstills fit a screen.
const STANDSTILLS: usize = 6;

/// The rows of the summary.
pub(crate) fn lines(folder: &Folder) -> Vec<Line> {
    let mut lines = Vec::new();
    for workload in folder.workloads() {
        for contestant in folder.contestants(&workload) {
            lines.push(line(folder, &workload, &contestant));
        }
    }
    lines
}

fn line(folder: &Folder, workload: &str, contestant: &str) -> Line {
    let of = |measure: &str| folder.whole(workload, contestant, measure);
    let answers = contestant != "noop";
    let asked = |measure: &str| if answers { of(measure) } else { None };
    let current = format!("share.{HEADLINE}.current");
    Line {
        workload: workload.into(),
        contestant: contestant.into(),
        current: asked(&current),
        worst: if answers { worst(folder, workload, contestant) } else { String::new() },
        p50_us: asked("latency.speed.p50"),
        p99_us: asked("latency.speed.p99"),
        cpu_s: of("cpu.per-million"),
        memory: of("memory.peak"),
        lines: of("code.lines.logic"),
        sites: of("code.sites-per-rule"),
        n: folder
            .values(workload, contestant, "cpu.total")
            .len()
            .max(folder.values(workload, contestant, &current).len()),
    }
}

fn worst(folder: &Folder, workload: &str, contestant: &str) -> String {
    let seen = |class: &str| {
        let tail = format!(".{class}");
        let mut rows = folder.rows_of(workload, contestant);
        rows.any(|row| row.measure.starts_with("share.") && row.measure.ends_with(&tail) && row.value > 0.0)
    };
    CLASSES.iter().rev().find(|class| seen(class)).map_or(String::new(), |class| (*class).to_string())
}

impl Line {
    /// Its figures as people read them, in the order of the head.
    pub(crate) fn cells(&self) -> Vec<String> {
        let shown = |value: Option<f64>, how: fn(f64) -> String| value.map_or("-".into(), how);
        vec![
            self.workload.clone(),
            self.contestant.clone(),
            shown(self.current, unit::percent),
            if self.worst.is_empty() { "-".into() } else { self.worst.clone() },
            shown(self.p50_us, unit::time),
            shown(self.p99_us, unit::time),
            shown(self.cpu_s, unit::digits),
            shown(self.memory, unit::bytes),
            shown(self.lines, unit::digits),
            shown(self.sites, unit::digits),
            self.n.to_string(),
        ]
    }
}

/// The head of the summary's columns.
pub(crate) fn head() -> [&'static str; 11] {
    HEAD
}

/// Ratios of Lambda to Kappa with their intervals.
pub(crate) fn ratios(folder: &Folder) -> Vec<(String, String)> {
    let named = [("p99", "latency.speed.p99"), ("CPU", "cpu.per-million"), ("memory", "memory.peak")];
    let mut lines = Vec::new();
    for workload in folder.workloads() {
        let all = named.iter().filter_map(|(name, measure)| {
            let of = |who: &str| folder.values(&workload, who, measure);
            Some(format!("{name} {}", Spread::ratio(&of("lambda"), &of("kappa"))?.text()))
        });
        let all: Vec<String> = all.collect();
        if !all.is_empty() {
            lines.push((workload, all.join(", ")));
        }
    }
    lines
}

/// The summary in a form.
pub(crate) fn print(folder: &Folder, finding: &Finding, format: Format) -> Result<String> {
    let lines = lines(folder);
    match format {
        Format::Table => Ok(screen(folder, finding, &lines)),
        Format::Csv => csv(&lines),
        Format::Json => Ok(serde_json::to_string_pretty(&serde_json::json!({
            "schema_version": 1, "run": folder.name(), "warning": folder.state.warning(), "finding": finding, "rows": lines,
        }))? + "\n"),
        Format::Markdown => Ok(markdown(folder, finding, &lines)),
        Format::Latex => Ok(latex(&lines)),
    }
}

fn csv(lines: &[Line]) -> Result<String> {
    let mut out = csv::Writer::from_writer(Vec::new());
    for line in lines {
        out.serialize(line)?;
    }
    Ok(String::from_utf8(out.into_inner().map_err(csv::IntoInnerError::into_error)?)?)
}

fn screen(folder: &Folder, finding: &Finding, lines: &[Line]) -> String {
    let warning = folder.state.warning();
    let mut text = warning.map_or(String::new(), |warning| wrapped(&format!("run: {warning}"), 80));
    for workload in folder.workloads() {
        let told =
            finding.sentences.iter().filter(|sentence| sentence.workload == workload && !sentence.measured());
        let told: Vec<&str> = told.map(|sentence| sentence.text.as_str()).collect();
        text += &wrapped(&format!("{workload}: {}", told.join(" ")), 80);
    }
    text.push('\n');
    let wide = grid(lines, 2);
    let fits = wide.lines().all(|line| line.trim_end().chars().count() <= 80);
    for row in if fits { wide } else { grid(lines, 1) }.lines() {
        text += row.trim_end();
        text.push('\n');
    }
    text.push('\n');
    for (workload, ratios) in ratios(folder) {
        text += &wrapped(&format!("lambda / kappa, {workload}: {ratios}"), 80);
    }
    for line in stood_still(folder) {
        text += &wrapped(&line, 80);
    }
    let verdict = serde_json::to_value(finding.noise.verdict).unwrap_or_default();
    text +=
        &wrapped(&format!("machine: {}: {}", verdict.as_str().unwrap_or("unknown"), finding.noise.why), 80);
    text += &format!("page: {}\nnext: {}\n", folder.dir.join("report.html").display(), finding.next);
    text
}

/// What was done on purpose and how long the stream stood still for it, the longest first.
fn stood_still(folder: &Folder) -> Vec<String> {
    let mut rows: Vec<_> = folder.standstills.iter().collect();
    rows.sort_by(|one, other| other.visible_us.total_cmp(&one.visible_us));
    let line = |row: &&StandstillRow| {
        let (acknowledged, visible) = (unit::time(row.acknowledged_us), unit::time(row.visible_us));
        format!(
            "{}, {} {}: {}: no event acknowledged for {acknowledged}, no new version for {visible}",
            row.workload,
            row.contestant,
            row.repeat,
            done(row)
        )
    };
    let mut lines: Vec<String> = rows.iter().take(STANDSTILLS).map(line).collect();
    if rows.len() > STANDSTILLS {
        lines.push(format!("and {} more, in measures/standstills.csv", rows.len() - STANDSTILLS));
    }
    lines
}

/// The rows below each other, a workload's name above its own. The number of runs is left out: eighty columns are few.
fn grid(lines: &[Line], gap: u16) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(["", "current", "worst", "p50", "p99", "CPU s/M", "memory", "lines", "sites"]);
    for column in table.column_iter_mut() {
        column.set_padding((0, gap));
        if column.index != 0 && column.index != 2 {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut last = "";
    for line in lines {
        if line.workload != last {
            table.add_row([line.workload.as_str()]);
            last = &line.workload;
        }
        let cells = line.cells();
        let shown = cells[1..HEAD.len() - 1].iter().enumerate();
        table.add_row(shown.map(|(n, cell)| if n == 0 { format!(" {cell}") } else { cell.clone() }));
    }
    table.to_string()
}

/// Breaks a sentence into lines of at most `width`, those after the first a little indented.
fn wrapped(sentence: &str, width: usize) -> String {
    let mut text = String::new();
    let mut line = String::new();
    for word in sentence.split(' ') {
        if line.chars().count() + word.chars().count() + 1 > width && !line.trim().is_empty() {
            text += line.trim_end();
            text.push('\n');
            line = "  ".into();
        }
        line += word;
        line.push(' ');
    }
    text + line.trim_end() + "\n"
}

fn markdown(folder: &Folder, finding: &Finding, lines: &[Line]) -> String {
    let mut text = String::new();
    for sentence in &finding.sentences {
        let about =
            if sentence.workload.is_empty() { String::new() } else { format!("**{}** ", sentence.workload) };
        text += &format!("* {about}{}\n", sentence.text);
    }
    text += &format!("\n| {} |\n|{}\n", HEAD.join(" | "), "---|".repeat(HEAD.len()));
    for line in lines {
        text += &format!("| {} |\n", line.cells().join(" | "));
    }
    for (workload, ratios) in ratios(folder) {
        text += &format!("\nLambda over Kappa, {workload}: {ratios}.\n");
    }
    text
}

fn latex(lines: &[Line]) -> String {
    let mut text =
        format!("\\begin{{tabular}}{{ll{}}}\n\\hline\n{} \\\\\n\\hline\n", "r".repeat(9), escaped(&HEAD));
    for line in lines {
        text += &format!("{} \\\\\n", escaped(&line.cells()));
    }
    text + "\\hline\n\\end{tabular}\n"
}

/// Cells between ampersands, with what LaTeX would take for commands made harmless.
fn escaped<S: AsRef<str>>(cells: &[S]) -> String {
    let one = |cell: &S| {
        let mut text = String::new();
        for letter in cell.as_ref().chars() {
            match letter {
                '%' | '&' | '_' | '#' | '$' | '{' | '}' => text.extend(['\\', letter]),
                '\u{b5}' => text += "\\textmu{}",
                '<' | '>' => text.extend(['$', letter, '$']),
                _ => text.push(letter),
            }
        }
        text
    };
    cells.iter().map(one).collect::<Vec<_>>().join(" & ")
}
