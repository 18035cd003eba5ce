//! The token that a feed asks for: named by where it stands, fetched from there, and never shown.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::logs::Lookup;

/// Where a token stands: `env:NAME` or `file:PATH`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenSource {
    /// In a variable of the environment.
    Variable(String),
    /// In a file, of which the line break at the end does not count.
    File(PathBuf),
}

/// A token. Shows nothing of itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl FromStr for TokenSource {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("env", name)) if !name.is_empty() => Ok(TokenSource::Variable(name.to_owned())),
            Some(("file", path)) if !path.is_empty() => Ok(TokenSource::File(path.into())),
            _ => Err("a token is a secret, and named by where it stands: env:NAME or file:PATH".to_owned()),
        }
    }
}

impl fmt::Display for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TokenSource::Variable(name) => write!(f, "env:{name}"),
            TokenSource::File(path) => write!(f, "file:{}", path.display()),
        }
    }
}

impl TokenSource {
    /// The token that stands there.
    pub fn fetch(&self, lookup: Lookup) -> Result<Token, String> {
        let found = match self {
            TokenSource::Variable(name) => lookup(name).ok_or_else(|| {
                format!(
                    "{name} is not set: export the feed's token there, or name another place with --token"
                )
            })?,
            TokenSource::File(path) => std::fs::read_to_string(path)
                .map_err(|error| format!("reading the feed's token from {}: {error}", path.display()))?,
        };
        Token::new(found.trim_end_matches(['\r', '\n'])).map_err(|error| format!("{self}: {error}"))
    }
}

impl Token {
    /// A token of visible characters.
    pub fn new(text: &str) -> Result<Self, String> {
        if text.is_empty() || !text.chars().all(|char| char.is_ascii_graphic()) {
            return Err("a feed's token is some visible ASCII characters and nothing else".to_owned());
        }
        Ok(Token(text.to_owned()))
    }

    /// As it stands in a query.
    pub(super) fn query(&self) -> String {
        let escaped = self.0.bytes().map(|byte| match byte {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        });
        format!("token={}", escaped.collect::<String>())
    }

    /// Whether a query holds it.
    pub(super) fn stands_in(&self, query: &str) -> bool {
        let own = self.query();
        query.split('&').any(|part| part == own)
    }

    /// A text without it, whoever may have put it there.
    pub(super) fn hide(&self, text: &str) -> String {
        text.replace(&self.0, "(the token)")
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_named_by_where_it_stands_and_never_shown() {
        assert!("hunter2".parse::<TokenSource>().is_err());
        let source: TokenSource = "env:FEED".parse().expect("a place");
        let token = source.fetch(|name| (name == "FEED").then(|| "hun&ter2\n".into())).expect("it is there");
        assert_eq!(
            (format!("{token:?}"), token.query()),
            ("Token".to_owned(), "token=hun%26ter2".to_owned())
        );
        assert!(token.stands_in("a=b&token=hun%26ter2") && !token.stands_in("token=hun"));
        assert_eq!(token.hide("no hun&ter2 here"), "no (the token) here");
        let missing = source.fetch(|_| None).expect_err("nothing is there");
        assert!(missing.contains("FEED is not set"), "{missing}");
        let empty = source.fetch(|_| Some(String::new())).expect_err("nothing is in it");
        assert!(empty.contains("env:FEED"), "{empty}");
    }
}
