//! Reads in flight: one thread sends each at its time, another notes when each answer has come.
//!
//! Answers are only taken apart after the live part, so that reading a large one delays nothing; and as no read
//! waits for an earlier one, a slow answer shows as latency and not as fewer reads.

use std::collections::HashMap;
use std::io::{ErrorKind, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::mpsc::{Sender, channel};

use anyhow::Context;
use workloads::Version;

use super::lanes::inbox::{Came, Inbox, Lost, Word};
use super::reads::Planned;
use super::stop::Stop;
use crate::clock::Clock;
use crate::observe::Observation;
use crate::protocol::{Request, Response, write_line};

mod inbox;

/// A connection, and what could not be written to it yet.
#[derive(Default)]
struct Lane {
    stream: Option<UnixStream>,
    pending: Vec<u8>,
    /// Counts the connections that this lane has had.
    generation: u32,
}

/// The newest version that was announced by some time, of the live part's clock.
pub type Heard<'a> = &'a (dyn Fn(i64) -> Option<Version> + Sync);

/// A read that was sent, or could not be.
struct Sent {
    at: Option<Version>,
    lane: usize,
    generation: u32,
    sent_us: i64,
    failed: Option<String>,
}

/// Sends every planned read at its time and gives back what came of each, in order. `patience_us` is how long the
/// last ones are waited for.
pub fn read_all(
    planned: &[Planned],
    socket: &Path,
    lanes: usize,
    patience_us: i64,
    clock: &Clock,
    stop: &Stop,
    heard: Heard<'_>,
) -> anyhow::Result<Vec<Observation>> {
    let (words, inbox) = channel();
    let (wake, woken) = UnixStream::pair().context("making a pair of sockets")?;
    let inbox = Inbox::new(inbox, woken, *clock)?;
    let (sent, (came, lost)) = std::thread::scope(|scope| {
        let receiver = scope.spawn(move || inbox.receive(stop));
        let lanes = (0..lanes).map(|_| Lane::default()).collect();
        let outbox = Outbox { socket, words, wake, clock, heard, lanes };
        let sent = outbox.send(planned, patience_us, stop);
        (sent, receiver.join().expect("the receiving thread does not panic"))
    });
    let end = clock.micros();
    Ok(join(planned, &sent, came, &lost, end))
}

struct Outbox<'a> {
    socket: &'a Path,
    words: Sender<Word>,
    wake: UnixStream,
    clock: &'a Clock,
    heard: Heard<'a>,
    lanes: Vec<Lane>,
}

impl Outbox<'_> {
    fn send(mut self, planned: &[Planned], patience_us: i64, stop: &Stop) -> Vec<Sent> {
        let (mut sent, mut line) = (Vec::with_capacity(planned.len()), Vec::new());
        for (id, read) in (0_u64..).zip(planned) {
            self.clock.sleep_until(read.intended_us);
            if stop.wanted() {
                break;
            }
            line.clear();
            let at = read.back_us.and_then(|back| (self.heard)(self.clock.micros() - back));
            write_line(&Request::read_at(id, &read.queries, at.clone()), &mut line);
            let lane = id as usize % self.lanes.len();
            let sent_us = self.clock.micros();
            let failed = self.send_line(lane, &line).err().map(|error| error.to_string());
            sent.push(Sent { at, lane, generation: self.lanes[lane].generation, sent_us, failed });
        }
        let expected = sent.iter().filter(|sent| sent.failed.is_none()).count();
        self.tell(Word::Until { expected, deadline_us: self.clock.micros() + patience_us });
        // What could not be written is written while the rest is waited for.
        let deadline = self.clock.micros() + patience_us;
        while self.lanes.iter().any(Lane::waiting) && self.clock.micros() < deadline && !stop.wanted() {
            self.clock.sleep_until(self.clock.micros() + 1000);
            self.lanes.iter_mut().for_each(|lane| drop(lane.flush()));
        }
        sent
    }

    fn send_line(&mut self, number: usize, line: &[u8]) -> std::io::Result<()> {
        let lane = &mut self.lanes[number];
        if lane.stream.is_some() {
            lane.pending.extend_from_slice(line);
            if lane.flush().is_ok() {
                return Ok(());
            }
        }
        let stream = UnixStream::connect(self.socket)?;
        stream.set_nonblocking(true)?;
        *lane = Lane {
            stream: Some(stream.try_clone()?),
            pending: line.to_vec(),
            generation: lane.generation + 1,
        };
        let generation = lane.generation;
        self.tell(Word::Opened { lane: number, generation, stream });
        self.lanes[number].flush()
    }

    fn tell(&mut self, word: Word) {
        // A receiver that has ended early was told to stop.
        let _ = self.words.send(word);
        let _ = self.wake.write(&[0]);
    }
}

impl Lane {
    fn waiting(&self) -> bool {
        self.stream.is_some() && !self.pending.is_empty()
    }

    /// Writes what can be written at once.
    fn flush(&mut self) -> std::io::Result<()> {
        let Some(stream) = &mut self.stream else { return Ok(()) };
        while !self.pending.is_empty() {
            match stream.write(&self.pending) {
                Ok(n) => drop(self.pending.drain(..n)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    self.stream = None;
                    self.pending.clear();
                    return Err(error);
                }
            }
        }
        Ok(())
    }
}

/// Puts what was sent and what came together.
fn join(planned: &[Planned], sent: &[Sent], came: Vec<Came>, lost: &[Lost], end: i64) -> Vec<Observation> {
    let mut answers: HashMap<u64, (i64, Result<Response, String>)> = HashMap::new();
    for came in came {
        let response = serde_json::from_slice::<Response>(&came.line);
        let response = response.map_err(|error| format!("not a line of the protocol: {error}"));
        if let Some(id) = response.as_ref().map_or(came.id(), |response| response.id) {
            answers.insert(id, (came.at_us, response));
        }
    }
    let observation = |(read, (planned, sent)): (u64, (&Planned, &Sent))| {
        let gone = |lost: &&Lost| (lost.lane, lost.generation) == (sent.lane, sent.generation);
        let (answered_us, result) = match (answers.remove(&read), &sent.failed) {
            (Some((at, response)), _) => (at, response.and_then(Response::into_answer)),
            (None, Some(failed)) => (sent.sent_us, Err(failed.clone())),
            (None, None) => match lost.iter().find(gone) {
                Some(lost) => (lost.at_us, Err("the connection was closed before an answer had come".into())),
                None => (end, Err("no answer came".into())),
            },
        };
        let (answer, error) = match result {
            Ok(answer) => (Some(answer), None),
            Err(error) => (None, Some(error)),
        };
        let (kind, queries, at) = (planned.kind, planned.queries.clone(), sent.at.clone());
        let (intended_us, sent_us) = (planned.intended_us, sent.sent_us);
        Observation { read, kind, intended_us, sent_us, answered_us, queries, at, answer, error }
    };
    (0..).zip(planned.iter().zip(sent)).map(observation).collect()
}
