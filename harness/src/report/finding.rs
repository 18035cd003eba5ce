//! The finding: one sentence a question, made from the data by rule, and undecided where the data does not decide.

use serde::Serialize;

use super::folder::Folder;
use super::noise::{self, Judgement, Verdict};
use super::spread::{Outcome, Spread};
use super::unit;
use crate::contestants::kappa::{DIRTY, NAIVE, WATERMARK};

/// The kind of read whose shares the headlines give; the others stand in the tables.
pub(crate) const HEADLINE: &str = "uniform";
const LIVE: [&str; 6] = ["uniform", "recent", "total", "pair", "whole", "past"];

/// What a run found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// Its sentences, in the order of the questions.
    pub sentences: Vec<Sentence>,
    /// How far the clock can be believed.
    pub noise: Judgement,
    /// What to do next.
    pub next: String,
}

/// The answer to one question.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sentence {
    /// The workload it is about; empty when it is about none.
    pub workload: String,
    /// The question, in a word or two.
    pub question: String,
    /// The answer.
    pub text: String,
    /// Whether the data decides it.
    pub decided: bool,
}

/// Who is current more of the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ahead {
    /// Every run of Kappa is above every run of Lambda.
    Kappa,
    /// The reverse.
    Lambda,
    /// The medians are less than half a point apart.
    Neither,
    /// The data does not decide it.
    Undecided,
}

/// Compares the shares of time in which uniform point reads were current.
pub(crate) fn ahead(folder: &Folder, workload: &str) -> Ahead {
    let of = |name: &str| Spread::of(&folder.values(workload, name, &format!("share.{HEADLINE}.current")));
    let (Some(one), Some(other)) = (of(ONE), of(OTHER)) else {
        return Ahead::Undecided;
    };
    match () {
        () if one.n.min(other.n) < super::spread::LEAST_REPEATS => Ahead::Undecided,
        () if (one.mid - other.mid).abs() < 0.005 => Ahead::Neither,
        () if one.low > other.high => Ahead::Kappa,
        () if other.low > one.high => Ahead::Lambda,
        () => Ahead::Undecided,
    }
}

/// Two contestants side by side in one workload.
#[derive(Clone, Copy)]
struct Pair<'a> {
    folder: &'a Folder,
    workload: &'a str,
}

const ONE: &str = "kappa";
const OTHER: &str = "lambda";

/// Makes the finding of a run folder.
pub(crate) fn find(folder: &Folder) -> Finding {
    let noise = noise::judge(folder);
    let mut sentences = Vec::new();
    for workload in folder.workloads() {
        let pair = Pair { folder, workload: &workload };
        let both =
            [ONE, OTHER].iter().all(|name| folder.contestants(&workload).iter().any(|known| known == name));
        if !both {
            let text = "Not compared: Kappa and Lambda did not both take part.".to_string();
            sentences.extend(pair.say("Which is better?", false, text));
        } else {
            let timed = [pair.latency(), pair.cpu(), pair.memory()].into_iter().flatten();
            sentences.extend([pair.ended(), pair.current(), pair.wrong()].into_iter().flatten());
            sentences.extend(
                timed.map(|sentence| if noise.verdict == Verdict::Void { void(sentence) } else { sentence }),
            );
        }
        sentences.extend([pair.others(), pair.unlabelled()].into_iter().flatten());
    }
    sentences.extend(rules(folder));
    let open = sentences.iter().any(|sentence| !sentence.decided);
    let next = match folder.resent() {
        Some((_, again)) if open => again.replacen("wb compare default", "wb compare full", 1),
        None if open => "wb compare full".into(),
        _ => "wb limits".into(),
    };
    Finding { sentences, noise, next }
}

impl Finding {
    /// The first sentences in one line, for a list of runs.
    pub fn headline(&self) -> String {
        let told: Vec<&str> = self.sentences.iter().take(2).map(|sentence| sentence.text.as_str()).collect();
        if told.is_empty() { "undecided: nothing was compared".into() } else { told.join(" ") }
    }
}

impl Sentence {
    /// Whether it repeats a ratio, which tables and figures give as well.
    pub(crate) fn measured(&self) -> bool {
        [FAST, COST, MEMORY].contains(&self.question.as_str())
    }
}

const FAST: &str = "How fast?";
const COST: &str = "At what cost?";
const MEMORY: &str = "In how much memory?";

fn void(sentence: Sentence) -> Sentence {
    let text = format!("Void, for the machine was not its own: {}", sentence.text);
    Sentence { text, decided: false, ..sentence }
}

