//! The way to a feed: a socket that never waits for ever, and what its refusals mean.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use tungstenite::protocol::WebSocketConfig;
use tungstenite::stream::MaybeTlsStream;
use tungstenite::{Error, HandshakeError, WebSocket};

use super::{FeedAddress, Limits, Token};

/// A connection to a feed.
pub(super) type Socket = WebSocket<MaybeTlsStream<Wire>>;

/// How long a read waits before it says that nothing came.
const TURN: Duration = Duration::from_millis(100);

/// A stream whose reads give up after a while. While it is being opened, that is an error; later nothing has come yet.
pub(super) struct Wire {
    stream: TcpStream,
    opening: bool,
}

/// Why there is no connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// The token is not right, and will not be the next time.
    Token,
    /// It cannot work, and will not the next time.
    Never(String),
    /// It did not work, and may the next time.
    Now(String),
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.read(buffer).map_err(|error| match error.kind() {
            ErrorKind::WouldBlock if self.opening => ErrorKind::TimedOut.into(),
            ErrorKind::TimedOut if !self.opening => ErrorKind::WouldBlock.into(),
            _ => error,
        })
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // What cannot be sent in time is not sent later either: the other side does not listen any more.
        self.stream.write(bytes).map_err(|error| match error.kind() {
            ErrorKind::WouldBlock => ErrorKind::TimedOut.into(),
            _ => error,
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// Opens a connection.
pub(super) fn connect(
    address: &FeedAddress,
    token: Option<&Token>,
    limits: &Limits,
) -> Result<Socket, Refused> {
    if address.secure && cfg!(not(feature = "feed-tls")) {
        return Err(Refused::Never(
            "this program was built without encryption for feeds: build it with --features feed-tls \
             (apt-get install libssl-dev)"
                .to_owned(),
        ));
    }
    let stream = dial(address, limits).map_err(|error| Refused::Now(lost(&Error::Io(error))))?;
    let config = WebSocketConfig::default()
        .max_message_size(Some(limits.frame))
        .max_frame_size(Some(limits.frame))
        .max_write_buffer_size(1 << 20);
    let query = token.map_or(String::new(), |token| format!("?{}", token.query()));
    let request = format!("{address}{query}");
    #[cfg(feature = "feed-tls")]
    let opened = tungstenite::client_tls_with_config(request, stream, Some(config), None);
    #[cfg(not(feature = "feed-tls"))]
    let opened =
        tungstenite::client::client_with_config(request, MaybeTlsStream::Plain(stream), Some(config));
    let (mut socket, _) = opened.map_err(|error| match error {
        HandshakeError::Failure(error) => refused(&error),
        HandshakeError::Interrupted(_) => Refused::Now("it does not answer in time".to_owned()),
    })?;
    settle(wire(&mut socket)).map_err(|error| Refused::Now(lost(&Error::Io(error))))?;
    Ok(socket)
}

fn dial(address: &FeedAddress, limits: &Limits) -> io::Result<Wire> {
    let mut last = io::Error::new(ErrorKind::NotFound, "its name leads to no address");
    for place in (address.host.as_str(), address.port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&place, limits.answer) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(limits.answer))?;
                stream.set_write_timeout(Some(limits.answer))?;
                return Ok(Wire { stream, opening: true });
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// From now on a read that finds nothing comes back soon.
fn settle(wire: Option<&mut Wire>) -> io::Result<()> {
    let Some(wire) = wire else { return Ok(()) };
    wire.opening = false;
    wire.stream.set_read_timeout(Some(TURN))
}

fn wire(socket: &mut Socket) -> Option<&mut Wire> {
    match socket.get_mut() {
        MaybeTlsStream::Plain(wire) => Some(wire),
        #[cfg(feature = "feed-tls")]
        MaybeTlsStream::NativeTls(stream) => Some(stream.get_mut()),
        _ => None,
    }
}

/// What a refusal to begin means. Nothing of the request is said, as the token stands in it.
fn refused(error: &Error) -> Refused {
    match error {
        Error::Http(response) => match response.status().as_u16() {
            401 | 403 => Refused::Token,
            429 => {
                Refused::Now("it allows no further connection with this token: end the other one".to_owned())
            }
            status @ 500.. => Refused::Now(format!("it answers with status {status}")),
            status => Refused::Never(format!("it answers with status {status}: this is no feed's address")),
        },
        Error::Tls(error) => Refused::Never(format!("no encrypted connection: {error}")),
        Error::Protocol(_) | Error::Url(_) | Error::HttpFormat(_) => {
            Refused::Never("what answers there does not speak WebSocket".to_owned())
        }
        other => Refused::Now(lost(other)),
    }
}

/// Why a connection is no more.
pub(super) fn lost(error: &Error) -> String {
    match error {
        Error::ConnectionClosed | Error::AlreadyClosed => "it was closed".to_owned(),
        Error::Io(error) => match error.kind() {
            ErrorKind::ConnectionRefused => "the connection is refused".to_owned(),
            ErrorKind::TimedOut | ErrorKind::WouldBlock => "it does not answer in time".to_owned(),
            ErrorKind::UnexpectedEof => "it was cut off".to_owned(),
            _ => error.to_string(),
        },
        Error::Protocol(_) => "it was cut off".to_owned(),
        other => other.to_string(),
    }
}
