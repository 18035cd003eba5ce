//! The one header of a record: where it came from, and when it was meant to be sent.

use crate::event::{Micros, Millis, Origin};

/// Header that holds source, sequence and intended time, big-endian: 20 bytes.
pub(in crate::log) const ORIGIN: &str = "origin";
/// Header that holds the intended time alone, of a record that has no origin: 8 bytes.
pub(in crate::log) const INTENDED: &str = "intended";
/// Bytes of the longer of the two.
pub(in crate::log) const STAMP: usize = 20;

/// What the header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::log) struct Stamp {
    pub(in crate::log) origin: Option<Origin>,
    pub(in crate::log) intended: Micros,
}

impl Stamp {
    /// What a record without the header says: no origin, and meant to be sent when it was.
    pub(in crate::log) fn absent(appended: Millis) -> Stamp {
        Stamp { origin: None, intended: appended.saturating_mul(1000) }
    }

    /// Writes the header's bytes to `space` and gives its name; none where its absence says the same.
    pub(in crate::log) fn write(&self, appended: Millis, space: &mut Vec<u8>) -> Option<&'static str> {
        if *self == Stamp::absent(appended) {
            return None;
        }
        let name = match self.origin {
            Some(origin) => {
                space.extend_from_slice(&origin.source.to_be_bytes());
                space.extend_from_slice(&origin.sequence.to_be_bytes());
                ORIGIN
            }
            None => INTENDED,
        };
        space.extend_from_slice(&self.intended.to_be_bytes());
        Some(name)
    }

    /// Reads one header; nothing if it is another one, or not of its length.
    pub(in crate::log) fn read(name: &[u8], bytes: &[u8]) -> Option<Stamp> {
        if name == ORIGIN.as_bytes() {
            let source = u32::from_be_bytes(bytes.get(..4)?.try_into().ok()?);
            let sequence = u64::from_be_bytes(bytes.get(4..12)?.try_into().ok()?);
            Some(Stamp { origin: Some(Origin { source, sequence }), intended: time(bytes.get(12..)?)? })
        } else if name == INTENDED.as_bytes() {
            Some(Stamp { origin: None, intended: time(bytes)? })
        } else {
            None
        }
    }
}

fn time(bytes: &[u8]) -> Option<Micros> {
    Some(i64::from_be_bytes(bytes.try_into().ok()?))
}
