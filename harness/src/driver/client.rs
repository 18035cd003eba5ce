//! A reader that asks one thing after another: for the last answers of a run, and for tests.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, anyhow, ensure};
use kappa::Status;
use workloads::{Answer, Query, Version};

use crate::protocol::{ANSWER_LIMIT, JobOrder, Request, Response, write_line};

/// A connection to a component.
pub struct Client {
    input: BufReader<UnixStream>,
    next: u64,
}

impl Client {
    /// Connects. An answer may take as long as `patience`.
    pub fn connect(socket: &Path, patience: Duration) -> anyhow::Result<Self> {
        let stream = UnixStream::connect(socket);
        let stream = stream.with_context(|| format!("connecting to {}", socket.display()))?;
        stream.set_read_timeout(Some(patience)).context("setting a time limit")?;
        Ok(Client { input: BufReader::new(stream), next: 0 })
    }

    /// Asks, and waits for the answer.
    pub fn read(&mut self, queries: &[Query]) -> anyhow::Result<Answer> {
        self.read_at(queries, None)
    }

    /// Asks about a version, and waits for the answer.
    pub fn read_at(&mut self, queries: &[Query], at: Option<Version>) -> anyhow::Result<Answer> {
        self.next += 1;
        let mut line = Vec::new();
        write_line(&Request::read_at(self.next, queries, at), &mut line);
        let response = self.exchange(&line)?;
        ensure!(response.id == Some(self.next), "the answer to another read came");
        response.into_answer().map_err(|error| anyhow!(error))
    }

    /// Wishes something of its jobs, and waits until it says which there are.
    pub fn order(&mut self, order: &JobOrder) -> anyhow::Result<Status> {
        self.next += 1;
        let mut line = Vec::new();
        write_line(&Request::job(self.next, order), &mut line);
        let response = self.exchange(&line)?;
        if let Some(error) = response.error {
            return Err(anyhow!(error));
        }
        let status = response.jobs.context("a line without jobs and without an error")?;
        Ok(*status)
    }

    /// Sends a line as it is, and gives back the next line.
    pub fn exchange(&mut self, line: &[u8]) -> anyhow::Result<Response> {
        self.input.get_mut().write_all(line).context("sending a request")?;
        let mut answer = Vec::new();
        let limited = &mut (&mut self.input).take(ANSWER_LIMIT as u64);
        limited.read_until(b'\n', &mut answer).context("waiting for an answer")?;
        ensure!(answer.ends_with(b"\n"), "the connection was closed before an answer had come");
        serde_json::from_slice(&answer).context("not a line of the protocol")
    }
}
