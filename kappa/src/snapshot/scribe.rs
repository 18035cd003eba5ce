//! Puts what the workers hand in into files, in a thread of its own or a little at a time in the caller's.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use workloads::intake::Duplicates;

use super::files::Draft;
use super::part::{Block, SEEN};
use crate::error::KappaError;

/// Notes that may lie on the desk: a few megabytes.
const DESK: usize = 64;

/// How often it is looked whether anything will still come of a snapshot that nobody hands anything in for.
const LOOK: Duration = Duration::from_millis(20);

/// What a worker hands in.
pub(crate) struct Note {
    pub(super) part: usize,
    pub(super) what: What,
}

/// A note without its bytes, as it is told to another process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Letter {
    part: usize,
    what: Said,
    /// How many bytes go with it.
    pub(crate) bytes: usize,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum Said {
    Block(String, u32),
    Seen(u64),
    End,
}

impl Note {
    /// What is told of it, and the bytes that go with that.
    pub(crate) fn into_letter(self) -> (Letter, Vec<u8>) {
        let Note { part, what } = self;
        let (what, bytes) = match what {
            What::Block(block) => (Said::Block(block.table, block.rows), block.bytes),
            What::Seen(seen, dead) => (Said::Seen(dead), seen.snapshot()),
            What::End => (Said::End, Vec::new()),
        };
        (Letter { part, what, bytes: bytes.len() }, bytes)
    }

    /// What another process has told.
    pub(crate) fn of(letter: Letter, bytes: Vec<u8>) -> Result<Self, KappaError> {
        let what = match letter.what {
            Said::Block(table, rows) => What::Block(Block { table, rows, bytes }),
            Said::Seen(dead) => {
                let seen = Duplicates::restore(&bytes);
                What::Seen(Box::new(seen.map_err(|error| KappaError::Snapshot(error.to_string()))?), dead)
            }
            Said::End => What::End,
        };
        Ok(Note { part: letter.part, what })
    }
}

/// A desk for the notes of some workers, and where they are taken up again.
pub(crate) fn desk() -> (SyncSender<Note>, Receiver<Note>) {
    sync_channel(DESK)
}

pub(super) enum What {
    Block(Block),
    /// What was seen at the version, and how many records were set aside.
    Seen(Box<Duplicates>, u64),
    End,
}

/// Whoever writes one snapshot.
pub(crate) enum Scribe {
    /// In the caller's thread, so that a stepped run is repeatable.
    Here(Box<Desk>),
    /// In a thread, so that nobody waits for the disk.
    There(Option<JoinHandle<Result<(), KappaError>>>, Arc<AtomicBool>),
}

/// What one snapshot is written from.
pub(crate) struct Desk {
    notes: Receiver<Note>,
    draft: Draft,
    /// Parts that are not ended.
    open: usize,
    /// Whether nothing will come of it any more: workers that cannot end keep their place at the desk.
    given_up: Arc<AtomicBool>,
}

impl Scribe {
    /// Begins to write, and says where the notes are handed in.
    pub(crate) fn begin(draft: Draft, parts: usize, thread: bool) -> (Self, SyncSender<Note>) {
        let (desk, notes) = desk();
        let given_up = Arc::new(AtomicBool::new(false));
        let mut task = Box::new(Desk { notes, draft, open: parts, given_up: Arc::clone(&given_up) });
        let scribe = if thread {
            Scribe::There(Some(thread::spawn(move || task.write_all())), given_up)
        } else {
            Scribe::Here(task)
        };
        (scribe, desk)
    }

    /// A bounded amount of work where there is no thread; says how it ended when it has.
    pub(crate) fn work(&mut self) -> Option<Result<(), KappaError>> {
        match self {
            Scribe::Here(desk) => match desk.write_some() {
                Ok(false) => None,
                Ok(true) => Some(Ok(())),
                Err(error) => Some(Err(error)),
            },
            Scribe::There(thread, _) => {
                let ended = thread.take_if(|thread| thread.is_finished())?;
                Some(ended.join().unwrap_or(Err(KappaError::Stopped)))
            }
        }
    }
}

impl Drop for Scribe {
    fn drop(&mut self) {
        if let Scribe::There(thread, given_up) = self {
            // What it has left is in nobody's way.
            given_up.store(true, Ordering::Release);
            thread.take().map(JoinHandle::join);
        }
    }
}

impl Desk {
    fn write_all(&mut self) -> Result<(), KappaError> {
        while self.open > 0 {
            match self.notes.recv_timeout(LOOK) {
                Ok(note) => self.write(note)?,
                Err(RecvTimeoutError::Timeout) if !self.given_up.load(Ordering::Acquire) => {}
                Err(_) => return Err(KappaError::Given),
            }
        }
        self.draft.finish()
    }

    /// Whether all is written.
    fn write_some(&mut self) -> Result<bool, KappaError> {
        while self.open > 0 {
            match self.notes.try_recv() {
                Ok(note) => self.write(note)?,
                Err(TryRecvError::Empty) => return Ok(false),
                Err(TryRecvError::Disconnected) => return Err(KappaError::Given),
            }
        }
        self.draft.finish().map(|()| true)
    }

    fn write(&mut self, note: Note) -> Result<(), KappaError> {
        match note.what {
            What::Block(block) => self.draft.append(note.part, &block),
            What::Seen(seen, dead) => {
                self.draft.dead(dead);
                let block = Block { table: SEEN.to_owned(), rows: 0, bytes: seen.snapshot() };
                self.draft.append(note.part, &block)
            }
            What::End => {
                self.open -= 1;
                self.draft.end(note.part)
            }
        }
    }
}
