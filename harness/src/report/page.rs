//! The page: one file that needs nothing else, from a template.

use std::path::Path;

use anyhow::{Context, Result};
use minijinja::Environment;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use serde::Serialize;

use super::canvas::{Drawn, draw};
use super::finding::{Finding, Sentence};
use super::folder::{Folder, Witness};
use super::tables::{self, Table};
use super::{code, notes, plots, times, unit};

/// Everything that the template is given.
#[derive(Serialize)]
struct Page<'a> {
    run: String,
    plan_name: String,
    style: &'static str,
    script: &'static str,
    finding: &'a Finding,
    facts: Vec<Fact>,
    overview: Table,
    ratios: Vec<(String, String)>,
    small: Vec<Drawn>,
    sections: Vec<Section>,
    code: Vec<Drawn>,
    headline: &'static str,
    runs: Table,
    forms: Table,
    manifest: Table,
    terms: Option<Table>,
    plan: &'a str,
    resent: Option<(String, String)>,
    undecided: Vec<&'a Sentence>,
    warning: Option<String>,
    dir: String,
}

/// What the page shows of one workload.
#[derive(Serialize)]
struct Section {
    name: String,
    about: String,
    faults: String,
    lanes: Drawn,
    kinds: Drawn,
    witnesses: Vec<Witness>,
    exceedance: Drawn,
    timeline: Drawn,
    cost: Drawn,
    latency_table: Table,
    cost_table: Table,
    consistency_table: Table,
    standstills: Table,
}

/// A named value of the strip beside the finding.
#[derive(Serialize)]
struct Fact {
    name: &'static str,
    value: String,
}

/// Draws all figures of a folder and makes its page.
pub(crate) fn make(folder: &Folder, finding: &Finding) -> Result<String> {
    let figures = folder.dir.join("figures");
    std::fs::create_dir_all(&figures).with_context(|| format!("making the folder {}", figures.display()))?;
    let small: Result<Vec<Drawn>> =
        plots::small(folder).iter().map(|figure| draw(figure, &figures)).collect();
    let sections: Result<Vec<Section>> =
        folder.workloads().iter().map(|workload| section(folder, workload, &figures)).collect();
    let page = Page {
        run: folder.name(),
        plan_name: folder.plan_name(),
        style: include_str!("../../assets/style.css"),
        script: include_str!("../../assets/page.js"),
        finding,
        facts: facts(folder),
        overview: tables::overview(folder),
        ratios: super::summary::ratios(folder),
        small: small?,
        sections: sections?,
        code: code_figures(folder, &figures)?,
        headline: super::finding::HEADLINE,
        runs: tables::runs(folder),
        forms: tables::forms(&folder.manifest),
        manifest: tables::leaves(&folder.manifest),
        terms: folder
            .runs
            .first()
            .map(|run| tables::leaves(&serde_json::to_value(&run.terms).unwrap_or_default())),
        plan: &folder.plan,
        resent: folder.resent(),
        undecided: finding.sentences.iter().filter(|sentence| !sentence.decided).collect(),
        warning: folder.state.warning(),
        dir: folder.dir.display().to_string(),
    };
    let mut environment = Environment::new();
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    environment.add_template("page.html", include_str!("../../assets/page.html"))?;
    Ok(environment.get_template("page.html")?.render(Serde(&page))?)
}

fn section(folder: &Folder, workload: &str, figures: &Path) -> Result<Section> {
    let consistency = [
        "reads.",
        "share0.",
        "wrong.",
        "wrong-",
        "staleness.",
        "regressed",
        "episodes",
        "decreases",
        "jump",
        "announced",
        "invariants",
        "level.",
        "final.",
        "accuracy.",
        "publications",
        "known-final",
        "held-back",
        "faults.",
        "standstill.",
        "events.",
    ];
    Ok(Section {
        name: workload.into(),
        about: workloads::workload(workload).map_or(String::new(), |found| found.about.into()),
        faults: folder.faults(workload),
        lanes: linked(draw(&times::lanes(folder, workload), figures)?, &format!("#witnesses-{workload}")),
        kinds: draw(&plots::kinds(folder, workload), figures)?,
        witnesses: folder.witnesses.iter().filter(|witness| witness.workload == workload).cloned().collect(),
        exceedance: draw(&plots::exceedance(folder, workload), figures)?,
        timeline: draw(&times::timeline(folder, workload), figures)?,
        cost: draw(&plots::cost(folder, workload), figures)?,
        latency_table: tables::latency(folder, workload),
        cost_table: tables::compare(
            folder,
            workload,
            &["cpu.", "memory.", "bytes.", "amplification.", "count."],
        ),
        consistency_table: tables::compare(folder, workload, &consistency),
        standstills: tables::standstills(folder, workload),
    })
}

/// The figure with its triangles, which stand for wrong reads, leading to the table of witnesses.
fn linked(drawn: Drawn, target: &str) -> Drawn {
    let link = |svg: String| {
        let over = wrapped(&svg, (notes::WRONG, "</circle>"), target);
        wrapped(&over, ("<polygon", "/>"), target)
    };
    Drawn { wide: link(drawn.wide), narrow: link(drawn.narrow), ..drawn }
}

/// The drawing with a link around every element that begins and ends so.
fn wrapped(svg: &str, (begin, end): (&str, &str), target: &str) -> String {
    let mut parts = svg.split(begin);
    let mut text = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let (mark, rest) = part.split_once(end).unwrap_or((part, ""));
        text += &format!("<a href=\"{target}\">{begin}{mark}{end}</a>{rest}");
    }
    text
}

fn code_figures(folder: &Folder, figures: &Path) -> Result<Vec<Drawn>> {
    if !folder.measurements.iter().any(|row| row.measure.starts_with("code.")) {
        return Ok(Vec::new());
    }
    Ok(vec![
        draw(&code::sites(folder), figures)?,
        draw(&code::lines(folder), figures)?,
        draw(&code::clones(folder), figures)?,
    ])
}

/// Machine, revision, seed and duration, as far as the manifest says them.
fn facts(folder: &Folder) -> Vec<Fact> {
    let named = [
        ("machine", &["machine", "cpu", "processor"][..]),
        ("cores", &["cores", "cpus"][..]),
        ("revision", &["revision", "git_revision", "commit"][..]),
        ("kafka", &["kafka"][..]),
        ("seed", &["seed"][..]),
        ("date", &["date", "started", "started_at"][..]),
    ];
    let leaves = tables::leaves(&folder.manifest).rows;
    let find = |names: &[&str]| {
        let last = |path: &str| path.rsplit('.').next().unwrap_or_default().to_string();
        leaves.iter().find(|row| names.contains(&last(&row[0]).as_str())).map(|row| row[1].clone())
    };
    let found = named.into_iter().filter_map(|(name, names)| Some(Fact { name, value: find(names)? }));
    let mut facts: Vec<Fact> = found.collect();
    facts.insert(0, Fact { name: "plan", value: folder.plan_name() });
    if let Some(run) = folder.runs.iter().max_by_key(|run| run.live_until_us) {
        let long = unit::time(run.live_until_us as f64);
        let rate = unit::prefixed(run.rate);
        facts.push(Fact {
            name: "duration",
            value: format!("{} runs, {long} live at {rate} events/s", folder.runs.len()),
        });
    }
    facts
}
