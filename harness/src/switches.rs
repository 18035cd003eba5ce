//! Every mistake that a Lambda can be switched to, in a stepped run that shows it: which views it makes wrong, in which
//! class, with which signature, by how much. The runs are small and repeat to the last read.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use lambda::Options;
use lambda::options::{Protocol, SWITCHES, Sketches, Switch};
use workloads::files::{PowerLoss, SharedDisk};

use crate::contestants::lambda::STUDENT;
use crate::judge::{Bases, Class, Evidence, Signature, Verdict, Verdicts, judge};
use crate::observe::Kind;
use crate::stepped::{Script, run};

/// Midnight, in milliseconds since 1970, near which trades are made to happen.
const MIDNIGHT: i64 = 1_700_006_400_000;

/// One thing switched on, and a run in which it shows.
#[derive(Clone, Debug)]
pub struct Case {
    /// What is switched, as a plan's table `lambda` says it.
    pub switch: String,
    /// Why that goes wrong.
    pub why: &'static str,
    /// The run, with the switch on.
    pub script: Script,
}

/// What is seen of a switch in one view.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What was switched.
    pub switch: String,
    /// On which workload.
    pub workload: &'static str,
    /// In which view; `-` when nothing is wrong anywhere.
    pub view: String,
    /// The class of most of its wrong reads.
    pub class: Class,
    /// The signature that reads of this class have.
    pub signature: Signature,
    /// Reads of the view.
    pub reads: u64,
    /// Those that are wrong.
    pub wrong: u64,
    /// How much the first column has too much in a read, at most, and how much it lacks.
    pub over: i128,
    /// See `over`.
    pub under: i128,
    /// Rows wrong at the end, and all rows.
    pub rows: (u64, u64),
    /// Why.
    pub why: &'static str,
}

/// Every case there is.
pub fn cases() -> Vec<Case> {
    let by_name = |switch: &'static Switch| {
        let all: &[&'static str] =
            if switch.workloads.is_empty() { &["orders", "trades"] } else { switch.workloads };
        all.iter().map(move |workload| mistake(switch, workload))
    };
    handovers().into_iter().chain(SWITCHES.iter().flat_map(by_name)).chain([approximate()]).collect()
}

/// Sketches in place of sets, with so many customers that there is something to be approximate about.
fn approximate() -> Case {
    let mut script = base("orders");
    script.lambda.approximate = Some(Sketches::default());
    script.shape.keys = 3_000;
    let why = "customers are counted and amounts ranked by sketches until a batch has them: near, and not what is so";
    Case { switch: "approximate = {}".into(), why, script }
}

/// The hand-overs, on orders, whose revenue adds up to the number of records.
fn handovers() -> Vec<Case> {
    let about =
        |name: &str| Protocol::ALL.iter().find(|(known, _)| *known == name).map_or("", |known| known.1);
    let case = |name: &str, handover, delay_ms, skew_ms, late: bool| {
        let mut script = base("orders");
        script.lambda = Options { handover, delay_ms, skew_ms, ..Options::default() };
        if late {
            (script.source.late, script.source.late_ms) = (0.2, 400);
        }
        let more = [("delay_ms", delay_ms as i64), ("skew_ms", skew_ms)];
        let more: String =
            more.iter().filter(|(_, by)| *by != 0).map(|(name, by)| format!(" {name} = {by}")).collect();
        Case { switch: format!("handover = {handover}{more}"), why: about(name), script }
    };
    let by_time = Protocol::EventTime { grace_ms: 5 };
    vec![
        case("offset", Protocol::Offset, 20, 0, true),
        case("event-time", by_time, 0, 0, true),
        case("event-time", by_time, 0, 10, false),
        case("event-time", by_time, 0, -10, false),
        case("at-start", Protocol::AtStart, 0, 0, false),
        case("at-start", Protocol::AtStart, 10, 0, false),
        case("at-publish", Protocol::AtPublish, 0, 0, false),
        case("at-publish", Protocol::AtPublish, 10, 0, false),
        case("none", Protocol::None, 0, 0, false),
    ]
}

