//! Writes an archive: `archive LOG FOLDER` of a log, `archive WORKLOAD EVENTS KEYS MARKS FOLDER` of generated events, a
//! share of which are cancellations or busts. What `scripts/sql` and `scripts/peers` read.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use lambda::archive::Archive;
use workloads::faults::DeliveryFaults;
use workloads::files::{RealDisk, SharedDisk};
use workloads::intake::{Feed, Intake};
use workloads::log::file::{FileLog, FsyncPolicy};
use workloads::partition::PartitionBy;
use workloads::{Dedup, Log, Place, Record, Shape, Version, workload};

/// Records archived between two seals, so that not all of a log is in memory at once.
const SEAL: u64 = 1 << 20;

/// Partitions of generated events.
const PARTITIONS: u32 = 4;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let disk: SharedDisk = Arc::new(RealDisk);
    let records = match arguments.as_slice() {
        [log, folder] => copy(&disk, Path::new(log), Path::new(folder))?,
        [workload, events, keys, marks, folder] => {
            let shape = Shape {
                seed: 42,
                events: events.parse()?,
                rate: 20_000.0,
                keys: keys.parse()?,
                cancellations: marks.parse()?,
                corrections: 0.0,
                start: 1_700_000_000_000,
                first_sequence: 0,
            };
            generate(&disk, workload, &shape, Path::new(folder))?
        }
        _ => return Err("usage: archive LOG FOLDER, or archive WORKLOAD EVENTS KEYS MARKS FOLDER".into()),
    };
    println!("{records} records");
    Ok(())
}

fn copy(disk: &SharedDisk, log: &Path, folder: &Path) -> Result<u64, Box<dyn Error>> {
    let log = FileLog::open(disk, log)?;
    let (heads, partitions) = (log.heads()?, log.meta().partitions);
    let mut archive = Archive::open(disk, folder, &log.meta().workload, partitions)?;
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
    Ok(heads.total())
}

fn generate(disk: &SharedDisk, name: &str, shape: &Shape, folder: &Path) -> Result<u64, Box<dyn Error>> {
    let workload = workload(name).ok_or_else(|| format!("there is no workload {name}"))?;
    let mut archive = Archive::open(disk, folder, name, PARTITIONS)?;
    let (mut head, mut records) = (Version::zero(PARTITIONS), Vec::new());
    for (number, draft) in (0u64..).zip((workload.generate)(shape)) {
        let key = draft.event.key().as_bytes();
        let partition = PartitionBy::Key.partition(key, draft.origin, number, PARTITIONS);
        let offset = head.0[partition as usize];
        head.0[partition as usize] += 1;
        let (place, appended) = (Place { partition, offset }, shape.start + draft.intended / 1000);
        let (origin, intended, event) = (draft.origin, draft.intended, draft.event);
        records.push(Record { place, origin, intended, appended, event });
        if (number + 1).is_multiple_of(SEAL) || number + 1 == shape.events {
            archive.append(&records)?;
            records.clear();
            archive.seal(&head)?;
        }
    }
    Ok(head.total())
}
