//! Everything up to a cut, computed again from the archive whenever it is due.

use std::path::Path;
use std::sync::Arc;

use workloads::files::SharedDisk;
use workloads::intake::{Duplicates, Feed, Intake};
use workloads::{Dedup, Log, Micros, Terms, Version};

use crate::LambdaConfig;
use crate::archive::Archive;
use crate::engine::Engine;
use crate::error::LambdaError;
use crate::handover::{Cut, Handover};
use crate::layers::Layers;
use crate::publication::Shelf;
use crate::schedule::Schedule;
use crate::student::history::History;

pub(crate) mod orders;
pub(crate) mod sensors;
mod sieve;
pub(crate) mod trades;
pub(crate) mod transfers;
pub(crate) mod words;

pub(crate) use sieve::Sieve;

/// Records archived in one step.
const SLICE: usize = 1 << 16;

/// Records archived before they are sealed, so that a long history need not fit into memory at once.
const SEAL: u64 = 1 << 20;

/// The batch layer of one workload, with its archive.
pub(crate) struct Recompute<L: Layers> {
    log: Arc<dyn Log>,
    terms: Terms,
    dedup: Dedup,
    keep: u64,
    /// Who gives the answers, if not the batch itself.
    engine: Option<Arc<dyn Engine>>,
    archive: Archive,
    intake: Intake,
    schedule: Schedule,
    handover: Handover,
    shelf: Shelf,
    /// The newest publication.
    published: Option<Cut>,
    /// The cut that was proposed and is not published yet.
    proposed: Option<Cut>,
    student: History,
    layers: std::marker::PhantomData<L>,
}

impl<L: Layers> Recompute<L> {
    /// Goes on where the state folder says that it was.
    pub(crate) fn start(
        log: Arc<dyn Log>,
        disk: &SharedDisk,
        state: &Path,
        config: &LambdaConfig,
    ) -> Result<Self, LambdaError> {
        let partitions = log.meta().partitions;
        let archive = Archive::open(disk, &state.join("archive"), &config.workload, partitions)?;
        // The archive holds each offset once and everything else as it came: whoever reads it tells duplicates.
        let feed = Feed { dedup: Dedup::Offset, ..config.feed.clone() };
        let all: Vec<u32> = (0..partitions).collect();
        let intake = Intake::open(&*log, &all, archive.sealed(), &feed)?;
        let (shelf, handover) = (Shelf::open(disk, state)?, Handover::open(disk, state)?);
        let published = match shelf.current()? {
            Some(number) => Some(Cut { number, version: shelf.manifest(number)?.cut }),
            None => None,
        };
        let done = published.as_ref().map_or(0, |cut| cut.number);
        let proposed = handover.proposed()?.filter(|cut| cut.number > done);
        Ok(Recompute {
            log,
            terms: config.terms.clone(),
            dedup: config.feed.dedup,
            keep: config.options.keep,
            engine: None,
            archive,
            intake,
            schedule: Schedule::new(config.cut_every, config.cut_ms),
            handover,
            shelf,
            published,
            proposed,
            student: History::open(&config.workload, &config.options, disk, state)?,
            layers: std::marker::PhantomData,
        })
    }

    /// With the answers of another engine.
    pub(crate) fn asking(self, engine: Arc<dyn Engine>) -> Self {
        Recompute { engine: Some(engine), ..self }
    }

    /// Does the next thing there is to do; false when there is nothing. Recomputing is one step.
    pub(crate) fn step(&mut self, now: Micros) -> Result<bool, LambdaError> {
        let Some(proposed) = &self.proposed else { return self.propose(now) };
        match self.handover.agreed()? {
            Some(agreed) if agreed.number == proposed.number => self.approach(agreed),
            _ => Ok(false),
        }
    }

    /// Everything that it has published.
    pub(crate) fn version(&self) -> Option<Version> {
        self.published.as_ref().map(|cut| cut.version.clone())
    }

    /// Records that could not be decoded.
    pub(crate) fn dead(&self) -> u64 {
        self.intake.dead()
    }

    /// Proposes a cut at the log's heads, if one is due.
    fn propose(&mut self, now: Micros) -> Result<bool, LambdaError> {
        let heads = self.log.heads()?;
        if !self.schedule.due(heads.total(), now) {
            return Ok(false);
        }
        let last = self.published.as_ref().map_or(0, |cut| cut.number);
        // What was published stays below every later cut, even if the log has lost its end since.
        let version = self.published.as_ref().map_or(heads.clone(), |cut| cut.version.join(&heads));
        let cut = Cut { number: last + 1, version };
        self.handover.propose(&cut)?;
        self.schedule.begun(cut.version.total(), now);
        self.proposed = Some(cut);
        Ok(true)
    }

    /// Gets the archive a step nearer to the cut, and once it is there publishes.
    fn approach(&mut self, cut: Cut) -> Result<bool, LambdaError> {
        if !self.archive.sealed().covers(&cut.version) {
            return self.fill(&cut);
        }
        self.publish(cut)?;
        Ok(true)
    }

    fn fill(&mut self, cut: &Cut) -> Result<bool, LambdaError> {
        let (mut records, mut moved) = (Vec::new(), 0);
        for (partition, upto) in cut.version.0.iter().enumerate() {
            let most = SLICE.saturating_sub(records.len());
            if most > 0 {
                moved += self.intake.pull(partition as u32, *upto, most, &mut records)?;
            }
        }
        let last = self.version().unwrap_or_default();
        self.student.lose(&mut records, &last, cut);
        self.archive.append(&records)?;
        let version = self.intake.version();
        if version.covers(&cut.version) || version.total() >= self.archive.sealed().total() + SEAL {
            self.archive.seal(version)?;
            return Ok(true);
        }
        Ok(moved > 0)
    }

    fn publish(&mut self, cut: Cut) -> Result<(), LambdaError> {
        let mut seen = Duplicates::new(self.dedup);
        let believed = self.student.files::<L>(&self.archive, &cut, &self.terms, &mut seen)?;
        let mut files = match (believed, &self.engine) {
            (Some(files), _) => files,
            (None, None) => L::batch(&self.archive, &cut.version, &self.terms, &mut seen)?,
            (None, Some(engine)) => {
                L::asked(&**engine, &self.archive, &cut.version, &self.terms, &mut seen)?
            }
        };
        files.push(("seen", seen.snapshot()));
        self.shelf.publish(cut.number, &self.log.meta().workload, &cut.version, &files)?;
        self.shelf.prune(cut.number, self.keep)?;
        self.published = Some(cut);
        self.proposed = None;
        Ok(())
    }
}
