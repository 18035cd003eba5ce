//! What the page is told: one moment, in whole.

use std::collections::BTreeMap;

use hashbrown::HashMap;
use serde::Serialize;
use workloads::{Answer, Query, Row, Version};

use super::errors::{self, Stretch};
use super::party::{Lambda, Run};
use super::record::{Student, Switch};
use super::system::{PARTIES, System};
use super::{FRAME_TICKS, TICK_US};
use crate::judge::Class;

/// Stretches of wrong answers that a frame tells of.
const LISTED: usize = 30;

/// Switches that a frame tells of.
const SWITCHES: usize = 12;

/// Batches of each Lambda that a frame tells of.
const RUNS: usize = 24;

/// One moment, without the rows.
#[derive(Clone, Debug, Serialize)]
pub struct Frame {
    /// Running number of the frame.
    pub frame: u64,
    /// `live`, `replay` or `run`.
    pub mode: &'static str,
    /// Microseconds since the start.
    pub at_us: i64,
    /// The round, from 1.
    pub round: u64,
    /// When the round began.
    pub began_us: i64,
    /// The log's heads, and how many records that is.
    pub head: Head,
    /// Events a second, by a real clock.
    pub rate: f64,
    /// How far the system is behind the time of day, by a real clock.
    pub late_us: i64,
    /// Whether it has come to its end.
    pub over: bool,
    /// Why it has stopped, if it could not go on.
    pub trouble: Option<String>,
    /// What goes wrong at the source now, as it is written on the command line.
    pub faults: String,
    /// What the student is like now.
    pub student: Manner,
    /// What was switched, the newest last.
    pub switches: Vec<Switched>,
    /// Who takes part.
    pub parties: Vec<Party>,
    /// Wrong answers, the newest first.
    pub errors: Vec<Wrong>,
    /// How many stretches of them there were.
    pub started: u64,
}

/// How far a log is.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Head {
    /// By partition.
    pub version: String,
    /// In all.
    pub total: u64,
}

/// What the student is like.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Manner {
    /// Its hand-over.
    pub handover: String,
    /// By what it recognises repeats; empty if as agreed.
    pub dedup: String,
    /// What else it gets wrong.
    pub faults: Vec<String>,
}

/// Something that was switched.
#[derive(Clone, Debug, Serialize)]
pub struct Switched {
    /// When.
    pub at_us: i64,
    /// The round.
    pub round: u64,
    /// How far the log was.
    pub at: String,
    /// The faults of the source from there on, if they were switched.
    pub faults: Option<String>,
    /// The student from there on, if it was made another.
    pub student: Option<Manner>,
}

/// One who takes part.
#[derive(Clone, Debug, Serialize)]
pub struct Party {
    /// Its name.
    pub name: &'static str,
    /// The version that is read.
    pub version: String,
    /// Records that it leaves out.
    pub behind: u64,
    /// Microseconds until what was appended could be read, by a real clock; the most since the last frame.
    pub lag_us: i64,
    /// The worst class since the last frame.
    pub class: &'static str,
    /// Reads by class.
    pub counts: BTreeMap<&'static str, u64>,
    /// Its newest publication, of a Lambda.
    pub batch: Option<Batch>,
    /// Its batches, the newest last.
    pub runs: Vec<Ran>,
}

/// A publication that is read from.
#[derive(Clone, Debug, Serialize)]
pub struct Batch {
    /// Its number.
    pub number: u64,
    /// Records that it covers.
    pub cut: u64,
    /// Records since.
    pub behind: u64,
    /// Microseconds since its cut.
    pub age_us: i64,
}

/// A run of a batch.
#[derive(Clone, Debug, Serialize)]
pub struct Ran {
    /// Number of its publication.
    pub number: u64,
    /// When it began.
    pub from_us: i64,
    /// When it had published.
    pub until_us: Option<i64>,
    /// Records that it covers.
    pub cut: u64,
}

/// A stretch of wrong answers.
#[derive(Clone, Debug, Serialize)]
pub struct Wrong {
    /// Running number.
    pub number: u64,
    /// Who answered.
    pub party: &'static str,
    /// The view.
    pub view: String,
    /// The key.
    pub key: String,
    /// Its class.
    pub class: &'static str,
    /// The round.
    pub round: u64,
    /// When the first was read, and the last so far.
    pub from_us: i64,
    /// See `from_us`.
    pub until_us: i64,
    /// Whether the next answer was another.
    pub over: bool,
    /// How many reads.
    pub reads: u64,
    /// The version that the first of them claimed.
    pub claimed: String,
    /// What it said.
    pub served: Option<Vec<String>>,
    /// What was true.
    pub truth: Option<Vec<String>>,
}

/// One key of one view, from everybody.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// The view.
    pub view: String,
    /// The key.
    pub key: String,
    /// What is true of the log as it stands.
    pub truth: Option<Vec<String>>,
    /// What each party says.
    pub parties: Vec<Said>,
}

/// What one party says of a key.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Said {
    /// The answer.
    pub row: Option<Vec<String>>,
    /// Its class, of a question that is asked all the time.
    pub class: Option<&'static str>,
    /// Whether it is not wrong; of a question that is not asked all the time, whether it is what is true now.
    pub right: bool,
    /// When it was read, of a run that is played again.
    pub read_us: Option<i64>,
    /// What its batch says alone.
    pub batch: Option<Vec<String>>,
    /// What its speed layer says alone.
    pub speed: Option<Vec<String>>,
}

/// Integers that may be too long for a number of the page.
pub fn written(row: &Row) -> Vec<String> {
    row.iter().map(i128::to_string).collect()
}

