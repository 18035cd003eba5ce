//! The file of bindings: which offsets each version of this Kappa stands for, in the order in which they were bound.
//!
//! A binding is written before anything of its version can be seen, so that a replay meets the same versions, and made
//! durable as the log's records are: what the machine forgets of both is bound again, and what was bound beyond the end
//! of the log is cut off.

use std::io;
use std::path::{Path, PathBuf};

use workloads::files::{DiskFile, SharedDisk, make_dir};
use workloads::log::file::FsyncPolicy;
use workloads::{Micros, Version};

use crate::error::KappaError;

const MAGIC: &[u8; 16] = b"kappa-bindings-1";

/// Appends to the file of bindings.
pub(crate) struct Bindings {
    path: PathBuf,
    file: Box<dyn DiskFile>,
    written: u64,
    policy: FsyncPolicy,
    /// When they were made durable last, or first written.
    since: Option<Micros>,
}

impl Bindings {
    /// Opens or makes the file in the folder `state`, and reads the bindings that a log with these heads covers; says in
    /// a line what it had to cut off.
    pub(crate) fn open(
        disk: &SharedDisk,
        state: &Path,
        heads: &Version,
        policy: FsyncPolicy,
    ) -> Result<(Self, Vec<Version>, Option<String>), KappaError> {
        let path = file(state);
        let name = path.display().to_string();
        let io = |what: &str, cause| KappaError::Io { what: format!("{what} {name}"), cause };
        let partitions = heads.0.len();
        let bytes = match disk.read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(io("reading", error)),
        };
        let head = header(partitions);
        // A crash may have left a header with a part missing or blank: then nothing was bound.
        if bytes.iter().zip(&head).any(|(byte, due)| byte != due && *byte != 0) {
            return Err(KappaError::Format(name, partitions));
        }
        if !bytes.starts_with(&head) {
            make_dir(&**disk, state).map_err(|error| io("making the folder of", error))?;
            let mut file = disk.create(&path).map_err(|error| io("making", error))?;
            file.append(&head).map_err(|error| io("writing", error))?;
            if policy != FsyncPolicy::None {
                file.sync().and_then(|()| disk.sync_dir(state)).map_err(|error| io("syncing", error))?;
            }
            return Ok((Bindings { path, file, written: 0, policy, since: None }, Vec::new(), None));
        }
        let (bindings, ahead) = valid(&bytes[head.len()..], heads);
        let mut file = disk.open(&path).map_err(|error| io("opening", error))?;
        let end = head.len() + bindings.len() * entry_size(partitions);
        if end < bytes.len() {
            file.truncate(end as u64).map_err(|error| io("cutting the torn end of", error))?;
        }
        let written = bindings.len() as u64;
        let cut = ahead.map(|ahead| {
            format!(
                "{name} held a version at {ahead}, but the log ends at {heads}: it and those after it are bound again"
            )
        });
        Ok((Bindings { path, file, written, policy, since: None }, bindings, cut))
    }

    /// Notes the next bindings.
    pub(crate) fn append(&mut self, bindings: &[Version], now: Micros) -> Result<(), KappaError> {
        let mut bytes = Vec::with_capacity(bindings.len() * 64);
        for (index, binding) in (self.written..).zip(bindings) {
            encode(index, binding, &mut bytes);
        }
        self.written += bindings.len() as u64;
        let due = match self.policy {
            FsyncPolicy::None => false,
            FsyncPolicy::EveryBatch => true,
            FsyncPolicy::Interval(pause) => {
                let since = now.saturating_sub(*self.since.get_or_insert(now));
                since < 0 || since >= pause.saturating_mul(1000)
            }
        };
        let written = self.file.append(&bytes).and_then(|()| if due { self.file.sync() } else { Ok(()) });
        if due {
            self.since = Some(now);
        }
        written.map_err(|cause| KappaError::Io { what: format!("writing {}", self.path.display()), cause })
    }
}

/// The file in the folder `state`.
pub(crate) fn file(state: &Path) -> PathBuf {
    state.join("bindings")
}

fn header(partitions: usize) -> Vec<u8> {
    [&MAGIC[..], &(partitions as u64).to_le_bytes()].concat()
}

fn entry_size(partitions: usize) -> usize {
    (partitions + 1) * 8
}

fn encode(index: u64, binding: &Version, bytes: &mut Vec<u8>) {
    let from = bytes.len();
    bytes.extend(binding.0.iter().flat_map(|next| next.to_le_bytes()));
    let check = checksum(index, &bytes[from..]);
    bytes.extend(check.to_le_bytes());
}

/// The bindings up to the first that is torn, out of order or beyond the log; and that one, if it is beyond.
fn valid(bytes: &[u8], heads: &Version) -> (Vec<Version>, Option<Version>) {
    let mut bindings: Vec<Version> = Vec::new();
    for (index, entry) in (0..).zip(bytes.chunks_exact(entry_size(heads.0.len()))) {
        let (offsets, check) = entry.split_at(entry.len() - 8);
        if checksum(index, offsets).to_le_bytes() != *check {
            break;
        }
        let words = offsets.chunks_exact(8).map(|word| word.try_into().expect("a chunk of eight bytes"));
        let binding = Version(words.map(u64::from_le_bytes).collect());
        if bindings.last().is_some_and(|last| !binding.covers(last)) {
            break;
        }
        if !heads.covers(&binding) {
            return (bindings, Some(binding));
        }
        bindings.push(binding);
    }
    (bindings, None)
}

/// FNV-1a over the entry's number and bytes: enough to tell a torn entry from a whole one.
fn checksum(index: u64, bytes: &[u8]) -> u64 {
    let index = index.to_le_bytes();
    index
        .iter()
        .chain(bytes)
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
