//! A run folder as the report reads it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::palette;
use crate::driver::manifest::State;
use crate::measures::Measurement;
use crate::observe::Run;

/// Everything that a report is made from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Folder {
    /// Where it lies.
    pub(crate) dir: PathBuf,
    /// What was run where; null when the run left none.
    pub(crate) manifest: serde_json::Value,
    /// How far the run has come.
    pub(crate) state: State,
    /// The plan in full.
    pub(crate) plan: String,
    /// What is common to each run.
    pub(crate) runs: Vec<Run>,
    /// All measurements.
    pub(crate) measurements: Vec<Measurement>,
    /// Live reads with their staleness.
    pub(crate) reads: Vec<StaleRow>,
    /// Batches, publications, faults.
    pub(crate) blocks: Vec<BlockRow>,
    /// What was done, and how long nothing moved.
    pub(crate) standstills: Vec<StandstillRow>,
    /// Shares of events above latencies.
    pub(crate) exceedance: Vec<ExceedanceRow>,
    /// Latency over time.
    pub(crate) times: Vec<TimeRow>,
    /// Wrong reads.
    pub(crate) witnesses: Vec<Witness>,
}

/// A row of `measures/staleness.csv`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct StaleRow {
    pub(crate) workload: String,
    pub(crate) contestant: String,
    pub(crate) repeat: u32,
    pub(crate) kind: String,
    pub(crate) at_us: i64,
    pub(crate) class: String,
    pub(crate) behind_us: Option<f64>,
}

/// A row of `measures/blocks.csv`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct BlockRow {
    pub(crate) workload: String,
    pub(crate) contestant: String,
    pub(crate) repeat: u32,
    pub(crate) what: String,
    pub(crate) from_us: i64,
    pub(crate) until_us: i64,
    pub(crate) detail: String,
}

/// A row of `measures/standstills.csv`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct StandstillRow {
    pub(crate) workload: String,
    pub(crate) contestant: String,
    pub(crate) repeat: u32,
    pub(crate) what: String,
    pub(crate) detail: String,
    pub(crate) from_us: i64,
    pub(crate) until_us: i64,
    pub(crate) acknowledged_us: f64,
    pub(crate) visible_us: f64,
}

/// A row of `measures/latency-ccdf.csv`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ExceedanceRow {
    pub(crate) workload: String,
    pub(crate) contestant: String,
    pub(crate) repeat: u32,
    pub(crate) stop: String,
    pub(crate) corrected: bool,
    pub(crate) latency_us: f64,
    pub(crate) share_above: f64,
    pub(crate) n: u64,
    pub(crate) censored: u64,
}

/// A row of `measures/latency-time.csv`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct TimeRow {
    pub(crate) workload: String,
    pub(crate) contestant: String,
    pub(crate) repeat: u32,
    pub(crate) stop: String,
    pub(crate) at_us: i64,
    pub(crate) p99_us: Option<f64>,
}

/// A row of `measures/witnesses.csv`.
#[derive(Clone, Debug, Deserialize, serde::Serialize)]
pub(crate) struct Witness {
    pub(crate) witness: String,
    pub(crate) workload: String,
    pub(crate) contestant: String,
    pub(crate) repeat: u32,
    pub(crate) which: String,
    pub(crate) at_us: i64,
    pub(crate) view: String,
    pub(crate) key: String,
    pub(crate) claimed: String,
    pub(crate) class: String,
    pub(crate) signature: String,
    pub(crate) served: String,
    pub(crate) truth: String,
    pub(crate) prefix: String,
    pub(crate) command: String,
}

impl Folder {
    /// Reads what a run and `wb measure` left in a folder.
    pub(crate) fn open(dir: &Path) -> Result<Folder> {
        let measurements: Vec<Measurement> = rows(&dir.join("measurements.csv"))?;
        if measurements.is_empty() {
            anyhow::bail!("no measurements in {}: run `wb measure {}` first", dir.display(), dir.display());
        }
        let manifest = std::fs::read_to_string(dir.join("manifest.json")).unwrap_or_else(|_| "null".into());
        let measures = dir.join("measures");
        Ok(Folder {
            dir: dir.to_path_buf(),
            manifest: serde_json::from_str(&manifest).context("reading manifest.json: it is no JSON")?,
            state: crate::driver::manifest::state(dir),
            plan: std::fs::read_to_string(dir.join("plan.toml")).unwrap_or_default(),
            runs: runs(&dir.join("observations"))?,
            measurements,
            reads: rows(&measures.join("staleness.csv"))?,
            blocks: rows(&measures.join("blocks.csv"))?,
            standstills: rows(&measures.join("standstills.csv"))?,
            exceedance: rows(&measures.join("latency-ccdf.csv"))?,
            times: rows(&measures.join("latency-time.csv"))?,
            witnesses: rows(&measures.join("witnesses.csv"))?,
        })
    }

    /// The workloads that were run, in the order of the list.
    pub(crate) fn workloads(&self) -> Vec<String> {
        let seen: BTreeSet<&str> = self.live().map(|row| row.workload.as_str()).collect();
        let listed = workloads::WORKLOADS.iter().map(|workload| workload.name);
        listed.filter(|name| seen.contains(name)).map(String::from).collect()
    }

