//! Where the speed layer's halves lie when they do not stay in its memory: in SQLite, or in PostgreSQL.
//!
//! What is stored is the speed layer's half alone, in *cells*, so that a read still merges it with the batch's. The
//! cells that a step has changed are written together with the tuple that readers are answered under, in one
//! transaction; a read takes the tuple and its cells at one moment too. Whatever a store holds can be computed
//! again from the log, so none of them waits for its disk, and one that was gone is filled again from the start.
//!
//! The same stores hold whole answers for whoever else has some ([`Rowstore`]): those outlive a restart, as their label
//! says what they are of. And the latest trades, as the plain table that a reader of the database expects
//! ([`SpeedTable`]).

#![cfg_attr(
    not(all(feature = "sqlite", feature = "postgres")),
    allow(
        dead_code,
        unreachable_code,
        unused_variables,
        reason = "a build without a store needs less of this"
    )
)]

use std::path::Path;

use serde::{Deserialize, Serialize};
use workloads::{Name, Version};

use crate::error::LambdaError;
use crate::options::Options;

mod alone;
mod cells;
mod keeper;
#[cfg(feature = "postgres")]
mod postgres;
mod purpose;
mod rows;
#[cfg(feature = "sqlite")]
mod sqlite;
mod table;

pub use alone::Alone;
pub(crate) use cells::Cells;
use cells::Span;
pub(crate) use keeper::Keeper;
use purpose::Purpose;
pub use rows::Rowstore;
pub use table::{LastTrade, SpeedTable};

/// Which store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StoreKind {
    /// None: halves stay in the speed layer's memory.
    #[default]
    Memory,
    /// A file of SQLite's, in the component's folder unless another is named.
    Sqlite,
    /// A PostgreSQL server.
    Postgres,
}

/// Why a store could not be asked or written.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{what} the {whose} {address}: {cause}")]
pub struct StoreError {
    /// What was being attempted.
    pub(crate) what: &'static str,
    /// What the store is for.
    pub(crate) whose: &'static str,
    /// Which store.
    pub(crate) address: String,
    /// What it said.
    pub(crate) cause: String,
}

/// The smallest part of the speed layer's half that is written by itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Cell {
    /// What sort of things it is about.
    pub(crate) kind: &'static str,
    /// Which of them.
    pub(crate) key: Name,
}

/// The cells of one state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Table {
    /// Number of the publication that it is over.
    pub(crate) publication: u64,
    /// How often it was begun afresh.
    pub(crate) attempt: u64,
    /// Whether it is the state kept from before the first key went out of reach.
    pub(crate) kept: bool,
}

/// What a read is answered under.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tuple {
    /// The cells.
    pub(crate) table: Table,
    /// Where the publication ends.
    pub(crate) cut: Version,
    /// The oldest of the epochs that are in the cells.
    pub(crate) epoch: u64,
    /// Everything that the publication and the cells include together.
    pub(crate) version: Version,
    /// The same before the first key went out of reach, if one has.
    pub(crate) kept: Option<Version>,
}

/// A cell's name and what is in it from now on; nothing for one that is no more.
pub(crate) type Written = (String, Option<String>);

/// What one transaction changes. Tables and cells are named.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// Tables to make, in place of what may have been left of them.
    pub(crate) made: Vec<String>,
    /// Cells by table.
    pub(crate) cells: Vec<(String, Vec<Written>)>,
    /// The tuple from now on.
    pub(crate) tuple: Option<String>,
    /// Tables that nobody will ask again.
    pub(crate) gone: Vec<String>,
}

/// What is read at one moment: the tuple as it was written, and of each span asked for what is in its cells.
pub(crate) type Reading = (String, Vec<Vec<String>>);

/// A database.
pub(crate) trait Store: Send {
    /// Which one it is.
    fn address(&self) -> String;
    /// What it is for.
    fn purpose(&self) -> Purpose;
    /// Connects, and forgets everything that it holds.
    fn clear(&mut self) -> Result<(), StoreError>;
    /// Connects to what it holds, and gives back the tuple as it was written.
    fn resume(&mut self) -> Result<Option<String>, StoreError>;
    /// Changes all of that or nothing.
    fn write(&mut self, changes: &Changes) -> Result<(), StoreError>;
    /// Reads the tuple and spans of one table, all at one moment; nothing before the first tuple.
    fn read(&mut self, table: &str, spans: &[Span]) -> Result<Option<Reading>, StoreError>;
    /// What goes wrong with it.
    fn failed(&self, what: &'static str, cause: String) -> StoreError {
        StoreError { what, whose: self.purpose().name(), address: self.address(), cause }
    }
}

impl Table {
    /// Its name in the database.
    pub(crate) fn name(self) -> String {
        let Table { publication, attempt, kept } = self;
        format!("{}_{publication}_{attempt}", if kept { "kept" } else { "half" })
    }

    /// Its name and that of the other one.
    fn both(self) -> [String; 2] {
        [true, false].map(|kept| Table { kept, ..self }.name())
    }
}

impl Tuple {
    /// The cells to read.
    pub(crate) fn asked(&self, kept: bool) -> Table {
        Table { kept: kept && self.kept.is_some(), ..self.table }
    }

    fn text(&self) -> String {
        serde_json::to_string(self).expect("a tuple has no keys but strings")
    }
}

/// The store that the options name, empty; none if halves stay in memory. `state` is the component's folder.
pub(crate) fn open(options: &Options, state: &Path) -> Result<Option<Box<dyn Store>>, LambdaError> {
    let Some(mut store) = make(options.store, &options.store_address, state, Purpose::Halves)? else {
        return Ok(None);
    };
    store.clear()?;
    Ok(Some(store))
}

/// A store of some kind, not connected yet; the usual one where no address is given.
fn make(
    kind: StoreKind,
    address: &str,
    state: &Path,
    purpose: Purpose,
) -> Result<Option<Box<dyn Store>>, StoreError> {
    match kind {
        StoreKind::Memory => Ok(None),
        #[cfg(feature = "sqlite")]
        StoreKind::Sqlite => {
            let path = if address.is_empty() { state.join(purpose.file()) } else { address.into() };
            Ok(Some(Box::new(sqlite::Sqlite::at(path, purpose))))
        }
        #[cfg(feature = "postgres")]
        StoreKind::Postgres => {
            let address = if address.is_empty() { postgres::ADDRESS } else { address };
            Ok(Some(Box::new(postgres::Postgres::at(address, purpose))))
        }
        #[cfg(not(all(feature = "sqlite", feature = "postgres")))]
        _ => {
            let cause = "this program was built without it: build with the features sqlite and postgres";
            Err(StoreError {
                what: "finding",
                whose: purpose.name(),
                address: format!("{kind:?}"),
                cause: cause.into(),
            })
        }
    }
}
