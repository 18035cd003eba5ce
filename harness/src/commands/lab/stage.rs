//! What a lab plays on: a log of files or on Kafka, one who writes to it, and contestants who follow it in this thread.

use std::sync::Arc;

use anyhow::Context;
use bytes::Bytes;
use clap::Args;
use tempfile::TempDir;
use workloads::log::{Appender, Log, Meta, RawRecord};
use workloads::partition::PartitionBy;
use workloads::{Codec, Draft, Millis, Terms};

#[cfg(feature = "kafka")]
use super::super::kafka::{Cluster, Reached};
use super::super::{Usage, World};
pub(super) use super::follower::Follower;
use crate::contestants::Settings;
use crate::logs::{Clients, LogAddress};
use crate::upto;

/// Where a lab's log is.
#[derive(Clone, Debug, Args)]
pub(super) struct Ground {
    /// The log: a folder, or kafka://HOST:PORT/TOPIC; made if it is not there; a temporary folder if absent
    #[arg(long, value_name = "ADDRESS")]
    pub(super) log: Option<String>,
    /// Number of its partitions, when it is made
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub(super) partitions: u32,
    /// Number of brokers that hold each partition, when it is made on Kafka; as the brokers have it if absent
    #[cfg(feature = "kafka")]
    #[arg(long, value_name = "N")]
    pub(super) replication: Option<u32>,
    #[command(flatten)]
    pub(super) clients: Clients,
}

/// A log and its writer.
pub(super) struct Stage {
    /// For whoever follows it.
    pub(super) log: Arc<dyn Log>,
    /// The brokers that hold it, if it is on Kafka.
    #[cfg(feature = "kafka")]
    pub(super) reached: Option<Reached>,
    appender: Box<dyn Appender>,
    appended: u64,
    folder: TempDir,
}

impl Ground {
    /// Opens the log, made for this workload if it is not there.
    pub(super) fn open(&self, workload: &str, codec: Codec, world: &World) -> anyhow::Result<Stage> {
        let folder = tempfile::tempdir().context("making a temporary folder")?;
        let meta = Meta {
            workload: workload.to_owned(),
            codec,
            partitions: self.partitions,
            partition_by: PartitionBy::Key,
            made_by: "wb lab".into(),
        };
        let mut log: LogAddress = match &self.log {
            Some(text) => text.parse().map_err(Usage::error)?,
            None => folder.path().join("log").into(),
        };
        if log.folder().is_none() {
            self.clients.set_up([&mut log])?;
        }
        let lookup = world.environment;
        if !log.exists(lookup)? {
            log.copied(&meta, self.copies(), lookup)?;
        }
        let stage = Stage {
            log: log.open(lookup)?,
            #[cfg(feature = "kafka")]
            reached: self.reach(&log, world)?,
            appender: log.appender(lookup)?,
            appended: 0,
            folder,
        };
        stage.of(workload)
    }

    /// Number of copies of a topic.
    fn copies(&self) -> Option<u32> {
        #[cfg(feature = "kafka")]
        return self.replication;
        #[cfg(not(feature = "kafka"))]
        None
    }

    /// The brokers, to be asked who leads.
    #[cfg(feature = "kafka")]
    fn reach(&self, log: &LogAddress, world: &World) -> anyhow::Result<Option<Reached>> {
        if log.folder().is_some() {
            return Ok(None);
        }
        let cluster = Cluster { bootstrap: String::new(), clients: Clients::default() };
        cluster.reach(&log.to_string(), world).map(Some)
    }
}

impl Stage {
    /// The same if it holds that workload.
    fn of(self, workload: &str) -> anyhow::Result<Stage> {
        let held = &self.log.meta().workload;
        anyhow::ensure!(held == workload, "the log holds {held}, not {workload}: choose another --log");
        Ok(self)
    }

    /// Appends events at this time, each to the partition of its key.
    pub(super) fn append(&mut self, drafts: &[Draft], now: Millis) -> anyhow::Result<()> {
        let meta = self.log.meta().clone();
        let mut lanes = vec![Vec::new(); meta.partitions as usize];
        let mut value = Vec::new();
        for draft in drafts {
            let key = draft.event.key().as_bytes();
            let partition = meta.partition_by.partition(key, draft.origin, self.appended, meta.partitions);
            meta.codec.encode(&draft.event, &mut value);
            lanes[partition as usize].push(RawRecord {
                offset: 0,
                origin: draft.origin,
                intended: now * 1000,
                appended: now,
                key: Bytes::copy_from_slice(key),
                value: Bytes::copy_from_slice(&value),
            });
            self.appended += 1;
        }
        for (partition, lane) in (0..).zip(&lanes).filter(|(_, lane)| !lane.is_empty()) {
            self.appender.append(partition, lane)?;
        }
        Ok(())
    }

    /// Appends the bytes of a message as somebody sent them, whatever they are, to the partition of its key.
    pub(super) fn send(&mut self, key: &[u8], value: &[u8], now: Millis) -> anyhow::Result<()> {
        let meta = self.log.meta();
        let partition = meta.partition_by.partition(key, None, self.appended, meta.partitions);
        let (key, value) = (Bytes::copy_from_slice(key), Bytes::copy_from_slice(value));
        let (offset, intended) = (0, now * 1000);
        let record = RawRecord { offset, origin: None, intended, appended: now, key, value };
        self.appended += 1;
        self.appender.append(partition, &[record])?;
        Ok(())
    }

    /// A contestant that follows the log from its beginning, its state in a folder that goes with the lab.
    pub(super) fn follow(&self, name: &str) -> anyhow::Result<Follower> {
        self.follow_as(name, name, |_| {})
    }

    /// The same under a name of its own, told otherwise than usual.
    pub(super) fn follow_as(
        &self,
        own: &str,
        name: &str,
        tell: impl FnOnce(&mut Settings),
    ) -> anyhow::Result<Follower> {
        let contestant = crate::contestants::find(name).map_err(Usage::error)?;
        let mut settings = upto::settings(self.log.meta(), &Terms::default());
        settings.state = self.folder.path().join(own);
        tell(&mut settings);
        Follower::start(contestant, Arc::clone(&self.log), settings)
    }
}
