//! What a whole recomputation costs by the length of history: a part that is always there, and so much an event. Beside
//! it, what a batch costs that goes on from the one before.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use lambda::Chain;
use lambda::alone::recompute;
use lambda::archive::Archive;
use nix::time::{ClockId, clock_gettime};
use workloads::files::{RealDisk, SharedDisk};
use workloads::partition::PartitionBy;
use workloads::{Dedup, Place, Record, Shape, Terms, Version, Workload};

use super::Effort;
use super::input::PARTITIONS;

/// Records archived at once.
const SLICE: usize = 1 << 16;

/// Records archived before they are sealed.
const SEAL: u64 = 1 << 20;

/// Share of the longest history at which it is measured, in sixteenths.
const SIXTEENTHS: [u64; 5] = [1, 2, 4, 8, 16];

/// How many batches go on from one another before each of these lengths, and how many of them the longest history has
/// room for.
const STEPS: u64 = 4;
const ROOM: u64 = 128;

/// One length of history.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    /// Events.
    pub events: u64,
    /// Processor seconds of one recomputation, the best of all rounds.
    pub seconds: f64,
    /// Processor seconds of a batch that goes on from the one before, the mean of a few, in the best of all rounds.
    pub onward: f64,
    /// Bytes to publish.
    pub bytes: u64,
    /// Bytes of the correction index among them.
    pub index: u64,
    /// Bytes of memory that the process had at most until then, what is to be published included.
    pub peak: u64,
}

/// A straight line through points: `fixed` and `each` times what is on the other axis.
#[derive(Clone, Copy, Debug)]
pub struct Fit {
    /// What is always there.
    pub fixed: f64,
    /// What each event adds.
    pub each: f64,
    /// Share of the variance that the line explains.
    pub r2: f64,
}

/// What was measured of a workload.
#[derive(Clone, Debug)]
pub struct Law {
    /// Name of the workload.
    pub workload: &'static str,
    /// By length.
    pub points: Vec<Point>,
    /// Events between two batches that go on from one another.
    pub between: u64,
    /// Batches that had to compute everything, where they were to go on.
    pub afresh: u64,
    /// Processor seconds.
    pub seconds: Fit,
    /// Processor seconds of a batch that goes on from the one before.
    pub onward: Fit,
    /// Bytes of the correction index.
    pub index: Fit,
}

impl Law {
    /// The history, in events, at which a batch takes as long as the interval between two.
    pub fn keeps_up_to(&self, interval: Duration) -> f64 {
        (interval.as_secs_f64() - self.seconds.fixed).max(0.0) / self.seconds.each
    }
}

impl Fit {
    /// The line with the least squares.
    pub fn through(points: &[(f64, f64)]) -> Fit {
        let n = points.len() as f64;
        let mean = |part: fn(&(f64, f64)) -> f64| points.iter().map(part).sum::<f64>() / n;
        let (x, y) = (mean(|point| point.0), mean(|point| point.1));
        let sum = |of: &dyn Fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>();
        let each = sum(&|p| (p.0 - x) * (p.1 - y)) / sum(&|p| (p.0 - x).powi(2));
        let fixed = y - each * x;
        let (left, all) = (sum(&|p| (p.1 - fixed - each * p.0).powi(2)), sum(&|p| (p.1 - y).powi(2)));
        Fit { fixed, each, r2: if all > 0.0 { 1.0 - left / all } else { 1.0 } }
    }

    /// What the line says.
    pub fn at(&self, events: f64) -> f64 {
        self.fixed + self.each * events
    }
}

/// Archives the longest history once, and recomputes it and parts of it from its beginning.
pub fn law(
    workload: &'static Workload,
    effort: &Effort,
    scratch: &Path,
    mut say: impl FnMut(&str) -> anyhow::Result<()>,
) -> anyhow::Result<Law> {
    ensure!(effort.events >= 1_000, "a law needs at least 1000 events");
    let sizes: Vec<u64> = SIXTEENTHS.iter().map(|part| effort.events * part / 16).collect();
    let between = effort.events / ROOM;
    // Each length with those of the batches that lead to it.
    let leading = |size: &u64| (0..=STEPS).map(|step| size - (STEPS - step) * between).collect::<Vec<_>>();
    let ends: Vec<u64> = sizes.iter().flat_map(leading).collect();
    say("archiving")?;
    let (archive, ends) = archive(workload, effort, &ends, scratch)?;
    let cuts: Vec<&[Version]> = ends.chunks(STEPS as usize + 1).collect();
    let mut points: Vec<Point> = sizes
        .iter()
        .map(|events| {
            let (seconds, onward) = (f64::INFINITY, f64::INFINITY);
            Point { events: *events, seconds, onward, bytes: 0, index: 0, peak: 0 }
        })
        .collect();
    for round in 1..=effort.rounds {
        for (point, cut) in points.iter_mut().zip(&cuts) {
            say(&format!("round {round} of {}: {} events", effort.rounds, point.events))?;
            let began = processor()?;
            let cut = &cut[STEPS as usize];
            let bytes = recompute(workload.name, &archive, cut, &Terms::default(), Dedup::Origin)?;
            point.seconds = point.seconds.min((processor()? - began).as_secs_f64());
            (point.bytes, point.index) = (bytes.all, bytes.index);
            if round == 1 {
                // From here on a longer history was in memory before a shorter one.
                point.peak = peak()?;
            }
        }
    }
    let mut afresh = 0;
    for round in 1..=effort.rounds {
        for (point, cuts) in points.iter_mut().zip(&cuts) {
            say(&format!("round {round} of {}: going on to {} events", effort.rounds, point.events))?;
            let folder = scratch.join("publications");
            let (spent, failed) = go_on(workload, &archive, cuts, &folder)?;
            point.onward = point.onward.min(spent.as_secs_f64() / STEPS as f64);
            afresh += failed;
        }
    }
    let of = |part: fn(&Point) -> f64| points.iter().map(|p| (p.events as f64, part(p))).collect::<Vec<_>>();
    let (seconds, index) = (Fit::through(&of(|p| p.seconds)), Fit::through(&of(|p| p.index as f64)));
    let onward = Fit::through(&of(|p| p.onward));
    Ok(Law { workload: workload.name, points, between, afresh, seconds, onward, index })
}

