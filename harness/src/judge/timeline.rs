//! What was true of the questions asked, at every position along a chain of versions.

use std::rc::Rc;

use anyhow::Context;
use hashbrown::HashMap;
use workloads::log::last;
use workloads::{Log, Place, Terms, Touched, Truth, Version, Workload};

use super::evidence::{Stretch, each};
use super::value::{Cells, Value, Whole};

/// The truth at one version, and every view there in brief.
pub struct Base {
    truth: Box<dyn Truth>,
    at: Version,
    /// By view: in brief, and by row.
    views: Vec<(Whole, HashMap<String, Whole>)>,
}

impl Base {
    /// The truth of everything below `at`.
    pub fn new(workload: &Workload, terms: &Terms, log: &dyn Log, at: &Version) -> anyhow::Result<Self> {
        let mut truth = (workload.truth)(terms);
        let starts = log.starts().context("asking the log where it starts")?;
        for (partition, upto) in at.0.iter().enumerate() {
            each(log, partition as u32, starts.0[partition], *upto, |record| {
                if let Some(record) = record {
                    truth.feed(&record, None);
                }
            })?;
        }
        let brief = |name| {
            let rows: HashMap<String, Whole> =
                truth.rows(name).into_iter().map(|(key, row)| (key.clone(), Whole::of(&key, &row))).collect();
            let mut whole = Whole::default();
            rows.values().for_each(|row| whole.count(row, 1));
            (whole, rows)
        };
        let views = workload.views.iter().map(|view| brief(view.name)).collect();
        Ok(Base { truth, at: at.clone(), views })
    }

    /// The truth there.
    pub fn truth(&self) -> &dyn Truth {
        &*self.truth
    }

    /// The version.
    pub fn at(&self) -> &Version {
        &self.at
    }
}

/// Bases that several runs over one history share: feeding it is most of the judge's work.
#[derive(Default)]
pub struct Bases {
    held: Vec<(String, Rc<Base>)>,
}

impl Bases {
    /// The base of a log at a version: the one at hand if its history is the same.
    pub fn get(
        &mut self,
        workload: &Workload,
        terms: &Terms,
        log: &dyn Log,
        at: &Version,
    ) -> anyhow::Result<Rc<Base>> {
        let name = format!("{} {terms:?} {at} {}", workload.name, tail(log, at)?);
        if let Some((_, base)) = self.held.iter().find(|(held, _)| *held == name) {
            return Ok(Rc::clone(base));
        }
        let base = Rc::new(Base::new(workload, terms, log, at)?);
        // Two are kept: a plan takes its workloads in turn, and a base of millions of events is large.
        self.held.truncate(1);
        self.held.insert(0, (name, Rc::clone(&base)));
        Ok(base)
    }
}

/// The last record of each partition below `at`: tells histories of the same length apart.
fn tail(log: &dyn Log, at: &Version) -> anyhow::Result<String> {
    let starts = log.starts().context("asking the log where it starts")?;
    let mut tail = String::new();
    for (partition, (start, upto)) in (0..).zip(starts.0.iter().zip(&at.0)) {
        tail.push_str(&format!("{:?}", last(log, partition, *start..*upto)?));
    }
    Ok(tail)
}

/// The truth on its way along a chain.
pub struct Walk<'a> {
    base: &'a Base,
    stretch: &'a Stretch,
    cells: &'a Cells,
    truth: Box<dyn Truth>,
    wholes: Vec<Whole>,
    /// Rows that have changed since the base, in brief.
    changed: Vec<HashMap<String, Whole>>,
    touched: Vec<Touched>,
    at: Version,
}

impl<'a> Walk<'a> {
    /// At the base.
    pub fn new(base: &'a Base, stretch: &'a Stretch, cells: &'a Cells) -> Self {
        Walk {
            base,
            stretch,
            cells,
            truth: base.truth.fork(),
            wholes: base.views.iter().map(|(whole, _)| *whole).collect(),
            changed: vec![HashMap::new(); base.views.len()],
            touched: Vec::new(),
            at: base.at.clone(),
        }
    }

    /// The truth where the walk is.
    pub fn truth(&self) -> &dyn Truth {
        &*self.truth
    }

    /// One record further.
    fn feed(&mut self, place: Place) {
        self.at.0[place.partition as usize] = place.offset + 1;
        if let Some(record) = self.stretch.get(place) {
            self.truth.feed(record, Some(&mut self.touched));
        }
    }

    /// On to a version, which must cover where the walk is.
    pub fn advance(&mut self, version: &Version) {
        for (partition, upto) in version.0.iter().enumerate() {
            let partition = partition as u32;
            (self.at.0[partition as usize]..*upto).for_each(|offset| self.feed(Place { partition, offset }));
        }
    }

