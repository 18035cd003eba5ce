//! The records of one batch, decoded one by one as they are asked for.
//!
//! Checksum and head of the batch are read by the Kafka library, which also writes every byte. Its decoder of
//! records builds a hash map of headers for each of them, which takes longer than everything else together, so
//! the fields of a record are walked over here; a test holds the two decoders against each other.

use bytes::Bytes;
use kafka_protocol::records::{BatchDecodeInfo, Compression, RecordBatchDecoder};

use super::batch::HEADER;
use crate::event::Millis;
use crate::log::stamp::Stamp;
use crate::log::{LentRecord, RawRecord};

/// What is left of one batch.
#[derive(Debug, Default)]
pub(super) struct Records {
    batch: Bytes,
    at: usize,
    left: u64,
    base: u64,
    time: i64,
}

const MISFIT: &str = "a record in it does not fit its length";

/// The beginning of one record.
struct Start<'a> {
    appended: Millis,
    offset: u64,
    /// What follows it.
    rest: &'a [u8],
    /// Where the record ends in its batch.
    end: usize,
}

/// Checks one whole batch against its checksum.
pub(super) fn check(batch: &Bytes) -> Result<BatchDecodeInfo, String> {
    let infos =
        RecordBatchDecoder::decode_batch_info(&mut batch.clone()).map_err(|error| error.to_string())?;
    match <[BatchDecodeInfo; 1]>::try_from(infos) {
        Ok([info]) if info.compression == Compression::None => Ok(info),
        Ok(_) => Err("the batch is compressed, which this program never does".into()),
        Err(_) => Err("this is not one batch".into()),
    }
}

impl Records {
    /// The records of a whole batch, whose checksum is verified first.
    pub(super) fn of(batch: Bytes) -> Result<Records, String> {
        let info = check(&batch)?;
        Ok(Records {
            batch,
            at: HEADER,
            left: u64::try_from(info.record_count).unwrap_or(0),
            base: u64::try_from(info.min_offset).unwrap_or(0),
            time: info.min_timestamp,
        })
    }

    /// Adds up to `max` further records whose offset is at least `from` to `out`, and says how many.
    pub(super) fn take(&mut self, from: u64, max: usize, out: &mut Vec<RawRecord>) -> Result<usize, String> {
        let before = out.len();
        while self.left > 0 && out.len() - before < max {
            let (record, end) = record(&self.batch, (self.base, self.time), self.at).ok_or(MISFIT)?;
            if record.offset >= from {
                let LentRecord { offset, origin, intended, appended, key, value } = record;
                let (key, value) = (self.batch.slice_ref(key), self.batch.slice_ref(value));
                out.push(RawRecord { offset, origin, intended, appended, key, value });
            }
            (self.at, self.left) = (end, self.left - 1);
        }
        Ok(out.len() - before)
    }

    /// The offset of the first that was appended at or after `time`. Nothing else is read.
    pub(super) fn first_at(&self, time: Millis) -> Result<Option<u64>, String> {
        let mut at = self.at;
        for _ in 0..self.left {
            let Start { appended, offset, end, .. } =
                start(&self.batch, (self.base, self.time), at).ok_or(MISFIT)?;
            if appended >= time {
                return Ok(Some(offset));
            }
            at = end;
        }
        Ok(None)
    }

    /// Lends the next record; nothing when none is left.
    #[inline]
    pub(super) fn lend(&mut self) -> Result<Option<LentRecord<'_>>, String> {
        if self.left == 0 {
            return Ok(None);
        }
        let (record, end) = record(&self.batch, (self.base, self.time), self.at).ok_or(MISFIT)?;
        (self.at, self.left) = (end, self.left - 1);
        Ok(Some(record))
    }
}

/// The beginning of the record at a place of a batch that begins with this offset and this time.
#[inline]
fn start(whole: &[u8], (base, time): (u64, i64), at: usize) -> Option<Start<'_>> {
    let mut rest = whole.get(at..)?;
    let length = length(&mut rest)?;
    let mut rest = rest.get(..length)?.get(1..)?;
    let end = position(whole, rest) - 1 + length;
    let appended = time.checked_add(number(&mut rest)?)?;
    let offset = base.checked_add_signed(number(&mut rest)?)?;
    Some(Start { appended, offset, rest, end })
}

