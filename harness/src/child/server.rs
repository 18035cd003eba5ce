//! A component's socket: accepts, reads requests, writes answers, never waits for a slow reader.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::time::TimeSpec;
use workloads::Version;
use workloads::files::Bell;

use super::scribe::Scribe;
use crate::contestants::{Component, Reply};
use crate::protocol::{Asked, REQUEST_LIMIT, Request, Response, write_line};

/// Bytes that may wait for a reader before its connection is given up.
const BACKLOG: usize = 1 << 30;

/// Reads of one connection that are answered before the component goes on with its own work: however many wait, what they
/// are answered from moves on.
const ROUND: usize = 32;

/// A listening socket and its connections.
pub struct Server {
    listener: UnixListener,
    connections: Vec<Connection>,
    /// Connections there have been.
    accepted: u64,
    scribe: Scribe,
    latest: Option<Version>,
}

struct Connection {
    number: u64,
    stream: UnixStream,
    input: Vec<u8>,
    output: Vec<u8>,
    /// Bytes of `output` that have been written.
    written: usize,
    /// Answers that are being written for it elsewhere.
    due: usize,
    watching: bool,
    /// Whether a whole line is among the input.
    asking: bool,
    /// Answered to the end, then closed: after a line that was too long.
    closing: bool,
}

impl Server {
    /// Listens at `path`, in place of a socket that an earlier process may have left there.
    pub fn bind(path: &Path) -> anyhow::Result<Self> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("removing {}", path.display()));
            }
            _ => {}
        }
        let listener = UnixListener::bind(path);
        let listener = listener.with_context(|| format!("listening on {}", path.display()))?;
        listener.set_nonblocking(true).context("making the socket non-blocking")?;
        let scribe = Scribe::start()?;
        Ok(Server { listener, connections: Vec::new(), accepted: 0, scribe, latest: None })
    }

    /// Tells watchers of a version. It goes out with the next [`Server::serve`].
    pub fn announce(&mut self, version: &Version) {
        let mut line = Vec::new();
        write_line(&Response::announcement(version.clone()), &mut line);
        for watcher in self.connections.iter_mut().filter(|connection| connection.watching) {
            watcher.output.extend_from_slice(&line);
        }
        self.latest = Some(version.clone());
    }

    /// Serves whoever is there; waits for them, or for the bell, at most for `patience`.
    pub fn serve(
        &mut self,
        component: &mut dyn Component,
        bell: Option<&Bell>,
        patience: Duration,
    ) -> anyhow::Result<()> {
        for connection in &mut self.connections {
            connection.flush();
        }
        let asking = self.connections.iter().any(|connection| connection.asking);
        let patience = if asking { Duration::ZERO } else { patience };
        if !self.wait(patience, bell, component)? && !asking {
            return Ok(());
        }
        self.accept()?;
        self.collect();
        for connection in &mut self.connections {
            connection.receive();
            connection.answer(component, &self.scribe, self.latest.as_ref());
            connection.flush();
        }
        self.connections.retain(Connection::open);
        Ok(())
    }

    /// Waits until a reader wants something or the component is called. Whether a reader does.
    fn wait(
        &self,
        patience: Duration,
        bell: Option<&Bell>,
        component: &dyn Component,
    ) -> anyhow::Result<bool> {
        let mut fds = vec![
            PollFd::new(self.listener.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.scribe.as_fd(), PollFlags::POLLIN),
        ];
        fds.extend(self.connections.iter().map(|connection| {
            let pending = if connection.pending() { PollFlags::POLLOUT } else { PollFlags::empty() };
            PollFd::new(connection.stream.as_fd(), PollFlags::POLLIN | pending)
        }));
        let (readers, calls) = (fds.len(), bell.map(Bell::as_fd).into_iter().chain(component.wakes()));
        fds.extend(calls.map(|fd| PollFd::new(fd, PollFlags::POLLIN)));
        match ppoll(&mut fds, Some(TimeSpec::from_duration(patience)), None) {
            Ok(0) | Err(Errno::EINTR) => return Ok(false),
            Ok(_) => {}
            Err(error) => return Err(error).context("waiting for readers"),
        }
        let ready = |fd: &PollFd<'_>| fd.any().unwrap_or(true);
        if let Some(bell) = bell.filter(|_| ready(&fds[readers])) {
            bell.silence();
        }
        Ok(fds[..readers].iter().any(ready))
    }

    /// Hands over what the scribe has written. A reader may have gone meanwhile.
    fn collect(&mut self) {
        let Server { scribe, connections, .. } = self;
        for (number, line) in scribe.lines() {
            if let Some(reader) = connections.iter_mut().find(|connection| connection.number == number) {
                reader.output.extend_from_slice(&line);
                reader.due -= 1;
            }
        }
    }

    fn accept(&mut self) -> anyhow::Result<()> {
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => {
                    stream.set_nonblocking(true).context("making a connection non-blocking")?;
                    self.connections.push(Connection::new(self.accepted, stream));
                    self.accepted += 1;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                // A reader that gave up before it was accepted is its own affair.
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
                Err(error) => return Err(error).context("accepting a reader"),
            }
        }
    }
}

