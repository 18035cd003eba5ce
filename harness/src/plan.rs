//! What is to be run: a TOML file in which everything stands that a contestant is told.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, anyhow, ensure};
use serde::{Deserialize, Serialize};
use workloads::faults::{DeliveryFaults, SourceFaults};
use workloads::intake::Feed;
use workloads::log::file::MOST_PARTITIONS;
use workloads::partition::PartitionBy;
use workloads::{Codec, Shape, Terms};

use crate::contestants::Settings;

mod chance;
mod order;
mod sense;

pub use chance::Chance;
pub use order::Spec;

/// The plans that come with the program.
pub static BUILT_IN: &[(&str, &str)] = &[
    ("default", include_str!("../plans/default.toml")),
    ("full", include_str!("../plans/full.toml")),
    ("json", include_str!("../plans/json.toml")),
    ("short", include_str!("../plans/short.toml")),
];

/// A plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Its name, part of the run folder's.
    pub name: String,
    /// One sentence on what it is for.
    pub about: String,
    /// Seed of everything random.
    pub seed: u64,
    /// The live part of each run.
    pub live: Live,
    /// How events are stored.
    pub log: Storage,
    /// What contestants and truth agree on.
    pub terms: Terms,
    /// What each contestant is told.
    pub settings: Tuning,
    /// What is chosen about a Lambda.
    #[serde(default)]
    pub lambda: lambda::Options,
    /// What is chosen about a Kappa.
    #[serde(default)]
    pub kappa: kappa::Options,
    /// The read mix.
    pub reads: Mix,
    /// What the events of each workload look like.
    pub workloads: BTreeMap<String, Events>,
    /// What goes wrong at the source, in the live part.
    #[serde(default)]
    pub faults: SourceFaults,
    /// What goes wrong between the log and one component.
    #[serde(default)]
    pub delivery: Vec<Delivery>,
    /// What is done to components while they run.
    #[serde(default, rename = "disturbance")]
    pub disturbances: Vec<Disturbance>,
    /// What else is done to them at random times.
    #[serde(default, rename = "disturbances", skip_serializing_if = "Option::is_none")]
    pub chance: Option<Chance>,
    /// Who runs against whom.
    #[serde(rename = "contest")]
    pub contests: Vec<Contest>,
}

/// The live part of each run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Live {
    /// Events in the log before it begins, everybody caught up.
    pub history: u64,
    /// How long events are sent.
    pub seconds: f64,
    /// Events a second.
    pub rate: f64,
    /// Freshness objective e.
    pub objective_ms: f64,
    /// Contestants whose p99 latency above the objective is a failure, on a machine that is quiet.
    #[serde(default)]
    pub objective_for: Vec<String>,
    /// How long a contestant may take to catch up with the history.
    pub patience_s: f64,
    /// How long a contestant may take to cover the head when the schedule has ended.
    pub drain_s: f64,
}

/// How events are stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Storage {
    /// How they are written.
    pub codec: Codec,
    /// Number of partitions.
    pub partitions: u32,
    /// How events are spread over them.
    pub partition_by: PartitionBy,
    /// When appended records are made durable: `none`, `interval` or `batch`.
    pub fsync: Fsync,
}

/// When appended records are made durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fsync {
    /// When the operating system likes.
    None,
    /// Every 100 ms.
    Interval,
    /// Before each append is acknowledged.
    Batch,
}

/// What each contestant is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tuning {
    /// Threads a component may use.
    pub workers: u32,
    /// Records a version spans at most.
    pub granularity: u64,
    /// Milliseconds a version spans at most.
    pub version_ms: u64,
    /// Records between two batch cuts; 0 leaves it to `cut_ms`.
    pub cut_every: u64,
    /// Milliseconds between two batch cuts; 0 leaves it to `cut_every`.
    pub cut_ms: u64,
    /// Whether an idle component spins or parks.
    pub spin: bool,
    /// Whether driver and contestant get cores of their own.
    pub pin: bool,
    /// Whether a contestant's folder is kept after its run.
    pub keep: bool,
}

/// Reads a second, by kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mix {
    /// Of one key, uniformly drawn.
    pub uniform: f64,
    /// Of one key of the last second's events.
    pub recent: f64,
    /// Of a grand total.
    pub total: f64,
    /// Of two views in one request.
    pub pair: f64,
    /// Of a whole view.
    pub whole: f64,
    /// Of one or several views at a version that can still be read (`kappa.window_ms`, `kappa.window_records`), of
    /// contestants that can be asked so.
    #[serde(default)]
    pub past: f64,
    /// Connections over which they are sent in turn.
    pub connections: u32,
}

/// What the events of one workload look like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Events {
    /// Number of customers, symbols, words, regions or accounts.
    pub keys: u32,
    /// Share of cancellations or busts.
    #[serde(default)]
    pub cancellations: f64,
    /// Share of corrections.
    #[serde(default)]
    pub corrections: f64,
    /// Event time of the first event, in milliseconds since 1970.
    pub start: i64,
}

/// Faults between the log and one component.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delivery {
    /// Name of the component, such as `speed`.
    pub component: String,
    /// What goes wrong.
    pub faults: DeliveryFaults,
}

/// Something done to a component while it runs, or to what all of them depend on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disturbance {
    /// Name of the component; none of a command.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub component: String,
    /// What is done.
    pub what: Deed,
    /// When, in seconds of the live part.
    pub at: f64,
    /// For how many seconds: how long it is stopped, or dead before it is started again, or until `back` is run.
    #[serde(default)]
    pub seconds: f64,
    /// Of a command: what the report calls it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The command, for the shell. `{leader}` is the broker that leads partition 0 of the run's log, `{others}` are those
    /// with its other copies.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub command: String,
    /// What undoes it, with the same brokers; nothing if empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub back: String,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Deed {
    /// Stopped, and let go on.
    Pause,
    /// Killed, and started again over the folder it left.
    Kill,
    /// A command of the plan's own is run, which no component is told of.
    Command,
}

