//! Puts what the workers hand in into files, in a thread of its own or a little at a time in the caller's.

use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::{self, JoinHandle};

use workloads::intake::Duplicates;

use super::files::Draft;
use super::part::{Block, SEEN};
use crate::error::KappaError;

/// Notes that may lie on the desk: a few megabytes.
const DESK: usize = 64;

/// What a worker hands in.
pub(crate) struct Note {
    pub(super) part: usize,
    pub(super) what: What,
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
    There(Option<JoinHandle<Result<(), KappaError>>>),
}

/// What one snapshot is written from.
pub(crate) struct Desk {
    notes: Receiver<Note>,
    draft: Draft,
    /// Parts that are not ended.
    open: usize,
}

impl Scribe {
    /// Begins to write, and says where the notes are handed in.
    pub(crate) fn begin(draft: Draft, parts: usize, thread: bool) -> (Self, SyncSender<Note>) {
        let (desk, notes) = sync_channel(DESK);
        let mut task = Box::new(Desk { notes, draft, open: parts });
        let scribe = if thread {
            Scribe::There(Some(thread::spawn(move || task.write_all())))
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
            Scribe::There(thread) => {
                let ended = thread.take_if(|thread| thread.is_finished())?;
                Some(ended.join().unwrap_or(Err(KappaError::Stopped)))
            }
        }
    }
}

impl Drop for Scribe {
    fn drop(&mut self) {
        if let Scribe::There(thread) = self {
            // It ends when nobody hands anything in; what it has left is in nobody's way.
            thread.take().map(JoinHandle::join);
        }
    }
}

impl Desk {
    fn write_all(&mut self) -> Result<(), KappaError> {
        while self.open > 0 {
            let Ok(note) = self.notes.recv() else { return Err(KappaError::Given) };
            self.write(note)?;
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
