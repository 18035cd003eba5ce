//! What a source sends, as a record of a log.

use bytes::Bytes;

use crate::codec::Codec;
use crate::event::{Draft, Micros, Millis, Name, Origin};
use crate::log::{Meta, RawRecord};

/// Something that a source sends: an event, or bytes that are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sending {
    /// An event.
    Event(Draft),
    /// A record that cannot be decoded.
    Poison {
        /// When it should be sent, in microseconds after the run's start.
        intended: Micros,
        /// Its key.
        key: Vec<u8>,
        /// Its value.
        value: Vec<u8>,
    },
}

impl Sending {
    /// When it should be sent, in microseconds after the run's start.
    pub fn intended(&self) -> Micros {
        match self {
            Sending::Event(draft) => draft.intended,
            Sending::Poison { intended, .. } => *intended,
        }
    }

    /// Where it comes from.
    pub fn origin(&self) -> Option<Origin> {
        match self {
            Sending::Event(draft) => draft.origin,
            Sending::Poison { .. } => None,
        }
    }

    /// The customer or symbol, if this is an event.
    pub fn name(&self) -> Option<&Name> {
        match self {
            Sending::Event(draft) => Some(draft.event.key()),
            Sending::Poison { .. } => None,
        }
    }

    /// The record's key.
    pub fn key(&self) -> &[u8] {
        match self {
            Sending::Event(draft) => draft.event.key().as_bytes(),
            Sending::Poison { key, .. } => key,
        }
    }

    /// As a record appended at a time. Its `intended` stays as it is: after the run's start.
    pub fn raw(&self, codec: Codec, appended: Millis) -> RawRecord {
        let value = match self {
            Sending::Event(draft) => {
                let mut value = Vec::new();
                codec.encode(&draft.event, &mut value);
                Bytes::from(value)
            }
            Sending::Poison { value, .. } => Bytes::copy_from_slice(value),
        };
        RawRecord {
            offset: 0,
            origin: self.origin(),
            intended: self.intended(),
            appended,
            key: Bytes::copy_from_slice(self.key()),
            value,
        }
    }

    /// The partition that it goes to; `turn` stands in for a missing origin.
    pub fn partition(&self, meta: &Meta, turn: u64) -> u32 {
        meta.partition_by.partition(self.key(), self.origin(), turn, meta.partitions)
    }
}
