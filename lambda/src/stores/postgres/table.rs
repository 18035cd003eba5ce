//! The table of latest trades in PostgreSQL.

use tokio_postgres::{Client, Error};

use super::super::table::{Board, COLUMNS, LastTrade};
use super::{Prepared, Purpose, prepare};

use super::session::Session;

/// A session, begun again when it has failed.
pub(crate) struct Tables {
    address: String,
    session: Option<Session>,
}

/// Reaches the server.
pub(crate) fn open(address: &str) -> Result<Tables, String> {
    let session = Session::begin(address, Purpose::Shown, false)?;
    Ok(Tables { address: address.to_owned(), session: Some(session) })
}

impl Tables {
    /// Does something in the session. One that has failed is not used again.
    fn ask<T>(
        &mut self,
        question: impl AsyncFnOnce(&mut Client, &mut Prepared) -> Result<T, Error>,
    ) -> Result<T, String> {
        let mut session = match self.session.take() {
            Some(session) => session,
            None => Session::begin(&self.address, Purpose::Shown, false)?,
        };
        let answer = session.ask(question)?;
        self.session = Some(session);
        Ok(answer)
    }
}

impl Board for Tables {
    fn address(&self) -> String {
        self.address.clone()
    }

    fn make(&mut self, table: &str) -> Result<(), String> {
        let columns = "id int PRIMARY KEY, type text NOT NULL, p numeric NOT NULL, s text NOT NULL UNIQUE, \
             t bigint NOT NULL, v numeric, percentage_change numeric NOT NULL, \
             absolute_price_change numeric NOT NULL";
        let make = format!("CREATE TABLE IF NOT EXISTS {table} ({columns})");
        self.ask(async |client, _| client.batch_execute(&make).await)
    }

    fn put(&mut self, table: &str, rows: &[LastTrade]) -> Result<(), String> {
        self.ask(async |client, prepared| upsert(client, prepared, table, rows).await)
    }

    fn held(&mut self, table: &str) -> Result<Vec<LastTrade>, String> {
        let select = format!(
            "SELECT s, p::text, t, v::text, percentage_change::text, absolute_price_change::text
             FROM {table} ORDER BY id"
        );
        let rows = self.ask(async |client, _| client.query(&select, &[]).await)?;
        let row = |row: &tokio_postgres::Row| LastTrade {
            symbol: row.get(0),
            price: row.get(1),
            time: row.get(2),
            volume: row.get(3),
            percentage: row.get(4),
            change: row.get(5),
        };
        Ok(rows.iter().map(row).collect())
    }
}

/// All rows in one statement. A new symbol gets the next number.
async fn upsert(
    client: &Client,
    prepared: &mut Prepared,
    table: &str,
    rows: &[LastTrade],
) -> Result<(), Error> {
    let upsert = format!(
        "INSERT INTO {table} (id, {COLUMNS})
         SELECT (SELECT coalesce(max(id), 0) FROM {table}) + number, 'trade', p::numeric, s, t, v::numeric,
             percentage::numeric, change::numeric
         FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[])
             WITH ORDINALITY AS given (p, s, t, v, percentage, change, number)
         ON CONFLICT (s) DO UPDATE SET p = excluded.p, t = excluded.t, v = excluded.v,
             percentage_change = excluded.percentage_change,
             absolute_price_change = excluded.absolute_price_change"
    );
    let upsert = prepare(client, prepared, upsert).await?;
    let text = |field: fn(&LastTrade) -> &str| rows.iter().map(field).collect::<Vec<&str>>();
    let prices = text(|row| &row.price);
    let symbols = text(|row| &row.symbol);
    let times: Vec<i64> = rows.iter().map(|row| row.time).collect();
    let volumes: Vec<Option<&str>> = rows.iter().map(|row| row.volume.as_deref()).collect();
    let (percentages, changes) = (text(|row| &row.percentage), text(|row| &row.change));
    client.execute(&upsert, &[&prices, &symbols, &times, &volumes, &percentages, &changes]).await.map(drop)
}
