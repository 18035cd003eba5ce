//! Who may ask what: names by which the page may be called, the token, and whether a page of ours is asking.

use std::fs;
use std::io::Read;
use std::net::IpAddr;

use anyhow::{Context, ensure};

use super::http::{Request, Response};
use crate::logs::Lookup;

/// Shortest token that is accepted, in bytes.
const SHORTEST: usize = 12;

/// The name of the cookie that holds the token.
const COOKIE: &str = "wb-token";

/// What stands at the door.
pub struct Door {
    token: String,
    /// Whether nothing at all is shown without the token.
    guarded: bool,
    /// Names other than addresses and `localhost` by which it may be called.
    names: Vec<String>,
}

impl Door {
    /// A door; `guarded` unless only this machine reaches it.
    pub fn new(token: String, guarded: bool, names: Vec<String>) -> Self {
        Door { token, guarded, names }
    }

    /// The token, for pages that have come in.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The answer to one who may not come in, or must first take its token along.
    pub fn refuse(&self, request: &Request) -> Option<Response> {
        let Some(host) = request.header("host").filter(|host| self.known(host)) else {
            return Some(Response::line(
                403,
                "it is not called by that name: use its address, or start it with --name",
            ));
        };
        if self.guarded
            && let Some(refused) = self.unlock(request)
        {
            return Some(refused);
        }
        (request.method == "POST" && !self.ours(request, host))
            .then(|| Response::line(403, "only a page of this server may do that: load it again"))
    }

    /// A name that somebody else has led here would let another site's pages read this one.
    fn known(&self, host: &str) -> bool {
        let name = match host.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or_default(),
            None => host.rsplit_once(':').map_or(host, |(name, _)| name),
        };
        let own = |name: &str| name == "localhost" || self.names.iter().any(|known| known == name);
        own(name) || name.parse::<IpAddr>().is_ok_and(|address| self.guarded || address.is_loopback())
    }

    fn unlock(&self, request: &Request) -> Option<Response> {
        if let Some(given) = request.asked("token").filter(|_| request.method == "GET") {
            if !same(given, &self.token) {
                return Some(Response::line(
                    403,
                    "wrong token: it stands in what `wb serve` printed, or where --token-from says",
                ));
            }
            let mut response = Response::line(303, "come in");
            let cookie = format!("{COOKIE}={}; HttpOnly; SameSite=Strict; Path=/", self.token);
            response.headers = vec![("Set-Cookie", cookie), ("Location", "/".into())];
            return Some(response);
        }
        let cookies = request.headers.iter().filter(|(name, _)| name == "cookie");
        let mut cookies =
            cookies.flat_map(|(_, value)| value.split(';')).filter_map(|one| one.trim().split_once('='));
        let held = cookies.any(|(name, value)| name == COOKIE && same(value, &self.token));
        (!held).then(|| {
            Response::line(403, "a token is needed: open the address with ?token=.. that `wb serve` printed")
        })
    }

    /// Whether a page of this server asks.
    fn ours(&self, request: &Request, host: &str) -> bool {
        let origin = request.header("origin").is_none_or(|origin| origin == format!("http://{host}"));
        origin && request.header("x-token").is_some_and(|given| same(given, &self.token))
    }
}

/// Whether two texts are the same, in a time that does not depend on where they differ.
fn same(one: &str, other: &str) -> bool {
    let differ = one.bytes().zip(other.bytes()).fold(0, |differ, (a, b)| differ | (a ^ b));
    one.len() == other.len() && differ == 0
}

/// The token that stands at `env:NAME` or `file:PATH`.
pub fn given(place: &str, lookup: Lookup) -> anyhow::Result<String> {
    let text = match place.split_once(':') {
        Some(("env", name)) => {
            lookup(name).with_context(|| format!("looking for the token: {name} is not set"))?
        }
        Some(("file", path)) => {
            fs::read_to_string(path).with_context(|| format!("reading the token from {path}"))?
        }
        _ => anyhow::bail!("--token-from says where the token stands: env:NAME or file:PATH"),
    };
    let token = text.trim();
    let plain = token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    ensure!(
        plain && token.len() >= SHORTEST,
        "the token must have at least {SHORTEST} letters, digits, points, dashes or underscores"
    );
    Ok(token.to_owned())
}

/// A token that nobody can guess.
pub fn drawn() -> anyhow::Result<String> {
    let mut bytes = [0; 16];
    let mut source = fs::File::open("/dev/urandom").context("asking the system for a token")?;
    source.read_exact(&mut bytes).context("asking the system for a token")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "0123456789abcdef";

    fn request(method: &str, headers: &[(&str, &str)]) -> Request {
        let headers = headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        Request { method: method.into(), path: "/".into(), headers, ..Request::default() }
    }

    fn status(door: &Door, request: &Request) -> u16 {
        door.refuse(request).map_or(200, |refused| refused.status)
    }

    #[test]
    fn a_foreign_name_is_not_answered() {
        let door = Door::new(TOKEN.into(), false, vec!["teacher".into()]);
        for (host, expected) in [
            ("127.0.0.1:8080", 200),
            ("[::1]:8080", 200),
            ("localhost", 200),
            ("teacher:80", 200),
            ("evil.example", 403),
            ("10.0.0.7:8080", 403),
            ("127.0.0.1.evil.example", 403),
        ] {
            assert_eq!(status(&door, &request("GET", &[("host", host)])), expected, "{host}");
        }
        assert_eq!(status(&door, &request("GET", &[])), 403);
        assert_eq!(status(&door, &request("GET", &[("host", "localhost"), ("host", "localhost")])), 403);
    }

    #[test]
    fn a_change_needs_a_page_of_ours() {
        let door = Door::new(TOKEN.into(), false, Vec::new());
        let host = ("host", "localhost:1");
        assert_eq!(status(&door, &request("POST", &[host])), 403);
        assert_eq!(status(&door, &request("POST", &[host, ("x-token", "0123456789abcdeF")])), 403);
        assert_eq!(status(&door, &request("POST", &[host, ("x-token", TOKEN)])), 200);
        let foreign = [host, ("x-token", TOKEN), ("origin", "http://evil.example")];
        assert_eq!(status(&door, &request("POST", &foreign)), 403);
        let own = [host, ("x-token", TOKEN), ("origin", "http://localhost:1")];
        assert_eq!(status(&door, &request("POST", &own)), 200);
    }

    #[test]
    fn behind_a_guarded_door_nothing_is_shown_without_the_token() {
        let door = Door::new(TOKEN.into(), true, Vec::new());
        let host = ("host", "10.0.0.7:8080");
        assert_eq!(status(&door, &request("GET", &[host])), 403);
        assert_eq!(
            status(&door, &request("GET", &[host, ("cookie", "a=b; wb-token=0123456789abcdef")])),
            200
        );
        let mut first = request("GET", &[host]);
        first.query = vec![("token".into(), "wrong".into())];
        assert_eq!(status(&door, &first), 403);
        first.query = vec![("token".into(), TOKEN.into())];
        assert_eq!(status(&door, &first), 303);
    }

    #[test]
    fn a_token_stands_where_it_is_said_to() {
        let lookup: Lookup = |name| (name == "T").then(|| "a-long-enough-token\n".into());
        assert_eq!(given("env:T", lookup).expect("it is set"), "a-long-enough-token");
        for place in ["env:U", "file:/no/such/file", "a-long-enough-token"] {
            assert!(given(place, lookup).is_err(), "{place}");
        }
        assert!(given("env:T", |_| Some("short".into())).is_err());
        assert_ne!(drawn().expect("a token"), drawn().expect("a token"));
    }
}
