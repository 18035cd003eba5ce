//! A whole run in one thread on a scripted clock: the same seed gives the same run to the last read.
//!
//! Events are appended to a log in memory as their intended times come, the components of a contestant are stepped in a
//! random order, reads are made at random points, and what comes out is what a live run leaves on disk, for the
//! same judge. Nothing here measures time.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, ensure};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use workloads::files::SharedDisk;
use workloads::intake::PATIENCE;
use workloads::log::RawRecord;
use workloads::log::memory::{MemoryAppender, MemoryLog};
use workloads::{Appender, Log, Meta, Query, Version, workload};

use crate::contestants::{Component, Contestant, LOOK_BACK, Now, Role, Settings};
use crate::judge::{Differences, Evidence};
use crate::observe::{Arrival, Kind, Observation, Watched};
use hesitant::Hesitant;
use questions::Questions;
use script::{blank, settings};
use source::Source;

mod hesitant;
mod questions;
mod script;
mod source;

pub use script::Script;

/// What the scripted clock calls the beginning of the live part, in microseconds since 1970.
const EPOCH: i64 = 1_700_000_000_000_000;
/// Chance of a question about an older version, whenever others are asked.
const PAST: f64 = 0.15;
/// Microseconds of a round of draining.
const ROUND: i64 = 1_000;
/// Rounds without work after which a contestant is taken to have drained.
const QUIET: u32 = 30;
/// Rounds after which it is taken never to.
const ROUNDS: u32 = 50_000;

/// Runs a contestant by a script; `state` is an empty folder of that disk.
pub fn run(
    contestant: &'static Contestant,
    script: &Script,
    disk: &SharedDisk,
    state: &Path,
) -> anyhow::Result<Evidence> {
    let mut stage = Stage::new(contestant, script, disk, state)?;
    stage.history()?;
    stage.live()?;
    stage.finish()
}

struct Actor {
    index: usize,
    component: Box<dyn Component>,
    announced: Option<Version>,
    /// What it has announced since it was started, and when.
    past: Vec<(i64, Version)>,
}

struct Stage<'a> {
    contestant: &'static Contestant,
    script: &'a Script,
    disk: &'a SharedDisk,
    settings: Settings,
    log: Arc<MemoryLog>,
    appender: MemoryAppender,
    source: Source,
    actors: Vec<Actor>,
    questions: Questions,
    differences: Differences,
    dice: ChaCha8Rng,
    /// Of questions about older versions, so that all others stay what they are.
    past_dice: ChaCha8Rng,
    clock: i64,
    evidence: Evidence,
}

impl<'a> Stage<'a> {
    fn new(
        contestant: &'static Contestant,
        script: &'a Script,
        disk: &'a SharedDisk,
        state: &Path,
    ) -> anyhow::Result<Self> {
        let meta = Meta {
            workload: script.workload.into(),
            codec: script.codec,
            partitions: script.partitions,
            partition_by: script.partition_by,
            made_by: format!("a stepped run with seed {}", script.seed),
        };
        let log = Arc::new(MemoryLog::create(meta.clone()));
        let workload = workload(script.workload).context("a script names a workload that there is")?;
        let settings = settings(script, state);
        let mut stage = Stage {
            contestant,
            script,
            disk,
            settings,
            appender: log.appender(),
            source: Source::new(workload, script, &meta),
            actors: Vec::new(),
            questions: Questions::new(workload),
            differences: Differences::default(),
            dice: ChaCha8Rng::seed_from_u64(script.seed),
            past_dice: ChaCha8Rng::seed_from_u64(script.seed ^ 0x7061_7374),
            clock: i64::MIN / 2,
            evidence: Evidence {
                run: blank(contestant, script),
                reads: Vec::new(),
                arrivals: Vec::new(),
                watched: Vec::new(),
                marks: Vec::new(),
                log: Arc::clone(&log) as Arc<dyn Log>,
            },
            log,
        };
        for index in 0..contestant.parts.len() {
            let component = stage.start(index)?;
            stage.actors.push(Actor { index, component, announced: None, past: Vec::new() });
        }
        Ok(stage)
    }

    fn start(&self, index: usize) -> anyhow::Result<Box<dyn Component>> {
        let part = &self.contestant.parts[index];
        let log: Arc<dyn Log> = match self.script.holes > 0.0 {
            true => Arc::new(Hesitant(self.log.clone())),
            false => self.log.clone(),
        };
        (part.start)(log, self.disk, &self.settings)
            .with_context(|| format!("starting {} of {}", part.name, self.contestant.name))
    }

    /// Appends the history and lets everybody catch up with it.
    fn history(&mut self) -> anyhow::Result<()> {
        self.clock = -1_000_000_000;
        let records = self.source.take(self.script.history);
        for (partition, record) in records {
            self.append(partition, &[record])?;
        }
        self.evidence.arrivals.clear();
        self.drain()?;
        self.evidence.watched.clear();
        self.evidence.run.live_from = self.log.heads()?;
        Ok(())
    }

    fn live(&mut self) -> anyhow::Result<()> {
        self.source.go_live();
        let mut tick = 0;
        while let Some(due) = self.source.due(tick + self.script.tick_us) {
            self.clock = self.clock.max(tick);
            for (partition, records) in due {
                self.append(partition, &records)?;
            }
            if self.dice.random_bool(self.script.restart) {
                self.restart()?;
            }
            for _ in 0..2 * self.actors.len() {
                self.step()?;
                self.read_some()?;
            }
            tick += self.script.tick_us;
        }
        self.evidence.run.live_until_us = tick;
        Ok(())
    }

