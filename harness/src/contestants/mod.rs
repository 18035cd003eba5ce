//! Who takes part: one file a contestant, and the list.

use std::os::fd::BorrowedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use workloads::files::SharedDisk;
use workloads::intake::Feed;
use workloads::{Answer, Log, Query, Terms, Version};

use crate::clock::Clock;
use crate::protocol::JobOrder;

pub mod broken;
pub mod cluster;
pub mod fed;
pub mod kappa;
pub mod lambda;
pub mod noop;
pub mod reference;
pub mod slow;
#[cfg(feature = "sql")]
pub mod sql;
pub mod stored;

/// Everybody who can take part.
pub static CONTESTANTS: &[&Contestant] = &[
    &lambda::LAMBDA,
    &lambda::APART,
    &lambda::SHARED,
    &lambda::INCREMENTAL,
    &stored::SQLITE,
    &stored::POSTGRES,
    &lambda::STUDENT,
    #[cfg(feature = "sql")]
    &sql::SQL,
    &kappa::KAPPA,
    &cluster::CLUSTER,
    &fed::SQLITE,
    &fed::POSTGRES,
    &kappa::DIRTY,
    &kappa::WATERMARK,
    &kappa::NAIVE,
    &reference::REFERENCE,
    &noop::NOOP,
    &slow::SLOW,
    &broken::FROZEN,
    &broken::LAGGING,
    &broken::HANDOVER,
    &broken::CANCEL,
    &broken::REWIND,
    &broken::FUTURE,
    &broken::MUTE,
    &broken::LABEL,
    &broken::SEEDED,
];

/// The contestant of that name.
pub fn contestant(name: &str) -> Option<&'static Contestant> {
    CONTESTANTS.iter().copied().find(|contestant| contestant.name == name)
}

/// Those who can also be read at a version that lies a little back.
pub static LOOK_BACK: &[&Contestant] = &[&kappa::KAPPA, &cluster::CLUSTER];

/// Those who need a build of their own, and how to make it.
pub static ELSEWHERE: &[(&str, &str)] = if cfg!(feature = "sql") {
    &[]
} else {
    &[(
        "lambda-sql",
        "Not in this build; it is in that of `cargo build --release -p harness --features sql`.",
    )]
};

/// The contestant of that name, or an error that lists the names.
pub fn find(name: &str) -> anyhow::Result<&'static Contestant> {
    let names = || CONTESTANTS.iter().map(|contestant| contestant.name).collect::<Vec<_>>().join(", ");
    let elsewhere = ELSEWHERE.iter().find(|(known, _)| *known == name);
    contestant(name).ok_or_else(|| match elsewhere {
        Some((_, how)) => anyhow::anyhow!("no contestant `{name}`: {how}"),
        None => anyhow::anyhow!("no contestant `{name}`: there are {}", names()),
    })
}

/// Everything one component is told. Written by the driver as JSON, read by `wb contestant`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Name of the workload.
    pub workload: String,
    /// What must be agreed on.
    pub terms: Terms,
    /// The contestant's own folder, shared by its components; it exists.
    pub state: PathBuf,
    /// How this component is fed.
    pub feed: Feed,
    /// Threads it may use.
    pub workers: u32,
    /// Records a version spans at most (g).
    pub granularity: u64,
    /// Milliseconds a version spans at most in a live run; 0 cuts by granularity alone, as stepped runs do.
    pub version_ms: u64,
    /// Records between two batch cuts; 0 leaves it to `cut_ms`.
    pub cut_every: u64,
    /// Milliseconds between two batch cuts in a live run; 0 leaves it to `cut_every`.
    pub cut_ms: u64,
    /// Whether an idle component spins or parks.
    pub spin: bool,
    /// Seed of a contestant that chooses at random (the broken ones).
    pub seed: u64,
    /// Where the component that serves finds its neighbour's socket, when speed and serving are two processes.
    pub speed_socket: Option<PathBuf>,
    /// What the plan chooses about a Lambda.
    #[serde(default)]
    pub lambda: ::lambda::Options,
    /// What the plan chooses about a Kappa.
    #[serde(default)]
    pub kappa: ::kappa::Options,
}

