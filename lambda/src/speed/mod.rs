//! Everything that the batch has not covered yet.
//!
//! Records are kept by *epoch*, the stretch between two cuts, until a publication covers them. Over each publication
//! in use lies one state: what the epochs from its cut on change about it. When the batch publishes, the epochs
//! from the new cut on are folded over the new publication, some records a step, while the old one goes on being
//! read; when the new state has caught up it takes the old one's place, and the epochs before its cut are let go.

use std::sync::Arc;

use workloads::files::SharedDisk;
use workloads::intake::{Duplicates, Feed, Intake};
use workloads::{Log, Micros, Millis, Query, Terms, Version};

use crate::LambdaConfig;
use crate::error::LambdaError;
use crate::handover::{Cut, Handover, Resets};
use crate::layers::Layers;
use crate::options::Options;
use crate::publication::{Newest, Shelf};
use crate::stores::{self, Keeper};
use crate::student::stream::Stream;

mod epoch;
pub(crate) mod orders;
mod publications;
pub(crate) mod remote;
pub(crate) mod sensors;
pub(crate) mod sketch;
mod state;
pub(crate) mod trades;
pub(crate) mod transfers;
pub(crate) mod words;

use epoch::Epochs;
use sketch::Sketches;
pub(crate) use state::Following;

/// Microseconds between two looks at the state folder.
const LOOK: Micros = 2_000;

/// Records by which a state to come gains on the one that is read, each step: as few as do not delay a read.
const AHEAD: usize = 1_500;

/// The speed layer of one workload.
pub(crate) struct Speed<L: Layers> {
    log: Arc<dyn Log>,
    terms: Terms,
    feed: Feed,
    granularity: usize,
    newest: Newest,
    handover: Handover,
    looked: Option<Micros>,
    running: Option<Running<L>>,
    /// The publications that whoever reads has taken in; absent if that is done here.
    taken_in: Option<Vec<u64>>,
    options: Options,
    student: Stream,
    /// Where the halves are read, if that is not here.
    store: Option<Keeper<L>>,
}

/// What there is once the first publication has been taken in.
struct Running<L: Layers> {
    intake: Intake,
    epochs: Epochs,
    /// What is read, and after it what is to take its place.
    held: Vec<Following<L>>,
    /// Where to get before anything is read: the heads when it began.
    goal: Version,
    caught_up: bool,
    resets: Resets,
    sketches: Option<Sketches>,
}

/// One tuple, taken at one moment: a publication, and what all epochs since its cut change about it.
pub(crate) struct Pinned<L: Layers> {
    /// Number of the publication.
    pub(crate) publication: u64,
    /// The publication.
    pub(crate) base: Arc<L::Base>,
    /// Everything that the answer includes.
    pub(crate) version: Version,
    /// The speed layer's half of each answer.
    pub(crate) partials: Vec<L::Partial>,
}

impl<L: Layers> Speed<L> {
    /// Starts without anything to be read: the first publication is taken in step by step.
    pub(crate) fn start(
        log: Arc<dyn Log>,
        disk: &SharedDisk,
        shelf: Shelf,
        config: &LambdaConfig,
    ) -> Result<Self, LambdaError> {
        let state = &config.state;
        let student = Stream::new(&config.options, shelf.current()?.is_some(), disk, state)?;
        Ok(Speed {
            log,
            terms: config.terms.clone(),
            feed: config.feed.clone(),
            granularity: config.granularity.max(1) as usize,
            newest: Newest::on(shelf),
            handover: Handover::open(disk, state)?,
            looked: None,
            running: None,
            taken_in: None,
            options: config.options.clone(),
            student,
            store: stores::open(&config.options, state)?.map(Keeper::new),
        })
    }

    /// Other publications than these are not read from: whoever reads has not taken them in.
    pub(crate) fn taken_in_elsewhere(&mut self, numbers: Vec<u64>) {
        self.taken_in = Some(numbers);
    }

    /// The publications from which it may be read, now or later, oldest first; the last of them is perhaps still being
    /// taken in.
    pub(crate) fn publications(&self) -> Vec<u64> {
        let held = self.running.iter().flat_map(|running| &running.held);
        held.map(|following| following.cut.number).chain(self.newest.under_way()).collect()
    }

