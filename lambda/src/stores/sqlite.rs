//! Halves in a file of SQLite's.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::cells::Span;
use super::{Changes, Place, Reading, Store, StoreError, Table};

/// How long another process may hold the file.
const PATIENCE: Duration = Duration::from_millis(200);

/// What every connection begins with. Nothing waits for the disk and nothing can be rolled back: whatever the file holds
/// can be computed again from the log, and it is made anew at every start, after a loss of power and after a transaction
/// that failed.
const BEGIN: &str = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -262144;
    CREATE TABLE tuple (one INTEGER PRIMARY KEY CHECK (one = 1), tuple TEXT NOT NULL);";

/// A file, and the connection to it.
pub(crate) struct Sqlite {
    path: PathBuf,
    connection: Option<Connection>,
}

impl Sqlite {
    /// Not opened yet.
    pub(crate) fn at(path: PathBuf) -> Self {
        Sqlite { path, connection: None }
    }

    fn failed(&self, what: &'static str, cause: impl ToString) -> StoreError {
        StoreError { what, address: self.address(), cause: cause.to_string() }
    }

    /// Makes a new file in place of the old one, which may be anything by now.
    fn renew(&mut self) -> Result<Connection, String> {
        self.connection = None;
        for more in ["", "-wal", "-shm", "-journal"] {
            let mut path = self.path.clone().into_os_string();
            path.push(more);
            match fs::remove_file(path) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.to_string()),
                _ => {}
            }
        }
        let open = || {
            let connection = Connection::open(&self.path)?;
            connection.busy_timeout(PATIENCE)?;
            connection.set_prepared_statement_cache_capacity(64);
            connection.execute_batch(BEGIN)?;
            Ok(connection)
        };
        open().map_err(|error: rusqlite::Error| error.to_string())
    }
}

impl Store for Sqlite {
    fn address(&self) -> String {
        self.path.display().to_string()
    }

    fn clear(&mut self) -> Result<(), StoreError> {
        let connection = self.renew().map_err(|cause| self.failed("making", cause))?;
        self.connection = Some(connection);
        Ok(())
    }

    fn write(&mut self, changes: &Changes) -> Result<(), StoreError> {
        let Some(connection) = &mut self.connection else {
            return Err(self.failed("writing", "it is not open"));
        };
        let written = write(connection, changes);
        written.map_err(|error| self.failed("writing", error))
    }

    fn read(&mut self, table: Table, places: &[Place]) -> Result<Option<Reading>, StoreError> {
        let Some(connection) = &mut self.connection else {
            return Err(self.failed("reading", "it is not open"));
        };
        let found = read(connection, table, places);
        found.map_err(|error| self.failed("reading", error))
    }
}

fn write(connection: &mut Connection, changes: &Changes) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for table in &changes.made {
        let columns = "cell TEXT PRIMARY KEY, half TEXT NOT NULL";
        transaction.execute_batch(&format!("CREATE TABLE {} ({columns}) WITHOUT ROWID", table.name()))?;
    }
    for (table, cells) in &changes.cells {
        let insert = format!("INSERT OR REPLACE INTO {} VALUES (?1, ?2)", table.name());
        let mut insert = transaction.prepare_cached(&insert)?;
        for (cell, half) in cells {
            insert.execute(params![cell.name(), half])?;
        }
    }
    if let Some(tuple) = &changes.tuple {
        let mut replace = transaction.prepare_cached("INSERT OR REPLACE INTO tuple VALUES (1, ?1)")?;
        replace.execute(params![tuple.text()])?;
    }
    for table in &changes.gone {
        transaction.execute_batch(&format!("DROP TABLE {}", table.name()))?;
    }
    transaction.commit()
}

fn read(connection: &mut Connection, table: Table, places: &[Place]) -> rusqlite::Result<Option<Reading>> {
    let transaction = connection.transaction()?;
    let tuple = transaction.prepare_cached("SELECT tuple FROM tuple")?.query_row([], |row| row.get(0));
    let Some(tuple) = tuple.optional()? else { return Ok(None) };
    let halves = places.iter().map(|place| cells(&transaction, table, place)).collect::<Result<_, _>>()?;
    Ok(Some((tuple, halves)))
}

fn cells(connection: &Connection, table: Table, place: &Place) -> rusqlite::Result<Vec<String>> {
    let name = table.name();
    let select = format!("SELECT half FROM {name} WHERE cell");
    match place.span() {
        Span::One(cell) => {
            let mut select = connection.prepare_cached(&format!("{select} = ?1"))?;
            let half = select.query_row(params![cell], |row| row.get(0)).optional()?;
            Ok(half.into_iter().collect())
        }
        Span::Between(from, to) => {
            let mut select = connection.prepare_cached(&format!("{select} >= ?1 AND cell < ?2"))?;
            select.query_map(params![from, to], |row| row.get(0))?.collect()
        }
    }
}
