//! A record as a message of Kafka, and back.

use rdkafka::message::{BorrowedMessage, Header, Headers, Message, OwnedHeaders};

use crate::event::Millis;
use crate::log::stamp::{STAMP, Stamp};
use crate::log::{LentRecord, RawRecord};

/// A message as a record, lent while the message lives. What others wrote has no stamp; a message without a value is
/// one that no codec takes.
pub(super) fn record<'a>(message: &'a BorrowedMessage<'_>) -> LentRecord<'a> {
    let appended = message.timestamp().to_millis().unwrap_or_default();
    let Stamp { origin, intended } = stamp(message).unwrap_or(Stamp::absent(appended));
    LentRecord {
        offset: u64::try_from(message.offset()).unwrap_or_default(),
        origin,
        intended,
        appended,
        key: message.key().unwrap_or_default(),
        value: message.payload().unwrap_or_default(),
    }
}

fn stamp(message: &BorrowedMessage<'_>) -> Option<Stamp> {
    let headers = message.headers()?;
    headers.iter().find_map(|header| Stamp::read(header.key.as_bytes(), header.value?))
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
