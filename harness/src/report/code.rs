//! What the sources say: lines by role, sites of rules and clones, as figures.

use super::figures::bars::{Bar, Bars, Panel, Part};
use super::figures::dots::{Dots, Line, Matrix};
use super::folder::Folder;
use super::palette::{self, Fill};
use super::unit;

/// Where logic can stand, and whose it is.
const PLACES: [(&str, &str); 5] = [
    ("batch", "lambda"),
    ("speed", "lambda"),
    ("serving", "lambda"),
    ("views", "kappa"),
    ("shared", "shared"),
];

fn fill(place: &str, owner: &str) -> Fill {
    // One layer has one fill, whichever Lambda's it is.
    palette::part(if owner.starts_with("lambda") { "lambda" } else { owner }, place)
}

/// Lines of logic by role and workload, and of plumbing.
pub(crate) fn lines(folder: &Folder) -> Bars {
    let mut panels = Vec::new();
    for workload in workloads::WORKLOADS.iter().map(|workload| workload.name) {
        panels.push(panel(folder, workload, &format!("logic of {workload}"), "code.lines."));
    }
    let longest = panels.iter().flat_map(|panel| &panel.bars);
    let longest = longest.map(|bar| bar.parts.iter().map(|part| part.value).sum::<f64>()).fold(1.0, f64::max);
    panels.iter_mut().for_each(|panel| panel.limit = Some(longest * 1.02));
    panels.push(panel(folder, "", "plumbing, for all workloads", "code.lines."));
    panels.retain(|panel| !panel.bars.is_empty());
    let title = "Lines of code by role, without comments and tests".to_string();
    Bars {
        name: "lines".into(),
        title,
        note: String::new(),
        across: panels.len().clamp(1, 3),
        width: 960,
        panels,
    }
}

fn panel(folder: &Folder, workload: &str, heading: &str, prefix: &str) -> Panel {
    let bars = ["kappa", "lambda", "lambda-shared"].into_iter().filter_map(|name| {
        let parts: Vec<Part> = folder
            .parts(workload, name, prefix)
            .into_iter()
            .filter(|part| part != "logic" && part != "all")
            // It is the same crate's, and is drawn once.
            .filter(|part| !(name == "lambda-shared" && part == "plumbing"))
            .filter_map(|part| {
                let value = folder.whole(workload, name, &format!("{prefix}{part}"))?;
                Some(Part { name: format!("{name}: {part}"), value, fill: fill(&part, name) })
            })
            .collect();
        let whole: f64 = parts.iter().map(|part| part.value).sum();
        (!parts.is_empty()).then(|| Bar {
            label: name.into(),
            parts,
            points: Vec::new(),
            note: unit::digits(whole),
        })
    });
    Panel { heading: heading.into(), unit: "lines".into(), limit: None, bars: bars.collect() }
}

/// The rules and where they stand.
pub(crate) fn sites(folder: &Folder) -> Dots {
    let matrices: Vec<Matrix> = workloads::WORKLOADS
        .iter()
        .map(|workload| matrix(folder, workload.name))
        .filter(|matrix| !matrix.lines.is_empty())
        .collect();
    let whole = |name: &str| -> u32 {
        let own = |place: &usize| PLACES[*place].1 == name;
        let lines = matrices.iter().flat_map(|matrix| &matrix.lines);
        lines.map(|line| (0..PLACES.len()).filter(own).map(|place| line.sites[place]).sum::<u32>()).sum()
    };
    let rules: usize = matrices.iter().map(|matrix| matrix.lines.len()).sum();
    let title = format!(
        "{rules} rules stand in {} places of Lambda and {} of Kappa",
        whole("lambda"),
        whole("kappa")
    );
    let places = PLACES.iter().map(|(place, owner)| {
        let name = if *owner == "kappa" { "kappa" } else { place };
        (name.to_string(), fill(place, owner))
    });
    Dots { name: "sites".into(), title, places: places.collect(), matrices }
}

fn matrix(folder: &Folder, workload: &str) -> Matrix {
    let sites = |rule: &str, place: &str, owner: &str| {
        folder.whole(workload, owner, &format!("code.sites.{rule}.{place}")).unwrap_or(0.0) as u32
    };
    let mut rules: Vec<String> = Vec::new();
    for row in folder.measurements.iter().filter(|row| row.workload == workload) {
        let rule = row.measure.strip_prefix("code.sites.").and_then(|rest| rest.split('.').next());
        if let Some(rule) = rule
            && !rules.iter().any(|known| known == rule)
        {
            rules.push(rule.to_string());
        }
    }
    rules.sort_by_key(|rule| rule[1..].parse::<u32>().unwrap_or(u32::MAX));
    let lines = rules.into_iter().map(|rule| {
        let counted = PLACES.iter().map(|(place, owner)| sites(&rule, place, owner)).collect();
        Line { rule, sites: counted }
    });
    Matrix { workload: workload.into(), lines: lines.collect() }
}

/// Clones within Rust beside the noise floor.
pub(crate) fn clones(folder: &Folder) -> Bars {
    let rows = folder.measurements.iter().filter(|row| row.measure.starts_with("code.clones."));
    let bars = rows.map(|row| {
        let pair = row.measure.trim_start_matches("code.clones.");
        let floor = pair.starts_with("floor-");
        let fill =
            if floor { palette::part("noop", "speed") } else { Fill::plain(palette::contestant("lambda")) };
        let name = if floor { "nothing in common: the noise floor" } else { "the same questions" };
        Bar {
            label: label(&row.workload, pair),
            parts: vec![Part { name: name.into(), value: row.value * 100.0, fill }],
            points: Vec::new(),
            note: unit::percent(row.value),
        }
    });
    let mut bars: Vec<Bar> = bars.collect();
    bars.sort_by_key(|bar| bar.parts[0].fill.hatch);
    let panel = Panel {
        heading: String::new(),
        unit: "tokens of the shorter that recur (%)".into(),
        limit: None,
        bars,
    };
    let title = "Clones within Rust, beside what files share that have nothing in common".to_string();
    let note = "Tokens of the shorter file that lie in a run of 24 which the other has too, names and literals blinded. \
                Hatched: the same for a file of one workload and one of the other, which answer nothing in common; \
                what does not stand out from these is style and no duplication.";
    Bars { name: "clones".into(), title, note: note.into(), across: 1, width: 960, panels: vec![panel] }
}

/// Both files of a pair; those of the noise floor belong to different workloads.
fn label(workload: &str, pair: &str) -> String {
    let (one, two) = pair.trim_start_matches("floor-").split_once("-vs-").unwrap_or((pair, ""));
    let other = workloads::WORKLOADS.iter().map(|other| other.name).find(|other| *other != workload);
    let second = if pair.starts_with("floor-") { other.unwrap_or(workload) } else { workload };
    format!("{one}/{workload}.rs, {two}/{second}.rs")
}
