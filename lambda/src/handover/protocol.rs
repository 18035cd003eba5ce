//! The hand-overs by name: the exact one, and those that people write without agreeing on a cut.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use workloads::Millis;

use crate::options::argument;

/// Where the batch ends and the speed layer begins. As text: `offset`, `event-time(250)`, `at-start`, `at-publish`,
/// `none`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Protocol {
    /// Both begin and end at one version, agreed ahead, and change over with one reference. Exact.
    #[default]
    Offset,
    /// The batch takes what happened before its newest event less a grace, the speed layer everything later, wherever
    /// it stands in the log. What comes later than the grace is in neither.
    EventTime {
        /// Milliseconds that an event may be late.
        grace_ms: Millis,
    },
    /// The speed layer starts afresh when a batch begins: until that batch publishes, its events are in neither.
    AtStart,
    /// The speed layer starts afresh when a batch publishes: what came while it worked is in neither, until the next
    /// one publishes.
    AtPublish,
    /// The speed layer never starts afresh: whatever a batch takes in is in both from then on.
    None,
}

impl Protocol {
    /// Each by name, with what it does.
    pub const ALL: [(&'static str, &'static str); 5] = [
        ("offset", "one agreed version is the end of the batch and the beginning of the speed layer; exact"),
        (
            "event-time",
            "batch up to the newest event's time less a grace in milliseconds, speed from there on",
        ),
        ("at-start", "the speed layer starts afresh when a batch begins"),
        ("at-publish", "the speed layer starts afresh when a batch publishes"),
        ("none", "the speed layer never starts afresh"),
    ];
}

impl FromStr for Protocol {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let names = || Protocol::ALL.map(|(name, _)| name).join(", ");
        match argument(text) {
            ("offset", None) => Ok(Protocol::Offset),
            ("event-time", grace) => {
                let grace_ms = grace.unwrap_or("0").parse::<u32>();
                let grace_ms =
                    grace_ms.map_err(|_| format!("`{text}`: the grace is a number of milliseconds"))?;
                Ok(Protocol::EventTime { grace_ms: grace_ms.into() })
            }
            ("at-start", None) => Ok(Protocol::AtStart),
            ("at-publish", None) => Ok(Protocol::AtPublish),
            ("none", None) => Ok(Protocol::None),
            _ => Err(format!("no hand-over `{text}`: there are {}", names())),
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Protocol::Offset => f.write_str("offset"),
            Protocol::EventTime { grace_ms } => write!(f, "event-time({grace_ms})"),
            Protocol::AtStart => f.write_str("at-start"),
            Protocol::AtPublish => f.write_str("at-publish"),
            Protocol::None => f.write_str("none"),
        }
    }
}

impl TryFrom<String> for Protocol {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Protocol> for String {
    fn from(protocol: Protocol) -> Self {
        protocol.to_string()
    }
}
