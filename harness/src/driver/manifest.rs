//! What a run folder says about how it came to be: machine, program, seed and how it ended.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::path::Path;
use std::process::Command;

use anyhow::Context;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::Job;
use super::broker::Broker;
use super::replay::Replay;
use crate::logs::Brokers;
use crate::plan::Contest;

#[derive(Serialize)]
struct Manifest<'a> {
    /// How it ended.
    ended: &'a str,
    plan: &'a str,
    seed: u64,
    /// Of the plan with every setting, in hexadecimal.
    plan_sha256: String,
    /// The command that does it again, where it takes more than the plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    again: Option<&'a str>,
    program: Program,
    machine: Machine,
    /// The brokers that the logs were on.
    #[serde(skip_serializing_if = "Option::is_none")]
    brokers: Option<&'a Brokers>,
    /// In which form a Kappa of this program keeps each view, by workload.
    forms: BTreeMap<&'a str, BTreeMap<&'static str, &'static str>>,
}

#[derive(Serialize)]
struct Program {
    version: &'static str,
    /// Of the working tree that the program was run in, where it is one.
    revision: Option<String>,
    sha256: String,
    profile: &'static str,
    compiler: Option<String>,
}

#[derive(Serialize)]
struct Machine {
    processor: String,
    cores: usize,
    memory_mb: u64,
    kernel: String,
}

/// Writes `manifest.json` of a job that is under way, or has ended in some way.
pub fn write(job: &Job<'_>, ended: &str) -> anyhow::Result<()> {
    let (out, plan, program) = (job.out, job.plan, &job.program);
    let text = toml::to_string(plan).context("writing the plan")?;
    let manifest = Manifest {
        ended,
        plan: &plan.name,
        seed: plan.seed,
        plan_sha256: hex(text.as_bytes()),
        again: job.replay.as_ref().map(Replay::again),
        program: Program {
            version: env!("CARGO_PKG_VERSION"),
            revision: said("git", &["describe", "--always", "--dirty", "--abbrev=12"]),
            sha256: fs::read(program).map_or_else(|_| String::new(), |bytes| hex(&bytes)),
            profile: if cfg!(debug_assertions) { "dev" } else { "release" },
            compiler: said("rustc", &["--version"]),
        },
        machine: machine(),
        brokers: job.broker.as_ref().and_then(Broker::brokers),
        forms: plan.contests.iter().filter(|contest| has_kappa(contest)).map(forms).collect(),
    };
    let file = out.join("manifest.json");
    let text = serde_json::to_string_pretty(&manifest).context("writing the manifest")?;
    fs::write(&file, text + "\n").with_context(|| format!("writing {}", file.display()))
}

/// The name of every Kappa says that it is one.
fn has_kappa(contest: &Contest) -> bool {
    contest.contestants.iter().any(|name| name.starts_with("kappa"))
}

fn forms(contest: &Contest) -> (&str, BTreeMap<&'static str, &'static str>) {
    (&contest.workload, kappa::views::forms(&contest.workload).into_iter().collect())
}

/// How far a run has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Its manifest does not say.
    #[default]
    Unknown,
    /// Every run of its plan was done.
    Complete,
    /// Its driver is at work.
    Running,
    /// Its driver is gone and had no time to say why.
    CutOff,
    /// It ended early, for this reason.
    Early(String),
}

impl State {
    /// What is to be known of a run that is not complete.
    pub fn warning(&self) -> Option<String> {
        match self {
            State::Unknown | State::Complete => None,
            State::Running => Some("still running".into()),
            State::CutOff => Some("cut off: its driver was killed while it ran".into()),
            State::Early(reason) => Some(format!("ended early: {reason}")),
        }
    }
}

/// A run folder that is being written to. The system lets go of it when its driver ends, however that comes about.
pub struct Held {
    _plan: Option<File>,
}

/// Takes a run folder. Where files cannot be locked, nobody can tell later whether its driver is still there.
pub fn hold(run: &Path) -> Held {
    let plan = File::open(run.join(HELD)).ok();
    Held { _plan: plan.filter(|file| file.lock().is_ok()) }
}

/// Of all files of a run, the one that is there from the beginning and never written again.
const HELD: &str = "plan.toml";

/// How far the run in a folder has come.
pub fn state(run: &Path) -> State {
    let text = fs::read_to_string(run.join("manifest.json")).unwrap_or_default();
    let manifest: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    match manifest["ended"].as_str() {
        None => State::Unknown,
        Some("complete") => State::Complete,
        Some("running") if is_held(run) => State::Running,
        Some("running") => State::CutOff,
        Some(reason) => State::Early(reason.to_owned()),
    }
}

fn is_held(run: &Path) -> bool {
    let Ok(plan) = File::open(run.join(HELD)) else { return false };
    match plan.try_lock_shared() {
        Ok(()) => false,
        Err(TryLockError::WouldBlock) => true,
        // Unable to tell, it is better not to declare a run dead.
        Err(TryLockError::Error(_)) => true,
    }
}

fn machine() -> Machine {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_once(':'))
            .map(|(_, value)| value.trim().to_owned())
            .unwrap_or_default()
    };
    let memory = field(&read("/proc/meminfo"), "MemTotal");
    let kilobytes: u64 = memory.trim_end_matches(" kB").parse().unwrap_or(0);
    Machine {
        processor: field(&read("/proc/cpuinfo"), "model name"),
        cores: super::cores::usable().len(),
        memory_mb: kilobytes / 1024,
        kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
    }
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The first line of what a program says; absent where there is no such program.
fn said(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.lines().next().filter(|_| output.status.success()).map(str::to_owned)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_run_whose_driver_is_gone_was_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let says = |ended: &str| {
            fs::write(folder.path().join("manifest.json"), format!("{{\"ended\": \"{ended}\"}}")).unwrap();
            state(folder.path())
        };
        fs::write(folder.path().join(HELD), "").unwrap();
        let held = hold(folder.path());
        assert_eq!(says("running"), State::Running);
        drop(held);
        assert_eq!(says("running"), State::CutOff);
        assert_eq!(says("complete"), State::Complete);
        assert_eq!(says("interrupted"), State::Early("interrupted".into()));
    }
}
