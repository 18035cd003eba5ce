//! How fast a whole log is replayed from disk, by the records that a version spans.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use kappa::{Kappa, KappaConfig, Options};
use workloads::files::SharedDisk;
use workloads::intake::Feed;
use workloads::{Log, Terms};

use crate::driver::Stop;

/// Replays of one log.
pub struct Curve {
    /// Name of the workload.
    pub workload: String,
    /// Records of the log.
    pub records: u64,
    /// One for each way to replay it.
    pub points: Vec<Point>,
}

/// The best replay of some rounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Worker threads.
    pub workers: u32,
    /// Records a version spans at most (g).
    pub granularity: u64,
    /// Seconds it took.
    pub seconds: f64,
}

impl Curve {
    /// Million records a second of a replay.
    pub fn speed(&self, point: &Point) -> f64 {
        self.records as f64 / point.seconds / 1e6
    }
}

/// Replays a log for some views, or for all where none is named, in every combination, each round all of them, so that a
/// slow moment of the machine hits none alone.
pub fn curve(
    log: &Arc<dyn Log>,
    disk: &SharedDisk,
    views: &[&str],
    (workers, granularity): (&[u32], &[u64]),
    rounds: u32,
    stop: &Stop,
    mut begins: impl FnMut(u32, u32, u64),
) -> anyhow::Result<Curve> {
    let ways: Vec<(u32, u64)> =
        workers.iter().flat_map(|workers| granularity.iter().map(|g| (*workers, *g))).collect();
    let mut points: Vec<Point> = Vec::new();
    for round in 1..=rounds {
        for (place, (workers, granularity)) in ways.iter().copied().enumerate() {
            begins(round, workers, granularity);
            let (_, took) = whole(log, disk, views, (workers, granularity), stop)?;
            let seconds = took.as_secs_f64();
            match points.get_mut(place) {
                Some(point) => point.seconds = point.seconds.min(seconds),
                None => points.push(Point { workers, granularity, seconds }),
            }
        }
    }
    Ok(Curve { workload: log.meta().workload.clone(), records: log.heads()?.total(), points })
}

/// A Kappa that has gone through all of a log for some views, or for all, and how long that took.
pub(super) fn whole(
    log: &Arc<dyn Log>,
    disk: &SharedDisk,
    views: &[&str],
    (workers, granularity): (u32, u64),
    stop: &Stop,
) -> anyhow::Result<(Kappa, Duration)> {
    let heads = log.heads()?;
    let config = KappaConfig {
        terms: Terms::default(),
        feed: Feed::default(),
        state: None,
        workers,
        granularity,
        version_ms: 0,
        spin: false,
        options: Options {
            views: views.iter().map(|view| (*view).to_owned()).collect(),
            window_ms: 0,
            ..Options::default()
        },
    };
    let began = Instant::now();
    let mut kappa = Kappa::start(Arc::clone(log), disk, &config).context("starting the kappa")?;
    while kappa.version().as_ref() != Some(&heads) {
        kappa.step(0)?;
        stop.check()?;
    }
    Ok((kappa, began.elapsed()))
}
