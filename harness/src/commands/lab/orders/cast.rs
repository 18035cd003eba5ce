//! Who follows the orders: the Lambda, three that go wrong by a switch each, and the Kappa, all over one log.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use lambda::alone::Stream;
use lambda::halves::Halves;
use lambda::options::Fault;
use workloads::intake::{Feed, Intake};
use workloads::orders::ORDERS;
use workloads::{Dedup, Query, Record, Rows, Terms, Version};

use super::super::super::World;
use super::super::follower::Follower;
use super::super::stage::Stage;
use crate::contestants::{Role, Settings, lambda::LAMBDA};

/// Records read at once.
const SLICE: usize = 1 << 14;
/// How long records that a broker holds may be on their way.
const PATIENCE: Duration = Duration::from_secs(30);
/// Before it is looked again.
const REST: Duration = Duration::from_millis(1);

/// The switches, by their names.
pub(super) const HAVING: &str = "merge-having";
pub(super) const LOST_STATE: &str = "lost-state";
pub(super) const LEFT_JOIN: &str = "left-join-merge";

/// Everybody.
pub(super) struct Cast<'a> {
    world: &'a World,
    /// The log, and the way into it.
    pub(super) stage: Stage,
    lambda: Follower,
    students: Vec<(&'static str, Follower)>,
    kappa: Follower,
    /// Where the Kappa notes what it cannot read.
    pub(super) dead_letters: PathBuf,
    /// Microseconds that Lambda and Kappa took over what was appended last.
    pub(super) took: [i64; 2],
}

