//! How a line becomes an event.

use std::collections::HashMap;

use anyhow::anyhow;
use sha2::{Digest, Sha256};
use workloads::codec::decimal::{FINE, MONEY};
use workloads::event::{
    Event, Micros, Millis, Name, OrderEvent, OrderKind, Origin, SensorEvent, TradeEvent, TradeKind,
    TransferEvent, WordEvent,
};

use super::fields::Fields;
use super::moment;

/// Who has ordered when the line does not say.
pub const NOBODY: &str = "(none)";

/// The bit that ids have which are no numbers.
const HASHED: u64 = 1 << 63;

/// What a line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Where it came from, if it says so.
    pub origin: Option<Origin>,
    /// When it was meant to be sent; when it happened, if it does not say.
    pub intended: Micros,
    /// What happened.
    pub event: Event,
}

/// Why a line gives no event.
#[derive(Debug)]
pub enum Refusal {
    /// The line is set aside.
    Line(String),
    /// Nothing after it could be trusted.
    File(anyhow::Error),
}

impl From<String> for Refusal {
    fn from(reason: String) -> Self {
        Refusal::Line(reason)
    }
}

/// Turns lines into events, remembering what must agree among them.
#[derive(Debug)]
pub struct Reading {
    /// Name of the workload.
    pub workload: String,
    /// Whether money is written in minor units.
    pub minor: bool,
    /// How times are written, if not as numbers or ISO 8601.
    pub time_format: Option<String>,
    /// When the import began: the time of what has none of its own.
    pub now: Millis,
    /// The first line's currency.
    pub currency: Option<String>,
    /// Order ids that are not numbers, by the number that stands for each.
    pub ids: HashMap<u64, String>,
}

impl Reading {
    /// One line's event.
    pub fn event(&mut self, fields: &Fields, cells: &[String]) -> Result<Said, Refusal> {
        let text = |field| fields.text(cells, field);
        let time = self.time(fields, cells)?;
        let event = match self.workload.as_str() {
            "orders" => Event::Order(self.order(fields, cells, time)?),
            "trades" => Event::Trade(trade(fields, cells, time)?),
            "words" => Event::Word(word(fields, cells, time)?),
            "sensors" => Event::Sensor(sensor(fields, cells, time)?),
            _ => Event::Transfer(transfer(fields, cells, time)?),
        };
        let origin = match (text("source"), text("sequence")) {
            ("", "") => None,
            (source, sequence) => Some(origin(source, sequence)?),
        };
        let intended = match text("intended") {
            "" => time.saturating_mul(1000),
            intended => number("intended", intended)?,
        };
        Ok(Said { origin, intended, event })
    }

    /// When a line's event happened: now, if it does not say.
    pub fn time(&self, fields: &Fields, cells: &[String]) -> Result<Millis, String> {
        match fields.text(cells, "time") {
            "" => Ok(self.now),
            time => moment::parse(time, self.time_format.as_deref()),
        }
    }

    fn order(&mut self, fields: &Fields, cells: &[String], time: Millis) -> Result<OrderEvent, Refusal> {
        let text = |field| fields.text(cells, field);
        let kind = match text("type") {
            "" | "order" | "placed" => OrderKind::Placed,
            "cancel" | "cancelled" => OrderKind::Cancelled,
            "correct" | "corrected" => OrderKind::Corrected,
            other => return Err(format!("type {other} is not order, cancel or correct").into()),
        };
        self.same_currency(text("currency"))?;
        let order = self.id(text("order"))?;
        if order == 0 && kind != OrderKind::Placed {
            return Err("order is missing: nothing says what is taken back".to_owned().into());
        }
        let amount = match kind {
            OrderKind::Cancelled => 0,
            _ => fields.units(cells, "amount", if self.minor { 0 } else { MONEY })?,
        };
        let customer = Name::new(if text("customer").is_empty() { NOBODY } else { text("customer") });
        Ok(OrderEvent { kind, customer, order, amount, time })
    }

    /// Amounts in two currencies cannot be added: the first one seen is the log's.
    fn same_currency(&mut self, currency: &str) -> Result<(), String> {
        match &self.currency {
            _ if currency.is_empty() => Ok(()),
            None => {
                self.currency = Some(currency.to_owned());
                Ok(())
            }
            Some(first) if first == currency => Ok(()),
            Some(first) => Err(format!("currency {currency} where the first was {first}")),
        }
    }

    /// A whole number stands for itself; any other id for 63 bits of its hash, above most numbers.
    fn id(&mut self, text: &str) -> Result<u64, Refusal> {
        if text.is_empty() {
            return Ok(0);
        }
        let plain = text.parse::<u64>().ok().filter(|number| number.to_string() == text);
        let hash = || {
            Sha256::digest(text.as_bytes()).iter().take(8).fold(0, |bits, byte| bits << 8 | u64::from(*byte))
        };
        let number = plain.unwrap_or_else(|| hash() | HASHED);
        if number < HASHED {
            return Ok(number);
        }
        let first = self.ids.entry(number).or_insert_with(|| text.to_owned());
        if first != text {
            return Err(Refusal::File(anyhow!(
                "the order ids {first} and {text} become the same number: rename one"
            )));
        }
        Ok(number)
    }
}

fn trade(fields: &Fields, cells: &[String], time: Millis) -> Result<TradeEvent, String> {
    let text = |field| fields.text(cells, field);
    let kind = match text("type") {
        "" | "trade" | "traded" => TradeKind::Traded,
        "bust" | "busted" => TradeKind::Busted,
        "correct" | "corrected" => TradeKind::Corrected,
        other => return Err(format!("type {other} is not trade, bust or correct")),
    };
    let (price, volume) = match kind {
        TradeKind::Busted => (0, 0),
        _ => (fields.units(cells, "price", FINE)?, fields.units(cells, "volume", FINE)?),
    };
    let target = match kind {
        TradeKind::Traded => Origin::default(),
        _ => origin(text("target_source"), text("target_sequence"))
            .map_err(|reason| format!("target: {reason}"))?,
    };
    if text("symbol").is_empty() {
        return Err("symbol is missing".into());
    }
    Ok(TradeEvent { kind, symbol: Name::new(text("symbol")), price, volume, time, target })
}

fn word(fields: &Fields, cells: &[String], time: Millis) -> Result<WordEvent, String> {
    let word = name(fields, cells, "word")?;
    if word.contains(char::is_whitespace) {
        return Err(format!("`{word}` is not one word: part lines at white space first"));
    }
    Ok(WordEvent { word, time })
}

fn sensor(fields: &Fields, cells: &[String], time: Millis) -> Result<SensorEvent, String> {
    let reading = number("reading", fields.text(cells, "reading"))?;
    Ok(SensorEvent { region: name(fields, cells, "region")?, reading, time })
}

fn transfer(fields: &Fields, cells: &[String], time: Millis) -> Result<TransferEvent, String> {
    let name = |field| name(fields, cells, field);
    let (transfer, from, to) = (name("id")?, name("from")?, name("to")?);
    let amount = number("amount", fields.text(cells, "amount"))?;
    Ok(TransferEvent { transfer, from, to, amount, time })
}

fn name(fields: &Fields, cells: &[String], field: &str) -> Result<Name, String> {
    match fields.text(cells, field) {
        "" => Err(format!("{field} is missing")),
        text => Ok(Name::new(text)),
    }
}

fn origin(source: &str, sequence: &str) -> Result<Origin, String> {
    Ok(Origin { source: number("source", source)?, sequence: number("sequence", sequence)? })
}

fn number<T: std::str::FromStr>(field: &str, text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{field} {text} is not a whole number in range"))
}
