//! As much of HTTP as a page for a classroom needs: a thread a connection, one request each, and limits on everything.
//!
//! Whoever does not send what it began, or does not read what it asked for, is dropped after a while. Nobody waits for
//! anybody else: what is streamed is looked up when there is room for it, so that nothing queues. What is sent is read by
//! `httparse`; threads do for as many pages as a classroom opens, so that no runtime is built for them.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::Context;
use socket2::SockRef;

pub use super::request::Request;
use super::request::{Refused, receive};
use crate::clock::Clock;

/// What a server allows.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at a time.
    pub connections: usize,
    /// Bytes of a request's head.
    pub head: usize,
    /// Bytes of a request's body.
    pub body: usize,
    /// How long a request may take to come.
    pub request: Duration,
    /// How long one who does not read is waited for.
    pub stall: Duration,
    /// Bytes that may lie here for one who follows a stream: few, so that it is soon noticed that nobody reads them.
    pub unread: usize,
}

impl Default for Limits {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Limits {
            connections: 256,
            head: 8 << 10,
            body: 4 << 10,
            request: seconds(5),
            stall: seconds(5),
            unread: 32 << 10,
        }
    }
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Its status.
    pub status: u16,
    /// Its type.
    pub kind: &'static str,
    /// More of its head.
    pub headers: Vec<(&'static str, String)>,
    /// What it says.
    pub body: Vec<u8>,
}

/// An answer, or one that goes on.
pub enum Reply {
    /// In whole.
    Whole(Response),
    /// Server-sent events: called again and again for what comes next, empty for nothing yet, until there is no more.
    Stream(Box<dyn FnMut() -> Option<String>>),
}

/// Answers requests.
pub trait Site: Send + Sync {
    /// The answer to one.
    fn answer(&self, request: &Request) -> Reply;
}

/// A server at work. It ends when it is let go.
pub struct Server {
    address: SocketAddr,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

const HEAD: &str = "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; \
connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n\
X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\nCache-Control: no-store\r\n\
Cross-Origin-Resource-Policy: same-origin\r\nConnection: close\r\n";

impl Response {
    /// A text of that type.
    pub fn new(status: u16, kind: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Response { status, kind, headers: Vec::new(), body: body.into() }
    }

    /// One line of plain text.
    pub fn line(status: u16, line: &str) -> Self {
        Response::new(status, "text/plain; charset=utf-8", format!("{line}\n"))
    }

    fn write(&self, to: &mut TcpStream) -> io::Result<()> {
        let mut text = format!(
            "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n{HEAD}",
            self.status,
            reason(self.status),
            self.kind,
            self.body.len()
        );
        self.headers.iter().for_each(|(name, value)| text.push_str(&format!("{name}: {value}\r\n")));
        text.push_str("\r\n");
        to.write_all(text.as_bytes())?;
        to.write_all(&self.body)
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        303 => "See Other",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        413 => "Content Too Large",
        431 => "Request Header Fields Too Large",
        503 => "Service Unavailable",
        _ => "Error",
    }
}

impl Server {
    /// Serves a site at an address.
    pub fn start(
        listener: TcpListener,
        site: Arc<dyn Site>,
        limits: Limits,
        clock: Clock,
    ) -> anyhow::Result<Self> {
        let address = listener.local_addr().context("asking which port it is")?;
        let ended = Arc::new(AtomicBool::new(false));
        let (flag, open) = (Arc::clone(&ended), Arc::new(AtomicUsize::new(0)));
        let accept = move || {
            for connection in listener.incoming() {
                if flag.load(Ordering::Relaxed) {
                    break;
                }
                let Ok(connection) = connection else { continue };
                let hold = Hold::take(&open);
                if hold.before >= limits.connections {
                    turn_away(connection);
                    continue;
                }
                let (site, flag) = (Arc::clone(&site), Arc::clone(&flag));
                let serve = move || {
                    let _hold = hold;
                    // Whoever breaks off is nobody's trouble but its own.
                    let _ = converse(connection, &*site, &limits, &clock, &flag);
                };
                // Where there is no thread to be had, the connection is closed: its page asks again.
                let _ = thread::Builder::new().name("page".into()).stack_size(256 << 10).spawn(serve);
            }
        };
        let thread =
            thread::Builder::new().name("pages".into()).spawn(accept).context("starting a thread")?;
        Ok(Server { address, ended, thread: Some(thread) })
    }

    /// Where it can be reached.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        // It waits for a connection, so it gets one.
        if TcpStream::connect(self.address).is_ok()
            && let Some(thread) = self.thread.take()
        {
            let _ = thread.join();
        }
    }
}

/// One connection that counts.
struct Hold {
    open: Arc<AtomicUsize>,
    before: usize,
}

impl Hold {
    fn take(open: &Arc<AtomicUsize>) -> Self {
        Hold { open: Arc::clone(open), before: open.fetch_add(1, Ordering::Relaxed) }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

fn turn_away(mut connection: TcpStream) {
    let full = Response::line(503, "too many pages are open: close one, or start it with --connections");
    let _ = connection.set_write_timeout(Some(Duration::from_millis(100)));
    let _ = full.write(&mut connection).and_then(|()| part(connection, Duration::from_millis(20)));
}

/// Ends a connection whose request was not read to its end: what was answered must not be lost with it.
fn part(mut connection: TcpStream, patience: Duration) -> io::Result<()> {
    connection.shutdown(Shutdown::Write)?;
    connection.set_read_timeout(Some(patience))?;
    let mut rest = [0; 4096];
    for _ in 0..64 {
        if connection.read(&mut rest)? == 0 {
            break;
        }
    }
    Ok(())
}

fn converse(
    mut connection: TcpStream,
    site: &dyn Site,
    limits: &Limits,
    clock: &Clock,
    ended: &AtomicBool,
) -> io::Result<()> {
    connection.set_nodelay(true)?;
    connection.set_write_timeout(Some(limits.stall))?;
    let request = match receive(&mut connection, limits, clock) {
        Ok(request) => request,
        Err(Refused::Gone(error)) => return Err(error),
        Err(Refused::Said(status, why)) => {
            Response::line(status, why).write(&mut connection)?;
            return part(connection, Duration::from_millis(200));
        }
    };
    match site.answer(&request) {
        Reply::Whole(response) => response.write(&mut connection),
        Reply::Stream(next) => {
            SockRef::from(&connection).set_send_buffer_size(limits.unread)?;
            stream(connection, next, ended)
        }
    }
}

fn stream(
    mut connection: TcpStream,
    mut next: Box<dyn FnMut() -> Option<String>>,
    ended: &AtomicBool,
) -> io::Result<()> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n{HEAD}\r\nretry: 1000\n\n");
    connection.write_all(head.as_bytes())?;
    while let Some(text) = next() {
        if ended.load(Ordering::Relaxed) {
            break;
        }
        // A comment finds out whether anybody is still there.
        let event = if text.is_empty() { ":\n\n".to_owned() } else { format!("data: {text}\n\n") };
        connection.write_all(event.as_bytes())?;
    }
    Ok(())
}