impl<'a> Cast<'a> {
    /// Everybody starts, and the batch of each Lambda takes in what the log holds by now.
    pub(super) fn start(stage: Stage, out: &Path, world: &'a World) -> anyhow::Result<Self> {
        let dead_letters = out.join("dead-letters.jsonl");
        if dead_letters.exists() {
            std::fs::remove_file(&dead_letters)
                .with_context(|| format!("removing {}", dead_letters.display()))?;
        }
        let student = |switch: &'static str| {
            let fault: Fault = switch.parse().map_err(anyhow::Error::msg)?;
            let tell = |settings: &mut Settings| {
                once(settings);
                settings.lambda.student = vec![fault];
            };
            Ok((switch, stage.follow_as(switch, "lambda-student", tell)?))
        };
        let students = [HAVING, LOST_STATE, LEFT_JOIN].into_iter().map(student);
        let students = students.collect::<anyhow::Result<Vec<_>>>()?;
        let lambda = stage.follow_as("lambda", LAMBDA.name, once)?;
        let noting = Some(dead_letters.clone());
        let kappa = stage.follow_as("kappa", "kappa", |settings| settings.feed.dead_letters = noting)?;
        let mut cast = Cast { world, stage, lambda, students, kappa, dead_letters, took: [0; 2] };
        cast.follow()?;
        Ok(cast)
    }

    /// Everybody takes in what the log holds.
    pub(super) fn follow(&mut self) -> anyhow::Result<()> {
        let heads = self.stage.log.heads()?;
        let began = self.world.clock.micros();
        self.lambda.reach(&heads, self.world)?;
        let between = self.world.clock.micros();
        self.kappa.reach(&heads, self.world)?;
        self.took = [between - began, self.world.clock.micros() - between];
        self.students.iter_mut().try_for_each(|(_, student)| student.reach(&heads, self.world))
    }

    /// The Lambda's batch runs once more, over everything.
    pub(super) fn recompute(&mut self) -> anyhow::Result<()> {
        let heads = self.stage.log.heads()?;
        // Its schedule is never due a second time: the first batch after a start is.
        self.lambda.restart(Role::Batch)?;
        self.lambda.until(Role::Batch, &heads, self.world)?;
        self.lambda.reach(&heads, self.world)
    }

    /// The speed layer of the one that keeps no checkpoint ends and comes back.
    pub(super) fn crash(&mut self) -> anyhow::Result<()> {
        let heads = self.stage.log.heads()?;
        let student = self.student(LOST_STATE)?;
        student.restart(Role::Serve)?;
        let world = self.world;
        self.student(LOST_STATE)?.reach(&heads, world)
    }

    /// What the batch has computed, and nothing since.
    pub(super) fn batch(&self, view: &str) -> anyhow::Result<Rows> {
        let (all, cut) = (Version::zero(self.stage.log.meta().partitions), self.cut()?);
        let mut records = self.records(&all)?;
        records.retain(|record| cut.contains(record.place));
        let batch = Halves::new(ORDERS.name, &Terms::default(), &records, None)?;
        Ok(batch.answer(&Query { view: view.to_owned(), key: None })?.unwrap_or_default())
    }

    /// What the speed layer has of what came since, by itself.
    pub(super) fn speed(&self, view: &str) -> anyhow::Result<Rows> {
        let mut stream = Stream::new(ORDERS.name, &Terms::default())?;
        stream.feed(&self.records(&self.cut()?)?)?;
        Ok(stream.answer(&Query { view: view.to_owned(), key: None })?)
    }

    /// What the serving layer makes of both.
    pub(super) fn merged(&mut self, view: &str) -> anyhow::Result<Rows> {
        self.lambda.rows(view)
    }

    /// What the Lambda answers that has one thing wrong.
    pub(super) fn mistaken(&mut self, switch: &str, view: &str) -> anyhow::Result<Rows> {
        self.student(switch)?.rows(view)
    }

    /// What the Kappa answers.
    pub(super) fn kappa(&mut self, view: &str) -> anyhow::Result<Rows> {
        self.kappa.rows(view)
    }

    /// What is so.
    pub(super) fn truth(&self, view: &str) -> anyhow::Result<Rows> {
        let mut truth = (ORDERS.truth)(&Terms::default());
        let all = Version::zero(self.stage.log.meta().partitions);
        self.records(&all)?.iter().for_each(|record| truth.feed(record, None));
        Ok(truth.rows(view))
    }

    /// Where the batch ends.
    pub(super) fn cut(&self) -> anyhow::Result<Version> {
        self.lambda.version(Role::Batch).context("the lambda's batch has published nothing")
    }

    /// Messages that Lambda and Kappa have set aside, as each of them counts.
    pub(super) fn dead(&self) -> [u64; 2] {
        [self.lambda.dead(), self.kappa.dead()]
    }

    /// The records from these offsets on.
    pub(super) fn records(&self, from: &Version) -> anyhow::Result<Vec<Record>> {
        let log = self.stage.log.as_ref();
        let heads = log.heads()?;
        let partitions: Vec<u32> = (0..heads.0.len() as u32).collect();
        let feed = Feed { dedup: Dedup::Offset, ..Feed::default() };
        let mut intake = Intake::open(log, &partitions, from, &feed)?;
        let (mut records, began) = (Vec::new(), self.world.clock.micros());
        while !intake.version().covers(&heads) {
            let mut moved = 0;
            for (partition, head) in (0..).zip(&heads.0) {
                moved += intake.pull(partition, *head, SLICE, &mut records)?;
            }
            if moved == 0 {
                self.world.stop.check()?;
                let waited = self.world.clock.micros() - began;
                anyhow::ensure!(
                    waited < PATIENCE.as_micros() as i64,
                    "the log does not give what it holds below {heads}"
                );
                std::thread::sleep(REST);
            }
        }
        Ok(records)
    }

    fn student(&mut self, switch: &str) -> anyhow::Result<&mut Follower> {
        let found = self.students.iter_mut().find(|(known, _)| *known == switch);
        Ok(&mut found.with_context(|| format!("nobody has {switch} switched on"))?.1)
    }
}

/// One batch at the start, and none by itself later.
fn once(settings: &mut Settings) {
    (settings.cut_every, settings.cut_ms) = (u64::MAX, 0);
}
