//! The events that all parts take: decoded, as bytes in both codecs, and as logs on disk.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use anyhow::{Context, ensure};
use bytes::Bytes;
use workloads::files::{RealDisk, SharedDisk};
use workloads::log::RawRecord;
use workloads::log::file::{FileLog, FsyncPolicy};
use workloads::partition::PartitionBy;
use workloads::{
    Appender, Codec, Draft, Event, Meta, OrderKind, Place, Query, Record, Rows, Shape, Terms, Workload,
};

use super::Effort;
use crate::contestants::reference::Fold;

/// Records appended at once, and so in one batch of the log.
pub(super) const BATCH: usize = 500;

/// Partitions of every log here.
pub(super) const PARTITIONS: u32 = 2;

/// The events, in every form that a part takes them in.
pub struct Input {
    /// Decoded, in the order of arrival.
    pub records: Arc<Vec<Record>>,
    /// As bytes, by partition, in the codec `bin`.
    pub(super) bin: Vec<Vec<RawRecord>>,
    /// The same in the codec `json`.
    pub(super) json: Vec<Vec<RawRecord>>,
    /// Records of 100 bytes, without key or origin.
    pub(super) hundred: Vec<RawRecord>,
    pub(super) disk: SharedDisk,
    pub(super) scratch: PathBuf,
    pub(super) workload: &'static str,
    /// The plain loop's first view, once it was asked for.
    pub(super) truth: OnceLock<Rows>,
    /// The orders that were placed, once they were asked for.
    placed: OnceLock<Vec<Record>>,
}

impl Input {
    /// Generates the events and writes them to logs below `scratch`.
    pub fn make(workload: &'static Workload, effort: &Effort, scratch: &Path) -> anyhow::Result<Self> {
        let shape = Shape {
            seed: 42,
            events: effort.events,
            rate: 20_000.0,
            keys: effort.keys,
            cancellations: effort.cancellations,
            corrections: 0.0,
            start: 1_700_000_000_000,
            first_sequence: 0,
        };
        let mut input = Input {
            records: Arc::default(),
            bin: vec![Vec::new(); PARTITIONS as usize],
            json: vec![Vec::new(); PARTITIONS as usize],
            hundred: vec![hundred(); effort.events as usize],
            disk: Arc::new(RealDisk),
            scratch: scratch.to_path_buf(),
            workload: workload.name,
            truth: OnceLock::new(),
            placed: OnceLock::new(),
        };
        let mut records = Vec::with_capacity(effort.events as usize);
        (workload.generate)(&shape).for_each(|draft| records.push(input.take(draft, shape.start)));
        input.records = Arc::new(records);
        for codec in [Codec::Bin, Codec::Json] {
            input.write(codec).with_context(|| format!("writing a log in {}", scratch.display()))?;
        }
        Ok(input)
    }

    /// The orders that were placed, without what takes any of them back.
    pub(super) fn placed(&self) -> &[Record] {
        let placed = |record: &&Record| matches!(&record.event, Event::Order(order) if order.kind == OrderKind::Placed);
        self.placed.get_or_init(|| self.records.iter().filter(placed).cloned().collect())
    }

    /// An event as bytes, and as the record that they are of.
    fn take(&mut self, draft: Draft, start: i64) -> Record {
        let key = Bytes::copy_from_slice(draft.event.key().as_bytes());
        let turn = self.bin.iter().map(|records| records.len() as u64).sum();
        let partition = PartitionBy::Key.partition(&key, draft.origin, turn, PARTITIONS);
        let offset = self.bin[partition as usize].len() as u64;
        let (origin, intended, appended) = (draft.origin, draft.intended, start + draft.intended / 1000);
        let raw = |codec: Codec| {
            let mut value = Vec::new();
            codec.encode(&draft.event, &mut value);
            RawRecord { offset, origin, intended, appended, key: key.clone(), value: value.into() }
        };
        let (bin, json) = (raw(Codec::Bin), raw(Codec::Json));
        self.bin[partition as usize].push(bin);
        self.json[partition as usize].push(json);
        let place = Place { partition, offset };
        Record { place, origin, intended, appended, event: draft.event }
    }

    /// The question by which a part is checked: the whole of the workload's first view.
    pub(super) fn whole(&self, workload: &Workload) -> Query {
        Query { view: workload.views[0].name.to_owned(), key: None }
    }

    /// Nothing is timed that is not right: these rows are what the plain loop gives.
    pub(super) fn agree(&self, workload: &Workload, rows: &Rows) -> anyhow::Result<()> {
        let view = workload.views[0].name;
        let truth = self.truth.get_or_init(|| {
            let fold = Fold::new(workload.name, &Terms::default(), &[view]);
            let mut fold = fold.expect("the reference knows its workloads");
            self.records.iter().for_each(|record| fold.feed(record));
            fold.rows(view)
        });
        ensure!(rows == truth, "{view} is not what the plain loop gives: nothing is timed that is not right");
        Ok(())
    }

    /// The folder of the log in a codec.
    pub(super) fn log_dir(&self, codec: Codec) -> PathBuf {
        self.scratch.join(format!("{}-{}", self.workload, codec.name()))
    }

    /// The bytes of a codec.
    pub(super) fn raw(&self, codec: Codec) -> &[Vec<RawRecord>] {
        match codec {
            Codec::Bin => &self.bin,
            Codec::Json => &self.json,
        }
    }

    fn write(&self, codec: Codec) -> anyhow::Result<()> {
        let folder = self.log_dir(codec);
        FileLog::create(&self.disk, &folder, &self.meta(codec, PARTITIONS))?;
        let mut appender = FileLog::appender(&self.disk, &folder, FsyncPolicy::None)?;
        // In turn, as the events arrived, so that a reader finds the partitions abreast.
        let raw = self.raw(codec);
        let longest = raw.iter().map(Vec::len).max().unwrap_or(0);
        for first in (0..longest).step_by(BATCH) {
            for (partition, records) in raw.iter().enumerate() {
                let stretch = records.get(first..records.len().min(first + BATCH)).unwrap_or_default();
                appender.append(partition as u32, stretch)?;
            }
        }
        Ok(appender.sync()?)
    }

    /// The description of a log here.
    pub(super) fn meta(&self, codec: Codec, partitions: u32) -> Meta {
        Meta {
            workload: self.workload.to_owned(),
            codec,
            partitions,
            partition_by: PartitionBy::Key,
            made_by: "wb limits".to_owned(),
        }
    }
}

fn hundred() -> RawRecord {
    let value = Bytes::from_static(&[b'x'; 100]);
    RawRecord { offset: 0, origin: None, intended: 0, appended: 1_700_000_000_000, key: Bytes::new(), value }
}
