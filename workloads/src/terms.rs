//! The numbers that every layer, every contestant and the truth must agree on.

use serde::{Deserialize, Serialize};

use crate::event::Millis;

/// By what a record is recognised as one that was seen before. Duplicates are recognised within their
/// partition: a resend goes to the partition of what it repeats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dedup {
    /// By nothing: what is delivered twice counts twice.
    None,
    /// By its offset: a redelivery counts once, a resend twice.
    Offset,
    /// By offset, and by origin where the source stamps one.
    #[default]
    Origin,
    /// By offset, and by every field of the event. Destroys genuine repeats; there to show it.
    Content,
}

/// What must be agreed on. A layer that is given other terms than its neighbour is a Lambda with drift.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// How duplicates are recognised.
    pub dedup: Dedup,
    /// How long after an event (in event time) it can still be taken back or corrected; no limit if absent.
    pub cancel_horizon: Option<Millis>,
    /// A customer is big with a total above this many minor units.
    pub big_above: i64,
    /// An order is large from this many minor units on.
    pub large_from: i64,
}

impl Default for Terms {
    /// The seed documents' numbers: big above 200, large from 100.
    fn default() -> Self {
        Terms { dedup: Dedup::Origin, cancel_horizon: None, big_above: 20_000, large_from: 10_000 }
    }
}
