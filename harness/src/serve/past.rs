//! A finished run, played again: its judged reads as they came, and the truth of its log beside them.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, ensure};
use hashbrown::HashMap;
use workloads::faults::SourceFaults;
use workloads::{Place, Query, Row, Terms, Truth, Version, Workload};

use super::engine::Play;
use super::frame::{Batch, Frame, Head, Line, Manner, Party, Ran, Said, Switched, Wrong, written};
use super::record::{Record, Student};
use super::{FRAME_TICKS, TICK_US};
use crate::contestants::contestant;
use crate::contestants::noop::NOOP;
use crate::judge::arrival::Arrivals;
use crate::judge::evidence::{Stretch, each};
use crate::judge::{Bases, Class, Evidence, Verdict, judge};
use crate::measures::folders;
use crate::observe::Kind;

/// Wrong reads that a frame tells of.
const LISTED: usize = 30;

/// Publications that a frame tells of.
const RUNS: usize = 24;

/// A run of one workload: the same repeat of every contestant, beside each other.
pub struct Past {
    workload: &'static Workload,
    lanes: Vec<Lane>,
    truth: Box<dyn Truth>,
    stretch: Stretch,
    at: Version,
    ticks: u64,
    end_us: i64,
}

/// One contestant's reads.
struct Lane {
    name: &'static str,
    arrivals: Arrivals,
    verdicts: Vec<Verdict>,
    /// By question: (when, which read, what it said).
    said: HashMap<Query, Vec<(i64, usize, Option<Row>)>>,
    /// Publications of its batch: when, and of what.
    published: Vec<(i64, Version)>,
    /// How many reads were answered by now.
    read: usize,
    /// The worst class since the last frame.
    worst: Class,
    counts: BTreeMap<&'static str, u64>,
    wrong: Vec<usize>,
}

impl Past {
    /// The runs of a folder that are of that workload, or of its first; each contestant's run with that number.
    pub fn load(run_folder: &Path, workload: Option<&str>, repeat: u32) -> anyhow::Result<Self> {
        let mut evidences = Vec::new();
        for folder in folders(run_folder)? {
            let evidence = Evidence::load(run_folder, &folder)?;
            let first = evidences.first().map(|held: &Evidence| held.run.workload.clone());
            let wanted = workload.map(str::to_owned).or(first).unwrap_or(evidence.run.workload.clone());
            let answers = evidence.run.contestant != NOOP.name;
            if evidence.run.workload == wanted && evidence.run.repeat == repeat && answers {
                evidences.push(evidence);
            }
        }
        let what = workload.unwrap_or("anything");
        let first = evidences.first().with_context(|| {
            format!("no run {repeat} of {what} in {}: `wb runs list` names runs", run_folder.display())
        })?;
        let workload =
            workloads::workload(&first.run.workload).context("a run names a workload that there is")?;
        let (from, heads) = (first.run.live_from.clone(), first.log.heads()?);
        ensure!(!from.0.is_empty(), "that run has no live part: it was interrupted before it began");
        let truth = history(workload, &first.run.terms, first, &from)?;
        let stretch = Stretch::read(&*first.log, &from, &heads)?;
        let end_us = evidences.iter().map(|evidence| evidence.run.ended_us).max().unwrap_or(0);
        let mut bases = Bases::default();
        let lanes =
            evidences.iter().map(|evidence| Lane::new(evidence, &mut bases)).collect::<Result<_, _>>()?;
        Ok(Past { workload, lanes, truth, stretch, at: from, ticks: 0, end_us })
    }

    /// What was run.
    pub fn workload(&self) -> &'static Workload {
        self.workload
    }

    /// Who took part.
    pub fn parties(&self) -> Vec<String> {
        self.lanes.iter().map(|lane| lane.name.to_owned()).collect()
    }

    fn at_us(&self) -> i64 {
        self.ticks as i64 * TICK_US
    }
}

