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
    /// Without what is asked of it.
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

/// The request that comes over a connection.
pub(super) fn receive(
    connection: &mut TcpStream,
    limits: &Limits,
    clock: &Clock,
) -> Result<Request, Refused> {
    let until = clock.micros() + limits.request.as_micros() as i64;
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break Some(end);
        }
        if bytes.len() > limits.head {
            break None;
        }
        more(connection, &mut bytes, until, clock)?;
    };
    let end = end.filter(|end| *end <= limits.head);
    let end = end.ok_or(Refused::Said(431, "the request's head is too long"))?;
    let mut request = head(&bytes[..end]).ok_or(Refused::Said(400, "that is no request"))?;
    let length = match request.headers.iter().find(|(name, _)| name == "content-length") {
        Some(_) => request.header("content-length").and_then(|length| length.parse().ok()),
        None => Some(0),
    };
    let length: usize = length.ok_or(Refused::Said(400, "that is no length"))?;
    if length > limits.body || request.header("transfer-encoding").is_some() {
        return Err(Refused::Said(413, "the request is too long"));
    }
    while bytes.len() < end + 4 + length {
        more(connection, &mut bytes, until, clock)?;
    }
    request.body = bytes[end + 4..end + 4 + length].to_vec();
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

/// The head of a request.
fn head(bytes: &[u8]) -> Option<Request> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut lines = text.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target, version) = (first.next()?, first.next()?, first.next()?);
    if first.next().is_some() || !version.starts_with("HTTP/1.") || !target.starts_with('/') {
        return None;
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let header = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_ascii_lowercase(), value.trim().to_owned()))
    };
    let headers: Vec<(String, String)> = lines.map(header).collect::<Option<_>>()?;
    let pair = |part: &str| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        Some((decoded(name)?, decoded(value)?))
    };
    let query = query.split('&').filter(|part| !part.is_empty()).map(pair).collect::<Option<_>>()?;
    Some(Request { method: method.into(), path: decoded(path)?, query, headers, body: Vec::new() })
}

/// Text in which bytes stand as `%41` and a space may stand as `+`.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                (digit()? * 16 + digit()?) as u8
            }
            b'+' => b' ',
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_with_what_is_asked_in_it() {
        let request = head(b"GET /keys?view=spend&q=a%26b+c HTTP/1.1\r\nHost: localhost\r\nA: 1\r\nA: 2")
            .expect("a head");
        assert_eq!((request.path.as_str(), request.asked("q")), ("/keys", Some("a&b c")));
        assert_eq!((request.header("host"), request.header("a")), (Some("localhost"), None));
    }

    #[test]
    fn what_is_no_head_is_none() {
        for text in [
            "",
            "GET /",
            "GET x HTTP/1.1",
            "GET / HTTP/1.1 x",
            "GET / SMTP/1",
            "GET / HTTP/1.1\r\nno header",
            "GET /%zz HTTP/1.1",
        ] {
            assert_eq!(head(text.as_bytes()), None, "{text}");
        }
    }
}
