//! Whether somebody wants the run to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::Context;
use nix::sys::signal::{SigSet, Signal};

/// Exit code of an interrupted run.
pub const INTERRUPTED: i32 = 130;

/// A wish to end that everybody can see.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    wanted: Arc<AtomicBool>,
    /// The wish that more than this part ends.
    outer: Option<Arc<Stop>>,
}

/// What a run that was asked to end gives back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("interrupted")]
pub struct Interrupted;

impl Stop {
    /// Wanted on SIGINT and SIGTERM. To be called before any other thread is made. A second signal ends the
    /// process at once; its children see their standard input end.
    pub fn on_signals() -> anyhow::Result<Self> {
        let stop = Stop::default();
        let signals = SigSet::from_iter([Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP]);
        signals.thread_block().context("blocking signals")?;
        let seen = stop.clone();
        let wait = move || {
            if signals.wait().is_ok() {
                seen.want();
            }
            if signals.wait().is_ok() {
                std::process::exit(INTERRUPTED);
            }
        };
        thread::Builder::new().name("signals".into()).spawn(wait).context("starting a thread")?;
        Ok(stop)
    }

    /// A wish that one part ends. It is there too as soon as this one is, and not the other way round.
    pub fn inner(&self) -> Self {
        Stop { wanted: Arc::default(), outer: Some(Arc::new(self.clone())) }
    }

    /// Asks everybody to end.
    pub fn want(&self) {
        self.wanted.store(true, Ordering::Relaxed);
    }

    /// Whether somebody asked.
    pub fn wanted(&self) -> bool {
        self.wanted.load(Ordering::Relaxed) || self.outer.as_deref().is_some_and(Stop::wanted)
    }

    /// An error if somebody asked.
    pub fn check(&self) -> anyhow::Result<()> {
        if self.wanted() { Err(Interrupted.into()) } else { Ok(()) }
    }
}
