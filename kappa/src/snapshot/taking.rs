//! A worker's part in a snapshot that is being taken.

use std::sync::mpsc::{SyncSender, TrySendError};

use workloads::Millis;
use workloads::intake::Duplicates;

use super::part::Block;
use super::scribe::{Note, What};
use crate::flow::engine::Engine;

/// Bytes that are written in one turn of work, nearly: a fraction of a millisecond.
const ROOM: usize = 32 * 1024;

/// What comes next of the tables.
pub(crate) enum Next {
    /// Nothing yet: the version has not been carried out.
    Later,
    /// Some rows.
    Block(Block),
    /// Nothing any more.
    Done,
}

/// What one worker has to do for a snapshot.
pub(crate) struct Taking {
    /// The number of the version.
    pub(crate) time: u64,
    part: usize,
    desk: SyncSender<Note>,
    /// For which there was no room on the desk.
    held: Option<Note>,
    /// How far event time had come, which goes before the tables.
    times: Option<Block>,
    seen: bool,
    done: bool,
}

impl Taking {
    pub(crate) fn new(time: u64, part: usize, desk: SyncSender<Note>) -> Self {
        Taking { time, part, desk, held: None, times: None, seen: false, done: false }
    }

    /// The source has come to the version: this was seen, so many records were set aside, and this was the newest event time
    /// of each partition.
    pub(crate) fn seen(&mut self, duplicates: &Duplicates, dead: u64, newest: &[(u32, Millis)]) {
        self.seen = true;
        self.times = Some(Block::of_times(newest));
        self.hand_in(What::Seen(Box::new(duplicates.clone()), dead));
    }

    /// A little work; false when nothing could be done. It is not begun before the source has come to the version.
    pub(crate) fn turn(&mut self, engine: &mut dyn Engine) -> bool {
        if let Some(held) = self.held.take() {
            self.put(held);
            return self.held.is_none();
        }
        if !self.seen || self.done {
            return false;
        }
        if let Some(times) = self.times.take() {
            self.hand_in(What::Block(times));
            return true;
        }
        match engine.write(ROOM) {
            Next::Later => return false,
            Next::Block(block) => self.hand_in(What::Block(block)),
            Next::Done => {
                self.done = true;
                self.hand_in(What::End);
            }
        }
        true
    }

    /// Whether everything was handed in.
    pub(crate) fn is_done(&self) -> bool {
        self.done && self.held.is_none()
    }

    fn hand_in(&mut self, what: What) {
        self.put(Note { part: self.part, what });
    }

    fn put(&mut self, note: Note) {
        // When nobody takes the notes any more the rest is written to no one, so that nothing stays put aside.
        if let Err(TrySendError::Full(note)) = self.desk.try_send(note) {
            self.held = Some(note);
        }
    }
}
