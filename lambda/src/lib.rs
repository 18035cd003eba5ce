//! The contestant with three layers. A Lambda view is one question answered in three places: by the batch for
//! everything up to a cut, by the speed layer for everything after it, and by the serving layer, which makes one
//! answer of the two.
//!
//! The folders are the textbook's diagram. `archive` turns the log into an immutable master dataset; `batch`
//! computes everything up to the cut from it, again and again; `speed` follows the log from the cut on; `serving`
//! merges and answers. `publication` is what the batch hands over, `handover` how the cut is agreed, `stores`
//! where the speed layer's half lies if that is not its memory. `growth` makes a publication of the speed layer's fold,
//! for a batch that shares that fold or goes on from the publication before.
//!
//! [`Batch`] and [`Serving`] are the two components, each a process of its own or stepped by turns in one thread. They
//! share a log and a state folder and nothing else.

use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use workloads::files::SharedDisk;
use workloads::intake::Feed;
use workloads::{Answer, Log, Micros, Query, Terms, Version, workload};

pub mod alone;
pub mod archive;
mod batch;
mod engine;
mod error;
mod growth;
pub mod halves;
mod handover;
mod layers;
pub mod options;
mod publication;
pub mod runs;
mod schedule;
mod serving;
mod speed;
pub mod stores;
mod student;

pub use batch::day;
pub use engine::{Each, Engine, EngineError, Held, Session};
pub use error::LambdaError;
pub use growth::{Chain, shared};
use layers::{Layers, with_layers};
pub use options::Options;
pub use serving::apart::Apart;
pub use serving::export::Export;

/// What both components are told.
#[derive(Clone, Debug, PartialEq)]
pub struct LambdaConfig {
    /// Name of the workload.
    pub workload: String,
    /// What the layers must agree on.
    pub terms: Terms,
    /// The folder that they share.
    pub state: PathBuf,
    /// How this component is fed.
    pub feed: Feed,
    /// Records that the speed layer takes in one step, at most: what one version spans.
    pub granularity: u64,
    /// Records between two cuts; 0 leaves it to `cut_ms`.
    pub cut_every: u64,
    /// Milliseconds between two cuts; 0 leaves it to `cut_every`.
    pub cut_ms: u64,
    /// Where speed and serving layer meet when they are two processes; both are one component if absent.
    pub socket: Option<PathBuf>,
    /// What else can be chosen.
    pub options: Options,
}

/// The archive, its schedule and the batch layer.
pub struct Batch(Box<dyn Recomputes>);

/// The speed layer in a process of its own; [`Serving`] asks it over a socket.
pub struct Speed(Box<dyn Answers>);

/// The serving layer, which answers reads, and unless there is a socket the speed layer with it.
pub struct Serving {
    workload: String,
    inner: Box<dyn Serves>,
}

impl Batch {
    /// Goes on where the state folder says that it was.
    pub fn start(log: Arc<dyn Log>, disk: &SharedDisk, config: &LambdaConfig) -> Result<Self, LambdaError> {
        with_layers!(config.workload.as_str(), L => {
            Ok(Batch(Box::new(batch::Recompute::<L>::start(log, disk, &config.state, config)?)))
        })
    }

    /// The same with the answers of another engine.
    pub fn asking(
        engine: Arc<dyn Engine>,
        log: Arc<dyn Log>,
        disk: &SharedDisk,
        config: &LambdaConfig,
    ) -> Result<Self, LambdaError> {
        with_layers!(config.workload.as_str(), L => {
            let recompute = batch::Recompute::<L>::start(log, disk, &config.state, config)?;
            Ok(Batch(Box::new(recompute.asking(engine))))
        })
    }

    /// Does the next thing there is to do, a whole recomputation at most; false when there is nothing.
    pub fn step(&mut self, now: Micros) -> Result<bool, LambdaError> {
        self.0.step(now)
    }

    /// Everything that it has published.
    pub fn version(&self) -> Option<Version> {
        self.0.version()
    }

    /// Number of the newest publication; 0 if there is none.
    pub fn number(&self) -> u64 {
        self.0.number()
    }

