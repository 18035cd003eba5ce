//! The table of latest trades in a file of SQLite's.

use std::path::PathBuf;
use std::time::Duration;

use rusqlite::{Connection, params};

use super::super::table::{Board, COLUMNS, LastTrade};

/// How long another program may hold the file.
const PATIENCE: Duration = Duration::from_secs(2);

/// A file with such tables.
pub(crate) struct Tables {
    path: PathBuf,
    connection: Connection,
}

/// Opens it, or makes it.
pub(crate) fn open(path: PathBuf) -> Result<Tables, String> {
    let opened = Connection::open(&path).and_then(|connection| {
        connection.busy_timeout(PATIENCE)?;
        Ok(connection)
    });
    let connection = opened.map_err(|error| error.to_string())?;
    Ok(Tables { path, connection })
}

impl Board for Tables {
    fn address(&self) -> String {
        self.path.display().to_string()
    }

    fn make(&mut self, table: &str) -> Result<(), String> {
        // As text, decimals keep their digits.
        let columns = "id INTEGER PRIMARY KEY, type TEXT NOT NULL, p TEXT NOT NULL, s TEXT NOT NULL UNIQUE, \
             t INTEGER NOT NULL, v TEXT, percentage_change TEXT NOT NULL, absolute_price_change TEXT NOT NULL";
        let made = self.connection.execute_batch(&format!("CREATE TABLE IF NOT EXISTS {table} ({columns})"));
        made.map_err(|error| error.to_string())
    }

    fn put(&mut self, table: &str, rows: &[LastTrade]) -> Result<(), String> {
        self.upsert(table, rows).map_err(|error| error.to_string())
    }

    fn held(&mut self, table: &str) -> Result<Vec<LastTrade>, String> {
        self.select(table).map_err(|error| error.to_string())
    }
}

impl Tables {
    fn upsert(&mut self, table: &str, rows: &[LastTrade]) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction()?;
        {
            let mut upsert = transaction.prepare_cached(&format!(
                "INSERT INTO {table} ({COLUMNS}) VALUES ('trade', ?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (s) DO UPDATE SET p = excluded.p, t = excluded.t, v = excluded.v,
                 percentage_change = excluded.percentage_change,
                 absolute_price_change = excluded.absolute_price_change"
            ))?;
            for LastTrade { symbol, price, time, volume, percentage, change } in rows {
                upsert.execute(params![price, symbol, time, volume, percentage, change])?;
            }
        }
        transaction.commit()
    }

    fn select(&mut self, table: &str) -> rusqlite::Result<Vec<LastTrade>> {
        let mut select = self.connection.prepare(&format!("SELECT {COLUMNS} FROM {table} ORDER BY id"))?;
        let rows = select.query_map([], |row| {
            Ok(LastTrade {
                price: row.get(1)?,
                symbol: row.get(2)?,
                time: row.get(3)?,
                volume: row.get(4)?,
                percentage: row.get(5)?,
                change: row.get(6)?,
            })
        });
        rows?.collect()
    }
}
