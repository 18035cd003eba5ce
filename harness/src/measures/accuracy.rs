//! How far answers are from what they would be had the source made no fault: O*.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use workloads::files::{RealDisk, SharedDisk};
use workloads::log::file::FileLog;
use workloads::{Dedup, Log, Rows, Terms, Truth, Workload, workload};

use super::cost::Number;
use super::number;
use crate::judge::detail::compare;
use crate::judge::evidence::Stretch;
use crate::judge::timeline::Base;
use crate::judge::{Bases, Differences, Evidence};
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

fn views(workload: &Workload, truth: &dyn Truth) -> Vec<Rows> {
    workload.views.iter().map(|view| truth.rows(view.name)).collect()
}

/// Every view at the end of a log that begins with the history of `base`.
fn from_base(workload: &Workload, base: &Base, log: &dyn Log) -> anyhow::Result<Vec<Rows>> {
    let mut truth = base.truth().fork();
    let live = Stretch::read(log, base.at(), &log.heads()?)?;
    live.iter().for_each(|record| truth.feed(record, None));
    Ok(views(workload, &*truth))
}

fn from_start(workload: &Workload, terms: &Terms, log: &dyn Log) -> anyhow::Result<Vec<Rows>> {
    Ok(views(workload, Base::new(workload, terms, log, &log.heads()?)?.truth()))
}

/// Whether a source sent something twice in the live part. It never sends history again.
fn resent(evidence: &Evidence) -> anyhow::Result<bool> {
    let live = Stretch::read(&*evidence.log, &evidence.run.live_from, &evidence.log.heads()?)?;
    let mut seen = HashSet::new();
    Ok(!live
        .iter()
        .filter_map(|record| Some((record.place.partition, record.origin?)))
        .all(|it| seen.insert(it)))
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
    pub fn new(run_folder: &Path, evidence: &Evidence, bases: &mut Bases) -> anyhow::Result<Option<Self>> {
        let (run, log) = (&evidence.run, &*evidence.log);
        let (Some(clean), Some(workload)) = (&run.clean_log, workload(&run.workload)) else {
            return Ok(None);
        };
        let disk: SharedDisk = Arc::new(RealDisk);
        let clean_log = FileLog::open(&disk, &run_folder.join(clean))?;
        let own = run.terms.dedup;
        let base = bases.get(workload, &run.terms, log, &run.live_from)?;
        let clean = match own {
            // Would take genuine repeats for duplicates.
            Dedup::Content => {
                from_start(workload, &Terms { dedup: Dedup::None, ..run.terms.clone() }, &clean_log)?
            }
            _ => from_base(workload, &base, &clean_log)?,
        };
        let at_hand = from_base(workload, &base, log)?;
        let resent = resent(evidence)?;
        let mut numbers = Vec::new();
        for (dedup, name) in SETTINGS {
            // Where nothing was sent twice, the settings that look at places and origins all come to the same.
            let same = dedup == own || (!resent && dedup != Dedup::Content && own != Dedup::Content);
            // The whole log anew for a setting is worth it once: repeats differ in their seed alone.
            if !same && run.repeat > 1 {
                continue;
            }
            let truth = match same {
                true => at_hand.clone(),
                false => from_start(workload, &Terms { dedup, ..run.terms.clone() }, log)?,
            };
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
