//! The latest trade of each symbol as a plain table, for whoever queries the database with something else.
//!
//! It is written row by row where there is none yet and over the row where there is one, and never read to answer from: the
//! answers are where they are without it.

use std::path::Path;

use workloads::Millis;

use super::{Purpose, StoreError, StoreKind};

/// A row of the table. Numbers are decimal texts, so that a database takes them to the last digit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastTrade {
    /// `s`: what was traded.
    pub symbol: String,
    /// `p`: at which price.
    pub price: String,
    /// `t`: when, by event time.
    pub time: Millis,
    /// `v`: how much of it; absent where that is not known any more.
    pub volume: Option<String>,
    /// `percentage_change`: from the latest earlier trade at another price.
    pub percentage: String,
    /// `absolute_price_change`: the same as a difference.
    pub change: String,
}

/// The columns, in their order, after `id`.
pub(super) const COLUMNS: &str = "type, p, s, t, v, percentage_change, absolute_price_change";

/// A database with such tables.
pub struct SpeedTable(Box<dyn Board>);

/// A database that can hold them.
pub(super) trait Board: Send {
    /// Which one it is.
    fn address(&self) -> String;
    /// Makes a table if it is not there.
    fn make(&mut self, table: &str) -> Result<(), String>;
    /// Writes rows, all of them or none.
    fn put(&mut self, table: &str, rows: &[LastTrade]) -> Result<(), String>;
    /// Every row, in the order of the ids.
    fn held(&mut self, table: &str) -> Result<Vec<LastTrade>, String>;
}

impl SpeedTable {
    /// Reaches a database, and makes these tables if they are not there; `folder` is for one that is a file. The names
    /// are the program's own.
    pub fn open(
        kind: StoreKind,
        address: &str,
        folder: &Path,
        tables: &[&'static str],
    ) -> Result<Self, StoreError> {
        let failed = |address: &str, cause: String| StoreError {
            what: "reaching",
            whose: Purpose::Shown.name(),
            address: address.to_owned(),
            cause,
        };
        let board: Result<Box<dyn Board>, (String, String)> = match kind {
            StoreKind::Memory => Err(("in memory".into(), "there is none: choose sqlite or postgres".into())),
            #[cfg(feature = "sqlite")]
            StoreKind::Sqlite => {
                let usual = || folder.join(Purpose::Shown.file());
                let path = if address.is_empty() { usual() } else { address.into() };
                let shown = path.display().to_string();
                super::sqlite::table::open(path).map(|board| Box::new(board) as _).map_err(|e| (shown, e))
            }
            #[cfg(feature = "postgres")]
            StoreKind::Postgres => {
                let address = if address.is_empty() { super::postgres::ADDRESS } else { address };
                let board = super::postgres::table::open(address).map(|board| Box::new(board) as _);
                board.map_err(|e| (address.to_owned(), e))
            }
            #[cfg(not(all(feature = "sqlite", feature = "postgres")))]
            _ => Err((format!("{kind:?}"), "this program was built without it".into())),
        };
        let board = board.map_err(|(address, cause)| failed(&address, cause))?;
        let mut own = SpeedTable(board);
        for table in tables {
            let made = own.0.make(table);
            made.map_err(|cause| own.failed("making", cause))?;
        }
        Ok(own)
    }

    /// Writes rows into a table, each over the one of its symbol, all of them or none.
    pub fn put(&mut self, table: &str, rows: &[LastTrade]) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        let put = self.0.put(table, rows);
        put.map_err(|cause| self.failed("writing", cause))
    }

    /// Every row of a table, in the order in which their symbols came.
    pub fn held(&mut self, table: &str) -> Result<Vec<LastTrade>, StoreError> {
        let held = self.0.held(table);
        held.map_err(|cause| self.failed("reading", cause))
    }

    /// Where it is.
    pub fn address(&self) -> String {
        self.0.address()
    }

    fn failed(&self, what: &'static str, cause: String) -> StoreError {
        StoreError { what, whose: Purpose::Shown.name(), address: self.0.address(), cause }
    }
}