    /// How often it was computed from the beginning where it was to go on from the publication before.
    pub fn afresh(&self) -> u64 {
        self.0.afresh()
    }

    /// Records that could not be decoded.
    pub fn dead(&self) -> u64 {
        self.0.dead()
    }
}

impl Speed {
    /// Starts at the newest publication, or waits for the first; listens on `socket`.
    pub fn start(
        log: Arc<dyn Log>,
        disk: &SharedDisk,
        config: &LambdaConfig,
        socket: &Path,
    ) -> Result<Self, LambdaError> {
        with_layers!(config.workload.as_str(), L => {
            Ok(Speed(Box::new(answering::<L>(log, disk, config, socket)?)))
        })
    }

    /// Does a bounded amount of work and answers the serving layer; false when there was nothing to do.
    pub fn step(&mut self, now: Micros) -> Result<bool, LambdaError> {
        self.0.step(now)
    }

    /// What becomes readable when the serving layer calls or asks: whoever sleeps between two steps is to wake then.
    pub fn wakes(&self) -> Vec<BorrowedFd<'_>> {
        self.0.wakes()
    }

    /// In one line why the newest publication is not read from, if it is not what the batch wrote.
    pub fn refused(&self) -> Option<&str> {
        self.0.refused()
    }

    /// The newest version that the serving layer can be answered at.
    pub fn version(&self) -> Option<Version> {
        self.0.version()
    }

    /// Records that could not be decoded.
    pub fn dead(&self) -> u64 {
        self.0.dead()
    }
}

impl Serving {
    /// Starts at the newest publication, or waits for the first.
    pub fn start(log: Arc<dyn Log>, disk: &SharedDisk, config: &LambdaConfig) -> Result<Self, LambdaError> {
        let workload = config.workload.clone();
        with_layers!(workload.as_str(), L => {
            let inner = Box::new(merge::<L>(log, disk, config)?);
            Ok(Serving { workload, inner })
        })
    }

    /// Does a bounded amount of work; false when there was none.
    pub fn step(&mut self, now: Micros) -> Result<bool, LambdaError> {
        self.inner.step(now)
    }

    /// The answers to some questions, all at one version.
    pub fn read(&mut self, queries: &[Query]) -> Result<Answer, LambdaError> {
        let known =
            |view: &str| workload(&self.workload).is_some_and(|workload| workload.view(view).is_some());
        if let Some(unknown) = queries.iter().find(|query| !known(&query.view)) {
            return Err(LambdaError::View(unknown.view.clone()));
        }
        self.inner.read(queries)
    }

    /// What each half says to some questions by itself, and out of which publication: for whoever wants to see what is
    /// merged. The speed layer's half of something that a batch has and an event took back since may be below nothing.
    pub fn apart(&mut self, queries: &[Query]) -> Result<Apart, LambdaError> {
        self.inner.apart(queries)
    }

    /// In one line why the newest publication is not read from, if it is not what the batch wrote: the one before it is
    /// read on.
    pub fn refused(&self) -> Option<&str> {
        self.inner.refused()
    }

    /// The newest version that can be read; none while the first batch is awaited or the log is caught up with.
    pub fn version(&self) -> Option<Version> {
        self.inner.version()
    }

    /// Records that could not be decoded.
    pub fn dead(&self) -> u64 {
        self.inner.dead()
    }
}

/// Serves an earlier publication again: it is published once more under the next number, which every speed and serving
/// layer takes in as any other, and reads the log again from its cut on. The batch must not be at work; once it is,
/// its next publication takes over.
pub fn rollback(disk: &SharedDisk, state: &Path, to: u64, now: Micros) -> Result<runs::Run, LambdaError> {
    let shelf = publication::Shelf::find(disk, state)?;
    let _alone = batch::alone(disk, state)?;
    let manifest = shelf.publish_again(to)?;
    let mut run = runs::Run::begin(manifest.number, manifest.cut.clone(), now, 0);
    run.published(&manifest);
    run.ended = Some(now);
    runs::Runs::open(disk, state)?.note(&run)?;
    Ok(run)
}

