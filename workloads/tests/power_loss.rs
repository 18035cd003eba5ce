//! Losing power at every step: what was acknowledged as durable is still there, and what is there is a prefix.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use workloads::codec::Codec;
use workloads::event::Origin;
use workloads::files::{Disk, PowerLoss, SharedDisk, make_dir};
use workloads::log::file::{FileLog, FsyncPolicy, verify};
use workloads::log::{Appender, Log, LogError, Meta, RawRecord};
use workloads::partition::PartitionBy;

/// Small enough that a few batches fill a segment.
const ROLL: u64 = 700;
/// Each of them crashes differently.
const SEEDS: Range<u64> = 0..40;
/// Records in a batch: one batch survives whole or not at all.
const BATCH: u64 = 2;

fn folder() -> &'static Path {
    Path::new("/logs/run/log")
}

fn shared(disk: &PowerLoss) -> SharedDisk {
    Arc::new(disk.clone())
}

fn meta() -> Meta {
    Meta {
        workload: "orders".into(),
        codec: Codec::Json,
        partitions: 2,
        partition_by: PartitionBy::Key,
        made_by: "test".into(),
    }
}

fn record(life: u64, number: u64) -> RawRecord {
    RawRecord {
        offset: number,
        origin: Some(Origin { source: life as u32, sequence: number }),
        intended: 7,
        appended: number as i64,
        key: Bytes::from_static(b"k"),
        value: Bytes::from(vec![life as u8; 60]),
    }
}

fn read_all(log: &FileLog, partition: u32) -> Result<Vec<RawRecord>, LogError> {
    let mut reader = log.reader(partition, 0)?;
    let mut out = Vec::new();
    while reader.read(u64::MAX, 3, &mut out)? > 0 {}
    Ok(out)
}

/// What one partition should hold: everything up to `safe`, and in what order anything after that.
#[derive(Clone, Default)]
struct Expected {
    records: Vec<RawRecord>,
    safe: usize,
}

impl Expected {
    /// Checks what is found after a loss, which is then all there is.
    fn settle(&mut self, found: Vec<RawRecord>, story: &str) {
        assert!(found.len() >= self.safe, "{story}: {} durable, {} found", self.safe, found.len());
        assert_eq!(found.len() as u64 % BATCH, 0, "{story}: half a batch was read");
        assert!(self.records.starts_with(&found), "{story}: not a prefix");
        *self = Expected { safe: found.len(), records: found };
    }
}

/// One life of a writer: it opens the log and appends until the power goes, or to its end.
fn live(
    disk: &PowerLoss,
    life: u64,
    policy: FsyncPolicy,
    expected: &mut [Expected; 2],
) -> Result<(), LogError> {
    let mut appender = FileLog::appender(&shared(disk), folder(), policy)?.roll_at(ROLL);
    for turn in 0..9 {
        for partition in 0..2 {
            let held = &mut expected[partition as usize];
            let next = held.records.len() as u64;
            let batch: Vec<_> = (next..next + BATCH).map(|number| record(life, number)).collect();
            held.records.extend_from_slice(&batch);
            appender.append(partition, &batch)?;
            if policy == FsyncPolicy::EveryBatch {
                held.safe = held.records.len();
            }
        }
        if turn % 4 == 3 && policy != FsyncPolicy::EveryBatch {
            appender.sync()?;
            expected.iter_mut().for_each(|held| held.safe = held.records.len());
        }
    }
    Ok(())
}

/// Readers, the checker and the next writer agree on what is left.
fn look(disk: &PowerLoss, expected: &mut [Expected; 2], story: &str) {
    let disk = shared(disk);
    let log = FileLog::open(&disk, folder()).unwrap_or_else(|error| panic!("{story}: {error}"));
    let checked = verify(&disk, folder()).unwrap_or_else(|error| panic!("{story}: {error}"));
    for (partition, held) in (0..).zip(expected) {
        let found = read_all(&log, partition).unwrap_or_else(|error| panic!("{story}: {error}"));
        assert_eq!(checked[partition as usize].records, found.len() as u64, "{story}");
        held.settle(found, story);
    }
}

fn made(seed: u64) -> PowerLoss {
    let disk = PowerLoss::new(seed);
    FileLog::create(&shared(&disk), folder(), &meta()).unwrap();
    disk
}

/// Crashes at step after step, three lives on each disk, each of which crashes too.
fn crash_everywhere(policy: FsyncPolicy) {
    for seed in SEEDS {
        let whole = made(seed);
        let before = whole.steps();
        live(&whole, 0, policy, &mut Default::default()).unwrap();
        let steps = whole.steps() - before;
        for at in (seed % 5..steps).step_by(5) {
            let mut disk = made(seed).surviving();
            let mut expected: [Expected; 2] = Default::default();
            for life in 1..=3 {
                let story = format!("{policy:?}, seed {seed}, step {at}, life {life}");
                disk.crash_after(if life == 2 { at % 13 } else { at });
                let _ = live(&disk, life, policy, &mut expected);
                disk = disk.surviving();
                look(&disk, &mut expected, &story);
            }
        }
    }
}

#[test]
fn with_a_sync_for_every_batch_whatever_was_acknowledged_survives() {
    crash_everywhere(FsyncPolicy::EveryBatch);
}

#[test]
fn without_syncs_of_its_own_what_was_synced_by_hand_survives() {
    crash_everywhere(FsyncPolicy::None);
}

