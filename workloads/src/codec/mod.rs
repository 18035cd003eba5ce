//! Events as bytes: `json` (the seed documents' messages) and `bin` (a fixed layout).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::event::{Event, Millis};

mod bin;
pub mod decimal;
mod fields;
mod json;
mod small;

pub use json::CURRENCY;

/// How a log's events are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Codec {
    /// The seed documents' JSON messages.
    Json,
    /// A fixed layout; the key (customer or symbol) stands only in the record's key.
    Bin,
}

/// Why a record could not be read as an event of its workload.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DecodeError(pub String);

/// A name that is no codec's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no codec is called {0}: choose json or bin")]
pub struct UnknownCodec(pub String);

impl Codec {
    /// Every codec.
    pub const ALL: &[Codec] = &[Codec::Json, Codec::Bin];

    /// Its name on the command line and in a log's description.
    pub fn name(self) -> &'static str {
        match self {
            Codec::Json => "json",
            Codec::Bin => "bin",
        }
    }

    /// Writes an event's value in place of what `value` holds. Its key is [`Event::key`].
    pub fn encode(self, event: &Event, value: &mut Vec<u8>) {
        value.clear();
        match (self, event) {
            (Codec::Json, Event::Order(order)) => json::write_order(order, value),
            (Codec::Json, Event::Trade(trade)) => json::write_trade(trade, value),
            (Codec::Json, Event::Word(word)) => small::word_to_json(word, value),
            (Codec::Json, Event::Sensor(sensor)) => small::sensor_to_json(sensor, value),
            (Codec::Json, Event::Transfer(transfer)) => small::transfer_to_json(transfer, value),
            (Codec::Bin, Event::Order(order)) => bin::write_order(order, value),
            (Codec::Bin, Event::Trade(trade)) => bin::write_trade(trade, value),
            (Codec::Bin, Event::Word(word)) => small::word_to_bytes(word, value),
            (Codec::Bin, Event::Sensor(sensor)) => small::sensor_to_bytes(sensor, value),
            (Codec::Bin, Event::Transfer(transfer)) => small::transfer_to_bytes(transfer, value),
        }
    }

    /// Reads an event of `workload` (its name). An event without a time of its own happened when it was appended.
    pub fn decode(
        self,
        workload: &str,
        key: &[u8],
        value: &[u8],
        appended: Millis,
    ) -> Result<Event, DecodeError> {
        match (self, workload) {
            (Codec::Json, "orders") => json::read_order(value, appended).map(Event::Order),
            (Codec::Json, "trades") => json::read_trade(value, appended).map(Event::Trade),
            (Codec::Json, "words") => small::word_from_json(value, appended).map(Event::Word),
            (Codec::Json, "sensors") => small::sensor_from_json(value, appended).map(Event::Sensor),
            (Codec::Json, "transfers") => small::transfer_from_json(value, appended).map(Event::Transfer),
            (Codec::Bin, "orders") => bin::read_order(key, value).map(Event::Order),
            (Codec::Bin, "trades") => bin::read_trade(key, value).map(Event::Trade),
            (Codec::Bin, "words") => small::word_from_bytes(key, value).map(Event::Word),
            (Codec::Bin, "sensors") => small::sensor_from_bytes(key, value).map(Event::Sensor),
            (Codec::Bin, "transfers") => small::transfer_from_bytes(key, value).map(Event::Transfer),
            (_, other) => fail(format!("no codec knows the workload {other}")),
        }
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Codec {
    type Err = UnknownCodec;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Codec::ALL.iter().find(|codec| codec.name() == text);
        known.copied().ok_or_else(|| UnknownCodec(text.to_owned()))
    }
}

/// A refusal. Kept out of line so that what decodes stays small.
#[cold]
fn fail<T>(reason: impl Into<String>) -> Result<T, DecodeError> {
    Err(DecodeError(reason.into()))
}
