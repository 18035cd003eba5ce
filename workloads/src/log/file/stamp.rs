//! The one header of a record: where it came from, and when it was meant to be sent.

use bytes::{BufMut, Bytes, BytesMut};

use crate::event::{Micros, Millis, Origin};

/// Header that holds source, sequence and intended time, big-endian: 20 bytes.
pub(super) const ORIGIN: &str = "origin";
/// Header that holds the intended time alone, of a record that has no origin: 8 bytes.
pub(super) const INTENDED: &str = "intended";
/// Bytes of the longer of the two.
pub(super) const STAMP: usize = 20;

/// What the header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) origin: Option<Origin>,
    pub(super) intended: Micros,
}

impl Stamp {
    /// The header's name and bytes; the bytes are cut from `space`.
    pub(super) fn write(&self, space: &mut BytesMut) -> (&'static str, Bytes) {
        let name = match self.origin {
            Some(origin) => {
                space.put_u32(origin.source);
                space.put_u64(origin.sequence);
                ORIGIN
            }
            None => INTENDED,
        };
        space.put_i64(self.intended);
        (name, space.split().freeze())
    }
}

/// Reads either header. Without a usable one (a foreign producer) a record has no origin and was meant to be sent
/// when it was.
pub(super) fn read(origin: Option<&Bytes>, intended: Option<&Bytes>, appended: Millis) -> Stamp {
    origin
        .and_then(|bytes| long(bytes))
        .or_else(|| intended.and_then(|bytes| short(bytes)))
        .unwrap_or(Stamp { origin: None, intended: appended.saturating_mul(1000) })
}

fn long(bytes: &[u8]) -> Option<Stamp> {
    let source = u32::from_be_bytes(bytes.get(..4)?.try_into().ok()?);
    let sequence = u64::from_be_bytes(bytes.get(4..12)?.try_into().ok()?);
    let intended = short(bytes.get(12..)?)?.intended;
    Some(Stamp { origin: Some(Origin { source, sequence }), intended })
}

fn short(bytes: &[u8]) -> Option<Stamp> {
    Some(Stamp { origin: None, intended: i64::from_be_bytes(bytes.try_into().ok()?) })
}
