//! The messages of the feed's protocol, as text and back. Prices and volumes are never read as binary fractions.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use workloads::codec::decimal::{self, FINE};
use workloads::{Codec, Event, Millis, TradeEvent, TradeKind};

/// A message from the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// Trades in their order, and what stood among them and is none.
    Trades(Vec<Result<TradeEvent, Undecodable>>),
    /// A sign of life.
    Ping,
    /// What was asked for and cannot be had.
    Refusal(String),
}

/// What could not be read, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undecodable {
    /// Why.
    pub reason: String,
    /// As it came.
    pub value: Vec<u8>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    data: Option<Vec<&'a RawValue>>,
    #[serde(default)]
    msg: Option<String>,
}

/// Reads a message that came at `now`.
pub fn read(text: &str, now: Millis) -> Result<Frame, Undecodable> {
    let refuse = |reason: String| Undecodable { reason, value: text.as_bytes().to_vec() };
    let message: Message<'_> =
        serde_json::from_str(text).map_err(|error| refuse(format!("not a message of a feed: {error}")))?;
    match &*message.kind {
        "trade" => {
            let data = message.data.ok_or_else(|| refuse("a message of trades without data".to_owned()))?;
            Ok(Frame::Trades(data.into_iter().map(|trade| traded(trade.get(), now)).collect()))
        }
        "ping" => Ok(Frame::Ping),
        "error" => Ok(Frame::Refusal(message.msg.unwrap_or_default())),
        other => Err(refuse(format!("type {} is not trade, ping or error", super::printable(other)))),
    }
}

/// One trade. What conditions it was made under (`c`) is passed over, whether there are any or none.
fn traded(text: &str, now: Millis) -> Result<TradeEvent, Undecodable> {
    let refuse = |reason: String| Undecodable { reason, value: text.as_bytes().to_vec() };
    match Codec::Json.decode("trades", b"", text.as_bytes(), now) {
        Ok(Event::Trade(trade)) if trade.symbol.is_empty() => Err(refuse("s is empty".to_owned())),
        Ok(Event::Trade(trade)) if trade.kind == TradeKind::Traded => Ok(trade),
        Ok(_) => Err(refuse("a feed sends trades alone".to_owned())),
        Err(error) => Err(refuse(error.to_string())),
    }
}

/// Asks for the trades of a symbol.
pub fn subscribe(symbol: &str) -> String {
    format!(r#"{{"type":"subscribe","symbol":{}}}"#, quoted(symbol))
}

/// What a client asks for.
#[derive(Deserialize)]
pub(super) struct Request {
    /// `subscribe` or `unsubscribe`.
    #[serde(rename = "type")]
    pub(super) kind: String,
    /// Of which symbol.
    #[serde(default)]
    pub(super) symbol: String,
}

/// That something cannot be had.
pub(super) fn refusal(said: &str) -> String {
    format!(r#"{{"type":"error","msg":{}}}"#, quoted(said))
}

/// A sign of life.
pub(super) const PING: &str = r#"{"type":"ping"}"#;

/// Trades with the conditions that each was made under, as a message.
pub fn trades<'a>(trades: impl IntoIterator<Item = (&'a TradeEvent, &'a [&'static str])>) -> String {
    let mut text = br#"{"data":["#.to_vec();
    for (number, (trade, conditions)) in trades.into_iter().enumerate() {
        if number > 0 {
            text.push(b',');
        }
        let codes = if conditions.is_empty() { "null".to_owned() } else { list(conditions) };
        text.extend_from_slice(format!(r#"{{"c":{codes},"p":"#).as_bytes());
        decimal::write(trade.price, FINE, &mut text);
        text.extend_from_slice(
            format!(r#","s":{},"t":{},"v":"#, quoted(&trade.symbol), trade.time).as_bytes(),
        );
        decimal::write(trade.volume, FINE, &mut text);
        text.push(b'}');
    }
    text.extend_from_slice(br#"],"type":"trade"}"#);
    String::from_utf8(text).expect("it is made of texts and digits")
}

fn list(conditions: &[&str]) -> String {
    serde_json::to_string(conditions).expect("texts are JSON")
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a text is JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trade(symbol: &str, price: i64, volume: i64, time: Millis) -> TradeEvent {
        let (kind, target) = (TradeKind::Traded, Default::default());
        TradeEvent { kind, symbol: symbol.into(), price, volume, time, target }
    }

    #[test]
    fn what_is_written_is_read_back_to_the_last_digit() {
        let sent = [trade("BINANCE:BTCUSDT", 3_300_001_234_567, 1, 17), trade("AAPL", 1, 1_000_000_000, -3)];
        let text = trades([(&sent[0], &[][..]), (&sent[1], &["1", "24"][..])]);
        let first = r#"{"c":null,"p":33000.01234567,"s":"BINANCE:BTCUSDT","t":17,"v":0.00000001}"#;
        assert!(text.contains(first) && text.contains(r#""c":["1","24"]"#), "{text}");
        assert_eq!(read(&text, 0), Ok(Frame::Trades(sent.map(Ok).to_vec())));
    }

    #[test]
    fn one_bad_trade_does_not_spoil_its_neighbours() {
        let text = r#"{"data":[{"p":1.5,"s":"A","t":1,"v":2},{"p":"1.5","s":"A","t":1,"v":2},
            {"p":1.5,"t":1,"v":2},{"p":1.5,"s":"","t":1,"v":2},{"p":1.5,"s":"A","t":1,"v":0.123456789},
            {"type":"bust","s":"A","t":1,"target":[0,1]},null,{"c":null,"p":-1,"s":"B","t":2,"v":0}],"type":"trade"}"#;
        let Ok(Frame::Trades(found)) = read(text, 0) else { panic!("it is a frame of trades") };
        let reasons: Vec<&str> =
            found.iter().filter_map(|one| Some(one.as_ref().err()?.reason.as_str())).collect();
        assert_eq!(found.len() - reasons.len(), 2, "{reasons:?}");
        for said in [
            "p \"1.5\" is not a number",
            "s is missing",
            "s is empty",
            "more than 8 decimals",
            "trades alone",
        ] {
            assert!(reasons.iter().any(|reason| reason.contains(said)), "{said}: {reasons:?}");
        }
    }

    #[test]
    fn what_is_no_message_is_refused_with_its_reason() {
        for (text, said) in [
            ("", "not a message"),
            ("hello", "not a message"),
            ("[]", "not a message"),
            (r#"{"type":"trade"}"#, "without data"),
            (r#"{"type":"trade","data":null}"#, "without data"),
            (r#"{"type":"news"}"#, "type news"),
            (r#"{"type":7}"#, "not a message"),
        ] {
            let error = read(text, 0).expect_err(text);
            assert!(error.reason.contains(said), "{text}: {}", error.reason);
            assert_eq!(error.value, text.as_bytes());
        }
        assert_eq!(read(PING, 0), Ok(Frame::Ping));
        assert_eq!(read(&refusal("no \"X\""), 0), Ok(Frame::Refusal("no \"X\"".into())));
        assert_eq!(read(r#"{"data":[],"type":"trade"}"#, 0), Ok(Frame::Trades(Vec::new())));
    }
}
