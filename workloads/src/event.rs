//! One fact from one of the workloads, and where in a log it stands.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// A customer, a symbol: short text that is owned, ordered and cheap to copy.
pub type Name = CompactString;

/// Milliseconds since 1970-01-01T00:00:00Z.
pub type Millis = i64;

/// Microseconds since 1970-01-01T00:00:00Z.
pub type Micros = i64;

/// A place in a log. Ordered by partition, then offset: the last resort of every tie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// Partition number, from 0.
    pub partition: u32,
    /// Offset within the partition, from 0.
    pub offset: u64,
}

/// Where a record first entered, stamped there once and kept by every copy and fault: a resend has the
/// same origin at a new offset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Origin {
    /// The feed, connection or producer.
    pub source: u32,
    /// Its running number there. A frame of trades numbers them `frame << 8 | index`.
    pub sequence: u64,
}

/// What an order event does. Rules O1 to O9 in `orders/RULES.md` say what follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum OrderKind {
    /// One record (a line) of an order.
    Placed,
    /// Takes back every record of the order id. Never carries the amount.
    Cancelled,
    /// Gives every record of the order id this new amount.
    Corrected,
}

/// One event of the workload `orders`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OrderEvent {
    /// What it does.
    pub kind: OrderKind,
    /// Who ordered; the record's key.
    pub customer: Name,
    /// What a cancellation or correction refers to, together with the customer. Several records may share
    /// it. 0 means that the record has none, so that nothing can refer to it.
    pub order: u64,
    /// Minor units (cents); 0 in a cancellation.
    pub amount: i64,
    /// Event time.
    pub time: Millis,
}

/// What a trade event does. Rules T1 to T9 in `trades/RULES.md` say what follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TradeKind {
    /// A trade; its identity is its record's origin.
    Traded,
    /// Takes back the trade whose origin is `target`.
    Busted,
    /// Gives the trade whose origin is `target` this new price and volume.
    Corrected,
}

/// One event of the workload `trades`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TradeEvent {
    /// What it does.
    pub kind: TradeKind,
    /// What was traded; the record's key.
    pub symbol: Name,
    /// Units of 1e-8; 0 in a bust.
    pub price: i64,
    /// Units of 1e-8; 0 in a bust.
    pub volume: i64,
    /// Event time.
    pub time: Millis,
    /// The trade that a bust or a correction names; the default origin in a trade.
    pub target: Origin,
}

/// One event of the workload `words`: a word was said.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct WordEvent {
    /// The word as it stood in its line; the record's key.
    pub word: Name,
    /// Event time.
    pub time: Millis,
}

/// One event of the workload `sensors`: a temperature was read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SensorEvent {
    /// Where; the record's key.
    pub region: Name,
    /// Whole degrees.
    pub reading: i32,
    /// Event time.
    pub time: Millis,
}

/// One event of the workload `transfers`: money went from one account to another, or back to the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TransferEvent {
    /// Its id; the record's key, so that the two accounts cross partitions.
    pub transfer: Name,
    /// Whose money it was.
    pub from: Name,
    /// Whose it is now.
    pub to: Name,
    /// Whole units.
    pub amount: i64,
    /// Event time.
    pub time: Millis,
}

/// One fact. Closed: each workload has one variant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Event {
    /// Of the workload `orders`.
    Order(OrderEvent),
    /// Of the workload `trades`.
    Trade(TradeEvent),
    /// Of the workload `words`.
    Word(WordEvent),
    /// Of the workload `sensors`.
    Sensor(SensorEvent),
    /// Of the workload `transfers`.
    Transfer(TransferEvent),
}

impl Event {
    /// The name of its workload.
    pub fn workload(&self) -> &'static str {
        match self {
            Event::Order(_) => "orders",
            Event::Trade(_) => "trades",
            Event::Word(_) => "words",
            Event::Sensor(_) => "sensors",
            Event::Transfer(_) => "transfers",
        }
    }

    /// What the record is partitioned by when the plan says `partition_by = key`.
    pub fn key(&self) -> &Name {
        match self {
            Event::Order(order) => &order.customer,
            Event::Trade(trade) => &trade.symbol,
            Event::Word(word) => &word.word,
            Event::Sensor(sensor) => &sensor.region,
            Event::Transfer(transfer) => &transfer.transfer,
        }
    }

    /// Event time.
    pub fn time(&self) -> Millis {
        match self {
            Event::Order(order) => order.time,
            Event::Trade(trade) => trade.time,
            Event::Word(word) => word.time,
            Event::Sensor(sensor) => sensor.time,
            Event::Transfer(transfer) => transfer.time,
        }
    }

    /// Whether it takes back an earlier event.
    pub fn takes_back(&self) -> bool {
        match self {
            Event::Order(order) => order.kind == OrderKind::Cancelled,
            Event::Trade(trade) => trade.kind == TradeKind::Busted,
            Event::Word(_) | Event::Sensor(_) | Event::Transfer(_) => false,
        }
    }
}

/// An event as it stands in a log.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Record {
    /// Where it stands.
    pub place: Place,
    /// Where it came from; absent when nothing stamped it (an import, a foreign producer).
    pub origin: Option<Origin>,
    /// When its source should have sent it, on the schedule.
    pub intended: Micros,
    /// When it was appended.
    pub appended: Millis,
    /// What happened.
    pub event: Event,
}

/// An event that has not been appended yet: what generators, faults and importers hand on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Where it comes from.
    pub origin: Option<Origin>,
    /// When it should be sent, in microseconds after the run's start; not before its predecessor in a
    /// generated sequence.
    pub intended: Micros,
    /// What happened.
    pub event: Event,
}
