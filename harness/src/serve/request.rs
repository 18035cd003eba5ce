//! A request as it comes over a connection, within limits.

use std::io::{self, Read};
use std::net::TcpStream;
use std::time::Duration;

use super::http::Limits;
use crate::clock::Clock;

/// What was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// `GET` or `POST`.
    pub method: String,
    /// As it was sent, without what is asked of it.
    pub path: String,
    /// What is asked of it, decoded, in its order.
    pub query: Vec<(String, String)>,
    /// By lower-case name; several of one name one after the other.
    pub headers: Vec<(String, String)>,
    /// What was sent.
    pub body: Vec<u8>,
}

impl Request {
    /// A header of which there is exactly one.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(held, _)| held == name);
        let first = found.next();
        first.filter(|_| found.next().is_none()).map(|(_, value)| value.as_str())
    }

    /// What was asked under a name, the first time.
    pub fn asked(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(held, _)| held == name).map(|(_, value)| value.as_str())
    }
}

/// Why there is no request.
#[derive(Debug)]
pub(super) enum Refused {
    Gone(io::Error),
    Said(u16, &'static str),
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
                Refused::Said(408, "the request did not come")
            }
            _ => Refused::Gone(error),
        }
    }
}

/// Headers that a request may have.
const HEADERS: usize = 64;

const NONE: Refused = Refused::Said(400, "that is no request");
const TOO_LONG: Refused = Refused::Said(431, "the request's head is too long");

/// The request that comes over a connection.
pub(super) fn receive(
    connection: &mut TcpStream,
    limits: &Limits,
    clock: &Clock,
) -> Result<Request, Refused> {
    let until = clock.micros() + limits.request.as_micros() as i64;
    let mut bytes = Vec::new();
    let (mut request, end) = loop {
        if let Some(whole) = head(&bytes)? {
            break whole;
        }
        if bytes.len() > limits.head {
            return Err(TOO_LONG);
        }
        more(connection, &mut bytes, until, clock)?;
    };
    if end > limits.head {
        return Err(TOO_LONG);
    }
    let length = match request.headers.iter().find(|(name, _)| name == "content-length") {
        Some(_) => request.header("content-length").and_then(|length| length.parse().ok()),
        None => Some(0),
    };
    let length: usize = length.ok_or(Refused::Said(400, "that is no length"))?;
    if length > limits.body || request.header("transfer-encoding").is_some() {
        return Err(Refused::Said(413, "the request is too long"));
    }
    while bytes.len() < end + length {
        more(connection, &mut bytes, until, clock)?;
    }
    request.body = bytes[end..end + length].to_vec();
    Ok(request)
}

fn more(connection: &mut TcpStream, bytes: &mut Vec<u8>, until: i64, clock: &Clock) -> Result<(), Refused> {
    let left = until - clock.micros();
    if left <= 0 {
        return Err(Refused::Said(408, "the request did not come"));
    }
    connection.set_read_timeout(Some(Duration::from_micros(left as u64)))?;
    let mut part = [0; 2048];
    match connection.read(&mut part)? {
        0 => Err(Refused::Gone(io::ErrorKind::UnexpectedEof.into())),
        read => {
            bytes.extend_from_slice(&part[..read]);
            Ok(())
        }
    }
}

/// The request whose head these bytes begin with and how long the head is, if it is there in whole.
fn head(bytes: &[u8]) -> Result<Option<(Request, usize)>, Refused> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut parsed = httparse::Request::new(&mut headers);
    let length = match parsed.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(TOO_LONG),
        Err(_) => return Err(NONE),
    };
    let target = parsed.path.filter(|target| target.starts_with('/')).ok_or(NONE)?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let header = |header: &httparse::Header<'_>| {
        let value = std::str::from_utf8(header.value).map_err(|_| NONE)?;
        Ok::<_, Refused>((header.name.to_ascii_lowercase(), value.to_owned()))
    };
    let request = Request {
        method: parsed.method.unwrap_or_default().to_owned(),
        path: path.to_owned(),
        query: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        headers: parsed.headers.iter().map(header).collect::<Result<_, _>>()?,
        body: Vec::new(),
    };
    Ok(Some((request, length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &str) -> Option<Request> {
        head(text.as_bytes()).ok().flatten().map(|(request, _)| request)
    }

    #[test]
    fn a_head_is_read_with_what_is_asked_in_it() {
        let request =
            whole("GET /keys?view=spend&q=a%26b+c HTTP/1.1\r\nHost: localhost\r\nA: 1\r\nA: 2\r\n\r\n")
                .expect("a head");
        assert_eq!((request.path.as_str(), request.asked("q")), ("/keys", Some("a&b c")));
        assert_eq!((request.header("host"), request.header("a")), (Some("localhost"), None));
        let long: String = (0..=HEADERS).map(|number| format!("a{number}: 1\r\n")).collect();
        assert!(matches!(
            head(format!("GET / HTTP/1.1\r\n{long}\r\n").as_bytes()),
            Err(Refused::Said(431, _))
        ));
    }

    #[test]
    fn what_is_no_head_is_none() {
        for text in ["", "GET /", "GET / HTTP/1.1\r\nHost: x\r\n"] {
            assert!(matches!(head(text.as_bytes()), Ok(None)), "{text}");
        }
        for text in ["GET x HTTP/1.1", "GET / HTTP/1.1 x", "GET / SMTP/1", "GET / HTTP/1.1\r\nno header"] {
            assert!(
                matches!(head(format!("{text}\r\n\r\n").as_bytes()), Err(Refused::Said(400, _))),
                "{text}"
            );
        }
    }
}
