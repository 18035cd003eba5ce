//! What each view carries so that a batch and a speed layer can be merged, and what that costs a read.

use std::time::{Duration, Instant};

use anyhow::Context;
use lambda::halves::Halves;
use workloads::{MergeClass, Place, Query, Record, Shape, Terms, View, Workload};

/// Keys of a view that are read one by one.
const READS: usize = 200;

/// How much is merged.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    /// Events that the batch has.
    pub batched: u64,
    /// Events since.
    pub since: u64,
    /// Number of keys (customers, symbols and so on).
    pub keys: u32,
    /// Share of the events that take something back.
    pub cancellations: f64,
}

/// What one view takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Merge {
    /// Name of the workload.
    pub workload: &'static str,
    /// Name of the view.
    pub view: &'static str,
    /// Its class.
    pub class: MergeClass,
    /// Rows of the whole view.
    pub rows: u64,
    /// Bytes that the batch publishes for it.
    pub published: u64,
    /// Bytes that the speed layer hands over for one key (the median), and for all.
    pub handed: (u64, u64),
    /// Times that a read of one key looks something up in a table of the publication (the most).
    pub looked_up: u64,
    /// Whether the whole view needed more than its bounded list of candidates.
    pub fell_back: bool,
    /// Half of the reads of one key took no longer.
    pub median: Duration,
    /// What a read of the whole view took.
    pub whole: Duration,
}

/// The events of a workload as records of one partition.
pub fn records(workload: &Workload, extent: &Extent) -> Vec<Record> {
    let shape = Shape {
        seed: 7,
        events: extent.batched + extent.since,
        rate: 20_000.0,
        keys: extent.keys,
        cancellations: extent.cancellations,
        corrections: 0.0,
        start: 1_700_000_000_000,
        first_sequence: 0,
    };
    let record = |(offset, draft): (u64, workloads::Draft)| {
        let (origin, intended) = (draft.origin, draft.intended);
        let place = Place { partition: 0, offset };
        Record { place, origin, intended, appended: shape.start + intended / 1000, event: draft.event }
    };
    (0..).zip((workload.generate)(&shape)).map(record).collect()
}

/// Merges two halves of a workload's events, view by view.
pub fn measure(workload: &'static Workload, extent: &Extent) -> anyhow::Result<Vec<Merge>> {
    let records = records(workload, extent);
    let (batched, since) = records.split_at(extent.batched as usize);
    let mut halves = Halves::new(workload.name, &Terms::default(), batched, None)?;
    halves.feed(since)?;
    workload.views.iter().map(|view| one(workload, view, &halves)).collect()
}

fn one(workload: &'static Workload, view: &'static View, halves: &Halves) -> anyhow::Result<Merge> {
    let query = |key: Option<&String>| Query { view: view.name.into(), key: key.cloned() };
    let began = Instant::now();
    let rows = halves.answer(&query(None))?.context("nothing is out of reach here")?;
    let whole = began.elapsed();
    let all = halves.merged(&query(None))?;
    let step = (rows.len() / READS).max(1);
    let (mut times, mut handed, mut looked_up) = (Vec::new(), Vec::new(), 0);
    for key in rows.keys().step_by(step) {
        let query = query(Some(key));
        let began = Instant::now();
        halves.answer(&query)?;
        times.push(began.elapsed());
        let merged = halves.merged(&query)?;
        handed.push(merged.handed);
        looked_up = looked_up.max(merged.looked_up);
    }
    times.sort_unstable();
    handed.sort_unstable();
    Ok(Merge {
        workload: workload.name,
        view: view.name,
        class: view.merge,
        rows: rows.len() as u64,
        published: halves.published(view.name),
        handed: (handed.get(handed.len() / 2).copied().unwrap_or(0), all.handed),
        looked_up,
        fell_back: all.fell_back,
        median: times.get(times.len() / 2).copied().unwrap_or_default(),
        whole,
    })
}