impl Deed {
    /// Its name in plans and observations.
    pub fn name(self) -> &'static str {
        match self {
            Deed::Pause => "pause",
            Deed::Kill => "kill",
            Deed::Command => "command",
        }
    }
}

impl Disturbance {
    /// Whom or what it concerns, as observations and reports say it.
    pub fn label(&self) -> &str {
        match self.what {
            Deed::Command if self.name.is_empty() => &self.command,
            Deed::Command => &self.name,
            Deed::Pause | Deed::Kill => &self.component,
        }
    }
}

/// Contestants that run interleaved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contest {
    /// Name of the workload.
    pub workload: String,
    /// Names of the contestants.
    pub contestants: Vec<String>,
    /// How often each runs.
    pub repeats: u32,
}

impl Plan {
    /// The plan that comes with the program under this name, or else the file of this name.
    pub fn load(name: &str) -> anyhow::Result<Self> {
        match BUILT_IN.iter().find(|(built_in, _)| *built_in == name) {
            Some((_, text)) => Plan::parse(text, name),
            None => Plan::read(Path::new(name)),
        }
    }

    /// Microseconds for which a Kappa lets a version be read at the plan's rate: as long as it says, or until too many
    /// records have come since.
    pub fn window_us(&self) -> f64 {
        let within = self.kappa.window_records as f64 / self.live.rate * 1e6;
        within.min(self.kappa.window_ms as f64 * 1e3)
    }

    /// A plan from a file.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let names = || BUILT_IN.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        let text = fs::read_to_string(path).with_context(|| {
            format!("no plan {}: name a file or one of the built-in plans {}", path.display(), names())
        })?;
        Plan::parse(&text, &path.display().to_string())
    }

    /// A plan from its text; `name` says in errors where it stands.
    pub fn parse(text: &str, name: &str) -> anyhow::Result<Self> {
        let plan: Plan = toml::from_str(text).map_err(|error: toml::de::Error| {
            let before = error.span().map_or(0, |span| span.start.min(text.len()));
            let line = text[..before].matches('\n').count() + 1;
            anyhow!("plan {name}, line {line}: {}", error.message().replace('\n', ", "))
        })?;
        plan.check().with_context(|| format!("plan {name}"))?;
        Ok(plan)
    }

    /// What every component of a contestant is told, whose folder is `state`.
    pub fn settings(&self, workload: &str, state: &Path) -> Settings {
        let tuning = &self.settings;
        Settings {
            workload: workload.to_owned(),
            terms: self.terms.clone(),
            state: state.to_owned(),
            feed: Feed { dedup: self.terms.dedup, fsync: self.log.fsync.policy(), ..Feed::default() },
            workers: tuning.workers,
            granularity: tuning.granularity,
            version_ms: tuning.version_ms,
            cut_every: tuning.cut_every,
            cut_ms: tuning.cut_ms,
            spin: tuning.spin,
            seed: self.seed,
            speed_socket: None,
            lambda: self.lambda.clone(),
            kappa: self.kappa.clone(),
        }
    }

    /// Whether it can be run at all.
    fn check(&self) -> anyhow::Result<()> {
        ensure!(
            !self.name.is_empty() && !self.name.contains(['/', ' ']),
            "a name without spaces or slashes is needed"
        );
        ensure!(
            [self.live.seconds, self.live.rate].iter().all(|number| *number > 0.0 && number.is_finite()),
            "live.seconds and live.rate must be numbers above 0"
        );
        ensure!(
            (1..=MOST_PARTITIONS).contains(&self.log.partitions),
            "log.partitions must be from 1 to {MOST_PARTITIONS}"
        );
        ensure!(self.reads.connections > 0, "reads.connections must be at least 1");
        ensure!(!self.contests.is_empty(), "there is no [[contest]]: nothing to run");
        let mut taken = BTreeSet::new();
        for contest in &self.contests {
            let known = || workloads::WORKLOADS.iter().map(|w| w.name).collect::<Vec<_>>().join(", ");
            let workload = &contest.workload;
            ensure!(
                workloads::workload(workload).is_some(),
                "no workload `{workload}`: there are {}",
                known()
            );
            ensure!(self.workloads.contains_key(workload), "[workloads.{workload}] is missing");
            for name in &contest.contestants {
                let contestant = crate::contestants::find(name)?;
                ensure!(
                    taken.insert((workload, name)),
                    "{name} on {workload} stands there twice: raise its repeats"
                );
                let can = contestant.workloads;
                ensure!(can.is_empty() || can.contains(&workload.as_str()), "{name} cannot do {workload}");
            }
        }
        sense::check(self)
    }

    /// What the history of a workload looks like.
    pub fn history(&self, workload: &str) -> Option<Shape> {
        let events = self.workloads.get(workload)?;
        Some(Shape {
            seed: self.seed,
            events: self.live.history,
            rate: self.live.rate,
            keys: events.keys,
            cancellations: events.cancellations,
            corrections: events.corrections,
            start: events.start,
            first_sequence: 0,
        })
    }

    /// What the live part of a repeat looks like: it follows the history, and differs from repeat to repeat.
    pub fn live(&self, workload: &str, repeat: u32) -> Option<Shape> {
        let history = self.history(workload)?;
        let millis = history.events as f64 * 1000.0 / history.rate;
        Some(Shape {
            seed: self.seed.wrapping_add(u64::from(repeat)),
            events: (self.live.rate * self.live.seconds) as u64,
            start: history.start + millis as i64,
            first_sequence: history.events,
            ..history
        })
    }
}
