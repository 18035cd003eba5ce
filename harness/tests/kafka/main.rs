//! Real brokers: what `wb` does on them, and that other people's clients agree with ours.
//!
//! `scripts/check --kafka` starts the brokers and runs these. What needs three of them is in `three_brokers`.
#![cfg(feature = "kafka")]
#![allow(clippy::unwrap_used)]

mod clients;
mod commands;
#[path = "../trades/golden.rs"]
mod golden;
mod labs;
mod logs;
mod three_brokers;
mod trades;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// The workspace's folder.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// Where the one broker is.
fn broker() -> String {
    std::env::var("WB_KAFKA").expect("WB_KAFKA names no broker: run scripts/check --kafka")
}

/// Where the brokers keep their data, logs and pids.
fn run_folder() -> PathBuf {
    std::env::var("KAFKA_RUN").expect("KAFKA_RUN names no folder: run scripts/check --kafka").into()
}

/// A name for a topic that no other test has.
fn fresh(name: &str) -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    format!("{name}-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs a program with this on its standard input.
fn fed(mut command: Command, input: &str) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// Runs a program that must not fail, and gives what it printed.
fn done(command: Command, input: &str) -> String {
    let shown = format!("{command:?}");
    let output = fed(command, input);
    assert!(output.status.success(), "{shown}: {}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

/// `wb` with these arguments.
fn wb(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wb"));
    command.args(arguments).env("LC_ALL", "C");
    command
}

/// `scripts/kafka` with these arguments.
fn kafka(arguments: &[&str]) -> Command {
    let mut command = Command::new(root().join("scripts/kafka"));
    command.args(arguments);
    command
}

/// Makes a topic at some brokers.
fn make(brokers: &str, topic: &str, more: &[&str]) {
    done(wb(&[&["topic", "create", topic, "--bootstrap", brokers], more].concat()), "");
}

/// Everything in a topic as `wb consume` prints it.
fn consumed(brokers: &str, topic: &str, count: usize) -> Vec<String> {
    let count = count.to_string();
    let consume = ["consume", topic, "--bootstrap", brokers, "--from-beginning", "--count", &count];
    let group = fresh("group");
    let printed = done(wb(&[&consume[..], &["--group", &group, "--idle", "30"]].concat()), "");
    printed.lines().map(str::to_owned).collect()
}
