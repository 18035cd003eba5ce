//! Batches of records as Kafka writes them: version 2, not compressed, so that its own tools read our files.

use bytes::{Bytes, BytesMut};
use kafka_protocol::protocol::StrBytes;
use kafka_protocol::records::{
    Compression, NO_PARTITION_LEADER_EPOCH, NO_PRODUCER_EPOCH, NO_PRODUCER_ID, Record, RecordBatchEncoder,
    RecordEncodeOptions, TimestampType,
};

use crate::event::Millis;
use crate::log::RawRecord;
use crate::log::stamp::{STAMP, Stamp};

/// Bytes before the first record of a batch.
pub(super) const HEADER: usize = 61;
/// A batch is closed when its keys and values reach this size.
const FULL_BYTES: usize = 1 << 20;
/// A batch is closed at this many records.
const FULL_RECORDS: usize = 1 << 14;
/// Append times further apart than this do not share a batch: their difference would not fit its field.
const FAR: i64 = 1 << 61;
const BEFORE_LENGTH: usize = 12;

/// What the head of a batch says about it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    /// First offset.
    pub(super) base: u64,
    /// Bytes from the batch's first to its last.
    pub(super) length: u64,
    /// Number of records.
    pub(super) count: u64,
    /// Latest append time.
    pub(super) latest: Millis,
}

impl Header {
    /// Reads it from the first [`HEADER`] bytes of a batch. Nothing is checked but that the numbers make sense.
    pub(super) fn read(bytes: &[u8]) -> Result<Header, String> {
        let base = i64::from_be_bytes(field(bytes, 0)?);
        let rest = i32::from_be_bytes(field(bytes, 8)?);
        let magic = u8::from_be_bytes(field(bytes, 16)?);
        let latest = i64::from_be_bytes(field(bytes, 35)?);
        let count = i32::from_be_bytes(field(bytes, 57)?);
        let length = i64::from(rest) + BEFORE_LENGTH as i64;
        if magic != 2 || base < 0 || count < 1 || length < HEADER as i64 {
            return Err("this is not the beginning of a batch".into());
        }
        Ok(Header { base: base as u64, length: length as u64, count: count as u64, latest })
    }

    /// The offset after its last.
    pub(super) fn end(&self) -> u64 {
        self.base + self.count
    }
}

fn field<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N], String> {
    let slice = bytes.get(at..at + N).and_then(|slice| slice.try_into().ok());
    slice.ok_or_else(|| "the file ends inside the head of a batch".to_string())
}

/// How many of these records go into the next batch: at least one.
pub(super) fn cut(records: &[RawRecord]) -> usize {
    let mut bytes = 0;
    let first = records.first().map_or(0, |record| record.appended);
    let fits = |record: &&RawRecord| {
        bytes += record.key.len() + record.value.len();
        bytes <= FULL_BYTES && record.appended.saturating_sub(first).saturating_abs() < FAR
    };
    records.iter().take(FULL_RECORDS).take_while(fits).count().max(1)
}

/// Writes batches, keeping its working space from one to the next.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    slots: Vec<Record>,
    out: BytesMut,
}

impl Encoder {
    /// The bytes of one batch that holds these records from offset `base` on.
    pub(super) fn encode(&mut self, base: u64, records: &[RawRecord]) -> Result<&[u8], String> {
        while self.slots.len() < records.len() {
            self.slots.push(blank());
        }
        let slots = &mut self.slots[..records.len()];
        stamp(slots, records);
        for ((i, slot), record) in (0..).zip(slots.iter_mut()).zip(records) {
            slot.offset = base as i64 + i64::from(i);
            // The encoder begins a new batch wherever offset minus sequence changes, so the sequence counts along;
            // from -1, which is what Kafka writes for a producer that is not idempotent.
            slot.sequence = i - 1;
            slot.timestamp = record.appended;
            slot.key = Some(record.key.clone());
            slot.value = Some(record.value.clone());
        }
        self.out.clear();
        let options = RecordEncodeOptions { version: 2, compression: Compression::None };
        let encoded = RecordBatchEncoder::encode(&mut self.out, slots.iter(), &options);
        for slot in slots {
            (slot.key, slot.value) = (None, None);
            slot.headers.values_mut().for_each(|bytes| *bytes = None);
        }
        encoded.map_err(|error| error.to_string())?;
        Ok(&self.out)
    }
}

/// Gives each slot its header, whose bytes lie in one piece; the slot's map of headers is used again.
fn stamp(slots: &mut [Record], records: &[RawRecord]) {
    let mut space = Vec::with_capacity(records.len() * STAMP);
    let names: Vec<_> = records
        .iter()
        .map(|record| {
            let stamp = Stamp { origin: record.origin, intended: record.intended };
            (stamp.write(record.appended, &mut space), space.len())
        })
        .collect();
    let space = Bytes::from(space);
    let mut start = 0;
    for (slot, (name, end)) in slots.iter_mut().zip(names) {
        let bytes = Some(space.slice(start..end));
        match name.map(|name| (name, slot.headers.get_mut(name.as_bytes()))) {
            Some((_, Some(place))) => *place = bytes,
            Some((name, None)) => {
                slot.headers.clear();
                slot.headers.insert(StrBytes::from_static_str(name), bytes);
            }
            None => slot.headers.clear(),
        }
        start = end;
    }
}

fn blank() -> Record {
    Record {
        transactional: false,
        control: false,
        delete_horizon: false,
        partition_leader_epoch: NO_PARTITION_LEADER_EPOCH,
        producer_id: NO_PRODUCER_ID,
        producer_epoch: NO_PRODUCER_EPOCH,
        timestamp_type: TimestampType::Creation,
        offset: 0,
        sequence: 0,
        timestamp: 0,
        key: None,
        value: None,
        headers: Default::default(),
    }
}
