//! What was true of some questions at each tick of a round, and whether an answer ever was.

use std::hash::{DefaultHasher, Hash, Hasher};

use hashbrown::{HashMap, HashSet};
use workloads::{Event, Query, Record, Row, Terms, Touched, Truth, Version, Workload};

/// Keys of each view that are asked about all the time.
const PROBES: usize = 5;

/// The truth along one log, with its past for the questions that are asked.
pub struct Oracle {
    workload: &'static Workload,
    truth: Box<dyn Truth>,
    /// The version at the end of each tick, beginning with the empty log.
    ticks: Vec<Version>,
    cells: Vec<Cell>,
    /// By view, then by key.
    numbers: HashMap<&'static str, HashMap<String, usize>>,
    touched: Vec<Touched>,
}

/// One question that is asked all the time.
struct Cell {
    query: Query,
    /// From which tick on what was true.
    changes: Vec<(usize, Option<Row>)>,
    /// Digests of everything that was ever true.
    ever: HashSet<u64>,
}

impl Oracle {
    /// Of the empty log.
    pub fn new(workload: &'static Workload, terms: &Terms, partitions: u32) -> Self {
        Oracle {
            workload,
            truth: (workload.truth)(terms),
            ticks: vec![Version::zero(partitions)],
            cells: Vec::new(),
            numbers: HashMap::new(),
            touched: Vec::new(),
        }
    }

    /// The next record; the first keys that come are asked about from then on.
    pub fn feed(&mut self, record: &Record) {
        self.probe(&record.event);
        self.truth.feed(record, Some(&mut self.touched));
        let touched = std::mem::take(&mut self.touched);
        for touched in &touched {
            let number = self.numbers.get(touched.view).and_then(|keys| keys.get(&touched.key));
            if let Some(number) = number {
                self.note(*number);
            }
        }
        self.touched = touched;
        self.touched.clear();
    }

    /// A tick has ended, with the log at this version.
    pub fn end_tick(&mut self, version: Version) {
        self.ticks.push(version);
    }

    fn probe(&mut self, event: &Event) {
        let workload = self.workload;
        for view in workload.views {
            if self.numbers.get(view.name).map_or(0, HashMap::len) < PROBES {
                (workload.keys)(view, event, &mut |key| self.ask(view.name, key));
            }
        }
    }

    fn ask(&mut self, view: &'static str, key: String) {
        let keys = self.numbers.entry(view).or_default();
        if keys.len() >= PROBES || keys.contains_key(&key) {
            return;
        }
        keys.insert(key.clone(), self.cells.len());
        let query = Query { view: view.to_owned(), key: Some(key) };
        let ever = HashSet::from_iter([digest(None)]);
        self.cells.push(Cell { query, changes: vec![(0, None)], ever });
    }

    /// Takes note of what is true now of one cell, during the tick that comes after the last that ended.
    fn note(&mut self, number: usize) {
        let cell = &mut self.cells[number];
        let row = self.truth.row(&cell.query.view, cell.query.key.as_deref().unwrap_or_default());
        if cell.changes.last().is_some_and(|(_, last)| *last == row) {
            return;
        }
        cell.ever.insert(digest(row.as_deref()));
        let tick = self.ticks.len();
        match cell.changes.last_mut() {
            Some((at, last)) if *at == tick => *last = row,
            _ => cell.changes.push((tick, row)),
        }
    }

    /// The questions that are asked all the time, in their order.
    pub fn questions(&self) -> Vec<Query> {
        self.cells.iter().map(|cell| cell.query.clone()).collect()
    }

    /// The tick whose end a version is; nothing if it is the end of none.
    pub fn tick(&self, version: &Version) -> Option<usize> {
        let found = self.ticks.partition_point(|end| end.total() < version.total());
        // Ticks without an event end at the same version; the first of them is as good as any.
        self.ticks.get(found).filter(|end| *end == version).map(|_| found)
    }

    /// What was true of the question with that number at the end of a tick.
    pub fn at(&self, number: usize, tick: usize) -> Option<&Row> {
        let changes = &self.cells[number].changes;
        let count = changes.partition_point(|(from, _)| *from <= tick);
        changes[..count].last().and_then(|(_, row)| row.as_ref())
    }

    /// Whether a row was ever true of the question with that number.
    pub fn ever(&self, number: usize, row: Option<&Row>) -> bool {
        self.cells[number].ever.contains(&digest(row.map(Vec::as_slice)))
    }

    /// What is true of any question now.
    pub fn now(&self, query: &Query) -> Option<Row> {
        self.truth.row(&query.view, query.key.as_deref().unwrap_or_default())
    }

    /// Some keys of a view that contain a text, those with the largest first column first, and how many there are.
    pub fn keys(&self, view: &str, text: &str, most: usize) -> (Vec<String>, usize) {
        let wanted = text.to_lowercase();
        let rows = self.truth.rows(view).into_iter();
        let mut found: Vec<(String, i128)> = rows
            .filter(|(key, _)| key.to_lowercase().contains(&wanted))
            .map(|(key, row)| (key, row.first().copied().unwrap_or_default()))
            .collect();
        found.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
        let all = found.len();
        (found.into_iter().take(most).map(|(key, _)| key).collect(), all)
    }
}

fn digest(row: Option<&[i128]>) -> u64 {
    let mut hasher = DefaultHasher::new();
    row.hash(&mut hasher);
    hasher.finish()
}