impl From<&Student> for Manner {
    fn from(student: &Student) -> Self {
        let named =
            |dedup| serde_json::to_value(dedup).ok().and_then(|name| name.as_str().map(str::to_owned));
        Manner {
            handover: student.lambda.handover.to_string(),
            dedup: student.dedup.and_then(named).unwrap_or_default(),
            faults: student.lambda.student.iter().map(ToString::to_string).collect(),
        }
    }
}

impl From<&Switch> for Switched {
    fn from(switch: &Switch) -> Self {
        Switched {
            at_us: switch.tick as i64 * TICK_US,
            round: switch.round,
            at: switch.at.clone(),
            faults: switch.faults.as_ref().map(ToString::to_string),
            student: switch.student.as_ref().map(Manner::from),
        }
    }
}

impl From<&Stretch> for Wrong {
    fn from(stretch: &Stretch) -> Self {
        Wrong {
            number: stretch.number,
            party: PARTIES[stretch.party],
            view: stretch.query.view.clone(),
            key: stretch.query.key.clone().unwrap_or_default(),
            class: stretch.class.name(),
            round: stretch.round,
            from_us: stretch.from as i64 * TICK_US,
            until_us: stretch.until as i64 * TICK_US,
            over: stretch.over,
            reads: stretch.reads,
            claimed: stretch.claimed.to_string(),
            served: stretch.served.as_ref().map(written),
            truth: stretch.truth.as_ref().map(written),
        }
    }
}

/// What a system shows now, and begins to collect for the next frame.
pub fn take(system: &mut System) -> Frame {
    let (lags, worst) = (system.lags, system.worst);
    (system.lags, system.worst) = ([0; 3], [Class::Current; 3]);
    let (heads, versions) = (system.heads().clone(), system.versions());
    let (round, began) = system.round();
    let parties = (0..PARTIES.len()).map(|index| Party {
        name: PARTIES[index],
        version: versions[index].as_ref().map(Version::to_string).unwrap_or_default(),
        behind: versions[index]
            .as_ref()
            .map_or(heads.total(), |held| heads.total() - held.total().min(heads.total())),
        lag_us: lags[index],
        class: worst[index].name(),
        counts: counts(system, index),
        batch: None,
        runs: Vec::new(),
    });
    let mut parties: Vec<Party> = parties.collect();
    let at_us = system.at_us();
    for (party, lambda) in parties.iter_mut().zip(system.lambdas()) {
        party.batch = batch(lambda, &heads, at_us);
        let skipped = lambda.runs.len().saturating_sub(RUNS);
        party.runs = lambda.runs.iter().skip(skipped).map(Ran::from).collect();
    }
    let (faults, student) = system.switched();
    let switches = &system.record.switches;
    Frame {
        frame: system.ticks() / FRAME_TICKS,
        mode: "live",
        at_us,
        round,
        began_us: began as i64 * TICK_US,
        head: Head { version: heads.to_string(), total: heads.total() },
        rate: 0.0,
        late_us: 0,
        over: false,
        trouble: None,
        faults: faults.to_string(),
        student: Manner::from(student),
        switches: switches[switches.len().saturating_sub(SWITCHES)..].iter().map(Switched::from).collect(),
        parties,
        errors: system.errors.stretches.iter().rev().take(LISTED).map(Wrong::from).collect(),
        started: system.errors.started(),
    }
}

fn counts(system: &System, party: usize) -> BTreeMap<&'static str, u64> {
    let own = system.errors.counts.iter().filter(|((of, _), _)| *of == party);
    own.map(|((_, class), count)| (class.name(), *count)).collect()
}

fn batch(lambda: &Lambda, heads: &Version, at_us: i64) -> Option<Batch> {
    let run = lambda.runs.iter().rev().find(|run| run.until_us.is_some())?;
    let (number, cut) = (run.number, run.cut.total());
    Some(Batch { number, cut, behind: heads.total().saturating_sub(cut), age_us: at_us - run.from_us })
}

impl From<&Run> for Ran {
    fn from(run: &Run) -> Self {
        Ran { number: run.number, from_us: run.from_us, until_us: run.until_us, cut: run.cut.total() }
    }
}

/// The rows of some questions, from everybody.
pub fn lines(system: &mut System, questions: &[Query]) -> HashMap<Query, Line> {
    let answers = system.answers(questions);
    let apart = system.lambdas().map(|lambda| lambda.apart(questions).ok());
    let probes: HashMap<Query, usize> = system.oracle().questions().into_iter().zip(0..).collect();
    let heads = system.heads().clone();
    let of = |(index, query): (usize, &Query)| {
        let key = query.key.as_deref().unwrap_or_default();
        let truth = system.oracle().now(query);
        let own = |rows: &[workloads::Rows]| rows.get(index).and_then(|rows| rows.get(key)).map(written);
        let said = |(party, answer): (usize, &anyhow::Result<Answer>)| {
            let row = answer.as_ref().ok().and_then(|answer| answer.rows.get(index)?.get(key));
            let claim = answer.as_ref().ok().and_then(|answer| answer.version.as_ref());
            let class = probes.get(query).zip(claim);
            let class =
                class.map(|(probe, claim)| errors::class(system.oracle(), *probe, row, claim, &heads));
            let halves = apart.get(party).and_then(Option::as_ref);
            Said {
                row: row.map(written),
                class: class.map(Class::name),
                right: class.map_or(answer.is_ok() && row == truth.as_ref(), |class| !class.wrong()),
                read_us: None,
                batch: halves.and_then(|halves| own(&halves.batch)),
                speed: halves.and_then(|halves| own(&halves.speed)),
            }
        };
        let parties = answers.iter().enumerate().map(said).collect();
        let (view, key, truth) = (query.view.clone(), key.to_owned(), truth.as_ref().map(written));
        (query.clone(), Line { view, key, truth, parties })
    };
    questions.iter().enumerate().map(of).collect()
}
