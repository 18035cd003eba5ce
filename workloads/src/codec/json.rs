//! The seed documents' messages, one event each, with what they lack added as optional fields.
//!
//! ```text
//! {"customer":"Ali","amount":120}
//! {"type":"cancel","order":17,"customer":"Ali","time":1700000000000}
//! {"type":"correct","order":17,"customer":"Ali","amount":12.5,"time":1700000000000}
//! {"type":"trade","s":"AAPL","p":189.5,"v":10,"t":1700000000000,"c":null}
//! {"type":"bust","s":"AAPL","t":1700000000000,"target":[0,4352]}
//! ```

use super::decimal::{self, FINE, MONEY, write_u64};
use super::fields::{Field, message};
use super::{DecodeError, fail};
use crate::event::{Millis, Name, OrderEvent, OrderKind, Origin, TradeEvent, TradeKind};

/// The one currency in which orders are kept.
pub const CURRENCY: &str = "MAD";

const ORDER: &[&str; 6] = &["type", "order", "customer", "amount", "time", "currency"];
const TRADE: &[&str; 6] = &["type", "s", "p", "v", "t", "target"];

pub(super) fn read_order(value: &[u8], appended: Millis) -> Result<OrderEvent, DecodeError> {
    let [kind, order, customer, amount, time, currency] = message(value, ORDER)?;
    let kind = match kind {
        None | Some(r#""order""#) => OrderKind::Placed,
        Some(r#""cancel""#) => OrderKind::Cancelled,
        Some(r#""correct""#) => OrderKind::Corrected,
        Some(other) => return fail(format!("type {other} is not order, cancel or correct")),
    };
    // rule: O13
    if let Some(currency) = currency.filter(|currency| currency.trim_matches('"') != CURRENCY) {
        return fail(format!("currency {currency} is not {CURRENCY}"));
    }
    let order = match order {
        Some(field) => number("order", field)?,
        // rule: O7
        None if kind == OrderKind::Placed => 0,
        None => return missing("order"),
    };
    // rule: O2
    let amount = if kind == OrderKind::Cancelled { 0 } else { units("amount", amount, MONEY)? };
    // rule: O14
    let time = time.map_or(Ok(appended), |field| number("time", field))?;
    Ok(OrderEvent { kind, customer: name("customer", customer)?, order, amount, time })
}

pub(super) fn read_trade(value: &[u8], appended: Millis) -> Result<TradeEvent, DecodeError> {
    let [kind, symbol, price, volume, time, target] = message(value, TRADE)?;
    let kind = match kind {
        None | Some(r#""trade""#) => TradeKind::Traded,
        Some(r#""bust""#) => TradeKind::Busted,
        Some(r#""correct""#) => TradeKind::Corrected,
        Some(other) => return fail(format!("type {other} is not trade, bust or correct")),
    };
    // rule: T2
    let (price, volume) = match kind {
        TradeKind::Busted => (0, 0),
        // rule: T15
        _ => (units("p", price, FINE)?, units("v", volume, FINE)?),
    };
    let target = match kind {
        TradeKind::Traded => Origin::default(),
        _ => origin(target)?,
    };
    let time = time.map_or(Ok(appended), |field| number("t", field))?;
    Ok(TradeEvent { kind, symbol: name("s", symbol)?, price, volume, time, target })
}

#[cold]
pub(super) fn missing<T>(field: &str) -> Result<T, DecodeError> {
    fail(format!("{field} is missing"))
}

fn units(name: &str, field: Field<'_>, places: u32) -> Result<i64, DecodeError> {
    let Some(field) = field else { return missing(name) };
    decimal::parse(field.as_bytes(), places).or_else(|error| fail(format!("{name} {field} {error}")))
}

pub(super) fn number<T: std::str::FromStr>(name: &str, text: &str) -> Result<T, DecodeError> {
    text.parse().or_else(|_| fail(format!("{name} {text} is not a whole number in range")))
}

pub(super) fn name(what: &str, field: Field<'_>) -> Result<Name, DecodeError> {
    let Some(text) = field else { return missing(what) };
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    match inner {
        Some(inner) if !inner.contains('\\') => Ok(Name::new(inner)),
        Some(_) => serde_json::from_str(text).or_else(|error| fail(format!("{what}: {error}"))),
        None => fail(format!("{what} {text} is not a string")),
    }
}

fn origin(field: Field<'_>) -> Result<Origin, DecodeError> {
    let Some(field) = field else { return missing("target") };
    let pair: Result<(u32, u64), _> = serde_json::from_str(field);
    match pair {
        Ok((source, sequence)) => Ok(Origin { source, sequence }),
        Err(_) => fail(format!("target {field} is not [source, sequence]")),
    }
}

pub(super) fn write_order(event: &OrderEvent, out: &mut Vec<u8>) {
    out.extend_from_slice(match event.kind {
        OrderKind::Placed => br#"{"type":"order","customer":"#,
        OrderKind::Cancelled => br#"{"type":"cancel","customer":"#,
        OrderKind::Corrected => br#"{"type":"correct","customer":"#,
    });
    write_text(&event.customer, out);
    if event.order != 0 || event.kind != OrderKind::Placed {
        out.extend_from_slice(br#","order":"#);
        write_u64(event.order, out);
    }
    if event.kind != OrderKind::Cancelled {
        out.extend_from_slice(br#","amount":"#);
        decimal::write(event.amount, MONEY, out);
    }
    out.extend_from_slice(br#","time":"#);
    decimal::write(event.time, 0, out);
    out.push(b'}');
}

pub(super) fn write_trade(event: &TradeEvent, out: &mut Vec<u8>) {
    out.extend_from_slice(match event.kind {
        TradeKind::Traded => br#"{"type":"trade","c":null,"s":"#,
        TradeKind::Busted => br#"{"type":"bust","s":"#,
        TradeKind::Corrected => br#"{"type":"correct","s":"#,
    });
    write_text(&event.symbol, out);
    if event.kind != TradeKind::Busted {
        out.extend_from_slice(br#","p":"#);
        decimal::write(event.price, FINE, out);
        out.extend_from_slice(br#","v":"#);
        decimal::write(event.volume, FINE, out);
    }
    out.extend_from_slice(br#","t":"#);
    decimal::write(event.time, 0, out);
    if event.kind != TradeKind::Traded {
        out.extend_from_slice(br#","target":["#);
        write_u64(event.target.source.into(), out);
        out.push(b',');
        write_u64(event.target.sequence, out);
        out.push(b']');
    }
    out.push(b'}');
}

pub(super) fn write_text(text: &str, out: &mut Vec<u8>) {
    serde_json::to_writer(out, text).expect("a list of bytes takes any text");
}
