//! When snapshots are taken, and how the one that is being taken fares.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use workloads::files::SharedDisk;
use workloads::{Log, Micros, Version};

use super::files::Snapshots;
use super::manifest::{Manifest, Question};
use super::part::Restored;
use super::scribe::{Note, Scribe};
use crate::error::KappaError;
use crate::follower::KappaConfig;

/// Takes snapshots from time to time.
pub(crate) struct Saver {
    at: Snapshots,
    /// Must be durable before a snapshot is valid.
    bindings: PathBuf,
    span: Micros,
    records: u64,
    /// When the last one was begun, and how many records it was of.
    last: Option<(Micros, u64)>,
    parts: usize,
    /// Whether the writing is done in a thread of its own.
    thread: bool,
    scribe: Option<Scribe>,
}

impl Saver {
    /// Of as many parts as there are workers, in the folder `state`.
    pub(crate) fn new(
        disk: &SharedDisk,
        state: &Path,
        bindings: PathBuf,
        config: &KappaConfig,
        thread: bool,
    ) -> Self {
        let options = &config.options;
        let span = i64::try_from(options.snapshot_ms).unwrap_or(i64::MAX).saturating_mul(1000);
        Saver {
            at: Snapshots::new(disk, state, options.keep),
            bindings,
            span,
            records: options.snapshot_records,
            last: None,
            parts: (config.workers * options.processes) as usize,
            thread,
            scribe: None,
        }
    }

    /// See [`Snapshots::newest`].
    pub(crate) fn newest(
        &self,
        log: &dyn Log,
        question: &Question,
        recorded: &[Version],
    ) -> Result<(Option<Restored>, Vec<String>), KappaError> {
        // Totals grow with the versions.
        let bound = |version: &Version| {
            let from = recorded.partition_point(|it| it.total() < version.total());
            recorded.get(from) == Some(version)
        };
        self.at.newest(log, question, bound)
    }

    /// Whether one is due that begins with a version of so many records.
    pub(crate) fn due(&mut self, now: Micros, records: u64) -> bool {
        let (then, held) = *self.last.get_or_insert((now, records));
        let by_time = self.span > 0 && now.saturating_sub(then) >= self.span;
        let by_records = self.records > 0 && records.saturating_sub(held) >= self.records;
        self.scribe.is_none() && records > held && (by_time || by_records)
    }

    /// Begins one of this version, and says where the workers hand in.
    pub(crate) fn begin(
        &mut self,
        log: &Arc<dyn Log>,
        question: Question,
        (time, version): (u64, &Version),
        now: Micros,
    ) -> Result<SyncSender<Note>, KappaError> {
        self.last = Some((now, version.total()));
        let manifest = Manifest::new(question, log.meta().clone(), time, version.clone(), self.parts);
        let draft = self.at.begin(Arc::clone(log), manifest, self.bindings.clone())?;
        let (scribe, desk) = Scribe::begin(draft, self.parts, self.thread);
        self.scribe = Some(scribe);
        Ok(desk)
    }

    /// A bounded amount of writing, and how the snapshot ended if it has.
    pub(crate) fn work(&mut self) -> Option<Result<(), KappaError>> {
        let ended = self.scribe.as_mut()?.work()?;
        self.scribe = None;
        Some(ended)
    }

    /// Whether one is being taken.
    pub(crate) fn is_busy(&self) -> bool {
        self.scribe.is_some()
    }
}
