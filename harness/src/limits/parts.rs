//! The parts that are timed beside the plain loop.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::ensure;
use workloads::intake::{Feed, Intake};
use workloads::log::RawRecord;
use workloads::log::file::{FileLog, FsyncPolicy};
use workloads::{Appender, Codec, Log, Version, Workload};

use super::Part;
use super::input::{BATCH, Input, PARTITIONS};
use super::{kappa, lambda};

/// Every part of a workload.
pub(super) fn all<'a>(workload: &'static Workload, input: &'a Input) -> Vec<Part<'a>> {
    let mut parts = log(input);
    for codec in [Codec::Bin, Codec::Json] {
        parts.push(Part::new("decode", codec.name(), move || decode(input, codec)));
        parts.push(Part::new("intake from disk", codec.name(), move || intake(input, codec)));
    }
    parts.extend(kappa::parts(workload, input));
    parts.extend(lambda::parts(workload, input));
    parts
}

/// The embedded log itself: records of 100 bytes, without key or origin; and with our own records.
fn log(input: &Input) -> Vec<Part<'_>> {
    vec![
        Part::new("log append", "100 bytes, fsync none", || append(input, &input.hundred)),
        Part::new("log replay", "100 bytes", || replay(input)).reading("log append"),
        Part::new("log append", "bin with origin, fsync none", || append(input, &input.bin[0])),
    ]
}

/// Appends `records` to a new log, batch by batch; scaled to the number of events if they are fewer.
fn append(input: &Input, records: &[RawRecord]) -> anyhow::Result<Duration> {
    let folder = input.scratch.join("append");
    FileLog::create(&input.disk, &folder, &input.meta(Codec::Bin, 1))?;
    let mut appender = FileLog::appender(&input.disk, &folder, FsyncPolicy::None)?;
    let began = Instant::now();
    for batch in records.chunks(BATCH) {
        appender.append(0, batch)?;
    }
    let took = began.elapsed();
    let appended = FileLog::open(&input.disk, &folder)?.heads()?.total();
    ensure!(appended == records.len() as u64, "the log holds {appended} of {} records", records.len());
    drop(appender);
    keep_last(input)?;
    Ok(took.mul_f64(input.records.len() as f64 / records.len().max(1) as f64))
}

/// The last log appended is what `replay` reads.
fn keep_last(input: &Input) -> anyhow::Result<()> {
    let kept = input.scratch.join("appended");
    if kept.exists() {
        fs::remove_dir_all(input.scratch.join("append"))?;
    } else {
        fs::rename(input.scratch.join("append"), kept)?;
    }
    Ok(())
}

fn replay(input: &Input) -> anyhow::Result<Duration> {
    let log = FileLog::open(&input.disk, &input.scratch.join("appended"))?;
    let mut reader = log.reader(0, 0)?;
    let (mut records, mut bytes, mut total) = (Vec::new(), 0, 0);
    let began = Instant::now();
    loop {
        records.clear();
        let read = reader.read(u64::MAX, 4096, &mut records)?;
        if read == 0 {
            break;
        }
        total += read;
        bytes += records.iter().map(|record: &RawRecord| record.value.len()).sum::<usize>();
    }
    let took = began.elapsed();
    ensure!(total == input.hundred.len() && bytes == total * 100, "{total} records were replayed");
    Ok(took)
}

fn decode(input: &Input, codec: Codec) -> anyhow::Result<Duration> {
    let raw = input.raw(codec);
    let mut times = 0;
    let began = Instant::now();
    for record in raw.iter().flatten() {
        times ^= codec.decode(input.workload, &record.key, &record.value, record.appended)?.time();
    }
    let took = began.elapsed();
    let truth = input.records.iter().fold(0, |times, record| times ^ record.event.time());
    ensure!(times == truth, "decoded events differ from those encoded");
    Ok(took)
}

fn intake(input: &Input, codec: Codec) -> anyhow::Result<Duration> {
    let log = FileLog::open(&input.disk, &input.log_dir(codec))?;
    let heads = log.heads()?;
    let partitions: Vec<u32> = (0..PARTITIONS).collect();
    let mut intake = Intake::open(&log, &partitions, &Version::zero(PARTITIONS), &Feed::default())?;
    let (mut records, mut total) = (Vec::new(), 0);
    let began = Instant::now();
    while intake.version() != &heads {
        for partition in &partitions {
            records.clear();
            intake.pull(*partition, heads.0[*partition as usize], 4096, &mut records)?;
            total += records.len();
        }
    }
    let took = began.elapsed();
    ensure!(total == input.records.len(), "{total} records came in");
    Ok(took)
}
