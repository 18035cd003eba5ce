//! What is run behind the page, and what was switched while it ran: enough to run it again.

use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};
use workloads::faults::SourceFaults;
use workloads::{Dedup, Terms, WORKLOADS};

use crate::plan::Events;

/// The file of a record, in its folder.
pub const FILE: &str = "record.toml";

/// What is run, by the names that a plan has for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scene {
    /// Name of the workload.
    pub workload: String,
    /// Seed of everything random.
    pub seed: u64,
    /// Events a second.
    pub rate: f64,
    /// Number of the log's partitions.
    pub partitions: u32,
    /// Milliseconds between two cuts of a batch.
    pub cut_ms: u64,
    /// Events after which a new log is begun: what grows with history is bounded by this.
    pub round: u64,
    /// What everybody agrees on.
    pub terms: Terms,
    /// What the events look like.
    pub events: Events,
    /// What goes wrong at the source from the beginning.
    #[serde(default)]
    pub faults: SourceFaults,
    /// What the student is like from the beginning.
    #[serde(default)]
    pub student: Student,
}

/// What is chosen about the Lambda that goes wrong.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Student {
    /// By what it recognises repeats, where that is not what everybody agreed on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dedup: Option<Dedup>,
    /// Its choices: a plan's table `lambda`.
    pub lambda: lambda::Options,
}

/// Something that was switched while it ran.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Switch {
    /// The tick that began with it.
    pub tick: u64,
    /// The log that was being written then, from 1.
    pub round: u64,
    /// How far that log was.
    pub at: String,
    /// What goes wrong at the source from there on: a plan's table `faults`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub faults: Option<SourceFaults>,
    /// What the student is like from there on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub student: Option<Student>,
}

/// How far it was run, and what was seen by then.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// Ticks.
    pub ticks: u64,
    /// Reads that were wrong.
    pub wrong: u64,
    /// Digest of every one of them.
    pub digest: String,
}

/// A run that can be run again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// What was run.
    pub scene: Scene,
    /// How it ended.
    #[serde(default)]
    pub end: End,
    /// What was switched, in its order.
    #[serde(default, rename = "switch", skip_serializing_if = "Vec::is_empty")]
    pub switches: Vec<Switch>,
}

impl Scene {
    /// Whether it can be run; says in one line what cannot.
    pub fn check(&self) -> anyhow::Result<()> {
        let known = || WORKLOADS.iter().map(|workload| workload.name).collect::<Vec<_>>().join(", ");
        ensure!(
            workloads::workload(&self.workload).is_some(),
            "no workload `{}`: there are {}",
            self.workload,
            known()
        );
        let rate = self.rate;
        ensure!(
            rate.is_finite() && (0.1..=1e6).contains(&rate),
            "rate = {rate}: from 0.1 to 1000000 a second"
        );
        ensure!((1..=64).contains(&self.partitions), "partitions = {}: from 1 to 64", self.partitions);
        ensure!(self.cut_ms >= 500, "cut_ms = {}: at least 500, as a batch has several turns", self.cut_ms);
        ensure!(self.round >= 100, "round = {}: at least 100 events", self.round);
        ensure!(self.events.keys >= 1, "keys = 0: at least 1");
        self.student.check(&self.workload)
    }
}

impl Student {
    /// Whether these choices can be meant for a workload.
    pub fn check(&self, workload: &str) -> anyhow::Result<()> {
        self.lambda.check(workload).map_err(anyhow::Error::msg)
    }
}

impl Record {
    /// Nothing switched yet.
    pub fn new(scene: Scene) -> Self {
        Record { scene, end: End::default(), switches: Vec::new() }
    }

    /// Reads the record in a folder.
    pub fn load(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join(FILE);
        let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        let record: Record = toml::from_str(&text).with_context(|| format!("reading {}", path.display()))?;
        record.scene.check().with_context(|| format!("what {} says", path.display()))?;
        Ok(record)
    }

    /// Writes the record into a folder, whole or not at all.
    pub fn save(&self, folder: &Path) -> anyhow::Result<()> {
        let text = toml::to_string(self).context("writing the record as text")?;
        let (path, early) = (folder.join(FILE), folder.join(".record.toml"));
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        fs::write(&early, text).with_context(|| format!("writing {}", early.display()))?;
        fs::rename(&early, &path).with_context(|| format!("renaming {}", early.display()))
    }
}
