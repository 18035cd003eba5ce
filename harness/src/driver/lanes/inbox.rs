//! Notes when each answer has come, as bytes.

use std::io::{ErrorKind, Read};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::Receiver;

use anyhow::Context;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::clock::Clock;
use crate::driver::stop::Stop;

/// How long to wait at most before looking whether to stop.
const ROUND_MS: u16 = 50;

/// What the sender tells.
pub(super) enum Word {
    /// There is a new connection.
    Opened { lane: usize, generation: u32, stream: UnixStream },
    /// Everything is sent: so many answers are expected in all, and not waited for beyond a time.
    Until { expected: usize, deadline_us: i64 },
}

/// A line that came.
pub(super) struct Came {
    pub(super) at_us: i64,
    pub(super) line: Vec<u8>,
}

/// A connection that was closed by the other side.
pub(super) struct Lost {
    pub(super) lane: usize,
    pub(super) generation: u32,
    pub(super) at_us: i64,
}

impl Came {
    /// The number in a line that cannot be understood as a whole.
    pub(super) fn id(&self) -> Option<u64> {
        let text = self.line.strip_prefix(b"{\"id\":")?;
        let end = text.iter().position(|byte| !byte.is_ascii_digit())?;
        std::str::from_utf8(&text[..end]).ok()?.parse().ok()
    }
}

struct Open {
    lane: usize,
    generation: u32,
    stream: UnixStream,
    input: Vec<u8>,
}

pub(super) struct Inbox {
    words: Receiver<Word>,
    woken: UnixStream,
    clock: Clock,
    open: Vec<Open>,
    came: Vec<Came>,
    lost: Vec<Lost>,
    until: Option<(usize, i64)>,
}

impl Inbox {
    pub(super) fn new(words: Receiver<Word>, woken: UnixStream, clock: Clock) -> anyhow::Result<Self> {
        woken.set_nonblocking(true).context("making a socket non-blocking")?;
        let (open, came, lost) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Inbox { words, woken, clock, open, came, lost, until: None })
    }

    /// Receives until everything expected has come, or time is over.
    pub(super) fn receive(mut self, stop: &Stop) -> (Vec<Came>, Vec<Lost>) {
        while !stop.wanted() && !self.over() {
            self.wait();
            let mut wakes = [0; 64];
            while matches!(self.woken.read(&mut wakes), Ok(n) if n > 0) {}
            while let Ok(word) = self.words.try_recv() {
                match word {
                    Word::Opened { lane, generation, stream } => {
                        self.open.push(Open { lane, generation, stream, input: Vec::new() });
                    }
                    Word::Until { expected, deadline_us } => self.until = Some((expected, deadline_us)),
                }
            }
            self.read();
        }
        (self.came, self.lost)
    }

    fn over(&self) -> bool {
        let Some((expected, deadline_us)) = self.until else { return false };
        self.came.len() >= expected || self.open.is_empty() || self.clock.micros() > deadline_us
    }

    fn wait(&self) {
        let mut fds = vec![PollFd::new(self.woken.as_fd(), PollFlags::POLLIN)];
        fds.extend(self.open.iter().map(|open| PollFd::new(open.stream.as_fd(), PollFlags::POLLIN)));
        // Whatever the reason for waking, everything is looked at.
        let _ = poll(&mut fds, PollTimeout::from(ROUND_MS));
    }

    fn read(&mut self) {
        let (came, lost, clock) = (&mut self.came, &mut self.lost, &self.clock);
        self.open.retain_mut(|open| {
            let alive = open.read(clock, came);
            if !alive {
                lost.push(Lost { lane: open.lane, generation: open.generation, at_us: clock.micros() });
            }
            alive
        });
    }
}

impl Open {
    /// Takes what there is; false when the other side has closed.
    fn read(&mut self, clock: &Clock, came: &mut Vec<Came>) -> bool {
        let mut chunk = [0; 1 << 16];
        loop {
            match self.stream.read(&mut chunk) {
                Ok(0) => return false,
                Ok(n) => self.take(&chunk[..n], clock, came),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return true,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
        }
    }

    fn take(&mut self, mut bytes: &[u8], clock: &Clock, came: &mut Vec<Came>) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            self.input.extend_from_slice(&bytes[..end]);
            came.push(Came { at_us: clock.micros(), line: std::mem::take(&mut self.input) });
            bytes = &bytes[end + 1..];
        }
        self.input.extend_from_slice(bytes);
    }
}
