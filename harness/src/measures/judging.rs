//! Judging the runs of a folder: those of one workload after each other, for they share a history, and several
//! workloads at once.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{available_parallelism, scope};

use anyhow::Context;

use super::accuracy::Accuracy;
use super::cost::Number;
use crate::contestants::noop::NOOP;
use crate::judge::{Bases, Evidence, Verdicts, judge};

/// Runs that may wait to be measured, so that what is judged ahead does not fill the memory.
const AHEAD: usize = 4;

/// A run with what the judge says of it.
pub(super) struct Judged {
    pub(super) evidence: Evidence,
    /// Absent for a run that did not end as planned.
    pub(super) verdicts: Option<Verdicts>,
    /// How far the answers are from what was sent, where the source made faults.
    pub(super) accuracy: Vec<Number>,
}

/// What is done with each run: its folder, and how to wait for what the judge says.
type Each<'e> = &'e mut dyn FnMut(&Path, &dyn Fn() -> anyhow::Result<Judged>) -> anyhow::Result<()>;

/// Judges every run, and hands them to `each` in the order of their folders.
pub(super) fn judge_all(run_folder: &Path, folders: &[PathBuf], each: Each<'_>) -> anyhow::Result<()> {
    let workloads: Vec<&[PathBuf]> = folders.chunk_by(|a, b| a.parent() == b.parent()).collect();
    let judges = available_parallelism().map_or(1, NonZero::get).min(workloads.len());
    scope(|scope| {
        let (senders, receivers): (Vec<_>, Vec<_>) = workloads.iter().map(|_| sync_channel(AHEAD)).unzip();
        let mut shares: Vec<Vec<_>> = (0..judges).map(|_| Vec::new()).collect();
        for (turn, work) in workloads.iter().copied().zip(senders).enumerate() {
            shares[turn % judges].push(work);
        }
        for share in shares {
            scope.spawn(move || {
                share.into_iter().for_each(|(runs, sender)| judge_each(run_folder, runs, &sender));
            });
        }
        for (runs, receiver) in workloads.iter().zip(receivers) {
            for run in *runs {
                each(run, &|| receiver.recv().context("the judge has ended before its time")?)?;
            }
        }
        Ok(())
    })
}

/// Judges runs over one history; whoever no longer listens has had an error.
fn judge_each(run_folder: &Path, runs: &[PathBuf], sender: &SyncSender<anyhow::Result<Judged>>) {
    let (mut bases, mut accuracies) = (Bases::default(), BTreeMap::new());
    for run in runs {
        let judged = judge_one(run_folder, run, &mut bases, &mut accuracies);
        if sender.send(judged).is_err() {
            return;
        }
    }
}

fn judge_one(
    run_folder: &Path,
    folder: &Path,
    bases: &mut Bases,
    accuracies: &mut BTreeMap<PathBuf, Accuracy>,
) -> anyhow::Result<Judged> {
    let evidence = Evidence::load(run_folder, folder)?;
    if evidence.run.ended != "complete" {
        return Ok(Judged { evidence, verdicts: None, accuracy: Vec::new() });
    }
    let verdicts = judge(&evidence, bases)?;
    let mut numbers = Vec::new();
    if let Some(clean) = evidence.run.clean_log.clone().filter(|_| evidence.run.contestant != NOOP.name) {
        if !accuracies.contains_key(&clean)
            && let Some(accuracy) = Accuracy::new(run_folder, &evidence, bases)?
        {
            numbers.extend(accuracy.numbers.iter().cloned());
            accuracies.insert(clean.clone(), accuracy);
        }
        numbers.extend(accuracies.get(&clean).into_iter().flat_map(|accuracy| accuracy.own(&evidence)));
    }
    Ok(Judged { evidence, verdicts: Some(verdicts), accuracy: numbers })
}
