//! Records that could not be decoded, noted once each.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::codec::DecodeError;
use crate::event::Millis;
use crate::files::{Disk, DiskFile};
use crate::log::file::FsyncPolicy;
use crate::log::{LentRecord, LogError};

/// One undecodable record, as a line of the dead-letter file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeadLetter {
    /// Where it stands: partition.
    pub partition: u32,
    /// Where it stands: offset.
    pub offset: u64,
    /// Why it could not be decoded.
    pub reason: String,
    /// Its key, when that is text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Its key as hexadecimal digits, when it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_hex: Option<String>,
    /// Its value, when that is text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Its value as hexadecimal digits, when it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value_hex: Option<String>,
}

impl DeadLetter {
    fn new(partition: u32, record: &LentRecord<'_>, reason: &DecodeError) -> Self {
        let (key, key_hex) = text_or_hex(record.key);
        let (value, value_hex) = text_or_hex(record.value);
        let reason = reason.to_string();
        DeadLetter { partition, offset: record.offset, reason, key, key_hex, value, value_hex }
    }
}

fn text_or_hex(bytes: &[u8]) -> (Option<String>, Option<String>) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (Some(text.to_owned()), None),
        Err(_) => (None, Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect())),
    }
}

/// The dead letters of one component, made durable as its log's records are. A record whose line a loss of power took
/// is noted again if it is read again.
pub(super) struct DeadLetters {
    file: Option<Box<dyn DiskFile>>,
    policy: FsyncPolicy,
    /// Append time of the letter with which the file was synced last, or of the first one.
    since: Option<Millis>,
    what: String,
    /// By partition: what lies below is noted and counted.
    next: Vec<u64>,
    count: u64,
}

impl DeadLetters {
    /// Goes on in the file that an earlier run of the component left, if there is one.
    pub(super) fn open(
        disk: &dyn Disk,
        path: Option<&Path>,
        partitions: u32,
        policy: FsyncPolicy,
    ) -> Result<Self, LogError> {
        let next = vec![0; partitions as usize];
        let mut letters =
            DeadLetters { file: None, policy, since: None, what: String::new(), next, count: 0 };
        if let Some(path) = path {
            letters.what = format!("note a dead letter in {}", path.display());
            let file = letters.take_up(disk, path);
            letters.file = Some(file.map_err(|error| LogError::io(&letters.what, error))?);
        }
        Ok(letters)
    }

    fn take_up(&mut self, disk: &dyn Disk, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let bytes = match disk.read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let file = disk.create(path)?;
                if self.policy != FsyncPolicy::None {
                    disk.sync_dir(folder(path))?;
                }
                return Ok(file);
            }
            Err(error) => return Err(error),
        };
        let mut whole = 0;
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let letter = line.strip_suffix(b"\n").and_then(|line| serde_json::from_slice(line).ok());
            let Some(DeadLetter { partition, offset, .. }) = letter else { break };
            self.is_new(partition, offset);
            whole += line.len() as u64;
        }
        let mut file = disk.open(path)?;
        // A line that the process did not live to finish.
        file.truncate(whole)?;
        Ok(file)
    }

    /// Notes and counts a record, unless it was before.
    pub(super) fn note(
        &mut self,
        partition: u32,
        record: &LentRecord<'_>,
        reason: &DecodeError,
    ) -> Result<(), LogError> {
        if !self.is_new(partition, record.offset) {
            return Ok(());
        }
        let Some(file) = &mut self.file else { return Ok(()) };
        let letter = DeadLetter::new(partition, record, reason);
        let mut line = serde_json::to_vec(&letter).expect("text and numbers are JSON");
        line.push(b'\n');
        let due = match self.policy {
            FsyncPolicy::None => false,
            FsyncPolicy::EveryBatch => true,
            FsyncPolicy::Interval(pause) => {
                let since = record.appended.saturating_sub(*self.since.get_or_insert(record.appended));
                since >= pause || since < 0
            }
        };
        let written = file.append(&line).and_then(|()| if due { file.sync() } else { Ok(()) });
        if due {
            self.since = Some(record.appended);
        }
        written.map_err(|error| LogError::io(&self.what, error))
    }

    fn is_new(&mut self, partition: u32, offset: u64) -> bool {
        let Some(next) = self.next.get_mut(partition as usize) else { return false };
        let new = offset >= *next;
        if new {
            *next = offset + 1;
            self.count += 1;
        }
        new
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }
}

/// The folder that a path stands in.
fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::{PowerLoss, make_dir};

    fn poison(offset: u64) -> LentRecord<'static> {
        let (key, value): (&[u8], &[u8]) = (b"k", b"?");
        LentRecord { offset, origin: None, intended: 0, appended: offset as i64, key, value }
    }

    /// Notes letters one after another, then loses power, and says how many are left.
    fn left(seed: u64, policy: FsyncPolicy, letters: u64, steps: Option<u64>) -> (u64, u64) {
        let (disk, path) = (PowerLoss::new(seed), Path::new("/state/dead.jsonl"));
        make_dir(&disk, Path::new("/state")).expect("room in memory");
        if let Some(steps) = steps {
            disk.crash_after(steps);
        }
        let mut acknowledged = 0;
        if let Ok(mut dead) = DeadLetters::open(&disk, Some(path), 1, policy) {
            for offset in 0..letters {
                if dead.note(0, &poison(offset), &DecodeError("no event".into())).is_err() {
                    break;
                }
                acknowledged += 1;
            }
        }
        let disk = disk.surviving();
        let again = DeadLetters::open(&disk, Some(path), 1, policy).expect("the disk is whole");
        (acknowledged, again.count())
    }

    #[test]
    fn a_letter_survives_a_loss_of_power_as_the_policy_says() {
        for seed in 0..40 {
            assert_eq!(left(seed, FsyncPolicy::EveryBatch, 5, None), (5, 5), "seed {seed}");
            let (_, found) = left(seed, FsyncPolicy::Interval(3), 6, None);
            assert!(found >= 4, "seed {seed}: {found}");
            for steps in 0..12 {
                let (acknowledged, found) = left(seed, FsyncPolicy::EveryBatch, 5, Some(steps));
                assert!(found >= acknowledged, "seed {seed}, step {steps}: {found} of {acknowledged}");
            }
        }
    }
}
