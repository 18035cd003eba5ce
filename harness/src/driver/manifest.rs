//! What a run folder says about how it came to be: machine, program, seed and how it ended.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::plan::Plan;

#[derive(Serialize)]
struct Manifest<'a> {
    /// How it ended.
    ended: &'a str,
    plan: &'a str,
    seed: u64,
    /// Of the plan with every setting, in hexadecimal.
    plan_sha256: String,
    program: Program,
    machine: Machine,
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

/// Writes `manifest.json`.
pub fn write(out: &Path, plan: &Plan, program: &Path, ended: &str) -> anyhow::Result<()> {
    let text = toml::to_string(plan).context("writing the plan")?;
    let manifest = Manifest {
        ended,
        plan: &plan.name,
        seed: plan.seed,
        plan_sha256: hex(text.as_bytes()),
        program: Program {
            version: env!("CARGO_PKG_VERSION"),
            revision: said("git", &["describe", "--always", "--dirty", "--abbrev=12"]),
            sha256: fs::read(program).map_or_else(|_| String::new(), |bytes| hex(&bytes)),
            profile: if cfg!(debug_assertions) { "dev" } else { "release" },
            compiler: said("rustc", &["--version"]),
        },
        machine: machine(),
    };
    let file = out.join("manifest.json");
    let text = serde_json::to_string_pretty(&manifest).context("writing the manifest")?;
    fs::write(&file, text + "\n").with_context(|| format!("writing {}", file.display()))
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