/// The record at a place of a batch, and where it ends.
#[inline]
fn record(whole: &[u8], first: (u64, i64), at: usize) -> Option<(LentRecord<'_>, usize)> {
    let Start { appended, offset, mut rest, end } = start(whole, first, at)?;
    let key = field(&mut rest)?.unwrap_or_default();
    let value = field(&mut rest)?.unwrap_or_default();
    let Stamp { origin, intended } = stamp(&mut rest)?.unwrap_or(Stamp::absent(appended));
    Some((LentRecord { offset, origin, intended, appended, key, value }, end))
}

/// Where in `whole` the slice that ends with it or inside it begins.
fn position(whole: &[u8], rest: &[u8]) -> usize {
    rest.as_ptr() as usize - whole.as_ptr() as usize
}

/// A number of variable length: seven bits a byte, the lowest first, its sign in the lowest bit of all.
#[inline]
fn number(rest: &mut &[u8]) -> Option<i64> {
    let mut bits = 0;
    for (i, byte) in rest.iter().take(10).enumerate() {
        bits |= u64::from(byte & 0x7f) << (7 * i);
        if byte & 0x80 == 0 {
            *rest = &rest[i + 1..];
            return Some((bits >> 1) as i64 ^ -((bits & 1) as i64));
        }
    }
    None
}

fn length(rest: &mut &[u8]) -> Option<usize> {
    usize::try_from(number(rest)?).ok()
}

/// A length and so many bytes; -1 stands for none.
#[inline]
fn field<'a>(rest: &mut &'a [u8]) -> Option<Option<&'a [u8]>> {
    let length = number(rest)?;
    if length == -1 {
        return Some(None);
    }
    let (bytes, after) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    *rest = after;
    Some(Some(bytes))
}

/// The first of the headers that says where the record comes from; foreign ones are passed over.
fn stamp(rest: &mut &[u8]) -> Option<Option<Stamp>> {
    let mut stamp = None;
    for _ in 0..length(rest)? {
        let name = field(rest)?.unwrap_or_default();
        let bytes = field(rest)?.unwrap_or_default();
        stamp = stamp.or_else(|| Stamp::read(name, bytes));
    }
    Some(stamp)
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use kafka_protocol::protocol::StrBytes;
    use kafka_protocol::records::{Record, RecordBatchEncoder, RecordEncodeOptions, TimestampType};
    use proptest::prelude::*;

    use super::*;

    /// Time, key, value and headers.
    type Part = (i64, Option<Vec<u8>>, Option<Vec<u8>>, Vec<(String, Option<Vec<u8>>)>);

    fn foreign(i: usize, part: Part) -> Record {
        let (timestamp, key, value, headers) = part;
        Record {
            transactional: false,
            control: false,
            delete_horizon: false,
            partition_leader_epoch: 3,
            producer_id: -1,
            producer_epoch: -1,
            timestamp_type: TimestampType::Creation,
            offset: 1000 + i as i64,
            sequence: i as i32 - 1,
            timestamp,
            key: key.map(Bytes::from),
            value: value.map(Bytes::from),
            headers: headers
                .into_iter()
                .map(|(name, bytes)| (StrBytes::from_string(name), bytes.map(Bytes::from)))
                .collect(),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_foreign_batch_is_read_as_the_library_reads_it(
            parts in proptest::collection::vec(
                (
                    -(1_i64 << 60)..(1 << 60),
                    any::<Option<Vec<u8>>>(),
                    any::<Option<Vec<u8>>>(),
                    proptest::collection::vec(("[a-z]{0,9}|origin", any::<Option<Vec<u8>>>()), 0..4),
                ),
                1..9,
            ),
        ) {
            let records: Vec<_> = parts.into_iter().enumerate().map(|(i, part)| foreign(i, part)).collect();
            let mut bytes = BytesMut::new();
            let options = RecordEncodeOptions { version: 2, compression: Compression::None };
            RecordBatchEncoder::encode(&mut bytes, &records, &options).unwrap();
            let bytes = bytes.freeze();
            let theirs = RecordBatchDecoder::decode(&mut bytes.clone()).unwrap().records;
            let mut ours = Vec::new();
            prop_assert_eq!(Records::of(bytes).unwrap().take(0, usize::MAX, &mut ours).unwrap(), theirs.len());
            for (ours, theirs) in ours.iter().zip(&theirs) {
                prop_assert_eq!(ours.offset, theirs.offset as u64);
                prop_assert_eq!(ours.appended, theirs.timestamp);
                prop_assert_eq!(&ours.key, &theirs.key.clone().unwrap_or_default());
                prop_assert_eq!(&ours.value, &theirs.value.clone().unwrap_or_default());
            }
        }
    }
}