/// A running component: it pulls from the log and may answer reads. Stepped by a test in one thread, or by the
/// loop of a child process.
pub trait Component {
    /// Does a bounded amount of work; false when there was nothing to do.
    fn step(&mut self, now: Now) -> anyhow::Result<bool>;
    /// Answers as a reader would see it now; an error if this component answers no reads.
    fn read(&mut self, queries: &[Query]) -> anyhow::Result<Answer>;
    /// Answers as of a version before the newest, if it can still be read.
    fn read_at(&mut self, version: &Version, _queries: &[Query]) -> anyhow::Result<Answer> {
        anyhow::bail!("it is read at its newest version alone, not at {version}: ask without `at`")
    }
    /// Answers at a version before the newest, or at the newest; an answer whose text would hold the component up may be left to
    /// its host to finish, in whatever thread has the time.
    fn reply(&mut self, at: Option<&Version>, queries: &[Query]) -> anyhow::Result<Reply> {
        match at {
            Some(version) => self.read_at(version, queries).map(Reply::Now),
            None => self.read(queries).map(Reply::Now),
        }
    }
    /// The newest version that can be read (or, of a batch, that it has published); empty if there is none yet.
    fn version(&self) -> Option<Version>;
    /// How long it begins nothing new by itself: a host that found nothing to do need not look again before. `woken` says
    /// whether the host hears of what is appended meanwhile.
    fn rest(&self, _now: Now, _woken: bool) -> Duration {
        Duration::ZERO
    }
    /// What becomes readable when another component wants something of it: a host that sleeps wakes then.
    fn wakes(&self) -> Vec<BorrowedFd<'_>> {
        Vec::new()
    }
    /// Hands down the clock by which it may divide its time. A stepped component gets none.
    fn clock(&mut self, _clock: &Clock) -> anyhow::Result<()> {
        Ok(())
    }
    /// The number of the job whose answers are given, of a component that can have another beside it.
    fn job(&self) -> Option<u32> {
        None
    }
    /// Does something about its jobs, and says which there are.
    fn order(&mut self, _order: &JobOrder) -> anyhow::Result<::kappa::Status> {
        anyhow::bail!("it has one job and no other: only a kappa can be asked something else while it runs")
    }
    /// In one line what is wrong while it goes on all the same.
    fn trouble(&self) -> Option<&str> {
        None
    }
    /// Records set aside because they could not be decoded.
    fn dead(&self) -> u64 {
        0
    }
}

/// An answer, or what gives it when it is called.
pub enum Reply {
    /// It is there.
    Now(Answer),
    /// It is long, and needs nothing of the component any more.
    Later(Box<dyn FnOnce() -> Answer + Send>),
}

/// The clock as the host passes it down; a stepped run passes a scripted one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Now {
    /// Microseconds since 1970-01-01T00:00:00Z.
    pub micros: i64,
}

/// What a component does for its contestant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Answers reads (and may do everything else too).
    Serve,
    /// Lambda's batch, with its archive.
    Batch,
    /// Lambda's speed layer, when it is a process of its own.
    Speed,
    /// Lends its workers to the one that serves.
    Hand,
}

/// Starts a component.
pub type Start = fn(Arc<dyn Log>, &SharedDisk, &Settings) -> anyhow::Result<Box<dyn Component>>;

/// One component of a contestant.
pub struct Part {
    /// Its name within the contestant, such as `batch`.
    pub name: &'static str,
    /// What it does.
    pub role: Role,
    /// Starts it.
    pub start: Start,
}

/// Someone who takes part.
pub struct Contestant {
    /// Its name.
    pub name: &'static str,
    /// One sentence on what it is, and whether it is fair.
    pub about: &'static str,
    /// Its components, in the order in which they are started. Exactly one has the role `Serve`.
    pub parts: &'static [Part],
    /// The workloads it can do; all when empty.
    pub workloads: &'static [&'static str],
    /// For the deliberately broken: the class and signature that the judge must give, and no other.
    pub broken: Option<(crate::judge::Class, crate::judge::Signature)>,
}
