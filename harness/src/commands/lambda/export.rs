//! `wb lambda export`: the answers as files.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::ensure;
use clap::Args;
use lambda::Export;
use workloads::files::{RealDisk, SharedDisk};
use workloads::{Dedup, Terms};

use super::super::answer::dedup;
use crate::logs::{LogAddress, Lookup};

/// From where, and where to.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  wb lambda export --state runs/STATE --log runs/orders.log --out runs/export

Writes serving_view.json with every view, and VIEW.parquet for each. Without --log the views are those that the batch \
published; with it they are merged with everything since, up to the log's end. Each file says its version.")]
pub struct Arguments {
    /// State folder of the Lambda
    #[arg(long, value_name = "DIR")]
    state: PathBuf,
    /// The log that it follows
    #[arg(long, value_name = "LOG")]
    log: Option<LogAddress>,
    /// Folder to write into; made if it is not there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// By what duplicates are recognised: none, offset, origin, content
    #[arg(long, value_name = "SETTING", default_value = "origin", value_parser = dedup)]
    dedup: Dedup,
}

impl Arguments {
    /// Does it.
    pub fn run(self, lookup: Lookup) -> anyhow::Result<ExitCode> {
        let disk: SharedDisk = Arc::new(RealDisk);
        let log = self.log.as_ref().map(|log| log.open(lookup)).transpose()?;
        let terms = Terms { dedup: self.dedup, ..Terms::default() };
        let export = Export::read(&disk, &self.state, log.as_ref(), &terms)?;
        if let Some(log) = &log {
            let held = &log.meta().workload;
            ensure!(*held == export.workload, "the log holds {held}, the state {}", export.workload);
        }
        export.write(&disk, &self.out)?;
        eprintln!("version {} in {}", export.version, self.out.display());
        Ok(ExitCode::SUCCESS)
    }
}