/// The serving layer of a workload, over a speed layer in the same process or in another.
fn merge<L: Layers>(
    log: Arc<dyn Log>,
    disk: &SharedDisk,
    config: &LambdaConfig,
) -> Result<serving::Merge<L>, LambdaError> {
    let shelf = publication::Shelf::open(disk, &config.state)?;
    let back_at = shelf.current()?;
    let speed: Box<dyn serving::SpeedSide<L>> = match &config.socket {
        Some(socket) => Box::new(serving::remote::Remote::start(shelf, socket)),
        None => Box::new(speed::Speed::<L>::start(log, disk, shelf, config)?),
    };
    let student = student::answers::Answers::new(&config.options, back_at);
    Ok(serving::Merge::new(&config.terms, speed, student))
}

/// The speed layer of a workload with its socket.
fn answering<L: Layers>(
    log: Arc<dyn Log>,
    disk: &SharedDisk,
    config: &LambdaConfig,
    socket: &Path,
) -> Result<speed::remote::Answering<L>, LambdaError> {
    let shelf = publication::Shelf::open(disk, &config.state)?;
    speed::remote::Answering::start(speed::Speed::start(log, disk, shelf, config)?, socket)
}

/// A batch or a speed layer, whatever its workload.
trait Publishes: Send {
    fn step(&mut self, now: Micros) -> Result<bool, LambdaError>;
    fn version(&self) -> Option<Version>;
    fn dead(&self) -> u64;
}

/// A speed layer that is asked, whatever its workload.
trait Answers: Publishes {
    fn wakes(&self) -> Vec<BorrowedFd<'_>>;
    fn refused(&self) -> Option<&str>;
}

/// A batch, whatever its workload.
trait Recomputes: Publishes {
    fn number(&self) -> u64;
    fn afresh(&self) -> u64;
}

impl<L: Layers> Recomputes for batch::Recompute<L> {
    fn number(&self) -> u64 {
        batch::Recompute::number(self)
    }

    fn afresh(&self) -> u64 {
        batch::Recompute::afresh(self)
    }
}

/// A serving layer, whatever its workload.
trait Serves: Send {
    fn step(&mut self, now: Micros) -> Result<bool, LambdaError>;
    fn read(&mut self, queries: &[Query]) -> Result<Answer, LambdaError>;
    fn apart(&mut self, queries: &[Query]) -> Result<Apart, LambdaError>;
    fn refused(&self) -> Option<&str>;
    fn version(&self) -> Option<Version>;
    fn dead(&self) -> u64;
}

impl<L: Layers> Publishes for batch::Recompute<L> {
    fn step(&mut self, now: Micros) -> Result<bool, LambdaError> {
        batch::Recompute::step(self, now)
    }

    fn version(&self) -> Option<Version> {
        batch::Recompute::version(self)
    }

    fn dead(&self) -> u64 {
        batch::Recompute::dead(self)
    }
}

impl<L: Layers> Publishes for speed::remote::Answering<L> {
    fn step(&mut self, now: Micros) -> Result<bool, LambdaError> {
        speed::remote::Answering::step(self, now)
    }

    fn version(&self) -> Option<Version> {
        speed::remote::Answering::version(self)
    }

    fn dead(&self) -> u64 {
        speed::remote::Answering::dead(self)
    }
}

impl<L: Layers> Answers for speed::remote::Answering<L> {
    fn wakes(&self) -> Vec<BorrowedFd<'_>> {
        speed::remote::Answering::wakes(self)
    }

    fn refused(&self) -> Option<&str> {
        speed::remote::Answering::refused(self)
    }
}

impl<L: Layers> Serves for serving::Merge<L> {
    fn step(&mut self, now: Micros) -> Result<bool, LambdaError> {
        serving::Merge::step(self, now)
    }

    fn read(&mut self, queries: &[Query]) -> Result<Answer, LambdaError> {
        serving::Merge::read(self, queries)
    }

    fn apart(&mut self, queries: &[Query]) -> Result<Apart, LambdaError> {
        serving::Merge::apart(self, queries)
    }

    fn refused(&self) -> Option<&str> {
        serving::Merge::refused(self)
    }

    fn version(&self) -> Option<Version> {
        serving::Merge::version(self)
    }

    fn dead(&self) -> u64 {
        serving::Merge::dead(self)
    }
}