/// The truth where the live part begins.
fn history(
    workload: &Workload,
    terms: &Terms,
    evidence: &Evidence,
    upto: &Version,
) -> anyhow::Result<Box<dyn Truth>> {
    let mut truth = (workload.truth)(terms);
    let starts = evidence.log.starts()?;
    for (partition, (start, end)) in (0..).zip(starts.0.iter().zip(&upto.0)) {
        each(&*evidence.log, partition, *start, *end, |record| {
            if let Some(record) = record {
                truth.feed(&record, None);
            }
        })?;
    }
    Ok(truth)
}

impl Lane {
    fn new(evidence: &Evidence, bases: &mut Bases) -> anyhow::Result<Self> {
        let run = &evidence.run;
        let known = contestant(&run.contestant);
        let name = known.with_context(|| format!("no contestant {} in this build", run.contestant))?.name;
        let mut verdicts = judge(evidence, bases)?.reads;
        let mut said: HashMap<Query, Vec<(i64, usize, Option<Row>)>> = HashMap::new();
        for (index, read) in evidence.reads.iter().enumerate() {
            let Some(answer) = read.answer.as_ref().filter(|_| read.at.is_none()) else { continue };
            for (query, rows) in read.queries.iter().zip(&answer.rows) {
                let Some(key) = &query.key else { continue };
                said.entry(query.clone()).or_default().push((
                    read.answered_us,
                    index,
                    rows.get(key).cloned(),
                ));
            }
        }
        said.values_mut().for_each(|said| said.sort_by_key(|(at, ..)| *at));
        // Whole views at the end are not part of what somebody saw on the way.
        verdicts.iter_mut().filter(|it| it.kind == Kind::Final).for_each(|it| it.answered_us = run.ended_us);
        let mut published: Vec<(i64, Version)> =
            evidence.published().map(|line| (line.received_us, line.version.clone())).collect();
        published.sort_by_key(|(at, _)| *at);
        Ok(Lane {
            name,
            arrivals: Arrivals::new(&run.live_from, &evidence.log.heads()?, &evidence.arrivals),
            verdicts,
            said,
            published,
            read: 0,
            worst: Class::Current,
            counts: BTreeMap::new(),
            wrong: Vec::new(),
        })
    }

    fn advance(&mut self, at_us: i64) {
        while let Some(verdict) = self.verdicts.get(self.read).filter(|it| it.answered_us <= at_us) {
            self.worst = self.worst.max(verdict.class);
            *self.counts.entry(verdict.class.name()).or_default() += 1;
            if verdict.class.wrong() {
                self.wrong.push(self.read);
            }
            self.read += 1;
        }
    }

    fn party(&mut self, at_us: i64) -> Party {
        let head = self.arrivals.acked(at_us);
        let claimed = self.verdicts[..self.read].iter().rev().find_map(|verdict| verdict.claimed.clone());
        let behind = claimed.as_ref().map_or(0, |claim| head.total().saturating_sub(claim.total()));
        let published = &self.published[..self.published.partition_point(|(at, _)| *at <= at_us)];
        let batch = published.last().map(|(at, cut)| Batch {
            number: published.len() as u64,
            cut: cut.total(),
            behind: head.total().saturating_sub(cut.total()),
            age_us: at_us - at,
        });
        let ran = |(index, (at, cut)): (usize, &(i64, Version))| Ran {
            number: index as u64 + 1,
            from_us: *at,
            until_us: Some(*at),
            cut: cut.total(),
        };
        let runs: Vec<Ran> = published.iter().enumerate().map(ran).collect();
        Party {
            name: self.name,
            version: claimed.as_ref().map(Version::to_string).unwrap_or_default(),
            behind,
            lag_us: self.verdicts[..self.read].last().map_or(0, |verdict| verdict.behind_us),
            class: std::mem::replace(&mut self.worst, Class::Current).name(),
            counts: self.counts.clone(),
            batch,
            runs: runs[runs.len().saturating_sub(RUNS)..].to_vec(),
        }
    }

