//! Hosts one component as a process: steps it, answers reads, announces versions, and ends when told to.
//!
//! One thread does the work and the talking in turn, as the component is not to be shared: a step is bounded, so
//! no read waits long. Long answers are made into text by another, as that needs nothing of the component. The process
//! ends on SIGTERM or SIGINT, when its standard input ends (the driver holds the other end), when the driver dies, and
//! on any panic.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use workloads::files::{Bell, SharedDisk};
use workloads::log::Log;

use crate::clock::Clock;
use crate::contestants::{self, Component, Part, Settings};

mod life;
mod scribe;
mod server;

pub use life::Life;
pub use server::Server;

/// How long an idle component sleeps at most before it looks at its log again.
const PARK: Duration = Duration::from_micros(200);

/// How long it sleeps at most when it says that it has nothing to do for longer: its process may be told to end.
const REST: Duration = Duration::from_millis(5);

/// What to host, and where.
#[derive(Clone, Debug)]
pub struct Hosting {
    /// Name of the contestant.
    pub contestant: String,
    /// Name of its component.
    pub part: String,
    /// What it is told.
    pub settings: Settings,
    /// Where it listens.
    pub socket: PathBuf,
}

/// The contestant and the component of it that are meant.
pub fn find(contestant: &str, part: &str) -> anyhow::Result<&'static Part> {
    let found = contestants::find(contestant)?;
    let names = || found.parts.iter().map(|part| part.name).collect::<Vec<_>>().join(", ");
    found
        .parts
        .iter()
        .find(|candidate| candidate.name == part)
        .ok_or_else(|| anyhow!("{contestant} has no component `{part}`: it has {}", names()))
}

/// Starts the component and serves it until `life` ends.
pub fn host(
    hosting: &Hosting,
    log: Arc<dyn Log>,
    disk: SharedDisk,
    clock: &Clock,
    life: &Life,
) -> anyhow::Result<()> {
    let part = find(&hosting.contestant, &hosting.part)?;
    let held = log.meta().workload.clone();
    if held != hosting.settings.workload {
        return Err(anyhow!("the log holds {held}, not {}: name another log", hosting.settings.workload));
    }
    let bell = log.bell();
    let mut component = (part.start)(log, &disk, &hosting.settings)
        .with_context(|| format!("starting {} of {}", hosting.part, hosting.contestant))?;
    component.clock(clock)?;
    let mut server = Server::bind(&hosting.socket)?;
    run(component.as_mut(), &mut server, bell.as_ref(), hosting.settings.spin, clock, life)
}

fn run(
    component: &mut dyn Component,
    server: &mut Server,
    bell: Option<&Bell>,
    spin: bool,
    clock: &Clock,
    life: &Life,
) -> anyhow::Result<()> {
    let (mut announced, mut troubled) = (None, None);
    while !life.ended() {
        let busy = component.step(clock.now())?;
        let version = component.version();
        if version != announced {
            if let Some(version) = &version {
                server.announce(version);
            }
            announced = version;
        }
        if component.trouble() != troubled.as_deref() {
            troubled = component.trouble().map(str::to_owned);
            troubled.iter().for_each(|trouble| eprintln!("going on with what there was: {trouble}"));
        }
        let patience = if busy || spin { Duration::ZERO } else { park(component, clock, bell.is_some()) };
        server.serve(component, bell, patience)?;
    }
    Ok(())
}

/// How long an idle component sleeps unless a reader comes, or a record if it is woken for those.
fn park(component: &dyn Component, clock: &Clock, woken: bool) -> Duration {
    let rest = component.rest(clock.now(), woken);
    if rest.is_zero() { PARK } else { rest.min(REST) }
}