    fn append(&mut self, partition: u32, records: &[RawRecord]) -> anyhow::Result<()> {
        let handed_us = self.clock;
        let range = self.appender.append(partition, records)?;
        if self.script.holes > 0.0 && self.dice.random_bool(self.script.holes) {
            self.appender.skip(partition, self.dice.random_range(1..9))?;
        }
        self.clock += 2;
        // What has no record was handed over all the same: a version may include it.
        let end = self.log.heads()?.0[partition as usize];
        let (first, count) = (range.start, end - range.start);
        self.questions.learn(&*self.log, records);
        self.evidence.arrivals.push(Arrival { partition, first, count, handed_us, acked_us: self.clock });
        Ok(())
    }

    fn restart(&mut self) -> anyhow::Result<()> {
        let chosen = self.dice.random_range(0..self.actors.len());
        let index = self.actors[chosen].index;
        // The old one must be gone before the new one takes over its files.
        self.actors.swap_remove(chosen);
        let component = self.start(index)?;
        self.actors.push(Actor { index, component, announced: None, past: Vec::new() });
        Ok(())
    }

    /// Steps a component chosen at random.
    fn step(&mut self) -> anyhow::Result<bool> {
        let chosen = self.dice.random_range(0..self.actors.len());
        self.step_one(chosen)
    }

    fn step_one(&mut self, chosen: usize) -> anyhow::Result<bool> {
        let actor = &mut self.actors[chosen];
        let name = self.contestant.parts[actor.index].name;
        let worked = actor.component.step(Now { micros: EPOCH + self.clock });
        let worked = worked.with_context(|| format!("stepping {name} of {}", self.contestant.name))?;
        self.clock += 10;
        let version = actor.component.version();
        if version != actor.announced {
            actor.announced.clone_from(&version);
            if let Some(version) = version {
                actor.past.push((self.clock, version.clone()));
                let component = name.to_owned();
                self.evidence.watched.push(Watched { component, version, received_us: self.clock });
            }
        }
        Ok(worked)
    }

    fn read_some(&mut self) -> anyhow::Result<()> {
        for (kind, chance) in questions::MIX {
            if self.dice.random_bool(chance) {
                self.read(kind)?;
            }
        }
        self.read_past();
        Ok(())
    }

    fn read(&mut self, kind: Kind) -> anyhow::Result<()> {
        let queries = self.questions.ask(kind, &mut self.dice);
        self.ask(kind, queries, None);
        Ok(())
    }

    /// Asks about a version that was the newest some time ago, of those who can be asked so.
    fn read_past(&mut self) {
        if !LOOK_BACK.iter().any(|it| it.name == self.contestant.name) || !self.past_dice.random_bool(PAST) {
            return;
        }
        let queries = self.questions.ask(Kind::Past, &mut self.past_dice);
        // Nearly as far back as versions are kept.
        let oldest = self.clock - self.script.kappa.window_ms as i64 * 900;
        let serving = self.actors.iter().find(|actor| !actor.past.is_empty());
        let Some(past) = serving.map(|actor| &actor.past) else { return };
        let from = past.partition_point(|(since, _)| *since < oldest);
        if from == past.len() {
            return;
        }
        let at = past[self.past_dice.random_range(from..past.len())].1.clone();
        self.ask(Kind::Past, queries, Some(at));
    }

    fn ask(&mut self, kind: Kind, queries: Vec<Query>, at: Option<Version>) {
        let serving =
            self.actors.iter_mut().find(|actor| self.contestant.parts[actor.index].role == Role::Serve);
        let Some(serving) = serving else { return };
        let sent_us = self.clock;
        let answer = match &at {
            Some(version) => serving.component.read_at(version, &queries),
            None => serving.component.read(&queries),
        };
        let (answer, error) = match answer {
            Ok(answer) => (Some(answer), None),
            Err(error) => (None, Some(format!("{error:#}"))),
        };
        self.clock += 3;
        let answer = answer.map(|mut answer| {
            for (query, rows) in queries.iter().zip(&mut answer.rows).filter(|(query, _)| query.key.is_none())
            {
                *rows = self.differences.write(kind, &query.view, std::mem::take(rows));
            }
            answer
        });
        let read = self.evidence.reads.len() as u64;
        let answered_us = self.clock;
        let observation = Observation {
            read,
            kind,
            intended_us: sent_us,
            sent_us,
            answered_us,
            queries,
            at,
            answer,
            error,
        };
        self.evidence.reads.push(observation);
        self.clock += 1;
    }

    /// Steps everybody until nobody has had anything to do for a while.
    fn drain(&mut self) -> anyhow::Result<()> {
        // A delayed partition gives up what it holds back only after so many pulls in vain.
        let delayed = self.script.delivery.delay_partition.map_or(0, |_| PATIENCE + 1);
        let mut quiet = 0;
        for _ in 0..ROUNDS {
            let mut worked = false;
            for chosen in 0..self.actors.len() {
                worked |= self.step_one(chosen)?;
            }
            self.clock += ROUND;
            quiet = if worked { 0 } else { quiet + 1 };
            if quiet >= QUIET + delayed {
                return Ok(());
            }
        }
        anyhow::bail!("{} still works after {ROUNDS} rounds without a new event", self.contestant.name)
    }

    fn finish(mut self) -> anyhow::Result<Evidence> {
        self.drain()?;
        for query in self.questions.every_view() {
            self.ask(Kind::Final, vec![query], None);
        }
        ensure!(
            self.evidence.run.live_from.0.len() == self.script.partitions as usize,
            "no history was appended"
        );
        self.evidence.run.ended_us = self.clock;
        self.evidence.run.dead_letters =
            self.actors.iter().map(|actor| actor.component.dead()).max().unwrap_or(0);
        Ok(self.evidence)
    }
}
