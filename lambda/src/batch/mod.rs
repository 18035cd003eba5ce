//! Everything up to a cut, computed again from the archive whenever it is due.

use std::path::Path;
use std::sync::Arc;

use workloads::files::{DiskLock, SharedDisk, make_dir};
use workloads::intake::{Duplicates, Feed, Intake};
use workloads::{Dedup, Log, Micros, Version};

use crate::LambdaConfig;
use crate::archive::Archive;
use crate::engine::Engine;
use crate::error::LambdaError;
use crate::growth::{self, Grown, Onward};
use crate::handover::{Cut, Handover};
use crate::layers::Layers;
use crate::options::Batching;
use crate::publication::{About, Shelf};
use crate::schedule::Schedule;
use crate::student::history::History;

mod book;
pub mod day;
mod nearest;
pub(crate) mod orders;
pub(crate) mod passes;
mod recent;
pub(crate) mod sensors;
mod sieve;
pub(crate) mod trades;
pub(crate) mod transfers;
pub(crate) mod words;

use book::Book;
pub(crate) use recent::Recent;
pub(crate) use sieve::Sieve;

/// Records archived in one step.
const SLICE: usize = 1 << 16;

/// Records archived before they are sealed, so that a long history need not fit into memory at once.
const SEAL: u64 = 1 << 20;

/// The batch layer of one workload, with its archive.
pub(crate) struct Recompute<L: Layers> {
    log: Arc<dyn Log>,
    disk: SharedDisk,
    config: LambdaConfig,
    /// Who gives the answers, if not the batch itself.
    engine: Option<Arc<dyn Engine>>,
    archive: Archive,
    intake: Intake,
    schedule: Schedule,
    handover: Handover,
    shelf: Shelf,
    book: Book,
    /// The newest publication.
    published: Option<Cut>,
    /// The cut that was proposed and is not published yet.
    proposed: Option<Cut>,
    /// Whether the last attempt failed, so that what is in memory is not to be gone on with.
    failed: bool,
    student: History,
    /// Whether all files of the newest publication have been gone over since the start.
    checked: bool,
    /// Batches that might have gone on from the one before and were computed from the beginning.
    afresh: u64,
    _alone: Box<dyn DiskLock>,
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
        let alone = alone(disk, state)?;
        let (archive, intake) = input(&log, disk, state, config)?;
        let (shelf, handover) = (Shelf::open(disk, state)?, Handover::open(disk, state)?);
        let book = Book::open(disk, state, &config.options)?;
        let published = newest(&shelf)?;
        let mut schedule = Schedule::new(config)?;
        if let (Some(cut), Some(begun)) = (&published, book.last()) {
            schedule.resume(cut.version.total(), begun);
        }
        let done = published.as_ref().map_or(0, |cut| cut.number);
        let proposed = handover.proposed()?.filter(|cut| cut.number > done);
        Ok(Recompute {
            log,
            disk: SharedDisk::clone(disk),
            config: config.clone(),
            engine: None,
            archive,
            intake,
            schedule,
            handover,
            shelf,
            book,
            published,
            proposed,
            student: History::open(&config.workload, &config.options, disk, state)?,
            failed: false,
            checked: false,
            afresh: 0,
            _alone: alone,
            layers: std::marker::PhantomData,
        })
    }

    /// With the answers of another engine.
    pub(crate) fn asking(self, engine: Arc<dyn Engine>) -> Self {
        Recompute { engine: Some(engine), ..self }
    }

    /// Does the next thing there is to do; false when there is nothing. Recomputing is one step. What fails is tried
    /// again after a while, from what is on the disk; an error is one that was not worth another attempt.
    pub(crate) fn step(&mut self, now: Micros) -> Result<bool, LambdaError> {
        if self.book.close(now)? {
            self.schedule.ended(now);
        }
        if self.book.waits(now) {
            return Ok(false);
        }
        match self.go_on(now) {
            Err(error) if self.book.fail(now, &error) => {
                self.failed = true;
                Ok(true)
            }
            done => done,
        }
    }

    fn go_on(&mut self, now: Micros) -> Result<bool, LambdaError> {
        if self.failed {
            self.recover()?;
            self.failed = false;
        }
        let Some(proposed) = &self.proposed else { return self.propose(now) };
        self.book.resume(proposed, now)?;
        match self.handover.agreed()? {
            Some(agreed) if agreed.number == proposed.number => self.approach(agreed),
            _ => Ok(false),
        }
    }

    /// Takes everything up again as it lies on the disk.
    fn recover(&mut self) -> Result<(), LambdaError> {
        let (log, state) = (&self.log, &self.config.state);
        (self.archive, self.intake) = input(log, &self.disk, state, &self.config)?;
        self.published = newest(&self.shelf)?;
        // It may have failed when it had published already.
        let done = self.published.as_ref().map_or(0, |cut| cut.number);
        self.proposed = self.proposed.take().filter(|cut| cut.number > done);
        if self.proposed.is_none() {
            self.book.published(&self.shelf.manifest(done)?);
        }
        Ok(())
    }

    /// Everything that it has published.
    pub(crate) fn version(&self) -> Option<Version> {
        self.published.as_ref().map(|cut| cut.version.clone())
    }

    /// Number of the newest publication; 0 if there is none.
    pub(crate) fn number(&self) -> u64 {
        self.published.as_ref().map_or(0, |cut| cut.number)
    }

    /// Batches that might have gone on from the one before and were computed from the beginning.
    pub(crate) fn afresh(&self) -> u64 {
        self.afresh
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
        let skipped = self.schedule.begun(cut.version.total(), now);
        self.book.begin(&cut, now, skipped)?;
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
            self.archive.compact(self.config.options.compact)?;
            return Ok(true);
        }
        Ok(moved > 0)
    }

    fn publish(&mut self, cut: Cut) -> Result<(), LambdaError> {
        let (Grown { mut files, kept }, seen, from) = self.compute(&cut)?;
        files.push(("seen", seen.snapshot().into()));
        if self.student.overwrites(cut.number, &files)? {
            return Ok(());
        }
        let (workload, terms) = (self.log.meta().workload.as_str(), &self.config.terms);
        let about = About { number: cut.number, workload, cut: &cut.version, terms, from };
        let manifest = self.shelf.publish(&about, &kept, &files)?;
        self.book.published(&manifest);
        self.proposed = None;
        let number = cut.number;
        self.published = Some(cut);
        self.shelf.prune(number, self.config.options.keep)
    }
}

