//! Which cores driver and contestant get.

use anyhow::Context;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

/// Keeps the calling thread, and those it makes, on some cores; gives the others back when let go.
pub struct Pinned {
    before: CpuSet,
}

/// The cores this process may use.
pub fn usable() -> Vec<usize> {
    let Ok(set) = sched_getaffinity(Pid::from_raw(0)) else { return Vec::new() };
    (0..CpuSet::count()).filter(|core| set.is_set(*core).unwrap_or(false)).collect()
}

/// The driver's core, and those of a contestant; absent when there is only one to share.
pub fn shares() -> Option<(usize, Vec<usize>)> {
    let cores = usable();
    let (first, others) = cores.split_first()?;
    (!others.is_empty()).then(|| (*first, others.to_vec()))
}

/// Keeps the calling thread, and those it makes from now on, on `cores`.
pub fn pin(cores: &[usize]) -> anyhow::Result<Pinned> {
    let before = sched_getaffinity(Pid::from_raw(0)).context("asking for this process's cores")?;
    let mut wanted = CpuSet::new();
    for core in cores {
        wanted.set(*core).with_context(|| format!("there is no core {core}"))?;
    }
    sched_setaffinity(Pid::from_raw(0), &wanted).with_context(|| format!("moving to the cores {cores:?}"))?;
    Ok(Pinned { before })
}

impl Pinned {
    /// Stays there.
    pub fn keep(self) {
        std::mem::forget(self);
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        // A thread that cannot go back is only slower than it might be.
        let _ = sched_setaffinity(Pid::from_raw(0), &self.before);
    }
}
