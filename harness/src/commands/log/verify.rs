//! `wb log verify`: whether a log is whole.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use workloads::Log;
use workloads::files::{RealDisk, SharedDisk};
use workloads::log::file::{Checked, verify};
use workloads::log::lend;

use crate::commands::print::{self, Format, Value};
use crate::logs::{Clients, LogAddress, Lookup};

/// Which log, and how to print.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Reads every batch and checks it. The first that is not what was written stops it, with its file, byte position and \
offset; exit code 1. What a writer that was killed left half done at the end is said, and is no fault.

Example:
  wb log verify runs/orders.log")]
pub struct Arguments {
    /// The log, a folder or kafka://HOST:PORT/TOPIC
    pub log: LogAddress,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// How clients of Kafka are set up.
    #[command(flatten)]
    pub clients: Clients,
}

impl Arguments {
    pub(super) fn run(mut self, lookup: Lookup) -> anyhow::Result<ExitCode> {
        self.clients.set_up([&mut self.log])?;
        let disk: SharedDisk = Arc::new(RealDisk);
        let Some(folder) = self.log.folder() else { return self.read(&*self.log.open(lookup)?) };
        let checked = verify(&disk, folder)?;
        let header = ["partition", "records", "batches", "segments", "bytes"];
        let rows: Vec<_> = (0..).zip(&checked).map(|(partition, checked)| row(partition, checked)).collect();
        print::rows(self.format, &header, &rows)?;
        let mut lost = 0;
        for torn in checked.iter().filter_map(|checked| checked.torn.as_ref()) {
            let (file, position) = (torn.file.display(), torn.position);
            eprintln!(
                "{file}: {} bytes from byte {position} on are no batch; the next writer cuts them off",
                torn.bytes
            );
            lost += torn.lost;
        }
        if lost > 0 {
            eprintln!("{lost} records that had been appended, and were not synced, are gone");
            return Ok(ExitCode::FAILURE);
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Brokers check every batch by themselves: what can be read of it, and how much cannot be decoded.
    fn read(&self, log: &dyn Log) -> anyhow::Result<ExitCode> {
        let (meta, starts, heads) = (log.meta(), log.starts()?, log.heads()?);
        let mut rows = Vec::new();
        for (partition, (start, head)) in (0..).zip(starts.0.iter().zip(&heads.0)) {
            let (mut records, mut bytes, mut undecodable) = (0_i128, 0_i128, 0_i128);
            lend(log, partition, *start..*head, &mut |record| {
                let event = meta.codec.decode(&meta.workload, record.key, record.value, record.appended);
                records += 1;
                bytes += (record.key.len() + record.value.len()) as i128;
                undecodable += i128::from(event.is_err());
                Ok(())
            })?;
            let holes = i128::from(head - start) - records;
            let numbers =
                [partition.into(), (*start).into(), (*head).into(), records, holes, bytes, undecodable];
            rows.push(numbers.map(Value::Integer).to_vec());
        }
        let header = ["partition", "start", "head", "records", "holes", "bytes", "undecodable"];
        print::rows(self.format, &header, &rows)?;
        Ok(ExitCode::SUCCESS)
    }
}

fn row(partition: i128, checked: &Checked) -> Vec<Value> {
    let numbers = [checked.records, checked.batches, checked.segments, checked.bytes];
    std::iter::once(partition).chain(numbers.map(i128::from)).map(Value::Integer).collect()
}
