//! The speed layer's last trades as rows of the document's table, `speed_table`, and the Kappa's beside them.

use std::collections::HashMap;
use std::path::Path;

use clap::ValueEnum;
use lambda::options::StoreKind;
use lambda::stores::{LastTrade, SpeedTable, StoreError};
use workloads::{Millis, Rows, TradeEvent};

use super::figures::{fine, percentage};

/// The document's table, which the Lambda's speed layer writes.
pub(super) const SPEED: &str = "speed_table";
/// The same of the Kappa.
pub(super) const KAPPA: &str = "speed_table_kappa";

/// Where the table is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Store {
    /// In PostgreSQL if it answers, and in a file of SQLite's if not.
    #[default]
    Auto,
    /// In PostgreSQL.
    Postgres,
    /// In a file of SQLite's.
    Sqlite,
    /// Nowhere.
    None,
}

/// The tables, and what they hold.
pub(super) struct Shown {
    tables: Option<SpeedTable>,
    /// What each table was given last.
    held: HashMap<&'static str, Rows>,
    /// Of each symbol the latest trade's time, price and volume: the view has no volume.
    volumes: HashMap<String, (Millis, i64, i64)>,
    /// What went wrong when it was written last.
    pub(super) trouble: Option<StoreError>,
}

impl Shown {
    /// Reaches the database that is asked for. Where none is asked for by name and PostgreSQL does not answer, its own words
    /// are given back, and the rows go to a file in `folder`.
    pub(super) fn open(
        store: Store,
        address: &str,
        folder: &Path,
    ) -> Result<(Shown, Option<StoreError>), StoreError> {
        let open = |kind, address: &str| SpeedTable::open(kind, address, folder, &[SPEED, KAPPA]);
        let (tables, instead) = match store {
            Store::None => (None, None),
            Store::Postgres => (Some(open(StoreKind::Postgres, address)?), None),
            Store::Sqlite => (Some(open(StoreKind::Sqlite, address)?), None),
            Store::Auto => match open(StoreKind::Postgres, address) {
                Ok(tables) => (Some(tables), None),
                Err(error) => (Some(open(StoreKind::Sqlite, "")?), Some(error)),
            },
        };
        let (held, volumes, trouble) = (HashMap::new(), HashMap::new(), None);
        Ok((Shown { tables, held, volumes, trouble }, instead))
    }

    /// Notes the volume of a trade: of several at one time the last counts, as it does for the view.
    pub(super) fn note(&mut self, trade: &TradeEvent) {
        let new = (trade.time, trade.price, trade.volume);
        match self.volumes.get_mut(trade.symbol.as_str()) {
            Some(held) if held.0 <= new.0 => *held = new,
            Some(_) => {}
            None => drop(self.volumes.insert(trade.symbol.to_string(), new)),
        }
    }

    /// Writes what has changed of the view `last`. What cannot be written is written with the next rows.
    pub(super) fn put(&mut self, table: &'static str, last: Rows) {
        let Some(tables) = &mut self.tables else { return };
        let held = self.held.entry(table).or_default();
        let changed = last.iter().filter(|(symbol, row)| held.get(*symbol) != Some(*row));
        let rows: Vec<LastTrade> =
            changed.filter_map(|(symbol, row)| written(symbol, row, &self.volumes)).collect();
        match tables.put(table, &rows) {
            Ok(()) => {
                *held = last;
                self.trouble = None;
            }
            Err(error) => self.trouble = Some(error),
        }
    }

    /// What a table holds of some symbols.
    pub(super) fn held(&mut self, table: &str, last: &Rows) -> Result<Vec<LastTrade>, StoreError> {
        let Some(tables) = &mut self.tables else { return Ok(Vec::new()) };
        let mut rows = tables.held(table)?;
        rows.retain(|row| last.contains_key(&row.symbol));
        rows.sort_by(|a, b| a.symbol.cmp(&b.symbol));
        Ok(rows)
    }

    /// The rows that a table should hold.
    pub(super) fn wanted(&self, last: &Rows) -> Vec<LastTrade> {
        last.iter().filter_map(|(symbol, row)| written(symbol, row, &self.volumes)).collect()
    }

    /// Where the tables are, if they are anywhere.
    pub(super) fn address(&self) -> Option<String> {
        self.tables.as_ref().map(SpeedTable::address)
    }
}

/// A row of the view as one of the table.
fn written(symbol: &str, row: &[i128], volumes: &HashMap<String, (Millis, i64, i64)>) -> Option<LastTrade> {
    let [price, change, over, under, time] = row else { return None };
    let volume =
        volumes.get(symbol).filter(|(at, of, _)| i128::from(*at) == *time && i128::from(*of) == *price);
    Some(LastTrade {
        symbol: symbol.to_owned(),
        price: fine(*price),
        time: Millis::try_from(*time).ok()?,
        volume: volume.map(|(_, _, volume)| fine(i128::from(*volume))),
        percentage: percentage(*over, *under),
        change: fine(*change),
    })
}
