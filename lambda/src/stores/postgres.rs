//! Halves in PostgreSQL.

use std::collections::HashMap;
use std::fmt::Write;

use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Statement};

use super::cells::Span;
use super::{Cell, Changes, Place, Reading, Store, StoreError, Table};

mod session;

use session::Session;

/// Where `scripts/postgres up` starts one.
pub(crate) const ADDRESS: &str = "host=/tmp/workbench-postgres user=postgres dbname=postgres";

/// An address, and the session there.
pub(crate) struct Postgres {
    address: String,
    session: Option<Session>,
}

/// The statements that were prepared in a session, by their text.
type Prepared = HashMap<String, Statement>;

impl Postgres {
    /// Not connected yet.
    pub(crate) fn at(address: &str) -> Self {
        Postgres { address: address.to_owned(), session: None }
    }

    fn failed(&self, what: &'static str, cause: String) -> StoreError {
        StoreError { what, address: self.address.clone(), cause }
    }

    /// Does something in the session. One that has failed is not used again.
    fn ask<T>(
        &mut self,
        what: &'static str,
        question: impl AsyncFnOnce(&mut Client, &mut Prepared) -> Result<T, Error>,
    ) -> Result<T, StoreError> {
        let Some(mut session) = self.session.take() else {
            return Err(self.failed(what, "there is no session".into()));
        };
        let answer = session.ask(question).map_err(|cause| self.failed(what, cause))?;
        self.session = Some(session);
        Ok(answer)
    }
}

impl Store for Postgres {
    fn address(&self) -> String {
        self.address.clone()
    }

    fn clear(&mut self) -> Result<(), StoreError> {
        // The old one holds the lock.
        self.session = None;
        let session = Session::begin(&self.address).map_err(|cause| self.failed("connecting to", cause))?;
        self.session = Some(session);
        Ok(())
    }

    fn write(&mut self, changes: &Changes) -> Result<(), StoreError> {
        self.ask("writing", async |client, prepared| write(client, prepared, changes).await)
    }

    fn read(&mut self, table: Table, places: &[Place]) -> Result<Option<Reading>, StoreError> {
        self.ask("reading", async |client, prepared| read(client, prepared, table, places).await)
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

async fn write(client: &mut Client, prepared: &mut Prepared, changes: &Changes) -> Result<(), Error> {
    client.batch_execute("BEGIN").await?;
    for table in &changes.made {
        // Names are in the order of bytes; a page keeps room for the next versions of its rows.
        let columns = "cell text COLLATE \"C\" PRIMARY KEY, half text NOT NULL";
        let make = format!("CREATE UNLOGGED TABLE {} ({columns}) WITH (fillfactor = 50)", table.name());
        client.batch_execute(&make).await?;
    }
    for (table, cells) in &changes.cells {
        upsert(client, prepared, *table, cells).await?;
    }
    if let Some(tuple) = &changes.tuple {
        let replace =
            "INSERT INTO tuple VALUES (1, $1) ON CONFLICT (one) DO UPDATE SET tuple = excluded.tuple";
        let replace = prepare(client, prepared, replace.to_owned()).await?;
        client.execute(&replace, &[&tuple.text()]).await?;
    }
    for table in &changes.gone {
        let name = table.name();
        prepared.retain(|text, _| !text.contains(&name));
        client.batch_execute(&format!("DROP TABLE {name}")).await?;
    }
    client.batch_execute("COMMIT").await
}

/// All cells of a table in one statement.
async fn upsert(
    client: &Client,
    prepared: &mut Prepared,
    table: Table,
    cells: &[(Cell, String)],
) -> Result<(), Error> {
    let upsert = format!(
        "INSERT INTO {} SELECT * FROM unnest($1::text[], $2::text[])
         ON CONFLICT (cell) DO UPDATE SET half = excluded.half",
        table.name()
    );
    let upsert = prepare(client, prepared, upsert).await?;
    let names: Vec<String> = cells.iter().map(|(cell, _)| cell.name()).collect();
    let halves: Vec<&str> = cells.iter().map(|(_, half)| half.as_str()).collect();
    client.execute(&upsert, &[&names, &halves]).await.map(drop)
}

/// The tuple and the halves of every place in one statement, which sees one state of the database.
async fn read(
    client: &Client,
    prepared: &mut Prepared,
    table: Table,
    places: &[Place],
) -> Result<Option<Reading>, Error> {
    let mut text = String::from("SELECT -1 AS place, tuple FROM tuple");
    let mut given: Vec<String> = Vec::new();
    for (number, place) in places.iter().enumerate() {
        let next = given.len() + 1;
        // Writing to a string cannot fail.
        let _ = write!(text, " UNION ALL SELECT {number}, half FROM {} WHERE cell", table.name());
        match place.span() {
            Span::One(cell) => {
                let _ = write!(text, " = ${next}");
                given.push(cell);
            }
            Span::Between(from, to) => {
                let _ = write!(text, " >= ${next} AND cell < ${}", next + 1);
                given.extend([from, to]);
            }
        }
    }
    let statement = prepare(client, prepared, text).await?;
    let given: Vec<&(dyn ToSql + Sync)> = given.iter().map(|value| value as _).collect();
    let (mut tuple, mut halves) = (None, vec![Vec::new(); places.len()]);
    for row in client.query(&statement, &given).await? {
        match usize::try_from(row.get::<_, i32>(0)) {
            Ok(place) => halves[place].push(row.get(1)),
            Err(_) => tuple = Some(row.get(1)),
        }
    }
    Ok(tuple.map(|tuple| (tuple, halves)))
}