#[test]
fn with_a_sync_now_and_then_what_survives_is_a_prefix() {
    crash_everywhere(FsyncPolicy::Interval(3));
}

#[test]
fn an_interval_makes_durable_what_is_older_than_itself() {
    for seed in SEEDS {
        let disk = made(seed);
        let mut appender = FileLog::appender(&shared(&disk), folder(), FsyncPolicy::Interval(5)).unwrap();
        for number in 0..7 {
            appender.append(0, &[record(1, number)]).unwrap();
        }
        disk.crash_after(0);
        drop(appender);
        let log = FileLog::open(&shared(&disk.surviving()), folder()).unwrap();
        assert!(read_all(&log, 0).unwrap().len() >= 6, "seed {seed}");
    }
}

#[test]
fn an_interval_takes_a_step_back_in_time_for_an_interval() {
    for seed in SEEDS {
        let disk = made(seed);
        let mut appender = FileLog::appender(&shared(&disk), folder(), FsyncPolicy::Interval(5)).unwrap();
        for number in [900, 300, 301, 100] {
            appender.append(0, &[record(1, number)]).unwrap();
        }
        disk.crash_after(0);
        drop(appender);
        let log = FileLog::open(&shared(&disk.surviving()), folder()).unwrap();
        assert_eq!(read_all(&log, 0).unwrap().len(), 4, "seed {seed}");
    }
}

#[test]
fn a_log_that_was_made_stays_made_and_one_that_was_not_can_be_made_again() {
    for seed in SEEDS {
        let steps = made(seed).steps();
        for at in 0..=steps {
            let disk = PowerLoss::new(seed);
            disk.crash_after(at);
            let done = FileLog::create(&shared(&disk), folder(), &meta());
            let disk = shared(&disk.surviving());
            match FileLog::open(&disk, folder()) {
                Ok(log) => assert_eq!(log.meta(), &meta()),
                Err(LogError::Missing(_)) if done.is_err() => {
                    FileLog::create(&disk, folder(), &meta()).unwrap();
                }
                Err(error) => panic!("seed {seed}, step {at}: {error}"),
            }
        }
    }
}

#[test]
fn a_linked_log_that_was_made_stays_made() {
    for seed in SEEDS {
        let disk = made(seed);
        let mut expected: [Expected; 2] = Default::default();
        live(&disk, 1, FsyncPolicy::EveryBatch, &mut expected).unwrap();
        let (disk, to) = (disk.surviving(), Path::new("/runs/other"));
        make_dir(&disk, Path::new("/runs")).unwrap();
        FileLog::link(&shared(&disk), folder(), to).unwrap();
        let disk = shared(&disk.surviving());
        let log = FileLog::open(&disk, to).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        for partition in 0..2 {
            assert!(
                read_all(&log, partition).unwrap() == expected[partition as usize].records,
                "seed {seed}"
            );
        }
    }
}

#[test]
fn a_full_disk_is_one_error_and_the_log_goes_on_when_there_is_room() {
    for room in [0, 1, 50, 100] {
        let disk = made(1);
        let mut appender = FileLog::appender(&shared(&disk), folder(), FsyncPolicy::EveryBatch).unwrap();
        appender.append(0, &[record(1, 0)]).unwrap();
        disk.full_after(Some(room));
        let error = appender.append(0, &[record(1, 1)]).unwrap_err();
        assert!(error.to_string().contains("make room"), "{error}");
        disk.full_after(None);
        assert_eq!(appender.append(0, &[record(1, 1)]).unwrap(), 1..2);
        let log = FileLog::open(&shared(&disk), folder()).unwrap();
        assert_eq!(read_all(&log, 0).unwrap(), [record(1, 0), record(1, 1)]);
        assert_eq!(verify(&shared(&disk), folder()).unwrap()[0].torn, None);
    }
}

#[test]
fn what_was_durable_and_is_gone_is_corrupt() {
    let disk = made(1);
    let mut expected: [Expected; 2] = Default::default();
    live(&disk, 1, FsyncPolicy::EveryBatch, &mut expected).unwrap();
    let last =
        disk.list(&folder().join("0")).unwrap().into_iter().rfind(|name| name.ends_with(".log")).unwrap();
    disk.remove(&folder().join("0").join(last)).unwrap();
    assert!(matches!(FileLog::open(&shared(&disk), folder()), Err(LogError::Corrupt { .. })));
    let writer = FileLog::appender(&shared(&disk), folder(), FsyncPolicy::None);
    assert!(matches!(writer, Err(LogError::Corrupt { .. })));
}

#[test]
fn a_killed_process_leaves_all_that_it_wrote_and_of_its_last_write_some_beginning() {
    let mut kept = Vec::new();
    for seed in SEEDS {
        let disk = PowerLoss::new(seed);
        make_dir(&disk, folder()).unwrap();
        let mut file = disk.create(&folder().join("file")).unwrap();
        file.append(b"whole").unwrap();
        disk.crash_after(0);
        assert!(file.append(b"caught").is_err() && disk.read(&folder().join("file")).is_err());
        assert_eq!(disk.caught(), Some((folder().join("file"), false)));
        disk.revive();
        let found = disk.read(&folder().join("file")).unwrap();
        assert!(found.starts_with(b"whole") && b"wholecaught".starts_with(&found[..]), "{found:?}");
        kept.push(found.len());
    }
    kept.sort_unstable();
    kept.dedup();
    assert!(kept.len() > 3, "{kept:?}");
}
