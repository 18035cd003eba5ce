//! Which partition a record belongs to.

use serde::{Deserialize, Serialize};

use crate::event::Origin;

/// How a log spreads its records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PartitionBy {
    /// By the key's bytes, as Kafka's Java client does.
    #[default]
    Key,
    /// In turn, by the number within the origin, so that a resend goes where the original went.
    RoundRobin,
}

impl PartitionBy {
    /// The partition of a record with this key and origin; `turn` stands in for a missing origin.
    pub fn partition(self, key: &[u8], origin: Option<Origin>, turn: u64, partitions: u32) -> u32 {
        let number = match self {
            PartitionBy::Key => u64::from(murmur2(key) & 0x7fff_ffff),
            PartitionBy::RoundRobin => origin.map_or(turn, |origin| origin.sequence),
        };
        (number % u64::from(partitions)) as u32
    }
}

/// Murmur2 with the seed of Kafka's default partitioner, 32 bits.
pub fn murmur2(data: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    let mut hash = 0x9747_b28c ^ data.len() as u32;
    let mut words = data.chunks_exact(4);
    for word in &mut words {
        let mut k = u32::from_le_bytes([word[0], word[1], word[2], word[3]]).wrapping_mul(M);
        k ^= k >> 24;
        hash = hash.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    let rest = words.remainder();
    if !rest.is_empty() {
        for (i, byte) in rest.iter().enumerate() {
            hash ^= u32::from(*byte) << (8 * i);
        }
        hash = hash.wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values that Kafka's own `UtilsTest` pins.
    #[test]
    fn agrees_with_kafka() {
        for (text, hash) in
            [("21", -973_932_308_i32), ("foobar", -790_332_482), ("a-little-bit-long-string", -985_981_536)]
        {
            assert_eq!(murmur2(text.as_bytes()) as i32, hash, "{text}");
        }
    }
}
