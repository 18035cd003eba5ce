//! Halves in a file of SQLite's.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OptionalExtension, TransactionBehavior, params};

use super::cells::Span;
use super::{Changes, Purpose, Reading, Store, StoreError};

pub(super) mod table;

/// How long another process may hold the file.
const PATIENCE: Duration = Duration::from_millis(200);

/// How halves are written. Nothing waits for the disk and nothing can be rolled back: whatever the file holds
/// can be computed again from the log, and it is made anew at every start, after a loss of power and after a transaction
/// that failed.
const HALVES: &str = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -262144;";

/// How rows are written: whole after a crash, though the last transactions may be gone after a loss of power.
const ROWS: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -262144;";

const TUPLE: &str =
    "CREATE TABLE IF NOT EXISTS tuple (one INTEGER PRIMARY KEY CHECK (one = 1), tuple TEXT NOT NULL);";

/// A file, and the connection to it.
pub(crate) struct Sqlite {
    path: PathBuf,
    purpose: Purpose,
    connection: Option<Connection>,
}

impl Sqlite {
    /// Not opened yet.
    pub(crate) fn at(path: PathBuf, purpose: Purpose) -> Self {
        Sqlite { path, purpose, connection: None }
    }

    fn trouble(&self, what: &'static str, cause: impl ToString) -> StoreError {
        Store::failed(self, what, cause.to_string())
    }

    fn open(&self) -> rusqlite::Result<Connection> {
        let connection = Connection::open(&self.path)?;
        connection.busy_timeout(PATIENCE)?;
        connection.set_prepared_statement_cache_capacity(64);
        connection.execute_batch(if self.purpose.lasts() { ROWS } else { HALVES })?;
        connection.execute_batch(TUPLE)?;
        Ok(connection)
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
        self.open().map_err(|error| error.to_string())
    }
}

/// Whether an error says that the file is not one of SQLite's, or not whole.
fn spoilt(error: &rusqlite::Error) -> bool {
    let spoilt = [ErrorCode::NotADatabase, ErrorCode::DatabaseCorrupt];
    error.sqlite_error_code().is_some_and(|code| spoilt.contains(&code))
}

impl Store for Sqlite {
    fn address(&self) -> String {
        self.path.display().to_string()
    }

    fn purpose(&self) -> Purpose {
        self.purpose
    }

    fn clear(&mut self) -> Result<(), StoreError> {
        let connection = self.renew().map_err(|cause| self.trouble("making", cause))?;
        self.connection = Some(connection);
        Ok(())
    }

    fn resume(&mut self) -> Result<Option<String>, StoreError> {
        self.connection = None;
        let opened = self.open().and_then(|connection| Ok((tuple(&connection)?, connection)));
        match opened {
            Ok((tuple, connection)) => {
                self.connection = Some(connection);
                Ok(tuple)
            }
            Err(error) if spoilt(&error) => self.clear().map(|()| None),
            Err(error) => Err(self.trouble("opening", error)),
        }
    }

    fn write(&mut self, changes: &Changes) -> Result<(), StoreError> {
        let Some(connection) = &mut self.connection else {
            return Err(self.trouble("writing", "it is not open"));
        };
        let written = write(connection, changes);
        written.map_err(|error| self.trouble("writing", error))
    }

    fn read(&mut self, table: &str, spans: &[Span]) -> Result<Option<Reading>, StoreError> {
        let Some(connection) = &mut self.connection else {
            return Err(self.trouble("reading", "it is not open"));
        };
        let found = read(connection, table, spans);
        found.map_err(|error| self.trouble("reading", error))
    }
}

fn write(connection: &mut Connection, changes: &Changes) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for table in &changes.made {
        let columns = "cell TEXT PRIMARY KEY, half TEXT NOT NULL";
        transaction.execute_batch(&format!("DROP TABLE IF EXISTS {table}"))?;
        transaction.execute_batch(&format!("CREATE TABLE {table} ({columns}) WITHOUT ROWID"))?;
    }
    for (table, cells) in &changes.cells {
        let insert = format!("INSERT OR REPLACE INTO {table} VALUES (?1, ?2)");
        let mut insert = transaction.prepare_cached(&insert)?;
        let mut delete = transaction.prepare_cached(&format!("DELETE FROM {table} WHERE cell = ?1"))?;
        for (cell, half) in cells {
            match half {
                Some(half) => insert.execute(params![cell, half])?,
                None => delete.execute(params![cell])?,
            };
        }
    }
    if let Some(tuple) = &changes.tuple {
        let mut replace = transaction.prepare_cached("INSERT OR REPLACE INTO tuple VALUES (1, ?1)")?;
        replace.execute(params![tuple])?;
    }
    for table in &changes.gone {
        transaction.execute_batch(&format!("DROP TABLE {table}"))?;
    }
    transaction.commit()
}

fn read(connection: &mut Connection, table: &str, spans: &[Span]) -> rusqlite::Result<Option<Reading>> {
    let transaction = connection.transaction()?;
    let Some(tuple) = tuple(&transaction)? else { return Ok(None) };
    let halves = spans.iter().map(|span| cells(&transaction, table, span)).collect::<Result<_, _>>()?;
    Ok(Some((tuple, halves)))
}

fn tuple(connection: &Connection) -> rusqlite::Result<Option<String>> {
    connection.prepare_cached("SELECT tuple FROM tuple")?.query_row([], |row| row.get(0)).optional()
}

fn cells(connection: &Connection, table: &str, span: &Span) -> rusqlite::Result<Vec<String>> {
    let select = format!("SELECT half FROM {table} WHERE cell");
    match span {
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
