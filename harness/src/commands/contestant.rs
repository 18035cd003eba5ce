//! `wb contestant`: hosts one component.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use workloads::files::{RealDisk, SharedDisk};

use super::Usage;
use crate::child::{self, Hosting, Life};
use crate::clock::Clock;
use crate::driver::cores;
use crate::logs::{Clients, LogAddress, Lookup};

/// Which component, and what it is told.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  wb contestant kappa kappa --settings kappa.json --log runs/LOG \\
      --socket /tmp/kappa.socket
  echo '{\"id\":1,\"read\":[{\"view\":\"revenue\"}]}' | nc -U -q1 /tmp/kappa.socket

The settings file is the one that the driver leaves beside a run's observations.")]
pub struct Arguments {
    /// Name of the contestant
    contestant: String,
    /// Name of its component
    part: String,
    /// What it is told, as JSON
    #[arg(long, value_name = "FILE")]
    settings: PathBuf,
    /// The log to follow
    #[arg(long, value_name = "LOG")]
    log: LogAddress,
    /// Where to listen
    #[arg(long, value_name = "PATH")]
    socket: PathBuf,
    /// A core to stay on; may be given several times
    #[arg(long, value_name = "N")]
    core: Vec<usize>,
    /// End when standard input ends, or the process that started this one
    #[arg(long)]
    follow: bool,
    #[command(flatten)]
    clients: Clients,
}

impl Arguments {
    /// Hosts it until it is told to end.
    pub fn run(mut self, clock: &Clock, lookup: Lookup) -> anyhow::Result<ExitCode> {
        self.clients.set_up([&mut self.log])?;
        if !self.core.is_empty() {
            cores::pin(&self.core)?.keep();
        }
        child::find(&self.contestant, &self.part).map_err(Usage::error)?;
        let life = Life::watch(self.follow)?;
        let text = std::fs::read_to_string(&self.settings)
            .with_context(|| format!("reading {}", self.settings.display()))?;
        let settings = serde_json::from_str(&text)
            .with_context(|| format!("{} is not what a component is told", self.settings.display()))?;
        let disk: SharedDisk = Arc::new(RealDisk);
        let log = self.log.open(lookup)?;
        let (contestant, part, socket) = (self.contestant, self.part, self.socket);
        child::host(&Hosting { contestant, part, settings, socket }, log, disk, clock, &life)?;
        Ok(ExitCode::SUCCESS)
    }
}
