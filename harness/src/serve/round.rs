//! Everything that begins anew with a log: the log itself, whoever follows it, and what is true of it.

use std::sync::Arc;

use anyhow::Context;
use kappa::Kappa;
use tempfile::TempDir;
use workloads::faults::SourceFaults;
use workloads::files::{RealDisk, SharedDisk};
use workloads::partition::PartitionBy;
use workloads::{Appender, Codec, Log, Meta, Shape, Version, Workload};

use super::TICK_US;
use super::oracle::Oracle;
use super::party::{self, Lambda};
use super::record::{Scene, Student};
use super::source::Source;
use crate::logs::{LogAddress, Lookup};

/// A log and its writer.
type Written = (Arc<dyn Log>, Box<dyn Appender>);

/// Where logs and states lie.
pub struct Ground {
    log: Option<LogAddress>,
    lookup: Lookup,
    folder: TempDir,
    disk: SharedDisk,
}

/// Everything that begins anew with a log.
pub(super) struct Round {
    pub(super) number: u64,
    /// The tick with which it began.
    pub(super) began: u64,
    pub(super) log: Arc<dyn Log>,
    pub(super) appender: Box<dyn Appender>,
    pub(super) source: Source,
    pub(super) oracle: Oracle,
    pub(super) lambda: Lambda,
    pub(super) student: Lambda,
    pub(super) kappa: Kappa,
    pub(super) heads: Version,
    /// Where its files are, if they go with it.
    folder: TempDir,
    /// How often the student was built.
    builds: u64,
}

impl Ground {
    /// In temporary folders, unless the log is to lie somewhere.
    pub fn new(log: Option<LogAddress>, lookup: Lookup) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir().context("making a temporary folder")?;
        Ok(Ground { log, lookup, folder, disk: Arc::new(RealDisk) })
    }

    /// An empty log for a round, whose other files lie in a folder.
    fn log(&self, round: u64, meta: &Meta, folder: &TempDir) -> anyhow::Result<Written> {
        let address = match &self.log {
            Some(address) => address.beside(&format!("round-{round}"))?,
            None => LogAddress::Folder(folder.path().join("log")),
        };
        address.create(meta, self.lookup).context("making a log to show")?;
        // Readers of a log that is being written look to its writer.
        let appender = address.appender(self.lookup)?;
        Ok((address.open(self.lookup)?, appender))
    }
}

impl Round {
    /// A round of that number, which begins with that tick.
    pub(super) fn begin(
        workload: &'static Workload,
        scene: &Scene,
        (faults, student): (&SourceFaults, &Student),
        place: &Ground,
        number: u64,
        began: u64,
    ) -> anyhow::Result<Self> {
        let meta = Meta {
            workload: scene.workload.clone(),
            codec: Codec::Bin,
            partitions: scene.partitions,
            partition_by: PartitionBy::Key,
            made_by: format!("wb serve with seed {}, round {number}", scene.seed),
        };
        let folder = tempfile::tempdir_in(place.folder.path()).context("making a folder for a round")?;
        let (log, appender) = place.log(number, &meta, &folder)?;
        let at = began as i64 * TICK_US;
        let now = (scene.events.start * 1000 + at, at);
        let state = |name: &str| folder.path().join(name);
        let shape = shape(scene, number, began);
        Ok(Round {
            number,
            began,
            source: Source::new(workload, &shape, faults),
            oracle: Oracle::new(workload, &scene.terms, scene.partitions),
            lambda: Lambda::fair(&log, &place.disk, &state("lambda"), scene, now)?,
            student: Lambda::student(&log, &place.disk, &state("student-1"), (scene, student), now)?,
            kappa: party::kappa(&log, &place.disk, &state("kappa"), scene)?,
            heads: log.heads()?,
            log,
            appender,
            folder,
            builds: 1,
        })
    }

    /// Another student, from the log's beginning: what an earlier one did wrong is not its own, but its batches were.
    pub(super) fn rebuild(
        &mut self,
        scene: &Scene,
        student: &Student,
        place: &Ground,
        now: (i64, i64),
    ) -> anyhow::Result<()> {
        self.builds += 1;
        let state = self.folder.path().join(format!("student-{}", self.builds));
        let mut runs = std::mem::take(&mut self.student.runs);
        self.student = Lambda::student(&self.log, &place.disk, &state, (scene, student), now)?;
        runs.retain(|run| run.until_us.is_some());
        runs.append(&mut self.student.runs);
        self.student.runs = runs;
        let gone = self.folder.path().join(format!("student-{}", self.builds - 1));
        std::fs::remove_dir_all(&gone).context("removing what the student left behind")
    }
}

/// The events of a round.
fn shape(scene: &Scene, round: u64, began: u64) -> Shape {
    Shape {
        seed: scene.seed.wrapping_add(round - 1),
        events: u64::MAX,
        rate: scene.rate,
        keys: scene.events.keys,
        cancellations: scene.events.cancellations,
        corrections: scene.events.corrections,
        start: scene.events.start + began as i64 * TICK_US / 1000,
        first_sequence: 0,
    }
}