impl Pair<'_> {
    fn say(&self, question: &str, decided: bool, text: String) -> Option<Sentence> {
        Some(Sentence { workload: self.workload.into(), question: question.into(), text, decided })
    }

    fn values(&self, name: &str, measure: &str) -> Vec<f64> {
        self.folder.values(self.workload, name, measure)
    }

    fn whole(&self, name: &str, measure: &str) -> Option<f64> {
        self.folder.whole(self.workload, name, measure)
    }

    fn sum(&self, name: &str, measure: &str) -> f64 {
        self.folder.sum(self.workload, name, measure)
    }

    fn ended(&self) -> Option<Sentence> {
        let runs = self.values(ONE, "final.rows").len() + self.values(OTHER, "final.rows").len();
        let rows = self.sum(ONE, "final.rows") + self.sum(OTHER, "final.rows");
        if runs == 0 || rows == 0.0 {
            return self.say("Right in the end?", false, "Undecided: no final answer was read.".into());
        }
        let off = |name: &str| self.sum(name, "final.wrong");
        let text = if off(ONE) + off(OTHER) == 0.0 {
            format!("Both ended right: {} rows in {runs} runs.", unit::prefixed(rows))
        } else {
            let part = |name: &str| format!("{name} {} of {}", off(name), self.sum(name, "final.rows"));
            format!("Rows wrong in the final answers: {}, {}.", part(ONE), part(OTHER))
        };
        self.say("Right in the end?", true, text)
    }

    fn current(&self) -> Option<Sentence> {
        let measure = format!("share.{HEADLINE}.current");
        let of = |name: &str| Spread::of(&self.values(name, &measure));
        let (one, other) = (of(ONE)?, of(OTHER)?);
        let run = self.folder.first_run(self.workload);
        let objective = run.map_or("10 ms".into(), |run| unit::time(run.objective_us as f64));
        let text = |spread: Spread| {
            let ends = [spread.low, spread.high]
                .map(|end| unit::percent(end).trim_end_matches("\u{a0}%").to_string());
            let mid = unit::percent(spread.mid);
            if spread.low == spread.high { mid } else { format!("{mid} ({} to {})", ends[0], ends[1]) }
        };
        let verdict = match ahead(self.folder, self.workload) {
            Ahead::Kappa => "Kappa is ahead",
            Ahead::Lambda => "Lambda is ahead",
            Ahead::Neither => "no difference that matters",
            Ahead::Undecided => "undecided which is ahead",
        };
        let text = format!(
            "Kappa was current (within {objective}) in {} of the time and Lambda in {}: {verdict}.",
            text(one),
            text(other)
        );
        self.say("Current?", !verdict.starts_with("undecided"), text)
    }

    fn wrong(&self) -> Option<Sentence> {
        let reads =
            |name: &str| LIVE.iter().map(|kind| self.sum(name, &format!("reads.{kind}"))).sum::<f64>();
        let wrong = |name: &str| (self.wrong_reads(name) - self.unanswered(name)).max(0.0);
        let (n_one, n_other) = (reads(ONE) - self.unanswered(ONE), reads(OTHER) - self.unanswered(OTHER));
        if n_one <= 0.0 || n_other <= 0.0 {
            return self.say("Ever wrong?", false, "Undecided: there were no live reads of both.".into());
        }
        let vacuous = [ONE, OTHER].iter().find(|name| self.sum(name, "vacuous") > 0.0);
        if let Some(name) = vacuous {
            let text =
                format!("Undecided: a run of {name} tested nothing (no batch landed, or nothing was read).");
            return self.say("Ever wrong?", false, text);
        }
        let text = match (wrong(ONE), wrong(OTHER)) {
            (0.0, 0.0) => format!(
                "Neither was ever wrong, in {} reads of Kappa and {} of Lambda (bound 3/n: {}).",
                unit::prefixed(n_one),
                unit::prefixed(n_other),
                unit::percent(3.0 / n_one.min(n_other))
            ),
            (one, other) => format!(
                "Wrong reads: Kappa {one} of {}, Lambda {other} of {}; the witnesses are below.",
                unit::prefixed(n_one),
                unit::prefixed(n_other)
            ),
        };
        let text = match (self.unanswered(ONE), self.unanswered(OTHER)) {
            (0.0, 0.0) => text,
            (one, other) => format!("{text} Not answered: {one} reads of Kappa, {other} of Lambda."),
        };
        self.say("Ever wrong?", true, text)
    }

    /// Reads that are counted as wrong, those without an answer among them.
    fn wrong_reads(&self, name: &str) -> f64 {
        LIVE.iter().map(|kind| self.sum(name, &format!("wrong.{kind}"))).sum()
    }

    fn unanswered(&self, name: &str) -> f64 {
        let of = |kind: &str| {
            let reads = self.values(name, &format!("reads.{kind}"));
            let shares = self.values(name, &format!("share.{kind}.error"));
            reads.iter().zip(&shares).map(|(reads, share)| (reads * share).round()).sum::<f64>()
        };
        LIVE.iter().map(|kind| of(kind)).sum()
    }

    fn latency(&self) -> Option<Sentence> {
        let (one, other) = (self.whole(ONE, "latency.speed.p99")?, self.whole(OTHER, "latency.speed.p99")?);
        let ratio = self.ratio("latency.speed.p99")?;
        let text = format!(
            "An event could be read after {} with Kappa and {} with Lambda (p99): {} times as long{}.",
            unit::time(one),
            unit::time(other),
            ratio.text(),
            tail(&ratio)
        );
        self.say(FAST, ratio.outcome() != Outcome::Undecided, text)
    }

    fn cpu(&self) -> Option<Sentence> {
        let ratio = self.ratio("cpu.per-million")?;
        let of = |name: &str| self.whole(name, "cpu.per-million").map_or("?".into(), unit::digits);
        let text = format!(
            "Lambda took {} times the CPU: {} s per million events against {} s{}.",
            ratio.text(),
            of(OTHER),
            of(ONE),
            tail(&ratio)
        );
        self.say(COST, ratio.outcome() != Outcome::Undecided, text)
    }

    fn memory(&self) -> Option<Sentence> {
        let ratio = self.ratio("memory.peak")?;
        let of = |name: &str| self.whole(name, "memory.peak").map_or("?".into(), unit::bytes);
        let text = format!(
            "Lambda held {} times the memory: {} against {} at the peak{}.",
            ratio.text(),
            of(OTHER),
            of(ONE),
            tail(&ratio)
        );
        self.say(MEMORY, ratio.outcome() != Outcome::Undecided, text)
    }

    fn ratio(&self, measure: &str) -> Option<Spread> {
        Spread::ratio(&self.values(OTHER, measure), &self.values(ONE, measure))
    }

    /// Whoever else was wrong, since a comparison among the wrong is none.
    fn others(&self) -> Option<Sentence> {
        let names = self.folder.contestants(self.workload);
        let others = names.into_iter().filter(|name| name != ONE && name != OTHER && name != "noop");
        let wrong = |name: &str| self.wrong_reads(name);
        let told: Vec<String> = others
            .filter(|name| wrong(name) > 0.0)
            .map(|name| format!("{name} in {} reads", unit::prefixed(wrong(&name))))
            .collect();
        if told.is_empty() {
            return None;
        }
        self.say("Others wrong?", true, format!("Wrong were {}; the witnesses are below.", told.join(", ")))
    }

    /// Kappas whose answers name no version, on purpose.
    fn unlabelled(&self) -> Option<Sentence> {
        let degraded = [&DIRTY, &WATERMARK, &NAIVE].map(|it| it.name);
        let took_part = self.folder.contestants(self.workload).into_iter();
        let names: Vec<String> = took_part.filter(|name| degraded.contains(&name.as_str())).collect();
        let text = format!("Without a label, as what they hold is of no version: {}.", names.join(", "));
        if names.is_empty() { None } else { self.say("Which version?", true, text) }
    }
}

fn tail(ratio: &Spread) -> &'static str {
    match ratio.outcome() {
        Outcome::Undecided if ratio.n < super::spread::LEAST_REPEATS => "; too few repeats to decide",
        Outcome::Undecided => "; undecided within this interval",
        Outcome::Same => "; no difference that matters",
        _ => "",
    }
}

/// Where each rule stands; this is counted and not measured, so it is always decided.
fn rules(folder: &Folder) -> Vec<Sentence> {
    let mut sentences = Vec::new();
    for workload in folder.workloads() {
        let of =
            |name: &str, measure: &str| folder.whole(&workload, name, measure).filter(|value| *value > 0.0);
        let (Some(one), Some(other)) = (of(ONE, "code.sites-per-rule"), of(OTHER, "code.sites-per-rule"))
        else {
            continue;
        };
        let lines = |name: &str| of(name, "code.lines.logic").map_or("?".into(), unit::digits);
        let text = format!(
            "A rule stands in {} places of Lambda and {} of Kappa, on average; their logic is {} and {} lines.",
            unit::digits(other),
            unit::digits(one),
            lines(OTHER),
            lines(ONE)
        );
        sentences.push(Sentence { workload, question: "In how many places?".into(), text, decided: true });
    }
    sentences
}
