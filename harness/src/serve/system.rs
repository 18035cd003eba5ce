//! A whole system in one thread: a log that is appended to, two Lambdas and a Kappa that follow it, and the truth.

use std::sync::Arc;

use anyhow::Context;
use workloads::faults::{Sending, SourceFaults};
use workloads::log::RawRecord;
use workloads::{Answer, Log, Place, Query, Record as LogRecord, Version, Workload};

use super::errors::{self, Errors};
use super::oracle::Oracle;
use super::party::{self, Lambda};
use super::record::{Record, Scene, Student, Switch};
pub use super::round::Ground;
use super::round::Round;
use super::{ASK_TICKS, BATCH_TURN, TICK_US};
use crate::clock::Clock;
use crate::judge::Class;
use crate::observe::{Arrival, Kind, Observation};

/// Who takes part, in the order of everything that is said about them.
pub const PARTIES: [&str; 3] = ["lambda", "lambda-student", "kappa"];
const LAMBDA: usize = 0;
const STUDENT: usize = 1;
const KAPPA: usize = 2;

/// A system that is stepped.
pub struct System {
    /// What is run, and what was switched.
    pub record: Record,
    /// What was wrong.
    pub errors: Errors,
    /// What was asked and answered, for those who want to judge it afterwards.
    pub kept: Option<Kept>,
    workload: &'static Workload,
    clock: Clock,
    /// Ticks that have ended.
    ticks: u64,
    faults: SourceFaults,
    student: Student,
    round: Round,
    /// Microseconds by a real clock until a tick's events could be read, by party; the most since it was asked.
    pub lags: [i64; 3],
    /// Worst class of each party since it was asked.
    pub worst: [Class; 3],
    /// Let go of after everybody who writes there.
    place: Ground,
}

/// Reads and arrivals of one round, as a run leaves them.
#[derive(Default)]
pub struct Kept {
    /// By party.
    pub reads: [Vec<Observation>; 3],
    /// The classes that they were given when they were made.
    pub classes: [Vec<Class>; 3],
    /// The appends, in their order.
    pub arrivals: Vec<Arrival>,
}

impl System {
    /// A system at its beginning.
    pub fn new(scene: Scene, place: Ground, clock: Clock) -> anyhow::Result<Self> {
        scene.check()?;
        let workload = workloads::workload(&scene.workload).context("a scene that was checked")?;
        let (faults, student) = (scene.faults.clone(), scene.student.clone());
        let round = Round::begin(workload, &scene, (&faults, &student), &place, 1, 0)?;
        Ok(System {
            record: Record::new(scene),
            errors: Errors::default(),
            kept: None,
            workload,
            clock,
            ticks: 0,
            faults,
            student,
            round,
            lags: [0; 3],
            worst: [Class::Current; 3],
            place,
        })
    }

    /// Runs a record again as far as it went, and shows each tick.
    pub fn replay(
        record: &Record,
        place: Ground,
        clock: Clock,
        mut show: impl FnMut(&mut System) -> anyhow::Result<()>,
    ) -> anyhow::Result<System> {
        let mut system = System::new(record.scene.clone(), place, clock)?;
        while system.ticks < record.end.ticks {
            system.again(record)?;
            system.tick()?;
            show(&mut system)?;
        }
        Ok(system)
    }

    /// Switches what a record says was switched before the next tick.
    pub fn again(&mut self, record: &Record) -> anyhow::Result<()> {
        let tick = self.ticks;
        for switch in record.switches.iter().filter(|switch| switch.tick == tick) {
            self.switch(switch.faults.clone(), switch.student.clone())?;
        }
        Ok(())
    }

    /// Switches faults of the source, or makes the student another, from the next tick on.
    pub fn switch(&mut self, faults: Option<SourceFaults>, student: Option<Student>) -> anyhow::Result<()> {
        if let Some(student) = &student {
            student.check(self.workload.name)?;
            self.student = student.clone();
            let now = (self.now(), self.at_us());
            self.round.rebuild(&self.record.scene, student, &self.place, now)?;
        }
        if let Some(faults) = &faults {
            self.faults = faults.clone();
            self.round.source.switch(faults);
        }
        let (tick, round, at) = (self.ticks, self.round.number, self.round.heads.to_string());
        self.record.switches.push(Switch { tick, round, at, faults, student });
        Ok(())
    }

    /// The next tick: what is due is appended, everybody takes it in and is asked.
    pub fn tick(&mut self) -> anyhow::Result<()> {
        if self.round.heads.total() >= self.record.scene.round {
            self.begin_round()?;
        }
        self.append()?;
        self.follow()?;
        if self.ticks.is_multiple_of(BATCH_TURN) {
            let (now, at) = (self.now(), self.at_us());
            self.round.lambda.turn(&*self.round.log, now, at)?;
            self.round.student.turn(&*self.round.log, now, at)?;
        }
        if self.ticks.is_multiple_of(ASK_TICKS) {
            self.ask();
        }
        self.ticks += 1;
        Ok(())
    }

    fn begin_round(&mut self) -> anyhow::Result<()> {
        self.errors.end_round();
        let (scene, switched) = (&self.record.scene, (&self.faults, &self.student));
        let number = self.round.number + 1;
        self.round = Round::begin(self.workload, scene, switched, &self.place, number, self.ticks)?;
        Ok(())
    }

