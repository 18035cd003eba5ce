//! Whole answers in a store, under a label that is written with them.

use std::path::Path;

use workloads::{Query, Row, Rows};

use super::cells::Span;
use super::{Changes, Purpose, Store, StoreError, StoreKind, make};

/// Cells written at once to a table that nobody asks yet.
const PIECE: usize = 10_000;

/// A store of rows by view and key. Whatever changes, changes with the label, in one transaction.
pub struct Rowstore {
    store: Box<dyn Store>,
    /// Number of the table that is asked.
    table: u64,
    trouble: Option<StoreError>,
}

impl Rowstore {
    /// One of some kind; the usual one, in `folder` if it is a file, where no address is given. It is reached when it is
    /// first asked what it holds.
    pub fn at(kind: StoreKind, address: &str, folder: &Path) -> Result<Self, StoreError> {
        let store = make(kind, address, folder, Purpose::Rows)?;
        let store = store.ok_or_else(|| StoreError {
            what: "finding",
            whose: Purpose::Rows.name(),
            address: "in memory".into(),
            cause: "there is none: choose sqlite or postgres".into(),
        })?;
        Ok(Rowstore { store, table: 0, trouble: None })
    }

    /// Reaches it, and says under which label it holds something. What is not whole is forgotten.
    pub fn held(&mut self) -> Result<Option<String>, StoreError> {
        let tuple = self.store.resume()?;
        self.trouble = None;
        let Some((table, label)) = tuple.as_deref().and_then(parse) else {
            self.table = 0;
            return Ok(None);
        };
        self.table = table;
        if self.store.read(&name(table), &[Span::One(String::new())]).is_err() {
            self.store.clear()?;
            return Ok(None);
        }
        Ok(Some(label.to_owned()))
    }

    /// Changes rows of views, an empty one being no more, and the label with them. Of what was held before nothing is
    /// left if it is begun afresh; readers see it as it was until all is there.
    pub fn put(&mut self, label: &str, afresh: bool, views: &[(String, Rows)]) -> Result<(), StoreError> {
        let mut cells = views.iter().flat_map(|(view, rows)| rows.iter().map(|row| cell(view, row)));
        let table = self.table + u64::from(afresh);
        let mut changes = Changes::default();
        if afresh {
            changes.made.push(name(table));
            loop {
                let piece: Vec<_> = cells.by_ref().take(PIECE).collect();
                let last = piece.len() < PIECE;
                changes.cells.push((name(table), piece));
                if last {
                    break;
                }
                self.write(&std::mem::take(&mut changes))?;
            }
            changes.gone.extend((self.table > 0).then(|| name(self.table)));
        } else {
            changes.cells.push((name(table), cells.collect()));
        }
        changes.tuple = Some(format!("{table} {label}"));
        self.write(&changes)?;
        self.table = table;
        Ok(())
    }

    /// The rows asked for and the label that they are under, all at one moment; nothing before the first.
    pub fn read(&mut self, queries: &[Query]) -> Result<Option<(String, Vec<Rows>)>, StoreError> {
        let spans: Vec<Span> = queries.iter().map(span).collect();
        let found = self.store.read(&name(self.table), &spans).and_then(|reading| {
            let Some((tuple, spans)) = reading else { return Ok(None) };
            let (_, label) =
                parse(&tuple).ok_or_else(|| self.store.failed("reading", "it holds no label".to_owned()))?;
            let rows =
                spans.iter().map(|cells| cells.iter().map(|cell| serde_json::from_str(cell)).collect());
            let rows = rows.collect::<Result<Vec<Rows>, _>>();
            Ok(Some((
                label.to_owned(),
                rows.map_err(|error| self.store.failed("reading", error.to_string()))?,
            )))
        });
        self.note(found)
    }

    /// What has gone wrong since it was last asked what it holds.
    pub fn trouble(&self) -> Option<&StoreError> {
        self.trouble.as_ref()
    }

    /// It does not hold what was written.
    pub fn doubt(&mut self) -> StoreError {
        let doubt = self.store.failed("reading", "it does not hold what was written".to_owned());
        self.trouble = Some(doubt.clone());
        doubt
    }

    fn write(&mut self, changes: &Changes) -> Result<(), StoreError> {
        let written = self.store.write(changes);
        self.note(written)
    }

    fn note<T>(&mut self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        result.inspect_err(|error| self.trouble = Some(error.clone()))
    }
}

fn name(table: u64) -> String {
    format!("rows_{table}")
}

/// The number of the table, and the label.
fn parse(tuple: &str) -> Option<(u64, &str)> {
    let (table, label) = tuple.split_once(' ')?;
    Some((table.parse().ok()?, label))
}

/// A row as it is stored, with its key; nothing for one that is no more.
fn cell(view: &str, (key, row): (&String, &Row)) -> (String, Option<String>) {
    let text = || serde_json::to_string(&(key, row)).expect("a row is text and integers");
    (format!("{view} {key}"), (!row.is_empty()).then(text))
}

/// A view's name has no space in it, and an exclamation mark comes after one.
fn span(Query { view, key }: &Query) -> Span {
    match key {
        Some(key) => Span::One(format!("{view} {key}")),
        None => Span::Between(format!("{view} "), format!("{view}!")),
    }
}
