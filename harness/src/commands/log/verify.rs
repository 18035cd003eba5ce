//! `wb log verify`: whether a log is whole.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use workloads::files::{RealDisk, SharedDisk};
use workloads::log::file::{Checked, verify};

use crate::commands::print::{self, Format, Value};

/// Which log, and how to print.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Reads every batch and checks it. The first that is not what was written stops it, with its file, byte position and \
offset; exit code 1. What a writer that was killed left half done at the end is said, and is no fault.

Example:
  wb log verify runs/orders.log")]
pub struct Arguments {
    /// Folder of the log
    pub log: PathBuf,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

impl Arguments {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let disk: SharedDisk = Arc::new(RealDisk);
        let checked = verify(&disk, &self.log)?;
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
}

fn row(partition: i128, checked: &Checked) -> Vec<Value> {
    let numbers = [checked.records, checked.batches, checked.segments, checked.bytes];
    std::iter::once(partition).chain(numbers.map(i128::from)).map(Value::Integer).collect()
}