    /// Shows the questions whose answer may have changed since this was last called, each with its answer.
    pub fn settle(&mut self, mut show: impl FnMut(u32, Value)) {
        let mut touched = std::mem::take(&mut self.touched);
        touched.sort_unstable();
        touched.dedup();
        let mut views = vec![false; self.wholes.len()];
        for Touched { view, key } in touched.drain(..) {
            let Some(view) = self.cells.view(view) else { continue };
            let (asked, whole) = (self.cells.row(view, &key), self.cells.whole(view));
            if asked.is_none() && whole.is_none() {
                continue;
            }
            let row = self.truth.row(self.cells.view_name(view), &key);
            if whole.is_some() {
                let brief = row.as_ref().map_or(Whole::default(), |row| Whole::of(&key, row));
                views[view] |= self.replace(view, key, brief);
            }
            if let Some(asked) = asked {
                show(asked, Value::Row(row));
            }
        }
        self.touched = touched;
        for (view, _) in views.iter().enumerate().filter(|(_, changed)| **changed) {
            if let Some(whole) = self.cells.whole(view) {
                show(whole, Value::Whole(self.wholes[view]));
            }
        }
    }

    fn replace(&mut self, view: usize, key: String, brief: Whole) -> bool {
        let at_base = self.base.views[view].1.get(&key).copied().unwrap_or_default();
        let held = self.changed[view].entry(key).or_insert(at_base);
        if *held == brief {
            return false;
        }
        self.wholes[view].count(held, -1);
        self.wholes[view].count(&brief, 1);
        *held = brief;
        true
    }

    fn now(&self, cell: u32) -> Value {
        match &self.cells.list()[cell as usize] {
            (view, None) => Value::Whole(self.wholes[*view]),
            (view, Some(key)) => Value::Row(self.truth.row(self.cells.view_name(*view), key)),
        }
    }
}

/// The answers along a chain: for each question the positions at which its answer changed.
pub struct Timeline {
    changes: Vec<Vec<(u32, Value)>>,
}

impl Timeline {
    /// Along versions of which each covers the one before; position i is the i-th of them.
    pub fn versions(base: &Base, stretch: &Stretch, cells: &Cells, versions: &[&Version]) -> Self {
        let mut walk = Walk::new(base, stretch, cells);
        if let Some(first) = versions.first() {
            walk.advance(first);
            walk.settle(|_, _| {});
        }
        let mut timeline = Timeline::begin(&walk, cells);
        for (position, version) in versions.iter().enumerate().skip(1) {
            walk.advance(version);
            walk.settle(|cell, value| timeline.note(position as u32, cell, value));
        }
        timeline
    }

    /// Along single records from a version on; position i lies after the i-th.
    pub fn places(base: &Base, stretch: &Stretch, cells: &Cells, from: &Version, places: &[Place]) -> Self {
        let mut walk = Walk::new(base, stretch, cells);
        walk.advance(from);
        walk.settle(|_, _| {});
        let mut timeline = Timeline::begin(&walk, cells);
        for (index, place) in places.iter().enumerate() {
            walk.feed(*place);
            walk.settle(|cell, value| timeline.note(index as u32 + 1, cell, value));
        }
        timeline
    }

    fn begin(walk: &Walk<'_>, cells: &Cells) -> Self {
        let cells = 0..cells.list().len() as u32;
        Timeline { changes: cells.map(|cell| vec![(0, walk.now(cell))]).collect() }
    }

    fn note(&mut self, position: u32, cell: u32, value: Value) {
        let changes = &mut self.changes[cell as usize];
        if changes.last().is_none_or(|(_, last)| *last != value) {
            changes.push((position, value));
        }
    }

    /// What was true at a position.
    pub fn at(&self, cell: u32, position: u32) -> &Value {
        let changes = &self.changes[cell as usize];
        &changes[changes.partition_point(|(from, _)| *from <= position) - 1].1
    }

    /// The position at which the answer became what it was at `position`.
    pub fn since(&self, cell: u32, position: u32) -> u32 {
        let changes = &self.changes[cell as usize];
        changes[changes.partition_point(|(from, _)| *from <= position) - 1].0
    }

    /// The position at which the answers to these questions became together what they were at `position`.
    pub fn together(&self, cells: &[u32], position: u32) -> u32 {
        cells.iter().map(|cell| self.since(*cell, position)).max().unwrap_or(0)
    }

    /// Whether all these answers were true at a position.
    pub fn holds(&self, answers: &[(u32, Value)], position: u32) -> bool {
        answers.iter().all(|(cell, value)| self.at(*cell, position) == value)
    }

    /// The latest position up to `upto` at which all these answers were true together.
    pub fn latest(&self, answers: &[(u32, Value)], upto: u32) -> Option<u32> {
        let mut position = upto;
        loop {
            let before = position;
            for (cell, value) in answers {
                position = self.latest_of(*cell, value, position)?;
            }
            if position == before {
                return Some(position);
            }
        }
    }

    fn latest_of(&self, cell: u32, value: &Value, upto: u32) -> Option<u32> {
        let changes = &self.changes[cell as usize];
        let mut end = upto;
        let count = changes.partition_point(|(from, _)| *from <= upto);
        for (from, held) in changes[..count].iter().rev() {
            if held == value {
                return Some(end);
            }
            end = from.checked_sub(1)?;
        }
        None
    }
}