    /// Who took part in a workload, in the order used everywhere.
    pub(crate) fn contestants(&self, workload: &str) -> Vec<String> {
        let rows = self.live().filter(|row| row.workload == workload);
        let mut names: Vec<String> = rows.map(|row| row.contestant.clone()).collect();
        names.sort_by_key(|name| palette::rank(name));
        names.dedup();
        names
    }

    /// Measurements of runs, not of sources.
    fn live(&self) -> impl Iterator<Item = &Measurement> {
        self.measurements.iter().filter(|row| !row.measure.starts_with("code.") && !row.contestant.is_empty())
    }

    /// One measure of each repeat, in their order.
    pub(crate) fn values(&self, workload: &str, contestant: &str, measure: &str) -> Vec<f64> {
        self.repeats(workload, contestant, measure).into_iter().map(|(_, value)| value).collect()
    }

    /// The same with the number of each repeat.
    pub(crate) fn repeats(&self, workload: &str, contestant: &str, measure: &str) -> Vec<(u32, f64)> {
        let mut found: Vec<(u32, f64)> = self
            .rows_of(workload, contestant)
            .filter(|row| row.measure == measure && row.repeat > 0)
            .map(|row| (row.repeat, row.value))
            .collect();
        found.sort_by_key(|(repeat, _)| *repeat);
        found
    }

    /// One measure over all repeats together: as measured so, or else the median of the repeats.
    pub(crate) fn whole(&self, workload: &str, contestant: &str, measure: &str) -> Option<f64> {
        let merged = self.rows_of(workload, contestant).find(|row| row.measure == measure && row.repeat == 0);
        merged
            .map(|row| row.value)
            .or_else(|| super::spread::median(&self.values(workload, contestant, measure)))
    }

    /// The sum of a measure over the repeats.
    pub(crate) fn sum(&self, workload: &str, contestant: &str, measure: &str) -> f64 {
        let values = self.values(workload, contestant, measure);
        if values.is_empty() {
            self.whole(workload, contestant, measure).unwrap_or(0.0)
        } else {
            values.iter().sum()
        }
    }

    /// All measurements of a contestant in a workload.
    pub(crate) fn rows_of<'a>(
        &'a self,
        workload: &'a str,
        contestant: &'a str,
    ) -> impl Iterator<Item = &'a Measurement> {
        self.measurements.iter().filter(move |row| row.workload == workload && row.contestant == contestant)
    }

    /// The last part of the names of measures that begin so, in the order in which they stand.
    pub(crate) fn parts(&self, workload: &str, contestant: &str, prefix: &str) -> Vec<String> {
        let mut parts: Vec<String> = Vec::new();
        for row in self.rows_of(workload, contestant) {
            if let Some(part) = row.measure.strip_prefix(prefix)
                && !part.contains('.')
                && !parts.iter().any(|known| known == part)
            {
                parts.push(part.to_string());
            }
        }
        parts
    }

    /// The faults under which the workload ran; empty without.
    pub(crate) fn faults(&self, workload: &str) -> String {
        self.live().find(|row| row.workload == workload).map(|row| row.faults.clone()).unwrap_or_default()
    }

    /// What is common to the first run of a workload.
    pub(crate) fn first_run(&self, workload: &str) -> Option<&Run> {
        self.runs.iter().find(|run| run.workload == workload && run.contestant != "noop")
    }

    /// The name of the run.
    pub(crate) fn name(&self) -> String {
        let name = self.measurements.first().map(|row| row.run.clone()).unwrap_or_default();
        if name.is_empty() {
            self.dir.file_name().unwrap_or_default().to_string_lossy().into_owned()
        } else {
            name
        }
    }

    /// What was done with somebody's own log, in a sentence, and the command that does it again; absent where the
    /// events were made.
    pub(crate) fn resent(&self) -> Option<(String, String)> {
        let again = self.manifest["again"].as_str()?;
        let plan: toml::Table = self.plan.parse().ok()?;
        Some((plan.get("about")?.as_str()?.to_owned(), again.to_owned()))
    }

    /// The name of the plan.
    pub(crate) fn plan_name(&self) -> String {
        self.measurements.first().map(|row| row.plan.clone()).unwrap_or_default()
    }
}

/// The rows of a CSV file; none if it is not there, because a run need not have had anything to put into it.
fn rows<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let mut reader = csv::Reader::from_path(path).with_context(|| format!("reading {}", path.display()))?;
    let rows: Result<Vec<T>, csv::Error> = reader.deserialize().collect();
    rows.with_context(|| format!("reading {}: a row is not as `wb measure` writes it", path.display()))
}

fn runs(observations: &Path) -> Result<Vec<Run>> {
    let mut found = Vec::new();
    for workload in folders(observations) {
        for run in folders(&workload) {
            let path = run.join("run.json");
            if let Ok(text) = std::fs::read_to_string(&path) {
                found.push(
                    serde_json::from_str(&text).with_context(|| format!("reading {}", path.display()))?,
                );
            }
        }
    }
    Ok(found)
}

fn folders(path: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut folders: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}
