//! What lies between a client and its server, and loses what it is told to.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The server never gets it.
    Lost,
    /// The server carries it out, and its answer is lost.
    AnswerLost,
    /// It is answered that the server cannot, and did not.
    Busy,
    /// It is answered that nobody may.
    Forbidden,
}

type Faults = Arc<Mutex<VecDeque<(&'static str, Fault)>>>;

/// A way to a server. Requests that begin as said are faulted in the order in which that was said, once each.
pub(crate) struct Proxy {
    place: String,
    faults: Faults,
}

impl Proxy {
    /// To a server at `HOST:PORT`. Its threads end with the test.
    pub(crate) fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let place = listener.local_addr().unwrap().to_string();
        let (faults, server) = (Faults::default(), server.to_owned());
        let shared = Arc::clone(&faults);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let (faults, server) = (Arc::clone(&shared), server.clone());
                // A client that has gone away is none of its concern.
                thread::spawn(move || pass(client, &server, &faults).ok());
            }
        });
        Proxy { place, faults }
    }

    /// Where `HOST:PORT` it listens.
    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    /// Faults the next request of a method to a name that has this in it.
    pub(crate) fn fault(&self, part: &'static str, fault: Fault) {
        self.faults.lock().unwrap().push_back((part, fault));
    }

    /// Faults that have met no request yet.
    pub(crate) fn left(&self) -> usize {
        self.faults.lock().unwrap().len()
    }
}

/// One request and its answer; the client is made to connect again for the next.
fn pass(mut client: TcpStream, server: &str, faults: &Faults) -> std::io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let lower = line.to_ascii_lowercase();
        if let Some(text) = lower.strip_prefix("content-length:") {
            length = text.trim().parse().unwrap();
        }
        if line == "\r\n" {
            head += "connection: close\r\n\r\n";
            break;
        }
        if !lower.starts_with("connection:") {
            head += &line;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let fault = {
        let mut faults = faults.lock().unwrap();
        let first = head.lines().next().unwrap_or_default();
        let met = faults.front().is_some_and(|(part, _)| first.starts_with("PUT") && first.contains(part));
        if met { faults.pop_front().map(|(_, fault)| fault) } else { None }
    };
    let refusal = |code: &str| format!("HTTP/1.1 {code}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    match fault {
        Some(Fault::Lost) => return Ok(()),
        Some(Fault::Busy) => return client.write_all(refusal("503 Slow Down").as_bytes()),
        Some(Fault::Forbidden) => return client.write_all(refusal("403 Forbidden").as_bytes()),
        Some(Fault::AnswerLost) | None => {}
    }
    let mut upstream = TcpStream::connect(server)?;
    upstream.write_all(head.as_bytes())?;
    upstream.write_all(&body)?;
    let mut answer = Vec::new();
    upstream.read_to_end(&mut answer)?;
    if fault.is_none() { client.write_all(&answer) } else { Ok(()) }
}
