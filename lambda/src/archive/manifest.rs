//! What an archive holds, replaced as a whole each time something is sealed or merged.

use std::io;

use serde::{Deserialize, Serialize};
use workloads::calendar::Unit;
use workloads::{Meta, Millis, Version};

use super::error::ArchiveError;
use super::identity::{Deliveries, End};
use super::store::Store;

/// Its name.
pub(super) const MANIFEST: &str = "manifest.json";

/// The layout of this file and of those that it names. Another number is another layout, which is not read.
const SCHEMA: u32 = 2;

/// What an archive holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    schema: u32,
    pub(super) workload: String,
    /// The log whose records these are, as far as it was said.
    pub(super) log: Option<Meta>,
    pub(super) deliveries: Deliveries,
    /// Everything below is in the files, and nothing else.
    pub(super) sealed: Version,
    /// The last record of each partition.
    pub(super) ends: Vec<Option<End>>,
    /// Number of the next file: none that is held has it, but one may that a crash or an overtaken writer left behind.
    next: u64,
    pub(super) files: Vec<File>,
    /// Files that were merged into others, and are still there for whoever reads by an earlier manifest.
    pub(super) retired: Vec<String>,
}

/// A Parquet file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    /// With its date folder.
    pub(super) name: String,
    pub(super) bytes: u64,
    pub(super) crc32: u32,
    /// What it holds, in the order of its row groups. A range without rows has none.
    pub(super) ranges: Vec<Range>,
}

/// The records of some offsets of one partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Range {
    pub(super) partition: u32,
    /// First offset.
    pub(super) from: u64,
    /// The offset after the last.
    pub(super) upto: u64,
    /// How many records there are. Fewer than offsets, where some were passed over as undecodable; more, where each
    /// delivery is held.
    pub(super) rows: u64,
    /// How many of them take back or correct others.
    pub(super) marks: u64,
    /// The earliest and the latest event time among them.
    pub(super) times: Option<(Millis, Millis)>,
}

/// What tells the layout, whatever else there is.
#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    schema: u32,
}

impl Manifest {
    pub(super) fn new(workload: &str, partitions: u32) -> Self {
        Manifest {
            schema: SCHEMA,
            workload: workload.to_owned(),
            log: None,
            deliveries: Deliveries::Once,
            sealed: Version::zero(partitions),
            ends: vec![None; partitions as usize],
            next: 1,
            files: Vec::new(),
            retired: Vec::new(),
        }
    }

    /// The manifest in a store, if there is one.
    pub(super) fn read(store: &dyn Store) -> Result<Option<Self>, ArchiveError> {
        let path = store.path(MANIFEST);
        let bytes = match store.get(MANIFEST) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(ArchiveError::io("read", &path, error)),
        };
        let broken = |error: serde_json::Error| ArchiveError::broken(&path, &error);
        let Head { schema } = serde_json::from_slice(&bytes).map_err(broken)?;
        if schema != SCHEMA {
            return Err(ArchiveError::Schema { file: path, found: schema, known: SCHEMA });
        }
        let manifest: Manifest = serde_json::from_slice(&bytes).map_err(broken)?;
        if manifest.whole() {
            Ok(Some(manifest))
        } else {
            Err(ArchiveError::broken(&path, &"its files leave a gap, or overlap"))
        }
    }

    /// Whether the files follow on one another in each partition, up to what is sealed.
    fn whole(&self) -> bool {
        let mut next = Version::zero(self.sealed.0.len() as u32);
        for range in self.files.iter().flat_map(|file| &file.ranges) {
            match next.0.get_mut(range.partition as usize) {
                Some(next) if *next == range.from && range.from <= range.upto => *next = range.upto,
                _ => return false,
            }
        }
        next == self.sealed && self.ends.len() == self.sealed.0.len()
    }

    /// A name for a further file, in the folder of a day. It says what is in the file: two writers that were given the
    /// same number put two files, or the same, and whose counts is decided by the manifest alone.
    pub(super) fn name(&mut self, day: i64, crc32: u32) -> String {
        let number = self.next;
        self.next += 1;
        format!("date={}/part-{number:06}-{crc32:08x}.parquet", Unit::Day.print(day))
    }

    /// Whether a file is one that this archive has put and holds no longer.
    pub(super) fn forgotten(&self, name: &str) -> bool {
        let number =
            name.split_once("/part-").and_then(|(_, rest)| rest.split(['-', '.']).next()?.parse().ok());
        let held =
            || self.files.iter().any(|file| file.name == name) || self.retired.iter().any(|it| it == name);
        number.is_some_and(|number: u64| number < self.next) && !held()
    }

    /// Replaces the manifest in a store: after a crash the old one is found whole, or the new one.
    pub(super) fn write(&self, store: &dyn Store) -> Result<(), ArchiveError> {
        let text = serde_json::to_vec_pretty(self).expect("a manifest has no keys but names");
        store.replace(MANIFEST, text).map_err(|error| ArchiveError::io("write", &store.path(MANIFEST), error))
    }
}

impl File {
    /// The folder that it lies in.
    pub(super) fn folder(&self) -> &str {
        self.name.split('/').next().unwrap_or_default()
    }

    /// The day of that folder; the first there is, if it is none of this program's.
    pub(super) fn day(&self) -> i64 {
        self.folder().strip_prefix("date=").and_then(|date| Unit::Day.parse(date)).unwrap_or_default()
    }

    /// Number of records.
    pub(super) fn rows(&self) -> u64 {
        self.ranges.iter().map(|range| range.rows).sum()
    }
}
