//! What a sink is known to hold, or may hold after something went wrong.

use workloads::{Micros, Version};

use super::{Changed, Sink};

/// Microseconds between two attempts to reach a sink that is out of reach.
const RETRY: Micros = 50_000;

/// A version that was handed over.
#[derive(Clone, Debug)]
pub(super) struct Held {
    /// The job whose answers they are.
    pub(super) job: u32,
    /// Its number; absent for that of the empty log.
    pub(super) time: Option<u64>,
    pub(super) version: Version,
    pub(super) label: String,
}

/// A sink, and what it is known to hold.
pub(super) struct Hold {
    sink: Box<dyn Sink>,
    held: Option<Held>,
    /// Of the transaction that failed: it may have been carried out all the same.
    tried: Option<Held>,
    trouble: Option<String>,
    reached: Option<Micros>,
}

impl Hold {
    /// Nothing is known of it yet.
    pub(super) fn new(sink: Box<dyn Sink>) -> Self {
        Hold { sink, held: None, tried: None, trouble: None, reached: None }
    }

    /// The label of what it holds.
    pub(super) fn label(&mut self) -> Result<Option<String>, String> {
        self.sink.held()
    }

    /// It holds this.
    pub(super) fn believe(&mut self, held: Held) {
        self.held = Some(held);
    }

    /// What it is known to hold.
    pub(super) fn held(&self) -> Option<&Held> {
        self.held.as_ref()
    }

    /// What has changed since this version is to be kept: the oldest that it may turn out to hold.
    pub(super) fn keep(&self) -> Option<u64> {
        self.held.iter().chain(&self.tried).filter_map(|held| held.time).min()
    }

    /// Why nothing can be read or written.
    pub(super) fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// Whether it can be written. One in trouble is tried again now and then: what it says that it holds is what it
    /// held before the trouble, or what was being written then, or something of no use.
    pub(super) fn well(&mut self, now: Micros) -> bool {
        if self.trouble.is_none() {
            self.trouble = self.sink.trouble();
        }
        if self.trouble.is_none() {
            return true;
        }
        if self.reached.is_some_and(|then| then < now && now < then + RETRY) {
            return false;
        }
        self.reached = Some(now);
        match self.sink.held() {
            Ok(label) => {
                let known = [self.held.take(), self.tried.take()].into_iter().flatten();
                self.held = label.and_then(|label| known.into_iter().find(|held| held.label == label));
                self.trouble = None;
                true
            }
            Err(trouble) => {
                self.trouble = Some(trouble);
                false
            }
        }
    }

    /// Hands over what it is to hold from now on.
    pub(super) fn put(&mut self, next: Held, changed: &Changed) {
        match self.sink.put(&next.label, changed) {
            Ok(()) => (self.held, self.tried) = (Some(next), None),
            Err(trouble) => (self.trouble, self.tried) = (Some(trouble), Some(next)),
        }
    }

    /// It is filled afresh when it can be reached again.
    pub(super) fn give_up(&mut self) {
        (self.held, self.tried) = (None, None);
    }
}
