//! Writes a log into an archive: `archive LOG FOLDER`. What `scripts/sql` and `scripts/peers` read.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use lambda::archive::Archive;
use workloads::faults::DeliveryFaults;
use workloads::files::{RealDisk, SharedDisk};
use workloads::intake::{Feed, Intake};
use workloads::log::file::{FileLog, FsyncPolicy};
use workloads::{Dedup, Log};

/// Records archived between two seals, so that not all of a log is in memory at once.
const SEAL: u64 = 1 << 20;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [log, folder] = arguments.as_slice() else { return Err("usage: archive LOG FOLDER".into()) };
    let disk: SharedDisk = Arc::new(RealDisk);
    let log = FileLog::open(&disk, Path::new(log))?;
    let (heads, partitions) = (log.heads()?, log.meta().partitions);
    let mut archive = Archive::open(&disk, Path::new(folder), &log.meta().workload, partitions)?;
    let all: Vec<u32> = (0..partitions).collect();
    // Offsets only: the archive is raw, and whoever asks tells duplicates.
    let feed = Feed {
        dedup: Dedup::Offset,
        dead_letters: None,
        fsync: FsyncPolicy::None,
        faults: DeliveryFaults::default(),
    };
    let mut intake = Intake::open(&log, &all, archive.sealed(), &feed)?;
    while !archive.sealed().covers(&heads) {
        let mut records = Vec::new();
        for partition in 0..partitions {
            intake.pull(partition, heads.0[partition as usize], 1 << 16, &mut records)?;
        }
        archive.append(&records)?;
        let version = intake.version();
        if version.covers(&heads) || version.total() >= archive.sealed().total() + SEAL {
            archive.seal(version)?;
        }
    }
    println!("{} records", heads.total());
    Ok(())
}
