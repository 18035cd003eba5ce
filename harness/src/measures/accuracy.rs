//! How far answers are from what they would be had the source made no fault: O*.

use std::path::Path;
use std::sync::Arc;

use workloads::files::{RealDisk, SharedDisk};
use workloads::log::file::FileLog;
use workloads::{Dedup, Log, Rows, Terms, Workload, workload};

use super::cost::Number;
use super::number;
use crate::judge::detail::compare;
use crate::judge::timeline::Base;
use crate::judge::{Differences, Evidence};
use crate::observe::Kind;

/// The settings that are compared, with their names in measures.
const SETTINGS: [(Dedup, &str); 4] = [
    (Dedup::None, "none"),
    (Dedup::Offset, "offset"),
    (Dedup::Origin, "origin"),
    (Dedup::Content, "content"),
];

/// Rows that differ, and by how much in their first columns together.
fn difference(name: &str, pairs: impl Iterator<Item = (Rows, Rows)>) -> [Number; 2] {
    let (mut rows, mut error) = (0, 0);
    for (seen, truth) in pairs {
        let (_, wrong, over, under) = compare(&seen, &truth);
        rows += wrong;
        error += over + under;
    }
    [
        number(format!("accuracy.{name}.rows"), "rows", rows as f64),
        number(format!("accuracy.{name}.error"), "units", error as f64),
    ]
}

fn whole(workload: &Workload, terms: &Terms, log: &dyn Log) -> anyhow::Result<Vec<Rows>> {
    let base = Base::new(workload, terms, log, &log.heads()?)?;
    Ok(workload.views.iter().map(|view| base.truth().rows(view.name)).collect())
}

/// O*, and the truth of a run's log under each setting beside it: what a faultless contestant would answer.
pub struct Accuracy {
    workload: &'static Workload,
    clean: Vec<Rows>,
    /// Under each setting.
    pub numbers: Vec<Number>,
}

impl Accuracy {
    /// Nothing where the source made no fault.
    pub fn new(run_folder: &Path, evidence: &Evidence) -> anyhow::Result<Option<Self>> {
        let run = &evidence.run;
        let (Some(clean), Some(workload)) = (&run.clean_log, workload(&run.workload)) else {
            return Ok(None);
        };
        let disk: SharedDisk = Arc::new(RealDisk);
        let clean_log = FileLog::open(&disk, &run_folder.join(clean))?;
        // A clean source sends nothing twice, so nothing needs to be recognised.
        let terms = |dedup| Terms { dedup, ..run.terms.clone() };
        let clean = whole(workload, &terms(Dedup::None), &clean_log)?;
        let mut numbers = Vec::new();
        for (dedup, name) in SETTINGS {
            let truth = whole(workload, &terms(dedup), &*evidence.log)?;
            numbers.extend(difference(name, truth.into_iter().zip(clean.iter().cloned())));
        }
        Ok(Some(Accuracy { workload, clean, numbers }))
    }

    /// The contestant's own final answers beside O*.
    pub fn own(&self, evidence: &Evidence) -> Vec<Number> {
        let mut differences = Differences::default();
        let mut last: Vec<Option<Rows>> = vec![None; self.clean.len()];
        for read in &evidence.reads {
            let Some(answer) = &read.answer else { continue };
            let asked = read.queries.iter().zip(&answer.rows).filter(|(query, _)| query.key.is_none());
            for (query, rows) in asked {
                let (_, rows) = differences.read(read.kind, &query.view, rows);
                let view = self.workload.views.iter().position(|view| view.name == query.view);
                if let (Some(view), Kind::Final) = (view, read.kind) {
                    last[view] = Some(rows.clone());
                }
            }
        }
        let answered = last.into_iter().zip(&self.clean);
        difference("own", answered.filter_map(|(rows, clean)| Some((rows?, clean.clone())))).into()
    }
}
