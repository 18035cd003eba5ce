//! Tables, figures, the page and the finding, made from the files of a run folder alone.
//!
//! # Layout
//!
//! `folder` reads what [`crate::measures`] documents. `spread` says whether repeats differ, `noise` whether the machine
//! was quiet, `finding` puts it into sentences, `summary` into rows, `tables` into tables. `plots`, `times` and
//! `code` decide what each figure shows, `figures` and `canvas` draw it in the colours of `palette`, `notes` say its values to
//! a pointer, and `page` binds all into one HTML file.

use std::path::Path;

use anyhow::{Context, Result, bail};

mod canvas;
mod code;
mod figures;
mod finding;
mod folder;
mod noise;
mod notes;
mod page;
mod palette;
mod plots;
mod spread;
mod summary;
mod tables;
mod times;
mod unit;

pub use finding::{Finding, Sentence};
pub use noise::{Judgement, Verdict};
pub(crate) use spread::median;
pub use spread::{Outcome, Spread};
pub use summary::Format;

use folder::Folder;

/// Writes `report.html` and `figures/` of a measured run folder and hands back what it found.
pub fn write(run: &Path) -> Result<Finding> {
    let folder = Folder::open(run)?;
    let finding = finding::find(&folder);
    let page = page::make(&folder, &finding)?;
    let path = run.join("report.html");
    std::fs::write(&path, page).with_context(|| format!("writing {}", path.display()))?;
    Ok(finding)
}

/// What a measured run folder found, without drawing anything.
pub fn find(run: &Path) -> Result<Finding> {
    Ok(finding::find(&Folder::open(run)?))
}

/// The summary of a measured run folder, ready to be printed.
pub fn summary(run: &Path, format: Format) -> Result<String> {
    let folder = Folder::open(run)?;
    summary::print(&folder, &finding::find(&folder), format)
}

const BEGIN: &str = "<!-- BEGIN: report -->";
const END: &str = "<!-- END: report -->";

/// Draws what a recomputation costs by the length of history: SVG, PNG and CSV.
pub fn law(law: &crate::limits::law::Law, folder: &Path) -> Result<()> {
    canvas::draw(&figures::law::Curve(law), folder).map(drop)
}

/// Draws how fast a log is replayed, by the records that a version spans: SVG, PNG and CSV.
pub fn replay(curve: &crate::limits::replay::Curve, folder: &Path) -> Result<()> {
    canvas::draw(&figures::replay::Speed(curve), folder).map(drop)
}

/// The README with what stands between its markers replaced.
pub fn splice(readme: &str, summary: &str) -> Result<String> {
    let (Some(begin), Some(end)) = (readme.find(BEGIN), readme.find(END)) else {
        bail!("no place for the report: put `{BEGIN}` and `{END}` on lines of their own where it belongs");
    };
    if end < begin {
        bail!("`{END}` stands before `{BEGIN}`: exchange them");
    }
    let (before, after) = (&readme[..begin + BEGIN.len()], &readme[end..]);
    Ok(format!("{before}\n{}\n{after}", summary.trim_end()))
}
