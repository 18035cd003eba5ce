//! Which release of Kafka brokers are: librdkafka does not say it, so each is asked once, over a socket of its own.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

/// How long one broker has to answer. Nothing depends on it.
const PATIENCE: Duration = Duration::from_secs(2);
/// The request that says what a broker can do, which it answers before anybody has given a name or password.
const API_VERSIONS: i16 = 18;
/// The first form of it whose answer names features.
const FORM: i16 = 3;
/// Bytes of the longest answer that is believed.
const LONGEST: usize = 1 << 20;
/// The feature whose level grows with every release.
const FEATURE: &[u8] = b"metadata.version";
/// The first of that feature's levels that each release knows.
const LEVELS: &[(i16, &str)] = &[
    (8, "3.4"),
    (9, "3.5"),
    (12, "3.6"),
    (15, "3.7"),
    (20, "3.8"),
    (21, "3.9"),
    (22, "4.0"),
    (26, "4.1"),
    (28, "4.2"),
    (30, "4.3"),
];
/// The last level that is surely of the last of them.
const NEWEST: i16 = 30;

/// What a broker says of itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Release {
    /// The highest level of metadata.version that it knows.
    Level(i16),
    /// It answers and names no such feature.
    Silent,
    /// It has not answered.
    Unheard,
    /// Nothing is asked of brokers whose connections are encrypted.
    Encrypted,
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Release::Level(level) => {
                let known = (*level <= NEWEST).then(|| LEVELS.iter().rfind(|(first, _)| first <= level));
                let name = known.flatten().map_or("unknown", |(_, name)| name);
                write!(f, "{name} (metadata.version {level})")
            }
            Release::Silent => write!(f, "unknown (it names no metadata.version)"),
            Release::Unheard => write!(f, "unknown (it did not say)"),
            Release::Encrypted => write!(f, "not asked: the connection is encrypted"),
        }
    }
}

/// Asks the broker at a host and port.
pub(super) fn ask(host: &str, port: u16) -> Release {
    answer(host, port).map_or(Release::Unheard, |answer| match level(&answer) {
        Some(level) => Release::Level(level),
        None => Release::Silent,
    })
}

fn answer(host: &str, port: u16) -> io::Result<Vec<u8>> {
    let mut places = (host, port).to_socket_addrs()?;
    let place = places.next().ok_or(ErrorKind::NotFound)?;
    let mut stream = TcpStream::connect_timeout(&place, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(&request())?;
    let mut size = [0; 4];
    stream.read_exact(&mut size)?;
    let size = u32::from_be_bytes(size) as usize;
    if size > LONGEST {
        return Err(ErrorKind::InvalidData.into());
    }
    let mut answer = vec![0; size];
    stream.read_exact(&mut answer)?;
    Ok(answer)
}

fn request() -> Vec<u8> {
    let name = b"workbench";
    let mut body = Vec::new();
    body.extend_from_slice(&API_VERSIONS.to_be_bytes());
    body.extend_from_slice(&FORM.to_be_bytes());
    // Its number, of which there is no other.
    body.extend_from_slice(&0_i32.to_be_bytes());
    body.extend_from_slice(&(name.len() as i16).to_be_bytes());
    body.extend_from_slice(name);
    body.push(0);
    for text in [&name[..], b"1"] {
        body.push(text.len() as u8 + 1);
        body.extend_from_slice(text);
    }
    body.push(0);
    let mut request = (body.len() as u32).to_be_bytes().to_vec();
    request.extend(body);
    request
}

/// The highest supported level of the feature in an answer, if it is there.
fn level(answer: &[u8]) -> Option<i16> {
    let mut rest = Rest(answer);
    let (_number, error) = (rest.take(4)?, rest.short()?);
    if error != 0 {
        return None;
    }
    for _api in 1..rest.varint()? {
        rest.take(6)?;
        rest.tags()?;
    }
    let _throttled = rest.take(4)?;
    let mut found = None;
    for _tag in 0..rest.varint()? {
        let (tag, size) = (rest.varint()?, rest.varint()?);
        let mut field = Rest(rest.take(size)?);
        if tag == 0 {
            found = field.supported();
        }
    }
    found
}

/// What is left of an answer.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (taken, left) = self.0.split_at_checked(bytes)?;
        self.0 = left;
        Some(taken)
    }

    fn short(&mut self) -> Option<i16> {
        Some(i16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    /// Seven bits a byte, the lowest first.
    fn varint(&mut self) -> Option<usize> {
        let mut number = 0;
        for place in 0..4 {
            let byte = self.take(1)?[0];
            number |= usize::from(byte & 0x7f) << (7 * place);
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    /// Passes over fields that later forms have added.
    fn tags(&mut self) -> Option<()> {
        for _tag in 0..self.varint()? {
            let (_, size) = (self.varint()?, self.varint()?);
            self.take(size)?;
        }
        Some(())
    }

    fn supported(&mut self) -> Option<i16> {
        for _feature in 1..self.varint()? {
            let size = self.varint()?.checked_sub(1)?;
            let (name, _least, most) = (self.take(size)?, self.short()?, self.short()?);
            self.tags()?;
            if name == FEATURE {
                return Some(most);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An answer with one API and these supported features.
    fn answered(features: &[(&str, i16)]) -> Vec<u8> {
        let mut field = vec![features.len() as u8 + 1];
        for (name, most) in features {
            field.push(name.len() as u8 + 1);
            field.extend_from_slice(name.as_bytes());
            field.extend_from_slice(&1_i16.to_be_bytes());
            field.extend_from_slice(&most.to_be_bytes());
            field.push(0);
        }
        let mut answer = vec![0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 13, 0, 0, 0, 0, 0, 2];
        answer.extend([1, 8, 0, 0, 0, 0, 0, 0, 0, 9, 0, field.len() as u8]);
        answer.extend(field);
        answer
    }

    #[test]
    fn the_highest_level_that_a_broker_knows_names_its_release() {
        let answer = answered(&[("group.version", 1), ("metadata.version", 29)]);
        assert_eq!(level(&answer), Some(29));
        assert_eq!(Release::Level(29).to_string(), "4.2 (metadata.version 29)");
        assert_eq!(Release::Level(25).to_string(), "4.0 (metadata.version 25)");
        assert_eq!(Release::Level(31).to_string(), "unknown (metadata.version 31)");
    }

    #[test]
    fn an_answer_cut_short_or_refused_says_nothing() {
        let whole = answered(&[("metadata.version", 29)]);
        assert!((0..whole.len()).all(|bytes| level(&whole[..bytes]).is_none()));
        let mut refused = whole;
        refused[5] = 35;
        assert_eq!(level(&refused), None);
        assert_eq!(level(&answered(&[("group.version", 1)])), None);
    }

    #[test]
    fn where_nobody_listens_nothing_is_heard() {
        assert_eq!(ask("127.0.0.1", 1), Release::Unheard);
    }
}
