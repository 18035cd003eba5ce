//! Where imported events and rejected lines go.

use std::path::{Path, PathBuf};

use anyhow::Context;
use bytes::Bytes;
use serde::Serialize;
use workloads::files::{Disk, DiskFile, RealDisk};
use workloads::log::{Appender, Meta, RawRecord};
use workloads::partition::PartitionBy;
use workloads::{Codec, Millis};

use super::import::Arguments;
use super::reading::Said;
use crate::logs::Lookup;

/// Records handed to the log at once.
const CHUNK: usize = 1000;
/// Lines set aside that are shown; all are in the rejects file.
const SHOWN: usize = 5;

/// A line that gave no event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reject {
    /// Its number in the file, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub reason: String,
    /// The wanted columns, where they could be had.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cells: Vec<String>,
}

/// What came of an import.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Records in the log.
    pub records: u64,
    /// Lines set aside.
    pub rejected: u64,
    /// The first of them.
    pub first: Vec<Reject>,
    /// Where all of them are.
    pub rejects: PathBuf,
}

/// Where events and rejected lines go.
pub(super) struct Sink {
    codec: Codec,
    partition_by: PartitionBy,
    appender: Box<dyn Appender>,
    waiting: Vec<Vec<RawRecord>>,
    value: Vec<u8>,
    rejects: Option<Box<dyn DiskFile>>,
    done: Imported,
}

impl Sink {
    pub(super) fn create(arguments: &Arguments, lookup: Lookup) -> anyhow::Result<Sink> {
        let meta = Meta {
            workload: arguments.workload.clone(),
            codec: arguments.codec,
            partitions: arguments.partitions,
            partition_by: arguments.partition_by,
            made_by: format!("wb log import {}", arguments.file.display()),
        };
        arguments.log.create(&meta, lookup)?;
        let beside = || arguments.log.folder().unwrap_or(Path::new("")).join("rejects.jsonl");
        let rejects = arguments.rejects.clone().unwrap_or_else(beside);
        Ok(Sink {
            codec: arguments.codec,
            partition_by: arguments.partition_by,
            appender: arguments.log.appender(lookup)?,
            waiting: vec![Vec::new(); arguments.partitions as usize],
            value: Vec::new(),
            rejects: None,
            done: Imported { rejects, ..Imported::default() },
        })
    }

    pub(super) fn keep(&mut self, said: &Said, now: Millis) -> anyhow::Result<()> {
        self.codec.encode(&said.event, &mut self.value);
        let key = said.event.key().as_bytes();
        let partitions = self.waiting.len() as u32;
        let partition = self.partition_by.partition(key, said.origin, self.done.records, partitions);
        let waiting = &mut self.waiting[partition as usize];
        waiting.push(RawRecord {
            offset: 0,
            origin: said.origin,
            intended: said.intended,
            appended: now,
            key: Bytes::copy_from_slice(key),
            value: Bytes::copy_from_slice(&self.value),
        });
        self.done.records += 1;
        if waiting.len() == CHUNK {
            self.appender.append(partition, waiting)?;
            waiting.clear();
        }
        Ok(())
    }

    pub(super) fn reject(&mut self, reject: Reject) -> anyhow::Result<()> {
        let path = &self.done.rejects;
        let file = match &mut self.rejects {
            Some(file) => file,
            none => none.insert(RealDisk.create(path).with_context(|| format!("making {}", path.display()))?),
        };
        let mut line = serde_json::to_vec(&reject)?;
        line.push(b'\n');
        file.append(&line).with_context(|| format!("writing {}", path.display()))?;
        self.done.rejected += 1;
        if self.done.first.len() < SHOWN {
            self.done.first.push(reject);
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> anyhow::Result<Imported> {
        for (partition, waiting) in (0..).zip(&self.waiting) {
            self.appender.append(partition, waiting)?;
        }
        self.appender.sync()?;
        Ok(self.done)
    }
}