    fn append(&mut self) -> anyhow::Result<()> {
        let (from, until) = (self.ticks - self.round.began, self.ticks - self.round.began + 1);
        let meta = self.round.log.meta().clone();
        let due = self.round.source.due(until as i64 * TICK_US, &meta);
        let appended = self.record.scene.events.start + (self.ticks as i64 * TICK_US) / 1000;
        let mut lanes: Vec<Vec<Sending>> = vec![Vec::new(); meta.partitions as usize];
        due.into_iter().for_each(|(partition, sending)| lanes[partition as usize].push(sending));
        for (partition, lane) in (0..).zip(lanes).filter(|(_, lane)| !lane.is_empty()) {
            let records: Vec<RawRecord> =
                lane.iter().map(|sending| sending.raw(meta.codec, appended)).collect();
            let range = self.round.appender.append(partition, &records)?;
            for (offset, sending) in range.clone().zip(lane) {
                let Sending::Event(draft) = sending else { continue };
                self.round.oracle.feed(&LogRecord {
                    place: Place { partition, offset },
                    origin: draft.origin,
                    intended: draft.intended,
                    appended,
                    event: draft.event,
                });
            }
            self.round.heads.0[partition as usize] = range.end;
            if let Some(kept) = &mut self.kept {
                let (at, first, count) = (from as i64 * TICK_US, range.start, range.end - range.start);
                kept.arrivals.push(Arrival { partition, first, count, handed_us: at, acked_us: at });
            }
        }
        self.round.oracle.end_tick(self.round.heads.clone());
        Ok(())
    }

    fn follow(&mut self) -> anyhow::Result<()> {
        let now = self.now();
        let heads = self.round.heads.clone();
        let round = &mut self.round;
        let mut since = self.clock.micros();
        let mut lap = |party: usize, lags: &mut [i64; 3]| {
            let then = std::mem::replace(&mut since, self.clock.micros());
            lags[party] = lags[party].max(since - then);
        };
        round.lambda.follow(&heads, now)?;
        lap(LAMBDA, &mut self.lags);
        round.student.follow(&heads, now)?;
        lap(STUDENT, &mut self.lags);
        party::follow(&mut round.kappa, &heads, now)?;
        lap(KAPPA, &mut self.lags);
        Ok(())
    }

    /// The same questions to everybody.
    fn ask(&mut self) {
        let questions = self.round.oracle.questions();
        let answers = self.answers(&questions);
        for (party, answer) in answers.iter().enumerate() {
            let place = errors::Place { party, round: self.round.number, tick: self.ticks };
            let (oracle, heads) = (&self.round.oracle, &self.round.heads);
            let classes = self.errors.judge(place, oracle, &questions, answer.as_ref().ok(), heads);
            let worst = classes.iter().copied().max().unwrap_or(Class::Current);
            self.worst[party] = self.worst[party].max(worst);
            if let Some(kept) = &mut self.kept {
                let at = (self.ticks - self.round.began) as i64 * TICK_US;
                kept.keep(party, at + 1, &questions, answer);
                kept.classes[party].extend(classes);
            }
        }
    }

    /// What everybody answers to some questions.
    pub fn answers(&mut self, questions: &[Query]) -> [anyhow::Result<Answer>; 3] {
        let round = &mut self.round;
        [
            round.lambda.read(questions),
            round.student.read(questions),
            round.kappa.read(questions).map_err(anyhow::Error::from),
        ]
    }

    /// The two Lambdas.
    pub fn lambdas(&mut self) -> [&mut Lambda; 2] {
        [&mut self.round.lambda, &mut self.round.student]
    }

    /// The truth.
    pub fn oracle(&self) -> &Oracle {
        &self.round.oracle
    }

    /// The versions that are read, by party.
    pub fn versions(&self) -> [Option<Version>; 3] {
        [self.round.lambda.version(), self.round.student.version(), self.round.kappa.version()]
    }

    /// What is run.
    pub fn workload(&self) -> &'static Workload {
        self.workload
    }

    /// The log that is being written.
    pub fn log(&self) -> &Arc<dyn Log> {
        &self.round.log
    }

    /// How far it is.
    pub fn heads(&self) -> &Version {
        &self.round.heads
    }

    /// Number of the round, from 1, and the tick with which it began.
    pub fn round(&self) -> (u64, u64) {
        (self.round.number, self.round.began)
    }

    /// Ticks that have ended.
    pub fn ticks(&self) -> u64 {
        self.ticks
    }

    /// Microseconds since the start.
    pub fn at_us(&self) -> i64 {
        self.ticks as i64 * TICK_US
    }

    /// What goes wrong now.
    pub fn switched(&self) -> (&SourceFaults, &Student) {
        (&self.faults, &self.student)
    }

    /// The record up to here.
    pub fn recorded(&self) -> Record {
        let mut record = self.record.clone();
        (record.end.ticks, record.end.wrong) = (self.ticks, self.errors.wrong());
        record.end.digest = self.errors.digest();
        record
    }

    /// What components are told of the time.
    fn now(&self) -> i64 {
        self.record.scene.events.start * 1000 + self.at_us()
    }
}

impl Kept {
    /// Each question as a read of its own.
    fn keep(&mut self, party: usize, at: i64, questions: &[Query], answer: &anyhow::Result<Answer>) {
        for (number, query) in questions.iter().enumerate() {
            let own = |answer: &Answer| {
                let rows = answer.rows.get(number).cloned().unwrap_or_default();
                Answer { version: answer.version.clone(), rows: vec![rows] }
            };
            let read = self.reads[party].len() as u64;
            self.reads[party].push(Observation {
                read,
                kind: Kind::Uniform,
                intended_us: at,
                sent_us: at,
                answered_us: at,
                queries: vec![query.clone()],
                at: None,
                answer: answer.as_ref().ok().map(own),
                error: answer.as_ref().err().map(|error| format!("{error:#}")),
            });
        }
    }
}
