//! After a crash at any step nothing is missing and nothing is there twice.

use std::path::Path;
use std::sync::Arc;

use lambda::archive::{Archive, ArchiveError};
use workloads::Version;
use workloads::files::{PowerLoss, SharedDisk};

use super::{FOLDER, held, open, records};

#[test]
fn a_full_disk_leaves_the_archive_as_it_was() {
    let disk = PowerLoss::new(1);
    let shared: SharedDisk = Arc::new(disk.clone());
    let mut archive = open(&shared, "orders", 1);
    let cut = Version(vec![500]);
    archive.append(&records("orders", &Version::zero(1), &cut)).expect("records in order");
    for room in [0, 10, 3000] {
        disk.full_after(Some(room));
        assert!(matches!(archive.seal(&cut), Err(ArchiveError::Io { .. })));
        assert_eq!(archive.sealed(), &Version::zero(1));
    }
    disk.full_after(None);
    archive.seal(&cut).expect("room");
    assert_eq!(held(&archive, &cut), records("orders", &Version::zero(1), &cut));
}

/// Seals by steps on a disk that loses power, and says what was sealed when it did.
fn seal_until(disk: &PowerLoss, cuts: &[Version]) -> (Version, Version) {
    let shared: SharedDisk = Arc::new(disk.clone());
    let mut done = Version::zero(2);
    let Ok(mut archive) = Archive::open(&shared, Path::new(FOLDER), "orders", 2) else {
        return (done.clone(), done);
    };
    for cut in cuts {
        let Ok(()) = archive.append(&records("orders", &done, cut)) else { panic!("records in order") };
        if archive.seal(cut).is_err() {
            return (done, cut.clone());
        }
        done = cut.clone();
    }
    (done.clone(), done)
}

#[test]
fn after_a_loss_of_power_nothing_is_missing_and_nothing_is_there_twice() {
    let cuts = [Version(vec![10, 0]), Version(vec![25, 40]), Version(vec![26, 41])];
    let whole = PowerLoss::new(0);
    seal_until(&whole, &cuts);
    for step in 0..=whole.steps() {
        for seed in 0..12 {
            let disk = PowerLoss::new(seed);
            disk.crash_after(step);
            let (done, tried) = seal_until(&disk, &cuts);
            let disk: SharedDisk = Arc::new(disk.surviving());
            let mut archive = Archive::open(&disk, Path::new(FOLDER), "orders", 2)
                .unwrap_or_else(|error| panic!("step {step}, seed {seed}: {error}"));
            let sealed = archive.sealed().clone();
            assert!(sealed == done || sealed == tried, "step {step}, seed {seed}: {sealed}, not {done}");
            assert_eq!(held(&archive, &sealed), records("orders", &Version::zero(2), &sealed));
            let last = Version(vec![30, 50]);
            archive.append(&records("orders", &sealed, &last)).expect("records in order");
            archive.seal(&last).expect("a seal");
            assert_eq!(held(&archive, &last), records("orders", &Version::zero(2), &last));
        }
    }
}
