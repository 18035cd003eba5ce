//! Halves in PostgreSQL.

use std::time::Duration;

use postgres::error::{DbError, SqlState};
use postgres::{Client, Config, IsolationLevel, NoTls, Transaction};

use super::cells::Keys;
use super::{Changes, Place, Reading, Store, StoreError, Table, Tuple};

/// Where `scripts/postgres up` starts one.
pub(crate) const ADDRESS: &str = "host=/tmp/workbench-postgres user=postgres dbname=postgres";

/// How long a connection may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// What every session begins with. Nothing waits for the disk: the tables are emptied by a crash of the server, which
/// is noticed, and filled again.
const BEGIN: &str =
    "SET client_min_messages = warning; SET synchronous_commit = off; SET statement_timeout = '10s';
    DROP SCHEMA IF EXISTS speed CASCADE; CREATE SCHEMA speed; SET search_path = speed;
    CREATE UNLOGGED TABLE tuple (one int PRIMARY KEY CHECK (one = 1), tuple text NOT NULL)";

/// Takes the lock that a speed layer holds on its database for as long as its session lives. One that has just ended
/// may hold it a moment longer.
const TAKE: &str = "SET lock_timeout = '1s'; SELECT pg_advisory_lock(1936745829); SET lock_timeout = 0";

/// An address, and the session there.
pub(crate) struct Postgres {
    address: String,
    client: Option<Client>,
}

impl Postgres {
    /// Not connected yet.
    pub(crate) fn at(address: &str) -> Self {
        Postgres { address: address.to_owned(), client: None }
    }

    fn failed(&self, what: &'static str, cause: impl ToString) -> StoreError {
        StoreError { what, address: self.address.clone(), cause: cause.to_string() }
    }

    /// A new session with an empty schema.
    fn renew(&mut self) -> Result<Client, String> {
        self.client = None;
        let mut config: Config = self.address.parse().map_err(|error| reason(&error))?;
        config.application_name("speed layer").connect_timeout(PATIENCE);
        let mut client = config.connect(NoTls).map_err(|error| reason(&error))?;
        client.batch_execute(TAKE).map_err(|error| match error.code() {
            Some(&SqlState::LOCK_NOT_AVAILABLE) => {
                "another speed layer uses this database: give each its own".to_owned()
            }
            _ => reason(&error),
        })?;
        client.batch_execute(BEGIN).map_err(|error| reason(&error))?;
        Ok(client)
    }
}

impl Store for Postgres {
    fn address(&self) -> String {
        self.address.clone()
    }

    fn clear(&mut self) -> Result<(), StoreError> {
        let client = self.renew().map_err(|cause| self.failed("connecting to", cause))?;
        self.client = Some(client);
        Ok(())
    }

    fn write(&mut self, changes: &Changes) -> Result<(), StoreError> {
        let Some(client) = &mut self.client else {
            return Err(self.failed("writing", "there is no session"));
        };
        let written = write(client, changes);
        written.map_err(|error| self.failed("writing", reason(&error)))
    }

    fn read(&mut self, places: &[Place], kept: bool) -> Result<Option<Reading>, StoreError> {
        let Some(client) = &mut self.client else {
            return Err(self.failed("reading", "there is no session"));
        };
        let found = read(client, places, kept);
        found.map_err(|error| self.failed("reading", reason(&error)))
    }
}

/// What an error says: the server's own words, if they are the server's.
fn reason(error: &postgres::Error) -> String {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    error.as_db_error().map(DbError::to_string).or(cause).unwrap_or_else(|| error.to_string())
}

fn write(client: &mut Client, changes: &Changes) -> Result<(), postgres::Error> {
    let mut transaction = client.transaction()?;
    for table in &changes.made {
        // Keys are in the order of bytes; a page keeps room for the next versions of its rows.
        let columns =
            "kind text COLLATE \"C\", key text COLLATE \"C\", half text NOT NULL, PRIMARY KEY (kind, key)";
        let make = format!("CREATE UNLOGGED TABLE {} ({columns}) WITH (fillfactor = 50)", table.name());
        transaction.batch_execute(&make)?;
    }
    for (table, cells) in &changes.cells {
        let upsert = format!(
            "INSERT INTO {} (kind, key, half) SELECT * FROM unnest($1::text[], $2::text[], $3::text[])
             ON CONFLICT (kind, key) DO UPDATE SET half = excluded.half",
            table.name()
        );
        let kinds: Vec<&str> = cells.iter().map(|(cell, _)| cell.kind).collect();
        let keys: Vec<&str> = cells.iter().map(|(cell, _)| cell.key.as_str()).collect();
        let halves: Vec<&str> = cells.iter().map(|(_, half)| half.as_str()).collect();
        transaction.execute(&upsert, &[&kinds, &keys, &halves])?;
    }
    if let Some(tuple) = &changes.tuple {
        let replace =
            "INSERT INTO tuple VALUES (1, $1) ON CONFLICT (one) DO UPDATE SET tuple = excluded.tuple";
        transaction.execute(replace, &[&tuple.text()])?;
    }
    for table in &changes.gone {
        transaction.batch_execute(&format!("DROP TABLE {}", table.name()))?;
    }
    transaction.commit()
}

fn read(client: &mut Client, places: &[Place], kept: bool) -> Result<Option<Reading>, postgres::Error> {
    let build = client.build_transaction();
    let mut transaction = build.isolation_level(IsolationLevel::RepeatableRead).read_only(true).start()?;
    let text: Option<String> = transaction.query_opt("SELECT tuple FROM tuple", &[])?.map(|row| row.get(0));
    let Some(tuple) = text.and_then(|text| serde_json::from_str::<Tuple>(&text).ok()) else {
        return Ok(None);
    };
    let table = tuple.asked(kept);
    let halves =
        places.iter().map(|place| cells(&mut transaction, table, place)).collect::<Result<_, _>>()?;
    transaction.commit()?;
    Ok(Some((tuple, halves)))
}

fn cells(
    transaction: &mut Transaction<'_>,
    table: Table,
    place: &Place,
) -> Result<Vec<String>, postgres::Error> {
    let name = table.name();
    let rows = if let Keys::One(key) = &place.keys {
        let select = format!("SELECT half FROM {name} WHERE kind = $1 AND key = $2");
        transaction.query(&select, &[&place.kind, &key.as_str()])?
    } else {
        let (from, to) = place.range();
        let to = to.as_deref();
        let select = format!(
            "SELECT half FROM {name} WHERE kind = $1 AND key >= $2 AND ($3::text IS NULL OR key < $3)"
        );
        transaction.query(&select, &[&place.kind, &from.as_str(), &to])?
    };
    Ok(rows.iter().map(|row| row.get(0)).collect())
}