    /// Does a bounded amount of work; false when there was none.
    pub(crate) fn step(&mut self, now: Micros) -> Result<bool, LambdaError> {
        let looked = self.look(now)?;
        let loaded = self.load(now)?;
        let Some(running) = &mut self.running else { return Ok(looked || loaded) };
        running.reset(now);
        if let Some(first) = running.held.first_mut()
            && let Some(base) = self.student.overwritten::<L>(&self.terms, first.cut.number)?
        {
            first.base = Arc::new(base);
        }
        let mut worked =
            running.step(&self.terms, self.granularity, self.taken_in.as_deref(), &self.student)?;
        if let Some(store) = self.store.as_mut().filter(|_| running.caught_up) {
            worked |= store.keep(&mut running.held, running.intake.version(), now);
        }
        Ok(looked || loaded || worked)
    }

    /// What can be read: the newest version, once the layer has caught up with the log as it was at the start.
    pub(crate) fn version(&self) -> Option<Version> {
        let running = self.running.as_ref().filter(|running| running.caught_up)?;
        match &self.store {
            Some(store) => store.version(),
            None => Some(running.held.first()?.version(running.intake.version())),
        }
    }

    /// Why the newest publication is not read from, if it is not what the batch wrote.
    pub(crate) fn refused(&self) -> Option<&str> {
        self.newest.refused()
    }

    /// Records that could not be decoded.
    pub(crate) fn dead(&self) -> u64 {
        self.running.as_ref().map_or(0, |running| running.intake.dead())
    }

    /// The halves of some answers at one version: the newest, or with `frozen` the one before the first key went out
    /// of reach.
    pub(crate) fn pin(&mut self, queries: &[Query], frozen: bool) -> Result<Pinned<L>, LambdaError> {
        let running = self.running.as_ref().filter(|running| running.caught_up).ok_or(LambdaError::NotYet)?;
        if let Some(store) = &mut self.store {
            return store.pin(queries, frozen);
        }
        let following = running.held.first().ok_or(LambdaError::NotYet)?;
        let (state, version) = match &following.frozen {
            Some((version, state)) if frozen => (state, version.clone()),
            _ => (&following.state, following.version(running.intake.version())),
        };
        let partials = queries.iter().map(|query| L::partial(state, query)).collect();
        let publication = following.cut.number;
        Ok(Pinned { publication, base: Arc::clone(&following.base), version, partials })
    }

    /// Looks, now and then, whether the batch has published or proposed something. A clock that stands still is that
    /// of a stepped run, which looks every time.
    fn look(&mut self, now: Micros) -> Result<bool, LambdaError> {
        if self.looked.is_some_and(|then| then < now && now < then + LOOK) {
            return Ok(false);
        }
        self.looked = Some(now);
        let began = self.look_for_publication()?;
        Ok(self.look_for_proposal(now)? || began)
    }

    /// Agrees to a new proposal: the cut is not before the layer's own position.
    fn look_for_proposal(&mut self, now: Micros) -> Result<bool, LambdaError> {
        let Some(proposed) = self.handover.proposed()? else { return Ok(false) };
        let cut = match &mut self.running {
            Some(running) if proposed.number == running.agreed() + 1 => {
                let version = proposed.version.join(running.intake.version()).join(running.epochs.start());
                Cut { number: proposed.number, version }
            }
            Some(_) => return Ok(false),
            // Nothing has been read yet, so any cut lies ahead.
            None if self.handover.agreed()?.is_none_or(|agreed| agreed.number < proposed.number) => proposed,
            None => return Ok(false),
        };
        self.handover.agree(&cut)?;
        if let Some(running) = &mut self.running {
            running.agree(cut, now);
        }
        Ok(true)
    }

    /// Begins at a publication's cut: at the start, and if the batch has published where no epoch begins.
    fn begin(&self, cut: &Cut, seen: &[u8]) -> Result<Running<L>, LambdaError> {
        let partitions: Vec<u32> = (0..self.log.meta().partitions).collect();
        let seen = Duplicates::restore(seen).ok().filter(|seen| seen.dedup() == self.feed.dedup);
        // A layer that recognises duplicates by other means than the batch starts without what the batch has seen.
        let seen = seen.unwrap_or_else(|| Duplicates::new(self.feed.dedup));
        let goal = self.log.heads()?;
        let resets = Resets::new(&self.options);
        let mut epochs = Epochs::new(cut.clone());
        let intake = if resets.by_time() {
            // What the batch has left to this layer may stand anywhere.
            let all = Version::zero(partitions.len() as u32);
            epochs = Epochs::new(Cut { number: cut.number.saturating_sub(1), version: all.clone() });
            epochs.begin(cut.clone());
            Intake::open(&*self.log, &partitions, &all, &self.feed)?
        } else {
            let from = if self.student.forgets() { goal.join(&cut.version) } else { cut.version.clone() };
            Intake::resume(&*self.log, &partitions, &from, &self.feed, seen)?
        };
        if let Some(agreed) = self.handover.agreed()?
            && agreed.number > cut.number
            && agreed.version.covers(&cut.version)
            && resets.begins_at_cut()
        {
            epochs.begin(agreed);
        }
        let sketches = self.options.approximate;
        Ok(Running { intake, epochs, held: Vec::new(), goal, caught_up: false, resets, sketches })
    }
}

