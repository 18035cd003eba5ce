//! What a stepped run is told.

use std::path::Path;

use workloads::faults::{DeliveryFaults, SourceFaults};
use workloads::intake::Feed;
use workloads::partition::PartitionBy;
use workloads::{Codec, Shape, Terms, Version};

use crate::contestants::{Contestant, Settings};
use crate::observe::{Noise, Run};

/// What is to be run.
#[derive(Clone, Debug)]
pub struct Script {
    /// Name of the workload.
    pub workload: &'static str,
    /// Its events.
    pub shape: Shape,
    /// How many of them are history.
    pub history: u64,
    /// Microseconds between two appends.
    pub tick_us: i64,
    /// What goes wrong at the source.
    pub source: SourceFaults,
    /// What goes wrong on the way to each component.
    pub delivery: DeliveryFaults,
    /// Chance that a tick kills a component and starts it again.
    pub restart: f64,
    /// Chance that an append leaves offsets behind it that have no record. With any, records are on
    /// their way for a moment when they are read, as those of a broker are.
    pub holes: f64,
    /// How the log is spread.
    pub partitions: u32,
    /// See `partitions`.
    pub partition_by: PartitionBy,
    /// How the events are written.
    pub codec: Codec,
    /// What contestant and truth agree on.
    pub terms: Terms,
    /// Records between two cuts of a batch.
    pub cut_every: u64,
    /// Records that a version spans at most.
    pub granularity: u64,
    /// Threads that a component may use; a run is only repeatable with 1.
    pub workers: u32,
    /// What is chosen about a Lambda.
    pub lambda: lambda::Options,
    /// What is chosen about a Kappa.
    pub kappa: kappa::Options,
    /// Seed of everything random but the events.
    pub seed: u64,
}

impl Script {
    /// A small run without faults.
    pub fn small(workload: &'static str, seed: u64) -> Self {
        let shape = Shape {
            seed,
            events: 3_000,
            rate: 20_000.0,
            keys: 40,
            cancellations: 0.12,
            corrections: 0.08,
            start: 1_700_000_000_000,
            first_sequence: 0,
        };
        Script {
            workload,
            shape,
            history: 1_000,
            tick_us: 1_000,
            source: SourceFaults::default(),
            delivery: DeliveryFaults::default(),
            restart: 0.0,
            holes: 0.0,
            partitions: 3,
            partition_by: PartitionBy::Key,
            codec: Codec::Bin,
            terms: Terms::default(),
            cut_every: 400,
            granularity: 37,
            workers: 1,
            lambda: lambda::Options::default(),
            kappa: kappa::Options::default(),
            seed,
        }
    }
}

/// What each component is told.
pub(super) fn settings(script: &Script, state: &Path) -> Settings {
    Settings {
        workload: script.workload.into(),
        terms: script.terms.clone(),
        state: state.to_owned(),
        feed: Feed { dedup: script.terms.dedup, faults: script.delivery.clone(), ..Feed::default() },
        workers: script.workers,
        granularity: script.granularity,
        version_ms: 0,
        cut_every: script.cut_every,
        cut_ms: 0,
        spin: false,
        seed: script.seed,
        speed_socket: None,
        lambda: script.lambda.clone(),
        kappa: script.kappa.clone(),
    }
}

/// What is known of the run before it begins.
pub(super) fn blank(contestant: &Contestant, script: &Script) -> Run {
    Run {
        workload: script.workload.into(),
        contestant: contestant.name.into(),
        repeat: 1,
        log: "memory".into(),
        clean_log: None,
        terms: script.terms.clone(),
        live_from: Version::zero(script.partitions),
        live_until_us: 0,
        ended_us: 0,
        rate: script.shape.rate,
        objective_us: 10_000,
        kept_bytes: 0,
        log_bytes: 0,
        dead_letters: 0,
        ended: "complete".into(),
        noise: Noise::default(),
    }
}
