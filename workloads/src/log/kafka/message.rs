//! A record as a message of Kafka, and back.

use rdkafka::message::{Header, OwnedHeaders};

use super::queue::Message;
use crate::event::Millis;
use crate::log::stamp::{STAMP, Stamp};
use crate::log::{LentRecord, RawRecord};

/// A message as a record, lent while the message lives. What others wrote has no stamp; a message without a value is
/// one that no codec takes.
pub(super) fn record(message: Message<'_>) -> LentRecord<'_> {
    let appended = message.time();
    let Stamp { origin, intended } = message.header(Stamp::read).unwrap_or(Stamp::absent(appended));
    let (offset, key, value) = (message.offset(), message.key(), message.value());
    LentRecord { offset, origin, intended, appended, key, value }
}

/// The header of a record, where it has anything to say.
pub(super) fn headers(record: &RawRecord) -> Option<OwnedHeaders> {
    let mut bytes = Vec::with_capacity(STAMP);
    let stamp = Stamp { origin: record.origin, intended: record.intended };
    let key = stamp.write(record.appended, &mut bytes)?;
    Some(OwnedHeaders::new_with_capacity(1).insert(Header { key, value: Some(&bytes) }))
}

/// The append time, where Kafka takes it: 0 would mean now, and below 0 is no time.
pub(super) fn time(record: &RawRecord) -> Option<Millis> {
    Some(record.appended).filter(|time| *time > 0)
}