/// Publishes at the first of some cuts, and goes on to the others: what all of them cost to compute, and how many had to
/// begin at the beginning.
fn go_on(
    workload: &Workload,
    archive: &Archive,
    cuts: &[Version],
    folder: &Path,
) -> anyhow::Result<(Duration, u64)> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    let disk: SharedDisk = Arc::new(RealDisk);
    let mut chain = Chain::begin(&disk, folder, workload.name, (&Terms::default(), Dedup::Origin))?;
    chain.compute(archive, &cuts[0])?;
    chain.publish()?;
    let (mut spent, mut afresh) = (Duration::ZERO, 0);
    for cut in &cuts[1..] {
        let began = processor()?;
        afresh += u64::from(!chain.compute(archive, cut)?);
        spent += processor()? - began;
        chain.publish()?;
    }
    Ok((spent, afresh))
}

/// The time that the processor has spent on this process.
fn processor() -> anyhow::Result<Duration> {
    let spent = clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID).context("reading the processor's time")?;
    Ok(spent.into())
}

/// The most memory that this process has had.
fn peak() -> anyhow::Result<u64> {
    let status = procfs::process::Process::myself()?.status()?;
    Ok(1024 * status.vmhwm.context("the system does not say how much memory a process has had")?)
}

/// An archive of the longest history, and where each size of it ends.
fn archive(
    workload: &'static Workload,
    effort: &Effort,
    sizes: &[u64],
    scratch: &Path,
) -> anyhow::Result<(Archive, Vec<Version>)> {
    let shape = Shape {
        seed: 42,
        events: effort.events,
        rate: 20_000.0,
        keys: effort.keys,
        cancellations: effort.cancellations,
        corrections: 0.0,
        start: 1_700_000_000_000,
        first_sequence: 0,
    };
    let disk: SharedDisk = Arc::new(RealDisk);
    let mut archive = Archive::open(&disk, scratch, workload.name, PARTITIONS)?;
    let (mut head, mut records, mut cuts) = (Version::zero(PARTITIONS), Vec::new(), Vec::new());
    for (number, draft) in (0u64..).zip((workload.generate)(&shape)) {
        let by = PartitionBy::Key;
        let partition = by.partition(draft.event.key().as_bytes(), draft.origin, number, PARTITIONS);
        let offset = head.0[partition as usize];
        head.0[partition as usize] += 1;
        let (place, appended) = (Place { partition, offset }, shape.start + draft.intended / 1000);
        let (origin, intended, event) = (draft.origin, draft.intended, draft.event);
        records.push(Record { place, origin, intended, appended, event });
        let ends = sizes.contains(&(number + 1));
        if records.len() >= SLICE {
            archive.append(&records)?;
            records.clear();
        }
        if ends || (number + 1).is_multiple_of(SEAL) {
            archive.append(&records)?;
            records.clear();
            archive.seal(&head)?;
        }
        if ends {
            cuts.push(head.clone());
        }
    }
    ensure!(cuts.len() == sizes.len(), "the generator gave {} of {} events", head.total(), effort.events);
    Ok((archive, cuts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_again() {
        let fit = Fit::through(&[(1.0, 5.0), (2.0, 7.0), (4.0, 11.0)]);
        assert!((fit.fixed - 3.0).abs() < 1e-9 && (fit.each - 2.0).abs() < 1e-9 && fit.r2 > 0.999_999);
        let law = Law {
            workload: "orders",
            points: Vec::new(),
            between: 1,
            afresh: 0,
            seconds: fit,
            onward: fit,
            index: fit,
        };
        assert!((law.keeps_up_to(Duration::from_secs(13)) - 5.0).abs() < 1e-9);
    }
}
