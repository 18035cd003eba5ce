//! What a question was answered with, small enough to be kept at every version: a row, or a digest of a whole view.

use std::hash::{DefaultHasher, Hash, Hasher};

use hashbrown::HashMap;
use workloads::{Row, Rows, View};

use crate::observe::Kind;

/// A whole view in brief. Equal digests are taken for equal rows: 128 bits, and nobody here is an adversary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Whole {
    /// Sum of the digests of its rows.
    pub digest: u128,
    /// Number of rows.
    pub rows: i64,
    /// Sum of the rows' first column.
    pub sum: i128,
    /// Sum of the rows' second column.
    pub second: i128,
}

impl Whole {
    /// Adds (or takes away) one row.
    pub fn count(&mut self, brief: &Whole, sign: i64) {
        let times = i128::from(sign);
        self.digest = match sign {
            1 => self.digest.wrapping_add(brief.digest),
            _ => self.digest.wrapping_sub(brief.digest),
        };
        self.rows += sign * brief.rows;
        self.sum += brief.sum * times;
        self.second += brief.second * times;
    }

    /// One row in brief.
    pub fn of(key: &str, row: &[i128]) -> Whole {
        let half = |salt: u8| {
            let mut hasher = DefaultHasher::new();
            (salt, key, row).hash(&mut hasher);
            u128::from(hasher.finish())
        };
        let column = |index: usize| row.get(index).copied().unwrap_or(0);
        Whole { digest: half(1) << 64 | half(2), rows: 1, sum: column(0), second: column(1) }
    }

    /// A whole view in brief.
    pub fn all(rows: &Rows) -> Whole {
        let mut whole = Whole::default();
        rows.iter().for_each(|(key, row)| whole.count(&Whole::of(key, row), 1));
        whole
    }
}

/// An answer to one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// One row, or none.
    Row(Option<Row>),
    /// A whole view.
    Whole(Whole),
}

impl Value {
    /// The first column: of the row, or summed over the rows; 0 without a row.
    pub fn first(&self) -> i128 {
        match self {
            Value::Row(row) => row.as_ref().and_then(|row| row.first().copied()).unwrap_or(0),
            Value::Whole(whole) => whole.sum,
        }
    }

    /// The second column, likewise.
    pub fn second(&self) -> i128 {
        match self {
            Value::Row(row) => row.as_ref().and_then(|row| row.get(1).copied()).unwrap_or(0),
            Value::Whole(whole) => whole.second,
        }
    }

    /// As a witness prints it: columns joined by `;`, `-` for no row, a whole view as its rows and sums.
    pub fn print(&self) -> String {
        match self {
            Value::Row(None) => "-".into(),
            Value::Row(Some(row)) => row.iter().map(i128::to_string).collect::<Vec<_>>().join(";"),
            Value::Whole(whole) => format!("{} rows;{};{}", whole.rows, whole.sum, whole.second),
        }
    }
}

/// The questions that a run asked, numbered.
pub struct Cells {
    views: &'static [View],
    /// By view: the number of each key asked.
    rows: Vec<HashMap<String, u32>>,
    /// By view: the number of the whole view, if asked.
    whole: Vec<Option<u32>>,
    list: Vec<(usize, Option<String>)>,
}

impl Cells {
    /// None yet.
    pub fn new(views: &'static [View]) -> Self {
        let (rows, whole) = (vec![HashMap::new(); views.len()], vec![None; views.len()]);
        Cells { views, rows, whole, list: Vec::new() }
    }

    /// The number of a view.
    pub fn view(&self, name: &str) -> Option<usize> {
        self.views.iter().position(|view| view.name == name)
    }

    /// The name of a view.
    pub fn view_name(&self, view: usize) -> &'static str {
        self.views[view].name
    }

    /// What the key of a view is.
    pub fn view_key(&self, view: usize) -> &'static str {
        self.views[view].key
    }

    /// The number of a question, new or not.
    pub fn number(&mut self, view: usize, key: Option<&str>) -> u32 {
        let next = self.list.len() as u32;
        let number = match key {
            None => *self.whole[view].get_or_insert(next),
            Some(key) => match self.rows[view].get(key) {
                Some(number) => *number,
                None => *self.rows[view].entry(key.to_owned()).or_insert(next),
            },
        };
        if number == next {
            self.list.push((view, key.map(str::to_owned)));
        }
        number
    }

    /// The number of a key's question, if it was asked.
    pub fn row(&self, view: usize, key: &str) -> Option<u32> {
        self.rows[view].get(key).copied()
    }

    /// The number of a whole view's question, if it was asked.
    pub fn whole(&self, view: usize) -> Option<u32> {
        self.whole[view]
    }

    /// The questions by number: view and key.
    pub fn list(&self) -> &[(usize, Option<String>)] {
        &self.list
    }
}

/// Whole views as they stand in a file of reads: those of kind whole and final as differences from the one before of
/// the same view (an empty row for one that has gone), all others in full.
#[derive(Default)]
pub struct Differences {
    held: HashMap<String, (Rows, Whole)>,
}

impl Differences {
    /// Whether reads of this kind are written as differences.
    fn applies(kind: Kind) -> bool {
        matches!(kind, Kind::Whole | Kind::Final)
    }

    /// What is written for `rows`.
    pub fn write(&mut self, kind: Kind, view: &str, rows: Rows) -> Rows {
        if !Self::applies(kind) {
            return rows;
        }
        let (held, _) = self.held.entry(view.to_owned()).or_default();
        let changed = rows.iter().filter(|(key, row)| held.get(*key) != Some(*row));
        let mut difference: Rows = changed.map(|(key, row)| (key.clone(), row.clone())).collect();
        let gone = held.keys().filter(|key| !rows.contains_key(*key));
        difference.extend(gone.map(|key| (key.clone(), Row::new())));
        *held = rows;
        difference
    }

    /// The whole view that was written as `rows`, in brief and in full.
    pub fn read<'a>(&'a mut self, kind: Kind, view: &str, rows: &'a Rows) -> (Whole, &'a Rows) {
        if !Self::applies(kind) {
            return (Whole::all(rows), rows);
        }
        let (held, whole) = self.held.entry(view.to_owned()).or_default();
        for (key, row) in rows {
            let before = match row.is_empty() {
                true => held.remove(key),
                false => held.insert(key.clone(), row.clone()),
            };
            if let Some(before) = before {
                whole.count(&Whole::of(key, &before), -1);
            }
            if !row.is_empty() {
                whole.count(&Whole::of(key, row), 1);
            }
        }
        (*whole, held)
    }
}
