//! A Lambda that has published what it archived, and programs of others that read it.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use lambda::{Batch, LambdaConfig, Serving};
use workloads::Log;
use workloads::files::SharedDisk;

use super::{Case, Rig};

/// Whose archives and views are read by others.
pub const READ: [&str; 5] = ["orders", "trades", "words", "sensors", "transfers"];

/// What a script says when what it imports is not there.
const MISSING: i32 = 77;

/// A Lambda that has archived and published 300 records, on a disk in memory.
pub struct Published {
    pub rig: Rig,
    pub log: Arc<dyn Log>,
    pub disk: SharedDisk,
    pub config: LambdaConfig,
}

/// One of a workload.
pub fn published(workload: &'static str) -> Published {
    let mut rig = Rig::new(Case { restarts: 0, cut_every: 1, ..Case::random(workload, 3) });
    (0..300).for_each(|_| rig.append());
    let ((log, disk), config) = (rig.shared(), rig.config());
    let mut batch = Batch::start(Arc::clone(&log), &disk, &config).unwrap();
    let mut serving = Serving::start(Arc::clone(&log), &disk, &config).unwrap();
    while batch.step(0).unwrap() | serving.step(0).unwrap() {}
    Published { rig, log, disk, config }
}

/// What a script prints that must not fail: with the project's own Python, if `scripts/sql` or CI has made it, that of
/// the machine if not. Nothing where it lacks these modules and nobody insists on them.
pub fn python(script: &str, arguments: &[&Path], modules: &str) -> Option<String> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/python/bin/python");
    let mut python = Command::new(if own.exists() { own.as_path() } else { Path::new("python3") });
    let read = python.arg("-c").arg(script).args(arguments).output();
    let here = read.as_ref().is_ok_and(|read| read.status.code() != Some(MISSING));
    if !here && std::env::var_os("CI").is_none() {
        println!("skipped: no python3 with {modules} (pip install {modules})");
        return None;
    }
    let read = read.unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    assert!(read.status.success(), "{} {}", said(&read.stdout), said(&read.stderr));
    Some(said(&read.stdout))
}
