//! What goes wrong: at the source, before the log, and on the way from the log to one component.

use serde::{Deserialize, Serialize};

mod inject;
mod sending;
mod text;

pub use inject::inject;
pub use sending::Sending;
pub use text::FaultError;

/// Faults that change what enters the log. Shares are of events, 0 to 1. As text: `late=0.01,resend=0.001`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SourceFaults {
    /// Sent again, a little later, with the same origin.
    pub resend: f64,
    /// Never sent.
    pub lose: f64,
    /// Sent with a delay drawn from a heavy tail (seconds to minutes).
    pub late: f64,
    /// Longest delay of a late event, in milliseconds. The shortest is a 120th of it: short runs need short delays.
    pub late_ms: u64,
    /// Exchanged with a neighbour a few places away.
    pub reorder: f64,
    /// Held back and sent all at once at the end of a second.
    pub burst: f64,
    /// Preceded by a record that cannot be decoded.
    pub poison: f64,
}

impl Default for SourceFaults {
    fn default() -> Self {
        SourceFaults {
            resend: 0.0,
            lose: 0.0,
            late: 0.0,
            late_ms: 120_000,
            reorder: 0.0,
            burst: 0.0,
            poison: 0.0,
        }
    }
}

/// Faults between the log and one component. Shares are of records, 0 to 1.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DeliveryFaults {
    /// Seed of the choices below.
    pub seed: u64,
    /// Delivered again at the same offset.
    pub redeliver: f64,
    /// Not delivered to this component, though they are in the log.
    pub drop: f64,
    /// One partition lags behind its head by this many records.
    pub delay_partition: Option<(u32, u64)>,
}

/// The faults of a source, with what they do.
pub const FAULTS: &[(&str, &str)] = &[
    ("resend", "share of events sent again up to a second later, with the same origin"),
    ("lose", "share of events never sent"),
    ("late", "share of events sent with a delay from a heavy tail, their event time unchanged"),
    (
        "late_ms",
        "longest delay of a late event in milliseconds, 120000 unless said; the shortest is a 120th of it",
    ),
    ("reorder", "share of events exchanged with one up to eight places later"),
    ("burst", "share of events held back and sent all at once at the end of their second"),
    ("poison", "share of events preceded by a record that cannot be decoded"),
];

/// The faults between the log and a component, with what they do.
pub const DELIVERY_FAULTS: &[(&str, &str)] = &[
    ("redeliver", "share of records delivered a second time at the same offset"),
    ("drop", "share of records not delivered to this component, though they are in the log"),
    ("delay_partition", "one partition delivered a number of records behind its head while the log grows"),
];
