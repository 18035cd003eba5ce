//! Finishes long answers and writes them as lines beside the component's own work, which would have to wait for them.

use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use anyhow::Context;
use workloads::Rows;

use crate::protocol::{Response, write_line};

/// Rows of an answer that is written at once: handing it over and back takes about as long.
const SHORT: usize = 256;

/// Gives a response when it is called.
type Order = Box<dyn FnOnce() -> Response + Send>;

/// A thread that writes answers as lines.
pub(super) struct Scribe {
    orders: Sender<(u64, Order)>,
    lines: Receiver<(u64, Vec<u8>)>,
    /// Can be read when there are lines.
    bell: UnixStream,
}

impl Scribe {
    /// Starts it.
    pub(super) fn start() -> anyhow::Result<Self> {
        let (bell, rope) = UnixStream::pair().context("making a pair of sockets")?;
        for end in [&bell, &rope] {
            end.set_nonblocking(true).context("making a socket non-blocking")?;
        }
        let (orders, ordered) = channel();
        let (written, lines) = channel();
        let work = move || write(&ordered, &written, rope);
        let thread = thread::Builder::new().name("scribe".to_owned()).spawn(work);
        thread.context("starting the thread that writes long answers")?;
        Ok(Scribe { orders, lines, bell })
    }

    /// Whether a response is for it.
    pub(super) fn takes(response: &Response) -> bool {
        response.rows.iter().flatten().map(Rows::len).sum::<usize>() > SHORT
    }

    /// Has a response written for a reader, by number.
    pub(super) fn order(&self, reader: u64, response: impl FnOnce() -> Response + Send + 'static) {
        self.orders.send((reader, Box::new(response))).expect("it writes for as long as it is ordered to");
    }

    /// The lines that were written since, each with its reader's number.
    pub(super) fn lines(&mut self) -> impl Iterator<Item = (u64, Vec<u8>)> + '_ {
        let mut rings = [0; 64];
        while matches!(self.bell.read(&mut rings), Ok(n) if n == rings.len()) {}
        self.lines.try_iter()
    }
}

impl AsFd for Scribe {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }
}

/// Until nobody is there who orders.
fn write(ordered: &Receiver<(u64, Order)>, written: &Sender<(u64, Vec<u8>)>, mut rope: UnixStream) {
    for (reader, response) in ordered {
        let mut line = Vec::new();
        write_line(&response(), &mut line);
        if written.send((reader, line)).is_err() {
            return;
        }
        match rope.write(&[1]) {
            // Where so many rings wait that there is no room for another, one more is not needed.
            Err(error) if ![ErrorKind::WouldBlock, ErrorKind::Interrupted].contains(&error.kind()) => return,
            _ => {}
        }
    }
}