impl Connection {
    fn new(number: u64, stream: UnixStream) -> Self {
        Connection {
            number,
            stream,
            input: Vec::new(),
            output: Vec::new(),
            written: 0,
            due: 0,
            watching: false,
            asking: false,
            closing: false,
        }
    }

    fn pending(&self) -> bool {
        self.written < self.output.len()
    }

    fn open(&self) -> bool {
        (!self.closing || self.asking || self.due > 0 || self.pending()) && self.output.len() <= BACKLOG
    }

    /// Takes what has come, as far as one answer round goes.
    fn receive(&mut self) {
        let mut chunk = [0; 1 << 14];
        while !self.closing && !self.asking && self.input.len() <= REQUEST_LIMIT {
            match self.stream.read(&mut chunk) {
                Ok(0) => self.closing = true,
                Ok(n) => self.input.extend_from_slice(&chunk[..n]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => self.closing = true,
            }
        }
    }

    /// Answers whole lines, as many as are answered at once.
    fn answer(&mut self, component: &mut dyn Component, scribe: &Scribe, latest: Option<&Version>) {
        let input = std::mem::take(&mut self.input);
        let (mut rest, mut left) = (&input[..], ROUND);
        self.asking = false;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            if left == 0 {
                self.asking = true;
                break;
            }
            left -= 1;
            let (line, after) = rest.split_at(end);
            rest = &after[1..];
            if !line.trim_ascii().is_empty() {
                self.respond(line, component, scribe, latest);
            }
        }
        if rest.len() > REQUEST_LIMIT && !self.asking {
            let error = format!("a line longer than {REQUEST_LIMIT} bytes");
            write_line(&Response::refused(None, error), &mut self.output);
            self.closing = true;
        } else {
            self.input = rest.to_vec();
        }
    }

    /// Answers a line, if with anything yet. What is long is left to the scribe.
    fn respond(
        &mut self,
        line: &[u8],
        component: &mut dyn Component,
        scribe: &Scribe,
        latest: Option<&Version>,
    ) {
        let response = match Request::parse(line) {
            Ok(Asked::Read(id, queries, at)) => match component.reply(at.as_ref(), &queries) {
                Ok(Reply::Now(answer)) => Response::answer(id, component.job(), answer),
                Ok(Reply::Later(finish)) => {
                    let job = component.job();
                    self.due += 1;
                    return scribe.order(self.number, move || Response::answer(id, job, finish()));
                }
                Err(error) => Response::refused(Some(id), format!("{error:#}")),
            },
            Ok(Asked::Job(id, order)) => match component.order(&order) {
                Ok(status) => Response::jobs(id, status),
                Err(error) => Response::refused(Some(id), format!("{error:#}")),
            },
            Ok(Asked::Watch) => {
                self.watching = true;
                let Some(latest) = latest else { return };
                Response::announcement(latest.clone())
            }
            Err(refusal) => refusal,
        };
        if Scribe::takes(&response) {
            self.due += 1;
            scribe.order(self.number, move || response);
        } else {
            write_line(&response, &mut self.output);
        }
    }

