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
use crate::logs::{Clients, LogAddress, Lookup};

/// From where, and where to.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  wb lambda export --state runs/STATE --log runs/orders.log --out runs/export

Writes serving_view.json with every view, and VIEW.parquet for each. Without --log the views are those that the batch \
published; with it they are merged with everything since, up to the log's end. Each file says its version. With --avro \
(in a build with the feature avro) archive.avro holds every record of the archive too.")]
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
    /// Every record of the archive as one Avro file, too
    #[cfg(feature = "avro")]
    #[arg(long)]
    avro: bool,
    /// Where the archive lies, a folder or s3://BUCKET/PREFIX?endpoint=URL&keys=FILE, if not in the state folder
    #[cfg(feature = "avro")]
    #[arg(long, value_name = "ADDRESS", default_value = "", hide_default_value = true, requires = "avro")]
    archive: String,
    #[command(flatten)]
    clients: Clients,
}

impl Arguments {
    /// Does it.
    pub fn run(mut self, lookup: Lookup) -> anyhow::Result<ExitCode> {
        self.clients.set_up(self.log.iter_mut())?;
        let disk: SharedDisk = Arc::new(RealDisk);
        let log = self.log.as_ref().map(|log| log.open(lookup)).transpose()?;
        let terms = Terms { dedup: self.dedup, ..Terms::default() };
        let export = Export::read(&disk, &self.state, log.as_ref(), &terms)?;
        if let Some(log) = &log {
            let held = &log.meta().workload;
            ensure!(*held == export.workload, "the log holds {held}, the state {}", export.workload);
        }
        export.write(&disk, &self.out)?;
        #[cfg(feature = "avro")]
        if self.avro {
            let (of, is) =
                ((self.state.as_path(), self.archive.as_str()), (export.workload.as_str(), &export.version));
            let records = lambda::archive::avro::export(&disk, of, is, &self.out)?;
            eprintln!("{records} records in {}", self.out.join(lambda::archive::avro::FILE).display());
        }
        eprintln!("version {} in {}", export.version, self.out.display());
        Ok(ExitCode::SUCCESS)
    }
}
