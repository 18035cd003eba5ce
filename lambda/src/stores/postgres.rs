//! Halves in PostgreSQL.

use std::collections::HashMap;
use std::fmt::Write;

use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Statement};

use super::cells::Span;
use super::{Changes, Purpose, Reading, Store, StoreError, Written};

mod session;
pub(super) mod table;

use session::Session;

/// Where `scripts/postgres up` starts one.
pub(crate) const ADDRESS: &str = "host=/tmp/workbench-postgres user=postgres dbname=postgres";

/// An address, and the session there.
pub(crate) struct Postgres {
    address: String,
    purpose: Purpose,
    session: Option<Session>,
}

/// The statements that were prepared in a session, by their text.
type Prepared = HashMap<String, Statement>;

impl Postgres {
    /// Not connected yet.
    pub(crate) fn at(address: &str, purpose: Purpose) -> Self {
        Postgres { address: address.to_owned(), purpose, session: None }
    }

    fn trouble(&self, what: &'static str, cause: impl ToString) -> StoreError {
        Store::failed(self, what, cause.to_string())
    }

    fn connect(&mut self, forget: bool) -> Result<(), StoreError> {
        // The old one holds the lock.
        self.session = None;
        let session = Session::begin(&self.address, self.purpose, forget);
        self.session = Some(session.map_err(|cause| self.trouble("connecting to", cause))?);
        Ok(())
    }

    /// Does something in the session. One that has failed is not used again.
    fn ask<T>(
        &mut self,
        what: &'static str,
        question: impl AsyncFnOnce(&mut Client, &mut Prepared) -> Result<T, Error>,
    ) -> Result<T, StoreError> {
        let Some(mut session) = self.session.take() else {
            return Err(self.trouble(what, "there is no session"));
        };
        let answer = session.ask(question).map_err(|cause| self.trouble(what, cause))?;
        self.session = Some(session);
        Ok(answer)
    }
}

impl Store for Postgres {
    fn address(&self) -> String {
        self.address.clone()
    }

    fn purpose(&self) -> Purpose {
        self.purpose
    }

    fn clear(&mut self) -> Result<(), StoreError> {
        self.connect(true)
    }

    fn resume(&mut self) -> Result<Option<String>, StoreError> {
        self.connect(false)?;
        let found =
            self.ask("reading", async |client, _| client.query_opt("SELECT tuple FROM tuple", &[]).await);
        Ok(found?.map(|row| row.get(0)))
    }

    fn write(&mut self, changes: &Changes) -> Result<(), StoreError> {
        let unlogged = if self.purpose.lasts() { "" } else { "UNLOGGED" };
        self.ask("writing", async |client, prepared| write(client, prepared, changes, unlogged).await)
    }

    fn read(&mut self, table: &str, spans: &[Span]) -> Result<Option<Reading>, StoreError> {
        self.ask("reading", async |client, prepared| read(client, prepared, table, spans).await)
    }
}

async fn prepare(client: &Client, prepared: &mut Prepared, text: String) -> Result<Statement, Error> {
    if let Some(statement) = prepared.get(&text) {
        return Ok(statement.clone());
    }
    let statement = client.prepare(&text).await?;
    prepared.insert(text, statement.clone());
    Ok(statement)
}

async fn write(
    client: &mut Client,
    prepared: &mut Prepared,
    changes: &Changes,
    unlogged: &str,
) -> Result<(), Error> {
    client.batch_execute("BEGIN").await?;
    for table in &changes.made {
        // Names are in the order of bytes; a page keeps room for the next versions of its rows.
        let columns = "cell text COLLATE \"C\" PRIMARY KEY, half text NOT NULL";
        let make = format!("CREATE {unlogged} TABLE {table} ({columns}) WITH (fillfactor = 50)");
        client.batch_execute(&format!("DROP TABLE IF EXISTS {table}; {make}")).await?;
    }
    for (table, cells) in &changes.cells {
        upsert(client, prepared, table, cells).await?;
        delete(client, prepared, table, cells).await?;
    }
    if let Some(tuple) = &changes.tuple {
        let replace =
            "INSERT INTO tuple VALUES (1, $1) ON CONFLICT (one) DO UPDATE SET tuple = excluded.tuple";
        let replace = prepare(client, prepared, replace.to_owned()).await?;
        client.execute(&replace, &[&tuple]).await?;
    }
    for table in &changes.gone {
        prepared.retain(|text, _| !text.contains(table));
        client.batch_execute(&format!("DROP TABLE {table}")).await?;
    }
    client.batch_execute("COMMIT").await
}

/// All cells of a table in one statement.
async fn upsert(
    client: &Client,
    prepared: &mut Prepared,
    table: &str,
    cells: &[Written],
) -> Result<(), Error> {
    let upsert = format!(
        "INSERT INTO {table} SELECT * FROM unnest($1::text[], $2::text[])
         ON CONFLICT (cell) DO UPDATE SET half = excluded.half"
    );
    let upsert = prepare(client, prepared, upsert).await?;
    let held = cells.iter().filter_map(|(cell, half)| Some((cell.as_str(), half.as_deref()?)));
    let (names, halves): (Vec<&str>, Vec<&str>) = held.unzip();
    client.execute(&upsert, &[&names, &halves]).await.map(drop)
}

/// Cells that are no more.
async fn delete(
    client: &Client,
    prepared: &mut Prepared,
    table: &str,
    cells: &[Written],
) -> Result<(), Error> {
    let gone = cells.iter().filter(|(_, half)| half.is_none()).map(|(cell, _)| cell.as_str());
    let gone: Vec<&str> = gone.collect();
    if gone.is_empty() {
        return Ok(());
    }
    let delete = format!("DELETE FROM {table} WHERE cell = ANY($1::text[])");
    let delete = prepare(client, prepared, delete).await?;
    client.execute(&delete, &[&gone]).await.map(drop)
}

/// The tuple and what is in the cells of every span in one statement, which sees one state of the database.
async fn read(
    client: &Client,
    prepared: &mut Prepared,
    table: &str,
    spans: &[Span],
) -> Result<Option<Reading>, Error> {
    let mut text = String::from("SELECT -1 AS place, tuple FROM tuple");
    let mut given: Vec<String> = Vec::new();
    for (number, span) in spans.iter().enumerate() {
        let next = given.len() + 1;
        // Writing to a string cannot fail.
        let _ = write!(text, " UNION ALL SELECT {number}, half FROM {table} WHERE cell");
        match span {
            Span::One(cell) => {
                let _ = write!(text, " = ${next}");
                given.push(cell.clone());
            }
            Span::Between(from, to) => {
                let _ = write!(text, " >= ${next} AND cell < ${}", next + 1);
                given.extend([from.clone(), to.clone()]);
            }
        }
    }
    let statement = prepare(client, prepared, text).await?;
    let given: Vec<&(dyn ToSql + Sync)> = given.iter().map(|value| value as _).collect();
    let (mut tuple, mut halves) = (None, vec![Vec::new(); spans.len()]);
    for row in client.query(&statement, &given).await? {
        match usize::try_from(row.get::<_, i32>(0)) {
            Ok(place) => halves[place].push(row.get(1)),
            Err(_) => tuple = Some(row.get(1)),
        }
    }
    Ok(tuple.map(|tuple| (tuple, halves)))
}
