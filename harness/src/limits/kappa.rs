//! The Kappa over decoded events at each granularity, and over a log on disk with one and two workers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kappa::{Kappa, KappaConfig, Replay};
use workloads::intake::Feed;
use workloads::log::file::FileLog;
use workloads::{Codec, Log, Terms, Workload};

use super::input::Input;
use super::{Part, asked};

/// Records a version of a replay from disk.
const REPLAY: u64 = 100_000;

pub(super) fn parts<'a>(workload: &'static Workload, input: &'a Input) -> Vec<Part<'a>> {
    let mut parts = Vec::new();
    for (name, views) in asked(workload) {
        for g in [1_000, 10_000, 100_000] {
            parts.push(Part::new(
                format!("kappa: {name}"),
                format!("decoded, g = {g}, 1 worker"),
                move || decoded(workload, input, views, g),
            ));
        }
    }
    for (codec, workers) in [(Codec::Bin, 1), (Codec::Bin, 2), (Codec::Json, 2)] {
        let setting =
            format!("{} from disk, g = {REPLAY}, {workers} worker{}", codec.name(), plural(workers));
        parts
            .push(Part::new("kappa: all views", setting, move || from_disk(workload, input, codec, workers)));
    }
    parts
}

fn plural(number: u32) -> &'static str {
    if number == 1 { "" } else { "s" }
}

fn decoded(workload: &Workload, input: &Input, views: &[&str], g: usize) -> anyhow::Result<Duration> {
    let mut replay = Replay::new(workload.name, &Terms::default(), views)?;
    let began = Instant::now();
    input.records.chunks(g).for_each(|version| replay.feed(version));
    let took = began.elapsed();
    let rows = replay.rows(&[input.whole(workload)]);
    input.agree(workload, &rows[0])?;
    Ok(took)
}

fn from_disk(workload: &Workload, input: &Input, codec: Codec, workers: u32) -> anyhow::Result<Duration> {
    let log = Arc::new(FileLog::open(&input.disk, &input.log_dir(codec))?);
    let heads = log.heads()?;
    let config = KappaConfig {
        terms: Terms::default(),
        feed: Feed::default(),
        state: None,
        workers,
        granularity: REPLAY,
        version_ms: 0,
    };
    let began = Instant::now();
    let mut kappa = Kappa::start(log, &input.disk, &config)?;
    while kappa.version().as_ref() != Some(&heads) {
        kappa.step(0)?;
    }
    let took = began.elapsed();
    input.agree(workload, &kappa.read(&[input.whole(workload)])?.rows[0])?;
    Ok(took)
}
