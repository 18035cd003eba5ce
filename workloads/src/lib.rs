//! The question: events, the log that holds them, the views that are asked, and the truth about them.
//!
//! Depends on no contestant and on no harness. A contestant needs nothing but this crate.
//!
//! # Layout
//!
//! * [`event`]: one fact, its origin and its place. [`version`]: how far a log is included.
//! * [`view`]: a named question; rows, queries and answers.
//! * [`calendar`]: days, hours and seconds as keys.
//! * [`terms`]: the numbers that every layer, every contestant and the truth must agree on.
//! * [`codec`]: events as `json` and `bin`. [`partition`]: which partition a key belongs to.
//! * [`files`]: the one layer through which everything durable is written, real or losing power.
//! * [`log`]: an ordered, replayable, partitioned log; in memory and as segment files.
//! * [`intake`]: how every contestant reads a log: decoded, deduplicated, with delivery faults.
//! * [`truth`]: the oracle's interface. [`faults`]: what goes wrong at the source and on the way.
//! * [`orders`], [`trades`], [`words`], [`sensors`], [`transfers`]: rules, generator and oracle of each workload.

pub mod calendar;
pub mod codec;
mod dice;
pub mod event;
pub mod faults;
pub mod files;
pub mod intake;
pub mod log;
pub mod orders;
pub mod partition;
mod repeats;
pub mod sensors;
mod shared;
pub mod terms;
pub mod trades;
pub mod transfers;
pub mod truth;
pub mod version;
pub mod view;
pub mod words;

pub use codec::Codec;
pub use event::{
    Draft, Event, Micros, Millis, Name, OrderEvent, OrderKind, Origin, Place, Record, SensorEvent,
    TradeEvent, TradeKind, TransferEvent, WordEvent,
};
pub use log::{Appender, Log, LogError, LogReader, Meta};
pub use terms::{Dedup, Terms};
pub use truth::{Touched, Truth};
pub use version::Version;
pub use view::{Answer, MergeClass, Query, Row, Rows, View};

/// What is asked, of what input, and what the right answer is.
#[derive(Debug)]
pub struct Workload {
    /// Its name on the command line and in a log's description.
    pub name: &'static str,
    /// One sentence on what it is, and to whom it is fair.
    pub about: &'static str,
    /// The questions asked of it.
    pub views: &'static [View],
    /// The events of a seeded run, in the order of their intended times.
    pub generate: fn(&Shape) -> Box<dyn Iterator<Item = Draft> + Send>,
    /// The oracle at the empty log.
    pub truth: fn(&Terms) -> Box<dyn Truth>,
    /// Hands on the printed keys of the rows of a view that an event is about: what a reader would ask for.
    pub keys: fn(&View, &Event, &mut dyn FnMut(String)),
}

impl Workload {
    /// The view of that name.
    pub fn view(&self, name: &str) -> Option<&'static View> {
        self.views.iter().find(|view| view.name == name)
    }
}

/// Every workload.
pub static WORKLOADS: &[&Workload] =
    &[&orders::ORDERS, &trades::TRADES, &words::WORDS, &sensors::SENSORS, &transfers::TRANSFERS];

/// The workload of that name.
pub fn workload(name: &str) -> Option<&'static Workload> {
    WORKLOADS.iter().copied().find(|workload| workload.name == name)
}

/// What a generated run looks like.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shape {
    /// Seed of everything random in it.
    pub seed: u64,
    /// Number of events, cancellations and corrections included.
    pub events: u64,
    /// Events a second, for intended times and event times.
    pub rate: f64,
    /// Number of customers, symbols, words, regions or accounts.
    pub keys: u32,
    /// Share of the events that are cancellations or busts.
    pub cancellations: f64,
    /// Share of the events that are corrections.
    pub corrections: f64,
    /// Event time of the first event.
    pub start: Millis,
    /// Number of the first origin sequence, so that a live part can follow a history.
    pub first_sequence: u64,
}