impl<L: Layers> Running<L> {
    /// Number of the newest publication taken in.
    fn newest(&self) -> u64 {
        self.held.last().map_or(0, |following| following.cut.number)
    }

    /// Number of the newest cut that was agreed on.
    fn agreed(&self) -> u64 {
        self.resets.agreed().max(self.epochs.newest())
    }

    /// Whether an epoch begins at a cut, as far as the hand-over has it so.
    fn goes_on(&self, cut: &Cut) -> bool {
        !self.resets.exact() || self.epochs.has(cut)
    }

    /// A cut was agreed on.
    fn agree(&mut self, cut: Cut, now: Micros) {
        let number = cut.number;
        if self.resets.begins_at_cut() {
            self.epochs.begin(cut);
        }
        if self.resets.agree(number, now) {
            self.held.iter_mut().for_each(|following| following.start_afresh(number));
        }
    }

    /// A publication was taken in.
    fn publish(&mut self, cut: Cut, base: Arc<L::Base>, until: Option<Millis>, now: Micros) {
        // What has not been read yet may belong to an epoch before the newest, or to one before that.
        let oldest = |time| self.epochs.first_since(time).min(self.epochs.reading(self.intake.version()));
        let share = self.resets.share(cut.number, self.epochs.newest(), until, oldest);
        self.resets.publish(cut.number, now);
        self.held.push(Following::new(cut, base, share, self.sketches));
    }

    /// Starts afresh if that is due.
    fn reset(&mut self, now: Micros) {
        let Some(number) = self.resets.due(now).filter(|number| *number > self.epochs.newest()) else {
            return;
        };
        self.epochs.begin(Cut { number, version: self.intake.version().clone() });
        self.held.iter_mut().for_each(|following| following.start_afresh(number));
    }

    fn step(
        &mut self,
        terms: &Terms,
        granularity: usize,
        taken_in: Option<&[u64]>,
        student: &Stream,
    ) -> Result<bool, LambdaError> {
        let before = self.intake.version().clone();
        let moved = self.pull(granularity, student)?;
        let mut folded = false;
        for (i, following) in self.held.iter_mut().enumerate() {
            // What is read follows at once; what is to be read catches up on it, a little faster than it moves on.
            let most = if i == 0 { usize::MAX } else { moved as usize + AHEAD };
            folded |= following.fold(terms, &self.epochs, &before, most)?;
        }
        // By event time the batch leaves records below its cut to this layer, which must have read them.
        let by_time = self.resets.by_time();
        let ready = |following: &Following<L>| {
            taken_in.is_none_or(|numbers| numbers.contains(&following.cut.number))
                && (!by_time || self.intake.version().covers(&following.cut.version))
                && following.caught_up(&self.epochs)
                && !self.resets.holds_back(following.cut.number)
        };
        let ready = self.held.iter().rposition(ready).unwrap_or(0);
        self.held.drain(..ready);
        if let Some(first) = self.held.first() {
            self.epochs.let_go_before(first.share.from);
        }
        self.caught_up |= moved == 0 || self.intake.version().covers(&self.goal);
        Ok(moved > 0 || folded || ready > 0)
    }

    /// Reads on, and keeps what it reads in the epochs where it belongs. Says how far it came.
    fn pull(&mut self, granularity: usize, student: &Stream) -> Result<u64, LambdaError> {
        let mut records = Vec::new();
        let mut moved = 0;
        let partitions = self.goal.0.len();
        // None of them waits until another has been read to its end.
        let share = (granularity / partitions.max(1)).max(1);
        for partition in 0..partitions {
            let most = share.min(granularity.saturating_sub(records.len()));
            if most > 0 {
                moved += self.intake.pull(partition as u32, u64::MAX, most, &mut records)?;
            }
        }
        student.lose(&mut records);
        records.into_iter().for_each(|record| self.epochs.keep(record));
        Ok(moved)
    }
}
