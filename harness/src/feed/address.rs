//! Where a feed is.

use std::fmt;
use std::str::FromStr;

/// A host and a port, and whether they are spoken to in secret. Holds no token, so that it can be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedAddress {
    /// Whether the connection is encrypted.
    pub secure: bool,
    /// The host, an IPv6 address without its brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    path: String,
}

impl FromStr for FeedAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.contains(['?', '#', '@']) {
            return Err(
                "the address of a feed ends before any `?`, `#` or `@`: name its token with --token env:NAME"
                    .to_owned(),
            );
        }
        let wrong = || format!("`{text}` is not the address of a feed: it is ws://HOST:PORT or wss://HOST");
        let (scheme, rest) = text.split_once("://").ok_or_else(wrong)?;
        let secure = match scheme {
            "ws" => false,
            "wss" => true,
            _ => return Err(wrong()),
        };
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let usual = if secure { 443 } else { 80 };
        let (host, port) = split(authority, usual).ok_or_else(wrong)?;
        let plain = |char: char| char.is_ascii_graphic();
        if host.is_empty() || !host.chars().all(plain) || !path.chars().all(plain) {
            return Err(wrong());
        }
        Ok(FeedAddress { secure, host: host.to_owned(), port, path: path.to_owned() })
    }
}

/// Host and port.
fn split(authority: &str, usual: u16) -> Option<(&str, u16)> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    match port {
        "" => Some((host, usual)),
        _ => Some((host, port.strip_prefix(':')?.parse().ok()?)),
    }
}

impl fmt::Display for FeedAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let FeedAddress { secure, host, port, path } = self;
        let scheme = if *secure { "wss" } else { "ws" };
        let (open, close) = if host.contains(':') { ("[", "]") } else { ("", "") };
        write!(f, "{scheme}://{open}{host}{close}:{port}/{path}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_shown() {
        for (text, shown) in [
            ("ws://127.0.0.1:9000", "ws://127.0.0.1:9000/"),
            ("wss://ws.finnhub.io", "wss://ws.finnhub.io:443/"),
            ("ws://[::1]:9000/feed", "ws://[::1]:9000/feed"),
        ] {
            assert_eq!(text.parse::<FeedAddress>().map(|address| address.to_string()), Ok(shown.to_owned()));
        }
        for text in
            ["", "finnhub.io", "http://h", "ws://", "ws://h:x", "ws://h:99999", "ws://[::1", "ws://a b"]
        {
            assert!(text.parse::<FeedAddress>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_address_with_a_token_is_refused_without_showing_it() {
        let error = "wss://ws.finnhub.io?token=hunter2".parse::<FeedAddress>().expect_err("it has a token");
        assert!(error.contains("--token env:NAME") && !error.contains("hunter2"), "{error}");
    }
}
