//! `wb log copy`: a log of another log.

use std::process::ExitCode;

use bytes::Bytes;
use clap::Args;
use workloads::Codec;
use workloads::log::{Meta, RawRecord};
use workloads::partition::PartitionBy;

use super::import::partition_by;
use super::merge::Merged;
use crate::logs::{Clients, LogAddress, Lookup};

/// Records handed to the log at once.
const CHUNK: usize = 1000;

/// What is copied, and how the copy differs.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Origins, intended and append times are kept. With other partitions the records are taken by the time they were \
appended, so that those appended in the same millisecond to different partitions may change their order. \
Records that cannot be decoded are copied as they are.

Examples:
  wb log copy runs/orders.log runs/one.log --partitions 1
  wb log copy runs/orders.log runs/json.log --codec json
  wb log copy runs/orders.log kafka://127.0.0.1:9092/orders")]
pub struct Arguments {
    /// The log, a folder or kafka://HOST:PORT/TOPIC
    pub from: LogAddress,
    /// The copy to make, a folder or kafka://HOST:PORT/TOPIC
    pub to: LogAddress,
    /// How events are written in the copy; as in the log if absent
    #[arg(long)]
    pub codec: Option<Codec>,
    /// Number of partitions; as many as the log has if absent
    #[arg(long, value_name = "N")]
    pub partitions: Option<u32>,
    /// How events are spread over them, key or round-robin; as in the log if absent
    #[arg(long, value_parser = partition_by)]
    pub partition_by: Option<PartitionBy>,
    /// How clients of Kafka are set up.
    #[command(flatten)]
    pub clients: Clients,
}

impl Arguments {
    pub(super) fn run(mut self, lookup: Lookup) -> anyhow::Result<ExitCode> {
        self.clients.set_up([&mut self.from, &mut self.to])?;
        let (copied, undecodable) = self.copy(lookup)?;
        if undecodable > 0 {
            eprintln!("{undecodable} records could not be decoded and were copied as they are");
        }
        eprintln!("{copied} records in {}", self.to);
        Ok(ExitCode::SUCCESS)
    }

    /// Copies and says how many records there were, and how many of them could not be decoded.
    pub fn copy(&self, lookup: Lookup) -> anyhow::Result<(u64, u64)> {
        let log = self.from.open(lookup)?;
        let old = log.meta();
        let meta = Meta {
            codec: self.codec.unwrap_or(old.codec),
            partitions: self.partitions.unwrap_or(old.partitions),
            partition_by: self.partition_by.unwrap_or(old.partition_by),
            made_by: format!("wb log copy {} ({})", self.from, old.made_by),
            ..old.clone()
        };
        let stays = (meta.partitions, meta.partition_by) == (old.partitions, old.partition_by);
        self.to.create(&meta, lookup)?;
        let mut appender = self.to.appender(lookup)?;
        let mut waiting = vec![Vec::new(); meta.partitions as usize];
        let mut merged = Merged::of(&*log)?;
        let (mut copied, mut undecodable) = (0, 0);
        while let Some((partition, record)) = merged.pull()? {
            let to = match stays {
                true => partition,
                false => meta.partition_by.partition(&record.key, record.origin, copied, meta.partitions),
            };
            let value = recode(old, meta.codec, &record);
            undecodable += u64::from(value.is_none());
            let value = value.unwrap_or_else(|| record.value.clone());
            let lane = &mut waiting[to as usize];
            lane.push(RawRecord { value, ..record });
            if lane.len() == CHUNK {
                appender.append(to, lane)?;
                lane.clear();
            }
            copied += 1;
        }
        for (partition, lane) in (0..).zip(&waiting) {
            appender.append(partition, lane)?;
        }
        appender.sync()?;
        Ok((copied, undecodable))
    }
}

/// The record's event as the other codec writes it; nothing if it cannot be decoded.
fn recode(meta: &Meta, codec: Codec, record: &RawRecord) -> Option<Bytes> {
    if meta.codec == codec {
        return Some(record.value.clone());
    }
    let event = meta.codec.decode(&meta.workload, &record.key, &record.value, record.appended).ok()?;
    let mut value = Vec::new();
    codec.encode(&event, &mut value);
    Some(value.into())
}
