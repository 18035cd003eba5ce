//! What is not as it was written, or of somebody else, is told in one line, and nothing of it is answered.

use std::path::Path;

use lambda::archive::Archive;
use workloads::files::SharedDisk;
use workloads::log::memory::MemoryLog;
use workloads::partition::PartitionBy;
use workloads::{Appender, Codec, Dedup, Meta, Version};

use super::{FOLDER, open, part, record, records, sealed_disk};

#[test]
fn another_log_and_broken_files_are_told_in_one_line() {
    let (disk, _) = sealed_disk("orders", &[[50, 50, 50]]);
    let say = |workload, partitions| match Archive::open(&disk, Path::new(FOLDER), workload, partitions) {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    };
    assert!(say("trades", 3).contains("is of orders in 3 partitions, not of trades in 3 partitions"));
    assert!(say("orders", 4).contains("not of orders in 4 partitions"));
    assert!(say("weather", 3).contains("no archive knows the workload weather"));
    let part = part(&disk, 1);
    let bytes = disk.read(&part).expect("a file");
    disk.open(&part).and_then(|mut file| file.truncate(bytes.len() as u64 - 1)).expect("a cut");
    assert!(say("orders", 3).contains("bytes of the"), "{}", say("orders", 3));
    disk.remove(&part).expect("a removal");
    assert!(say("orders", 3).contains("is named by the archive's manifest and is not there"));
    disk.create(&Path::new(FOLDER).join("manifest.json")).expect("an empty manifest");
    assert!(say("orders", 3).contains("manifest.json"));
}

#[test]
fn a_changed_byte_is_noticed() {
    let (disk, archive) = sealed_disk("trades", &[[50, 50, 50]]);
    let part = part(&disk, 1);
    let mut bytes = disk.read(&part).expect("a file");
    bytes[100] ^= 1;
    disk.create(&part).and_then(|mut file| file.append(&bytes)).expect("a file");
    let error = archive.scan_trades(archive.sealed(), &mut |_| ()).expect_err("a changed byte");
    assert!(error.to_string().contains("its bytes are not those that were written"), "{error}");
}

/// Changes the text of the manifest.
fn edit(disk: &SharedDisk, change: impl Fn(&str) -> String) {
    let path = Path::new(FOLDER).join("manifest.json");
    let text = String::from_utf8(disk.read(&path).expect("a manifest")).expect("text");
    let changed = change(&text);
    assert_ne!(text, changed);
    disk.create(&path).and_then(|mut file| file.append(changed.as_bytes())).expect("a manifest");
}

#[test]
fn a_manifest_of_an_unknown_schema_or_with_a_gap_is_refused() {
    let refused = |change: fn(&str) -> String| {
        let (disk, _) = sealed_disk("orders", &[[50, 50, 50], [60, 60, 60]]);
        edit(&disk, change);
        let said = Archive::open(&disk, Path::new(FOLDER), "orders", 3).err().expect("a refusal").to_string();
        assert!(!said.contains('\n'), "{said}");
        said
    };
    let said = refused(|text| text.replace("\"schema\": 2", "\"schema\": 7"));
    assert!(said.contains("is of schema 7 and this program reads schema 2"), "{said}");
    let said = refused(|text| text.replace("\"schema\": 2,", ""));
    assert!(said.contains("is of schema 0"), "{said}");
    let said = refused(|text| text.replacen("\"upto\": 50", "\"upto\": 49", 1));
    assert!(said.contains("leave a gap"), "{said}");
    let said = refused(|text| text[..text.len() / 2].to_owned());
    assert!(said.contains("manifest.json"), "{said}");
    let said = refused(|text| text.replacen("\"retired\"", "\"removed\"", 1));
    assert!(said.contains("unknown field"), "{said}");
}

#[test]
fn garbage_anywhere_in_a_file_is_noticed_before_anything_is_answered() {
    for at in [0.0, 0.2, 0.5, 0.9, 0.999] {
        let (disk, archive) = sealed_disk("trades", &[[500, 500, 500]]);
        let part = part(&disk, 1);
        let mut bytes = disk.read(&part).expect("a file");
        let from = (at * bytes.len() as f64) as usize;
        bytes[from..].iter_mut().take(16).for_each(|byte| *byte ^= 0x5a);
        disk.create(&part).and_then(|mut file| file.append(&bytes)).expect("a file");
        let mut handed = 0;
        let error = archive.scan_trades(archive.sealed(), &mut |columns| handed += columns.len());
        assert!(error.expect_err("garbage").to_string().contains("not those that were written"));
        assert_eq!(handed, 0);
    }
}

/// A log with records of this archive's kind, appended at times that begin with `start`.
fn log(made_by: &str, number: u64, start: i64) -> MemoryLog {
    let log = MemoryLog::create(Meta {
        workload: "orders".into(),
        codec: Codec::Bin,
        partitions: 3,
        partition_by: PartitionBy::Key,
        made_by: made_by.into(),
    });
    let mut appender = log.appender();
    for partition in 0..3 {
        for offset in 0..number {
            let record = record("orders", partition, offset);
            let mut value = Vec::new();
            Codec::Bin.encode(&record.event, &mut value);
            let raw = workloads::log::RawRecord {
                offset,
                origin: record.origin,
                intended: record.intended,
                appended: record.appended + start,
                key: record.event.key().as_bytes().to_vec().into(),
                value: value.into(),
            };
            appender.append(partition, &[raw]).expect("a log in memory");
        }
    }
    log
}

#[test]
fn an_archive_of_another_log_is_refused_however_alike_that_was_made() {
    let (disk, _) = sealed_disk("orders", &[[0, 0, 0]]);
    let mut archive =
        open(&disk, "orders", 3).following(&log("a plan", 0, 0), Dedup::Origin).expect("its log");
    let cut = Version(vec![20, 20, 20]);
    archive.append(&records("orders", &Version::zero(3), &cut)).expect("records in order");
    archive.seal(&cut).expect("a seal");
    let follow = |log: &MemoryLog| open(&disk, "orders", 3).following(log, Dedup::Origin);
    // Its own, grown; and what is left of it when its end was lost.
    follow(&log("a plan", 25, 0)).expect("its log");
    follow(&log("a plan", 5, 0)).expect("its log");
    let said = follow(&log("another plan", 25, 0)).err().expect("another log").to_string();
    assert!(said.contains("made by [a plan], this one by [another plan]"), "{said}");
    let said = follow(&log("a plan", 25, 1)).err().expect("another log").to_string();
    assert!(said.contains("is of another log: offset 19 of partition 0 is another record there"), "{said}");
    assert!(!said.contains('\n'), "{said}");
}