impl<L: Layers> Recompute<L> {
    /// What is to be published at a cut, what has been seen by then, and the publication that it is made from.
    fn compute(&mut self, cut: &Cut) -> Result<(Grown, Duplicates, Option<u64>), LambdaError> {
        let (archive, terms, dedup) = (&self.archive, &self.config.terms, self.config.feed.dedup);
        let mut seen = Duplicates::new(dedup);
        let believed = self.student.files::<L>(archive, cut, terms, &mut seen)?;
        let files = match (believed, &self.engine, self.config.options.batch) {
            (Some(files), ..) => files,
            (None, Some(engine), _) => L::asked(&**engine, archive, &cut.version, terms, &mut seen)?,
            (None, None, Batching::Shared) => growth::whole::<L>(archive, &cut.version, terms, &mut seen)?,
            (None, None, batching) => {
                if let (Batching::Incremental, Some(from)) = (batching, &self.published) {
                    let of = (&self.shelf, archive);
                    let way = (from, &cut.version);
                    match growth::onward::<L>(of, way, (terms, dedup), !self.checked)? {
                        Onward::Grown(grown, seen) => {
                            self.checked = true;
                            return Ok((grown, seen, Some(from.number)));
                        }
                        Onward::FromTheBeginning(why) => {
                            self.afresh += 1;
                            self.book.afresh(why);
                        }
                    }
                }
                L::batch(archive, &cut.version, terms, &mut seen)?
            }
        };
        Ok((Grown { files, kept: Vec::new() }, seen, None))
    }
}

/// Whoever holds this is the only batch of a state folder.
pub(crate) fn alone(disk: &SharedDisk, state: &Path) -> Result<Box<dyn DiskLock>, LambdaError> {
    make_dir(&**disk, state).map_err(|e| LambdaError::io("making", state, e))?;
    let path = state.join("batch.lock");
    let lock = disk.lock(&path).map_err(|e| LambdaError::io("locking", &path, e))?;
    lock.ok_or_else(|| LambdaError::Busy(state.display().to_string()))
}

/// The archive, and the intake that goes on where it is sealed.
fn input(
    log: &Arc<dyn Log>,
    disk: &SharedDisk,
    state: &Path,
    config: &LambdaConfig,
) -> Result<(Archive, Intake), LambdaError> {
    let partitions = log.meta().partitions;
    let archive = Archive::at(disk, state, &config.options.archive, &config.workload, partitions)?;
    let archive = archive.following(&**log, config.feed.dedup)?.read_by(config.options.threads);
    // The archive holds each offset once, unless nobody tells deliveries apart, and everything else as it came: whoever
    // reads it tells duplicates.
    let dedup = if config.feed.dedup == Dedup::None { Dedup::None } else { Dedup::Offset };
    let feed = Feed { dedup, ..config.feed.clone() };
    let all: Vec<u32> = (0..partitions).collect();
    let intake = Intake::open(&**log, &all, archive.sealed(), &feed)?;
    Ok((archive, intake))
}

/// The newest publication.
fn newest(shelf: &Shelf) -> Result<Option<Cut>, LambdaError> {
    let Some(number) = shelf.current()? else { return Ok(None) };
    Ok(Some(Cut { number, version: shelf.manifest(number)?.cut }))
}
