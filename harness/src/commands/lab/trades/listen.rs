//! Listens to a feed in a thread of its own, so that signs of life are answered whatever the lab is doing.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;

use anyhow::Context;

use crate::driver::Stop;
use crate::feed::{Client, FeedError, Heard};

/// What was heard and may wait. When there is more the feed is not read on, and its own buffers fill.
const WAITING: usize = 256;
/// How long to wait for room.
const TURN: Duration = Duration::from_millis(5);

/// What was heard, or why nothing more will be.
type Said = Result<Heard, FeedError>;

/// Somebody who listens until enough was heard.
pub(super) struct Listener {
    heard: Receiver<Said>,
    stop: Stop,
}

/// What the next thing is.
pub(super) enum Next {
    /// It was heard.
    Heard(Heard),
    /// Nothing came in time.
    Nothing,
    /// Nothing will come any more.
    Over,
}

impl Listener {
    /// Listens until so many frames were heard, or somebody wants to end.
    pub(super) fn start(client: Client, frames: Option<u64>, stop: &Stop) -> anyhow::Result<Listener> {
        let (give, heard) = sync_channel(WAITING);
        let stop = stop.inner();
        let own = stop.clone();
        let listen = move || listen(client, frames, &give, &own);
        thread::Builder::new().name("listener".into()).spawn(listen).context("starting a thread")?;
        Ok(Listener { heard, stop })
    }

    /// The next thing that was heard, waited for at most so long.
    pub(super) fn next(&self, wait: Duration) -> Result<Next, FeedError> {
        match self.heard.recv_timeout(wait) {
            Ok(said) => said.map(Next::Heard),
            Err(RecvTimeoutError::Timeout) => Ok(Next::Nothing),
            Err(RecvTimeoutError::Disconnected) => Ok(Next::Over),
        }
    }

    /// Listens no more. What was heard already is still there to be taken.
    pub(super) fn end(&self) {
        self.stop.want();
    }
}

fn listen(mut client: Client, frames: Option<u64>, give: &SyncSender<Said>, stop: &Stop) {
    let mut left = frames;
    while !stop.wanted() && left != Some(0) {
        let said = client.hear();
        let ended = said.is_err();
        if matches!(said, Ok(Heard::Nothing)) {
            continue;
        }
        if matches!(said, Ok(Heard::Trades(..) | Heard::Undecodable(_))) {
            left = left.map(|left| left - 1);
        }
        if !hand(said, give) || ended {
            return;
        }
    }
    client.close();
}

/// Hands something on, however long there is no room for it: what was heard is not lost because somebody wants to end.
/// False if nobody takes it any more.
fn hand(mut said: Said, give: &SyncSender<Said>) -> bool {
    loop {
        match give.try_send(said) {
            Ok(()) => return true,
            Err(TrySendError::Full(back)) => said = back,
            Err(TrySendError::Disconnected(_)) => return false,
        }
        thread::sleep(TURN);
    }
}
