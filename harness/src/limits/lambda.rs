//! The Lambda's layers: speed over decoded events, archive to Parquet, and the batch over that.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::ensure;
use lambda::alone::{Stream, answer, recompute};
use lambda::archive::Archive;
use workloads::{Dedup, Terms, Version, Workload};

use super::Part;
use super::input::{Input, PARTITIONS};

/// The part that the batches read from.
const ARCHIVE: &str = "lambda: archive";

pub(super) fn parts<'a>(workload: &'static Workload, input: &'a Input) -> Vec<Part<'a>> {
    let mut parts = vec![
        Part::new("lambda: speed, all views", "decoded, nothing in the batch", move || {
            speed(workload, input)
        }),
        Part::new(ARCHIVE, "decoded, to Parquet, synced", move || archive(workload, input)),
    ];
    let mut from_archive = |name: &str, setting, run: Box<dyn Fn() -> anyhow::Result<Duration> + 'a>| {
        parts.push(Part::new(name, setting, run).reading(ARCHIVE));
    };
    let indexed = "from Parquet, with its index";
    from_archive("lambda: batch, all views", indexed, Box::new(move || batch(workload, input)));
    let name = "lambda: batch by the speed layer's fold, all views";
    from_archive(name, indexed, Box::new(move || shared(workload, input)));
    let (name, views) = super::aimed(workload);
    if !views.is_empty() {
        let run = Box::new(move || fold(workload, input, views));
        from_archive(&format!("lambda: batch, {name}"), "from Parquet, rows only", run);
    }
    parts
}

fn speed(workload: &Workload, input: &Input) -> anyhow::Result<Duration> {
    let mut stream = Stream::new(workload.name, &Terms::default())?;
    let began = Instant::now();
    stream.feed(&input.records)?;
    let took = began.elapsed();
    input.agree(workload, &stream.answer(&input.whole(workload))?)?;
    Ok(took)
}

/// Writes the archive that `batch` reads, in place of an earlier round's.
fn archive(workload: &Workload, input: &Input) -> anyhow::Result<Duration> {
    let folder = input.scratch.join("archive");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let mut archive = Archive::open(&input.disk, &folder, workload.name, PARTITIONS)?;
    let began = Instant::now();
    archive.append(&input.records)?;
    archive.seal(&head(input))?;
    Ok(began.elapsed())
}

fn batch(workload: &Workload, input: &Input) -> anyhow::Result<Duration> {
    let archive = Archive::open(&input.disk, &input.scratch.join("archive"), workload.name, PARTITIONS)?;
    let head = head(input);
    ensure!(archive.sealed() == &head, "the archive was not sealed at the head");
    let began = Instant::now();
    recompute(workload.name, &archive, &head, &Terms::default(), Dedup::Origin)?;
    Ok(began.elapsed())
}

fn shared(workload: &Workload, input: &Input) -> anyhow::Result<Duration> {
    let archive = Archive::open(&input.disk, &input.scratch.join("archive"), workload.name, PARTITIONS)?;
    let head = head(input);
    let began = Instant::now();
    ::lambda::shared(workload.name, &archive, &head, (&Terms::default(), Dedup::Origin))?;
    Ok(began.elapsed())
}

/// Some views alone, without what corrections would need.
fn fold(workload: &Workload, input: &Input, views: &[&str]) -> anyhow::Result<Duration> {
    let archive = Archive::open(&input.disk, &input.scratch.join("archive"), workload.name, PARTITIONS)?;
    let head = head(input);
    let began = Instant::now();
    let rows = answer(workload.name, views, &archive, &head, &Terms::default(), Dedup::Origin)?;
    let took = began.elapsed();
    rows.first().map_or(Ok(()), |rows| input.agree(workload, rows))?;
    Ok(took)
}

fn head(input: &Input) -> Version {
    Version(input.bin.iter().map(|records| records.len() as u64).collect())
}
