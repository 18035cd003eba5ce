//! What goes wrong: at the source, before the log, and on the way from the log to one component.

use serde::{Deserialize, Serialize};

/// Faults that change what enters the log. Shares are of events, 0 to 1.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SourceFaults {
    /// Sent again, a little later, with the same origin.
    pub resend: f64,
    /// Never sent.
    pub lose: f64,
    /// Sent with a delay drawn from a heavy tail (seconds to minutes).
    pub late: f64,
    /// Exchanged with a neighbour a few places away.
    pub reorder: f64,
    /// Held back and sent all at once at the end of a second.
    pub burst: f64,
    /// Preceded by a record that cannot be decoded.
    pub poison: f64,
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
