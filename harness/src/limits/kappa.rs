//! The Kappa over decoded events at each granularity and over a log on disk, with one worker and with two.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::ensure;
use kappa::{Replay, Shift, Turn};
use workloads::log::file::FileLog;
use workloads::{Codec, Log, Record, Terms, Workload};

use super::input::{Input, PARTITIONS};
use super::replay::whole;
use super::{Part, SPEND_PLAIN, TURN, asked};
use crate::contestants::reference::spend_plain;
use crate::driver::Stop;

/// Records a version of decoded events.
const GRAINS: [usize; 3] = [1_000, 10_000, 100_000];

/// Records a version of a replay from disk: few enough to be at hand in the processor, and many.
const REPLAY: [u64; 2] = [10_000, 100_000];

pub(super) fn parts<'a>(workload: &'static Workload, input: &'a Input) -> Vec<Part<'a>> {
    let mut parts = Vec::new();
    if workload.name == "orders" {
        // One view, held against `spend_plain`: it keeps what could still be cancelled, which that loop does not.
        for (marks, g) in [true, false].into_iter().flat_map(|marks| GRAINS.map(|g| (marks, g))) {
            let which = if marks { "" } else { ", nothing cancelled" };
            let setting = format!("decoded{which}, g = {g}, 1 worker");
            let run = move || {
                if marks { decoded(workload, input, &["spend"], g) } else { spent(workload, input, g) }
            };
            parts.push(Part::new("kappa: spend", setting, run).beside(SPEND_PLAIN));
        }
    }
    for (name, views) in asked(workload) {
        for (workers, g) in [1, 2].into_iter().flat_map(|workers| GRAINS.map(|g| (workers, g))) {
            let setting = format!("decoded, g = {g}, {workers} worker{}", plural(workers));
            parts.push(Part::new(format!("kappa: {name}"), setting.clone(), move || match workers {
                1 => decoded(workload, input, views, g),
                _ => together(
                    workload,
                    input,
                    views,
                    g,
                    Shift::deal(&input.records, workers as usize, Some(TURN)),
                    None,
                ),
            }));
            if workers > 1 {
                let setting = format!("{setting}, by partition");
                parts.push(Part::new(format!("kappa: {name}"), setting, move || {
                    let shares = Shift::deal(&input.records, workers as usize, None);
                    together(workload, input, views, g, shares, Some(PARTITIONS))
                }));
            }
        }
    }
    for ((name, views), codec) in
        asked(workload).into_iter().flat_map(|it| [Codec::Bin, Codec::Json].map(|c| (it, c)))
    {
        for (workers, g) in [1, 2].into_iter().flat_map(|workers| REPLAY.map(|g| (workers, g))) {
            let setting = format!("{} from disk, g = {g}, {workers} worker{}", codec.name(), plural(workers));
            let run = move || from_disk(workload, input, codec, views, (workers, g));
            parts.push(Part::new(format!("kappa: {name}"), setting, run));
        }
    }
    parts
}

fn plural(number: u32) -> &'static str {
    if number == 1 { "" } else { "s" }
}

fn decoded(workload: &Workload, input: &Input, views: &[&str], g: usize) -> anyhow::Result<Duration> {
    let (replay, took) = fed(workload, &input.records, views, g)?;
    let rows = replay.rows(&[input.whole(workload)]);
    input.agree(workload, &rows[0])?;
    Ok(took)
}

/// What was spent where nothing is cancelled; scaled to the number of events, as those are fewer.
fn spent(workload: &Workload, input: &Input, g: usize) -> anyhow::Result<Duration> {
    let placed = input.placed();
    let (replay, took) = fed(workload, placed, &["spend"], g)?;
    let rows = spend_plain(placed).into_iter();
    let rows = rows.map(|(name, (sum, count))| (name.to_string(), vec![sum, count.into()])).collect();
    ensure!(replay.rows(&[input.whole(workload)])[0] == rows, "it is not what was spent");
    Ok(took.mul_f64(input.records.len() as f64 / placed.len().max(1) as f64))
}

fn fed(
    workload: &Workload,
    records: &[Record],
    views: &[&str],
    g: usize,
) -> anyhow::Result<(Replay, Duration)> {
    let mut replay = Replay::new(workload.name, &Terms::default(), views)?;
    let began = Instant::now();
    records.chunks(g).for_each(|version| replay.feed(version));
    Ok((replay, began.elapsed()))
}

/// Starting the threads is not part of it. Where the partitions are those of the names, nothing is exchanged.
fn together(
    workload: &Workload,
    input: &Input,
    views: &[&str],
    granularity: usize,
    shares: Vec<Arc<Vec<Record>>>,
    partitions: Option<u32>,
) -> anyhow::Result<Duration> {
    let shift = Shift {
        workload: workload.name.to_owned(),
        terms: Terms::default(),
        views: views.iter().map(|view| (*view).to_owned()).collect(),
        shares,
        partitions,
        granularity,
    };
    let (mut began, mut took) = (Instant::now(), Duration::ZERO);
    let rows = shift.work(&[input.whole(workload)], |turn| match turn {
        Turn::Began => began = Instant::now(),
        Turn::Over => took = began.elapsed(),
    })?;
    input.agree(workload, &rows[0])?;
    Ok(took)
}

fn from_disk(
    workload: &Workload,
    input: &Input,
    codec: Codec,
    views: &[&str],
    (workers, granularity): (u32, u64),
) -> anyhow::Result<Duration> {
    let log: Arc<dyn Log> = Arc::new(FileLog::open(&input.disk, &input.log_dir(codec))?);
    let (mut kappa, took) = whole(&log, &input.disk, views, (workers, granularity), &Stop::default())?;
    input.agree(workload, &kappa.read(&[input.whole(workload)])?.rows[0])?;
    Ok(took)
}
