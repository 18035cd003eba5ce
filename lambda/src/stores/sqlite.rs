//! Halves in a file of SQLite's.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::cells::Keys;
use super::{Cell, Changes, Place, Reading, Store, StoreError, Table, Tuple};

/// How long another process may hold the file.
const PATIENCE: Duration = Duration::from_millis(200);

/// What every connection begins with. Nothing waits for the disk: after a loss of power the file is made anew.
const BEGIN: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = 4000;
    PRAGMA cache_size = -65536; CREATE TABLE tuple (one INTEGER PRIMARY KEY CHECK (one = 1), tuple TEXT NOT NULL);";

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

    fn read(&mut self, places: &[Place], kept: bool) -> Result<Option<Reading>, StoreError> {
        let Some(connection) = &mut self.connection else {
            return Err(self.failed("reading", "it is not open"));
        };
        let found = read(connection, places, kept);
        found.map_err(|error| self.failed("reading", error))
    }
}

fn write(connection: &mut Connection, changes: &Changes) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for table in &changes.made {
        let columns = "kind TEXT NOT NULL, key TEXT NOT NULL, half TEXT NOT NULL, PRIMARY KEY (kind, key)";
        transaction.execute_batch(&format!("CREATE TABLE {} ({columns}) WITHOUT ROWID", table.name()))?;
    }
    for (table, cells) in &changes.cells {
        let insert = format!("INSERT OR REPLACE INTO {} (kind, key, half) VALUES (?1, ?2, ?3)", table.name());
        let mut insert = transaction.prepare_cached(&insert)?;
        for (Cell { kind, key }, half) in cells {
            insert.execute(params![kind, key.as_str(), half])?;
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

fn read(connection: &mut Connection, places: &[Place], kept: bool) -> rusqlite::Result<Option<Reading>> {
    let transaction = connection.transaction()?;
    let text: Option<String> =
        transaction.prepare_cached("SELECT tuple FROM tuple")?.query_row([], |row| row.get(0)).optional()?;
    let Some(tuple) = text.and_then(|text| serde_json::from_str::<Tuple>(&text).ok()) else {
        return Ok(None);
    };
    let table = tuple.asked(kept);
    let halves = places.iter().map(|place| cells(&transaction, table, place)).collect::<Result<_, _>>()?;
    Ok(Some((tuple, halves)))
}

fn cells(connection: &Connection, table: Table, place: &Place) -> rusqlite::Result<Vec<String>> {
    let name = table.name();
    if let Keys::One(key) = &place.keys {
        let select = format!("SELECT half FROM {name} WHERE kind = ?1 AND key = ?2");
        let mut select = connection.prepare_cached(&select)?;
        let half = select.query_row(params![place.kind, key.as_str()], |row| row.get(0)).optional()?;
        return Ok(half.into_iter().collect());
    }
    let (from, to) = place.range();
    let select =
        format!("SELECT half FROM {name} WHERE kind = ?1 AND key >= ?2 AND (?3 IS NULL OR key < ?3)");
    let mut select = connection.prepare_cached(&select)?;
    let to = to.as_deref();
    select.query_map(params![place.kind, from.as_str(), to], |row| row.get(0))?.collect()
}
