//! What the operating system says of each child.

use std::sync::{Mutex, PoisonError};

use procfs::process::Process;

use crate::observe::Usage;

/// Samples of every child, by name and process id.
#[derive(Debug, Default)]
pub struct Sampler {
    children: Mutex<Vec<(&'static str, u32)>>,
    samples: Mutex<Vec<Usage>>,
}

impl Sampler {
    /// Follows these processes from now on.
    pub fn follow(&self, children: Vec<(&'static str, u32)>) {
        *self.children.lock().unwrap_or_else(PoisonError::into_inner) = children;
    }

    /// Takes a sample of each child that is alive, at this time.
    pub fn sample(&self, at_us: i64) {
        let children = self.children.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let taken: Vec<Usage> = children.iter().filter_map(|(name, pid)| one(name, *pid, at_us)).collect();
        self.samples.lock().unwrap_or_else(PoisonError::into_inner).extend(taken);
    }

    /// Everything sampled.
    pub fn samples(&self) -> Vec<Usage> {
        self.samples.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A sample; absent when the process has ended.
fn one(component: &str, pid: u32, at_us: i64) -> Option<Usage> {
    let process = Process::new(pid as i32).ok()?;
    let (stat, status, io) = (process.stat().ok()?, process.status().ok()?, process.io().ok()?);
    let tick_us = 1_000_000 / procfs::ticks_per_second();
    Some(Usage {
        component: component.to_owned(),
        at_us,
        pid,
        user_us: stat.utime * tick_us,
        system_us: stat.stime * tick_us,
        resident: status.vmrss? * 1024,
        peak: status.vmhwm? * 1024,
        read: io.rchar,
        written: io.wchar,
    })
}