    fn flush(&mut self) {
        while self.pending() {
            match self.stream.write(&self.output[self.written..]) {
                Ok(n) if n > 0 => self.written += n,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Ok(_) | Err(_) => {
                    self.closing = true;
                    self.written = self.output.len();
                }
            }
        }
        self.output.clear();
        self.written = 0;
        // The room of one whole view is not kept for ever.
        self.output.shrink_to(1 << 16);
    }
}

#[cfg(test)]
mod tests {
    use workloads::{Answer, Query};

    use super::*;
    use crate::contestants::Now;

    /// Counts what it is asked.
    struct Asked(usize);

    impl Component for Asked {
        fn step(&mut self, _now: Now) -> anyhow::Result<bool> {
            Ok(false)
        }

        fn read(&mut self, queries: &[Query]) -> anyhow::Result<Answer> {
            self.0 += 1;
            let row = |number| (format!("{number:04}"), vec![number]);
            let rows = queries.iter().map(|query| if query.key.is_none() { 1_000 } else { 1 });
            Ok(Answer { version: None, rows: rows.map(|count| (0..count).map(row).collect()).collect() })
        }

        fn version(&self) -> Option<Version> {
            None
        }
    }

    #[test]
    fn of_many_reads_that_wait_some_are_answered_before_the_component_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let (mut server, mut component) = (Server::bind(&path).unwrap(), Asked(0));
        let mut reader = UnixStream::connect(&path).unwrap();
        let mut lines = Vec::new();
        (0..100).for_each(|id| write_line(&Request::read(id, &[]), &mut lines));
        reader.write_all(&lines).unwrap();
        drop(reader);
        let mut answered = Vec::new();
        for _ in 0..5 {
            // Whoever still has something to answer does not wait.
            let patience = Duration::from_secs(60 * u64::from(component.0 < 100));
            server.serve(&mut component, None, patience).unwrap();
            answered.push(component.0);
            if component.0 == 100 {
                break;
            }
        }
        assert_eq!(answered, [32, 64, 96, 100]);
        server.serve(&mut component, None, Duration::ZERO).unwrap();
        assert!(server.connections.is_empty(), "the reader has gone");
    }
    #[test]
    fn a_long_answer_is_written_beside_and_reaches_who_asked_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let (mut server, mut component) = (Server::bind(&path).unwrap(), Asked(0));
        let mut readers = [(); 2].map(|()| UnixStream::connect(&path).unwrap());
        for (id, reader) in (0..).zip(&mut readers) {
            let mut lines = Vec::new();
            for (more, key) in [None, Some("0000".to_owned())].into_iter().enumerate() {
                let query = Query { view: "spend".to_owned(), key };
                write_line(&Request::read(2 * id + more as u64, &[query]), &mut lines);
            }
            reader.write_all(&lines).unwrap();
            reader.shutdown(std::net::Shutdown::Write).unwrap();
        }
        while component.0 < 4 || !server.connections.is_empty() {
            server.serve(&mut component, None, Duration::from_secs(60)).unwrap();
        }
        for (id, reader) in (0..).zip(&mut readers) {
            let mut text = String::new();
            reader.read_to_string(&mut text).unwrap();
            let lines = text.lines().map(|line| serde_json::from_str::<Response>(line).unwrap());
            let mut rows: Vec<_> = lines.map(|line| (line.id, line.rows.unwrap()[0].len())).collect();
            rows.sort_unstable();
            assert_eq!(rows, [(Some(2 * id), 1_000), (Some(2 * id + 1), 1)]);
        }
    }
}
