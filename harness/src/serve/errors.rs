//! Wrong answers as they happen, by the judge's classes.
//!
//! A class is found from what is known when the answer comes, by the judge's rules: not true at the version that it
//! claims, it is mislabelled if it ever was true, else impossible. That it becomes true later, which the judge of a
//! finished run calls from the future, nobody can know yet.

use std::collections::{BTreeMap, VecDeque};

use sha2::{Digest, Sha256};
use workloads::{Answer, Query, Row, Version};

use super::oracle::Oracle;
use crate::judge::Class;

/// Stretches that are remembered.
const KEPT: usize = 200;

/// A stretch of wrong answers to one question, of one class.
#[derive(Clone, Debug, PartialEq)]
pub struct Stretch {
    /// Running number, from 1.
    pub number: u64,
    /// Who answered: a place in the list of parties.
    pub party: usize,
    /// What was asked.
    pub query: Query,
    /// Their class.
    pub class: Class,
    /// The round, from 1.
    pub round: u64,
    /// The tick of the first of them.
    pub from: u64,
    /// The tick of the last of them so far.
    pub until: u64,
    /// Whether the next answer was another.
    pub over: bool,
    /// How many there are.
    pub reads: u64,
    /// What the first of them claimed.
    pub claimed: Version,
    /// What it said.
    pub served: Option<Row>,
    /// What was true there.
    pub truth: Option<Row>,
}

/// Wrong answers so far.
#[derive(Default)]
pub struct Errors {
    /// The newest stretches, the newest last.
    pub stretches: VecDeque<Stretch>,
    /// By party and class: how many reads there were.
    pub counts: BTreeMap<(usize, Class), u64>,
    /// The stretch that each party is in, by question.
    open: BTreeMap<(usize, usize), u64>,
    digest: Sha256,
    started: u64,
    wrong: u64,
}

/// Where something was read.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// The party.
    pub party: usize,
    /// The round, from 1.
    pub round: u64,
    /// The tick.
    pub tick: u64,
}

/// The class of an answer to the question with that number; `current` is the version of everything that there is.
pub fn class(oracle: &Oracle, number: usize, row: Option<&Row>, claim: &Version, current: &Version) -> Class {
    if !current.covers(claim) {
        return Class::FromTheFuture;
    }
    match oracle.tick(claim) {
        Some(tick) if oracle.at(number, tick) == row => match claim == current {
            true => Class::Current,
            false => Class::Stale,
        },
        None => Class::Undecidable,
        Some(_) if oracle.ever(number, row) => Class::Mislabelled,
        Some(_) => Class::Impossible,
    }
}

impl Errors {
    /// Judges what a party has answered to all questions; gives the class of each.
    pub fn judge(
        &mut self,
        place: Place,
        oracle: &Oracle,
        questions: &[Query],
        answer: Option<&Answer>,
        current: &Version,
    ) -> Vec<Class> {
        let claim = answer.and_then(|answer| answer.version.as_ref());
        let mut classes = Vec::with_capacity(questions.len());
        for (number, query) in questions.iter().enumerate() {
            let key = query.key.as_deref().unwrap_or_default();
            let row = answer.and_then(|answer| answer.rows.get(number)?.get(key));
            let class = claim.map_or(Class::Error, |claim| class(oracle, number, row, claim, current));
            *self.counts.entry((place.party, class)).or_default() += 1;
            let truth = claim.and_then(|claim| oracle.at(number, oracle.tick(claim)?));
            let claimed = claim.cloned().unwrap_or_default();
            self.note(place, number, class, || (query.clone(), claimed, row.cloned(), truth.cloned()));
            classes.push(class);
        }
        classes
    }

    fn note(
        &mut self,
        place: Place,
        question: usize,
        class: Class,
        more: impl FnOnce() -> (Query, Version, Option<Row>, Option<Row>),
    ) {
        let key = (place.party, question);
        let open = self.open.get(&key).copied();
        let held = open.and_then(|number| self.stretches.iter_mut().rev().find(|it| it.number == number));
        if class.wrong() {
            self.wrong += 1;
            if let Some(stretch) = held.filter(|stretch| stretch.class == class) {
                (stretch.until, stretch.reads) = (place.tick, stretch.reads + 1);
                let served = more().2;
                self.stir(place, question, class, served.as_ref());
                return;
            }
        } else if open.is_none() {
            return;
        }
        self.close(key);
        if class.wrong() {
            self.begin(place, question, class, more());
        }
    }

    /// Whatever a party is in at a question is over.
    fn close(&mut self, key: (usize, usize)) {
        let Some(number) = self.open.remove(&key) else { return };
        if let Some(stretch) = self.stretches.iter_mut().rev().find(|stretch| stretch.number == number) {
            stretch.over = true;
        }
    }

    fn begin(
        &mut self,
        place: Place,
        question: usize,
        class: Class,
        (query, claimed, served, truth): (Query, Version, Option<Row>, Option<Row>),
    ) {
        self.stir(place, question, class, served.as_ref());
        self.started += 1;
        if self.stretches.len() == KEPT {
            self.stretches.pop_front();
        }
        let (number, Place { party, round, tick }) = (self.started, place);
        let (from, until, over, reads) = (tick, tick, false, 1);
        self.open.insert((party, question), number);
        self.stretches.push_back(Stretch {
            number,
            party,
            query,
            class,
            round,
            from,
            until,
            over,
            reads,
            claimed,
            served,
            truth,
        });
    }

    /// A wrong answer becomes part of the digest.
    fn stir(&mut self, place: Place, question: usize, class: Class, served: Option<&Row>) {
        let Place { party, round, tick } = place;
        let line = format!("{party} {round} {tick} {question} {} {served:?}\n", class.name());
        self.digest.update(line.as_bytes());
    }

    /// Another log is begun: its questions are others.
    pub fn end_round(&mut self) {
        self.open.clear();
        self.stretches.iter_mut().for_each(|stretch| stretch.over = true);
    }

    /// How many reads were wrong.
    pub fn wrong(&self) -> u64 {
        self.wrong
    }

    /// How many stretches there were.
    pub fn started(&self) -> u64 {
        self.started
    }

    /// A digest of every wrong answer, in their order.
    pub fn digest(&self) -> String {
        self.digest.clone().finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