    fn wrongs(&self) -> impl Iterator<Item = Wrong> + '_ {
        let wrong = |index: &usize| {
            let verdict = &self.verdicts[*index];
            Wrong {
                number: *index as u64 + 1,
                party: self.name,
                view: verdict.view.clone(),
                key: verdict.key.clone(),
                class: verdict.class.name(),
                round: 1,
                from_us: verdict.answered_us,
                until_us: verdict.answered_us,
                over: true,
                reads: 1,
                claimed: verdict.claimed.as_ref().map(Version::to_string).unwrap_or_default(),
                served: Some(vec![verdict.first.to_string()]),
                truth: Some(vec![(verdict.first - verdict.error()).to_string()]),
            }
        };
        self.wrong.iter().rev().take(LISTED).map(wrong)
    }

    fn said(&self, query: &Query, at_us: i64) -> Said {
        let all = self.said.get(query).map_or(&[][..], Vec::as_slice);
        let count = all.partition_point(|(at, ..)| *at <= at_us);
        let Some((read_us, index, row)) = all[..count].last() else {
            return Said { right: true, ..Said::default() };
        };
        let class = self.verdicts[*index].class;
        Said {
            row: row.as_ref().map(written),
            class: Some(class.name()),
            right: !class.wrong(),
            read_us: Some(*read_us),
            batch: None,
            speed: None,
        }
    }
}

impl Play for Past {
    fn tick(&mut self) -> anyhow::Result<bool> {
        self.ticks += 1;
        let at_us = self.at_us();
        self.lanes.iter_mut().for_each(|lane| lane.advance(at_us));
        if let Some(lane) = self.lanes.first() {
            let head = lane.arrivals.acked(at_us);
            for (partition, (from, upto)) in (0..).zip(self.at.0.iter_mut().zip(&head.0)) {
                for offset in *from..*upto {
                    if let Some(record) = self.stretch.get(Place { partition, offset }) {
                        self.truth.feed(record, None);
                    }
                }
                *from = (*from).max(*upto);
            }
        }
        Ok(at_us < self.end_us)
    }

    fn frame(&mut self) -> Frame {
        let at_us = self.at_us();
        let parties: Vec<Party> = self.lanes.iter_mut().map(|lane| lane.party(at_us)).collect();
        let mut errors: Vec<Wrong> = self.lanes.iter().flat_map(Lane::wrongs).collect();
        errors.sort_by_key(|wrong| -wrong.from_us);
        errors.truncate(LISTED);
        let started = self.lanes.iter().map(|lane| lane.wrong.len() as u64).sum();
        Frame {
            frame: self.ticks / FRAME_TICKS,
            mode: "run",
            at_us,
            round: 1,
            began_us: 0,
            head: Head { version: self.at.to_string(), total: self.at.total() },
            rate: 0.0,
            late_us: 0,
            over: false,
            trouble: None,
            faults: String::new(),
            student: Manner::default(),
            switches: Vec::new(),
            parties,
            errors,
            started,
        }
    }

    fn lines(&mut self, questions: &[Query]) -> HashMap<Query, Line> {
        let at_us = self.at_us();
        let line = |query: &Query| {
            let key = query.key.clone().unwrap_or_default();
            let truth = self.truth.row(&query.view, &key);
            let parties = self.lanes.iter().map(|lane| lane.said(query, at_us)).collect();
            let line = Line { view: query.view.clone(), key, truth: truth.as_ref().map(written), parties };
            (query.clone(), line)
        };
        questions.iter().map(line).collect()
    }

    /// Those that were asked about most.
    fn keys(&self, view: &str, text: &str, most: usize) -> (Vec<String>, usize) {
        let wanted = text.to_lowercase();
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for (query, said) in self.lanes.iter().flat_map(|lane| &lane.said) {
            let key = query.key.as_deref().unwrap_or_default();
            if query.view == view && key.to_lowercase().contains(&wanted) {
                *counts.entry(key).or_default() += said.len();
            }
        }
        let mut keys: Vec<(&str, usize)> = counts.into_iter().collect();
        keys.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let all = keys.len();
        (keys.into_iter().take(most).map(|(key, _)| key.to_owned()).collect(), all)
    }

    fn switch(&mut self, _: Option<SourceFaults>, _: Option<Student>) -> anyhow::Result<Switched> {
        anyhow::bail!("this run has ended: nothing of it can be switched")
    }

    fn recorded(&self) -> Option<Record> {
        None
    }
}
