//! Small files become large ones, and no answer changes.

use std::path::Path;
use std::sync::Arc;

use workloads::files::{PowerLoss, SharedDisk};
use workloads::{Dedup, Version, WORKLOADS};

use super::{FOLDER, held, open, part, record, records, sealed_disk};

/// The Parquet files there are, with those that are no longer held.
fn parts(disk: &SharedDisk) -> usize {
    let folders = disk.list(Path::new(FOLDER)).expect("a folder");
    let folders = folders.iter().filter(|name| name.starts_with("date="));
    folders.map(|folder| disk.list(&Path::new(FOLDER).join(folder)).expect("a folder").len()).sum()
}

#[test]
fn merged_files_hold_what_the_small_ones_held() {
    for workload in WORKLOADS {
        let cuts: Vec<[u64; 3]> = (1..=9).map(|cut| [cut * 20, cut * 3, (cut / 4) * 9]).collect();
        let (disk, mut archive) = sealed_disk(workload.name, &cuts);
        let (last, middle) = (archive.sealed().clone(), Version(vec![77, 4, 9]));
        let before = (held(&archive, &last), held(&archive, &middle));
        assert_eq!(parts(&disk), 9);
        assert!(archive.compact(1_000).expect("a merge"));
        assert!(!archive.compact(1_000).expect("nothing to merge"));
        assert_eq!((held(&archive, &last), held(&archive, &middle)), before, "{}", workload.name);
        let mut again = open(&disk, workload.name, 3);
        assert_eq!((held(&again, &last), held(&again, &middle)), before, "{}", workload.name);
        // The nine are there until the next manifest, for whoever reads by the one before.
        assert_eq!(parts(&disk), 10);
        let next = Version(vec![200, 30, 20]);
        again.append(&records(workload.name, &last, &next)).expect("records in order");
        again.seal(&next).expect("a seal");
        assert_eq!(parts(&disk), 2);
        assert_eq!(
            held(&open(&disk, workload.name, 3), &next),
            records(workload.name, &Version::zero(3), &next)
        );
    }
}

#[test]
fn offsets_without_a_record_and_second_deliveries_survive_a_merge() {
    let disk: SharedDisk = Arc::new(PowerLoss::new(1));
    let mut archive = open(&disk, "orders", 1).holding(Dedup::None).expect("an empty archive");
    let mut all = Vec::new();
    for number in 0..8_u64 {
        let new = (number * 10..number * 10 + 10).filter(|offset| offset % 4 == number % 2);
        let new: Vec<_> =
            new.flat_map(|offset| vec![record("orders", 0, offset); 1 + offset as usize % 2]).collect();
        archive.append(&new).expect("records in order");
        all.extend(new);
        archive.seal(&Version(vec![number * 10 + 10])).expect("a seal");
    }
    assert!(archive.compact(100).expect("a merge"));
    let again = open(&disk, "orders", 1);
    assert_eq!((again.sealed(), held(&again, again.sealed())), (&Version(vec![80]), all));
}

/// Seals and merges on a disk that loses power; what was sealed by then, and what may be.
fn busy(disk: &PowerLoss) -> (Version, Version) {
    let shared: SharedDisk = Arc::new(disk.clone());
    let mut done = Version::zero(2);
    let folder = Path::new(FOLDER);
    let Ok(mut archive) = lambda::archive::Archive::open(&shared, folder, "orders", 2) else {
        return (done.clone(), done);
    };
    for cut in 1..=10 {
        let cut = Version(vec![cut * 3, cut]);
        archive.append(&records("orders", &done, &cut)).expect("records in order");
        if archive.seal(&cut).is_err() {
            return (done, cut);
        }
        done = cut;
        if archive.compact(1_000).is_err() {
            break;
        }
    }
    (done.clone(), done)
}

#[test]
fn a_loss_of_power_while_merging_loses_nothing_and_repeats_nothing() {
    let whole = PowerLoss::new(0);
    busy(&whole);
    for step in 0..=whole.steps() {
        for seed in 0..6 {
            let disk = PowerLoss::new(seed);
            disk.crash_after(step);
            let (done, tried) = busy(&disk);
            let disk: SharedDisk = Arc::new(disk.surviving());
            let archive = open(&disk, "orders", 2);
            let sealed = archive.sealed().clone();
            assert!(sealed == done || sealed == tried, "step {step}, seed {seed}: {sealed}, not {done}");
            assert_eq!(held(&archive, &sealed), records("orders", &Version::zero(2), &sealed));
        }
    }
}

#[test]
fn what_a_crash_left_behind_goes_when_the_archive_is_next_written() {
    let cuts: Vec<[u64; 3]> = (1..=8).map(|cut| [cut * 20, cut * 3, cut]).collect();
    let (disk, mut archive) = sealed_disk("words", &cuts);
    let folder = Path::new(FOLDER).join("date=2023-11-14");
    let small = part(&disk, 3);
    let bytes = disk.read(&small).expect("a file");
    assert!(archive.compact(1_000).expect("a merge"));
    let next = Version(vec![161, 24, 8]);
    archive.append(&records("words", archive.sealed(), &next)).expect("records in order");
    archive.seal(&next).expect("a seal");
    // As if the power had gone before it was removed, and while the next was written.
    for path in [small, folder.join("part-000099-00000000.parquet.writing")] {
        disk.create(&path).and_then(|mut file| file.append(&bytes)).expect("a file");
    }
    let log = workloads::log::memory::MemoryLog::create(workloads::Meta {
        workload: "words".into(),
        codec: workloads::Codec::Bin,
        partitions: 3,
        partition_by: workloads::partition::PartitionBy::Key,
        made_by: "a test".into(),
    });
    let archive = open(&disk, "words", 3).following(&log, Dedup::Origin).expect("its log");
    assert_eq!(disk.list(&folder).expect("a folder").len(), 3);
    assert_eq!(held(&archive, &next), records("words", &Version::zero(3), &next));
}