fn mistake(switch: &'static Switch, workload: &'static str) -> Case {
    let mut script = base(workload);
    script.lambda.student = vec![switch.fault];
    match switch.name {
        // Keys must come up that were not there before.
        "update-only" | "left-join-merge" => script.shape.keys = 3_000,
        "lost-state" => script.restart = 0.02,
        // Something of the batch's must be taken back.
        "merge-extreme" => script.shape.cancellations = 0.2,
        _ => {}
    }
    Case { switch: format!("student = {}", switch.fault), why: switch.about, script }
}

/// A run without marks, so that nothing else moves an answer, around midnight.
fn base(workload: &'static str) -> Script {
    let mut script = Script::small(workload, 7);
    (script.shape.cancellations, script.shape.corrections) = (0.0, 0.0);
    (script.shape.events, script.history, script.cut_every) = (12_000, 2_000, 2_000);
    (script.partitions, script.granularity) = (2, 20);
    script.shape.start = MIDNIGHT - 300;
    script
}

impl Case {
    /// The same run with the switch off.
    pub fn off(&self) -> Case {
        let mut off = self.clone();
        off.script.lambda = Options::default();
        off
    }

    /// Runs it and judges it.
    pub fn run(&self) -> anyhow::Result<(Evidence, Verdicts)> {
        // A disk in memory: there are many of these runs.
        let disk: SharedDisk = Arc::new(PowerLoss::new(self.script.seed));
        disk.create_dir(Path::new("/state"))?;
        let evidence = run(&STUDENT, &self.script, &disk, Path::new("/state"))?;
        let verdicts = judge(&evidence, &mut Bases::default())?;
        Ok((evidence, verdicts))
    }

    /// What is seen of it: a line for each view that is wrong, or one that says that none is.
    pub fn findings(&self, verdicts: &Verdicts) -> Vec<Finding> {
        let mut views: BTreeMap<&str, Vec<&Verdict>> = BTreeMap::new();
        for verdict in verdicts.reads.iter().filter(|verdict| verdict.kind != Kind::Pair) {
            views.entry(&verdict.view).or_default().push(verdict);
        }
        let mut found: Vec<Finding> = Vec::new();
        for (view, reads) in views {
            let wrong: Vec<&&Verdict> = reads.iter().filter(|verdict| self.wrong(verdict)).collect();
            let Some(most) = most_frequent(&wrong) else { continue };
            found.push(Finding {
                view: view.into(),
                class: most.class,
                signature: most.signature,
                reads: reads.len() as u64,
                wrong: wrong.len() as u64,
                over: wrong.iter().map(|verdict| verdict.over).max().unwrap_or(0),
                under: wrong.iter().map(|verdict| verdict.under).max().unwrap_or(0),
                rows: last_rows(verdicts, view),
                ..self.nothing(0)
            });
        }
        if found.is_empty() {
            found.push(self.nothing(verdicts.reads.len() as u64));
        }
        found
    }

    /// Whether a read is wrong. After a restart there is nothing to be read for a while, which is no mistake.
    fn wrong(&self, verdict: &Verdict) -> bool {
        let excused = self.script.restart > 0.0 && verdict.class == Class::Error;
        verdict.class.wrong() && !excused
    }

    fn nothing(&self, reads: u64) -> Finding {
        Finding {
            switch: self.switch.clone(),
            workload: self.script.workload,
            view: "-".into(),
            class: Class::Current,
            signature: Signature::None,
            reads,
            wrong: 0,
            over: 0,
            under: 0,
            rows: (0, 0),
            why: self.why,
        }
    }
}

/// A read of the class that most of them have: now and then a wrong answer is what another version would have said.
fn most_frequent<'a>(wrong: &[&&'a Verdict]) -> Option<&'a Verdict> {
    let count = |class: Class| wrong.iter().filter(|verdict| verdict.class == class).count();
    wrong.iter().max_by_key(|verdict| (count(verdict.class), verdict.class)).map(|verdict| **verdict)
}

fn last_rows(verdicts: &Verdicts, view: &str) -> (u64, u64) {
    let last = verdicts.details.iter().find(|detail| detail.last && detail.view == view);
    last.map_or((0, 0), |detail| (detail.wrong, detail.rows))
}
