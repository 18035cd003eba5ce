//! A session with a server, which is given up when it does not answer in time.
//!
//! A server that hangs holds its socket open and says nothing for ever, and no setting of its own ends that: so every
//! exchange has a time by which it must be over. The socket is closed with the session.

use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;
use tokio_postgres::error::{DbError, SqlState};
use tokio_postgres::{Client, Config, Error, NoTls};

use super::{Prepared, Purpose};

/// How long the way to a session may take, the wait for the lock included.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long one exchange may take.
const LONGEST: Duration = Duration::from_secs(5);

/// What every session begins with. Nothing waits for the disk. Tables of halves are emptied by a crash of the server, which
/// is noticed, and filled again; those of rows are what they were a moment before.
fn begin(purpose: Purpose, forget: bool) -> String {
    // What others query lies where they look, is theirs to define, and is as durable as the server is told to be.
    if purpose == Purpose::Shown {
        return "SET client_min_messages = warning".to_owned();
    }
    let schema = purpose.schema();
    let unlogged = if purpose.lasts() { "" } else { "UNLOGGED" };
    let drop = if forget { format!("DROP SCHEMA IF EXISTS {schema} CASCADE;") } else { String::new() };
    format!(
        "SET client_min_messages = warning; SET synchronous_commit = off;
        {drop} CREATE SCHEMA IF NOT EXISTS {schema}; SET search_path = {schema};
        CREATE {unlogged} TABLE IF NOT EXISTS tuple (one int PRIMARY KEY CHECK (one = 1), tuple text NOT NULL)"
    )
}

/// Takes the lock that a user holds on its part of a database for as long as its session lives. One that has just ended
/// may hold it a moment longer.
fn take(purpose: Purpose) -> String {
    let lock = purpose.lock();
    format!("SET lock_timeout = '1s'; SELECT pg_advisory_lock({lock}); SET lock_timeout = 0")
}

/// A session.
pub(super) struct Session {
    client: Client,
    prepared: Prepared,
    /// Drives the connection while somebody waits, and closes it in the end.
    runtime: Runtime,
}

impl Session {
    /// A new one, with an empty schema if what it holds is to be forgotten.
    pub(super) fn begin(address: &str, purpose: Purpose, forget: bool) -> Result<Self, String> {
        let runtime =
            Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
        let client = runtime.block_on(timed(PATIENCE, connect(address, purpose, forget)))?;
        Ok(Session { client, prepared: Prepared::new(), runtime })
    }

    /// One exchange with the server.
    pub(super) fn ask<T>(
        &mut self,
        question: impl AsyncFnOnce(&mut Client, &mut Prepared) -> Result<T, Error>,
    ) -> Result<T, String> {
        let Session { client, prepared, runtime } = self;
        let answer = async { question(client, prepared).await.map_err(|error| reason(&error)) };
        runtime.block_on(timed(LONGEST, answer))
    }
}

async fn timed<T>(longest: Duration, answer: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let late = |_| format!("the server has not answered within {} s", longest.as_secs());
    timeout(longest, answer).await.map_err(late)?
}

async fn connect(address: &str, purpose: Purpose, forget: bool) -> Result<Client, String> {
    let mut config: Config = address.parse().map_err(|error| reason(&error))?;
    config.application_name(purpose.user()).connect_timeout(PATIENCE);
    let (client, connection) = config.connect(NoTls).await.map_err(|error| reason(&error))?;
    // What goes wrong with it is told to whoever asks next.
    tokio::spawn(connection);
    client.batch_execute(&take(purpose)).await.map_err(|error| match error.code() {
        Some(&SqlState::LOCK_NOT_AVAILABLE) => {
            format!("another {} uses this database: give each its own", purpose.user())
        }
        _ => reason(&error),
    })?;
    client.batch_execute(&begin(purpose, forget)).await.map_err(|error| reason(&error))?;
    Ok(client)
}

/// What an error says: the server's own words, if they are the server's.
fn reason(error: &Error) -> String {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    error.as_db_error().map(DbError::to_string).or(cause).unwrap_or_else(|| error.to_string())
}
