//! Records that could not be decoded, noted once each.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::codec::DecodeError;
use crate::files::{Disk, DiskFile, RealDisk};
use crate::log::{LogError, RawRecord};

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
    fn new(partition: u32, record: &RawRecord, reason: &DecodeError) -> Self {
        let (key, key_hex) = text_or_hex(&record.key);
        let (value, value_hex) = text_or_hex(&record.value);
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

/// The dead letters of one component. Its file is written but not synced: a record whose line a loss of power
/// took is read, and noted, again.
pub(super) struct DeadLetters {
    file: Option<Box<dyn DiskFile>>,
    what: String,
    /// By partition: what lies below is noted and counted.
    next: Vec<u64>,
    count: u64,
}

impl DeadLetters {
    /// Goes on in the file that an earlier run of the component left, if there is one.
    pub(super) fn open(path: Option<&Path>, partitions: u32) -> Result<Self, LogError> {
        let mut letters =
            DeadLetters { file: None, what: String::new(), next: vec![0; partitions as usize], count: 0 };
        if let Some(path) = path {
            letters.what = format!("note a dead letter in {}", path.display());
            letters.file = Some(letters.take_up(path).map_err(|error| LogError::io(&letters.what, error))?);
        }
        Ok(letters)
    }

    fn take_up(&mut self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let bytes = match RealDisk.read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return RealDisk.create(path),
            Err(error) => return Err(error),
        };
        let mut whole = 0;
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let letter = line.strip_suffix(b"\n").and_then(|line| serde_json::from_slice(line).ok());
            let Some(DeadLetter { partition, offset, .. }) = letter else { break };
            self.is_new(partition, offset);
            whole += line.len() as u64;
        }
        let mut file = RealDisk.open(path)?;
        // A line that the process did not live to finish.
        file.truncate(whole)?;
        Ok(file)
    }

    /// Notes and counts a record, unless it was before.
    pub(super) fn note(
        &mut self,
        partition: u32,
        record: &RawRecord,
        reason: &DecodeError,
    ) -> Result<(), LogError> {
        if !self.is_new(partition, record.offset) {
            return Ok(());
        }
        let Some(file) = &mut self.file else { return Ok(()) };
        let letter = DeadLetter::new(partition, record, reason);
        let mut line = serde_json::to_vec(&letter).expect("text and numbers are JSON");
        line.push(b'\n');
        file.append(&line).map_err(|error| LogError::io(&self.what, error))
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
