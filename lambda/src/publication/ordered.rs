//! Rows of machine words in the order of a key of two, found in the bytes as they lie in the file.
//!
//! ```text
//! rows x width x u64      little endian; the key is a rank and a signed number
//! ```
//!
//! Where the rows of one rank follow on one another in time, and what comes before or after one of them matters.

use super::Part;

/// A rank, and a number such as a second.
pub(crate) type Key = (u32, i64);

/// Rows that can be gone through from any key on.
#[derive(Debug)]
pub(crate) struct Ordered<const W: usize> {
    bytes: Vec<u8>,
}

/// The bytes of some rows, whose keys are in their order.
pub(crate) fn bytes<const W: usize>(rows: impl Iterator<Item = (Key, [u64; W])>) -> Part {
    let (mut out, mut count) = (Vec::new(), 0);
    for ((rank, number), row) in rows {
        count += 1;
        for word in [u64::from(rank), number as u64].iter().chain(&row) {
            out.extend_from_slice(&word.to_le_bytes());
        }
    }
    Part { bytes: out, more: Vec::new(), rows: count }
}

impl<const W: usize> Ordered<W> {
    /// Bytes of a row: its key and its words.
    const ROW: usize = 8 * (2 + W);

    /// The rows that `bytes` hold; absent if they end within one.
    pub(crate) fn open(bytes: Vec<u8>) -> Option<Self> {
        bytes.len().is_multiple_of(Self::ROW).then_some(Ordered { bytes })
    }

    /// The row of that key.
    pub(crate) fn get(&self, key: Key) -> Option<[u64; W]> {
        let at = self.seek(key);
        (at < self.len() && self.row(at).0 == key).then(|| self.row(at).1)
    }

    /// The rows of a rank from a number on, in their order.
    pub(crate) fn from(&self, (rank, number): Key) -> impl Iterator<Item = (i64, [u64; W])> + '_ {
        let rows = (self.seek((rank, number))..self.len()).map(|at| self.row(at));
        rows.take_while(move |((of, _), _)| *of == rank).map(|((_, number), row)| (number, row))
    }

    /// The last row of a rank before a number.
    pub(crate) fn before(&self, (rank, number): Key) -> Option<(i64, [u64; W])> {
        let at = self.seek((rank, number)).checked_sub(1)?;
        let ((of, number), row) = self.row(at);
        (of == rank).then_some((number, row))
    }

    /// All of them.
    pub(crate) fn all(&self) -> impl Iterator<Item = (Key, [u64; W])> + '_ {
        (0..self.len()).map(|at| self.row(at))
    }

    fn len(&self) -> usize {
        self.bytes.len() / Self::ROW
    }

    /// Where the first row is whose key is not below this one.
    fn seek(&self, key: Key) -> usize {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            if self.row(middle).0 < key { low = middle + 1 } else { high = middle }
        }
        low
    }

    fn row(&self, at: usize) -> (Key, [u64; W]) {
        let mut words = self.bytes[Self::ROW * at..].chunks_exact(8).map(|bytes| {
            let mut word = [0; 8];
            word.copy_from_slice(bytes);
            u64::from_le_bytes(word)
        });
        let mut next = || words.next().unwrap_or(0);
        let key = (next() as u32, next() as i64);
        (key, std::array::from_fn(|_| next()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_gone_through_from_any_key_on() {
        let keys: Vec<Key> = (0..4).flat_map(|rank| (-3..3).map(move |n| (2 * rank, 2 * n))).collect();
        let word = |(rank, number): Key| [u64::from(rank) << 32 | number as u32 as u64];
        let rows = Ordered::open(bytes(keys.iter().map(|key| (*key, word(*key)))).bytes).unwrap();
        for rank in 0..8 {
            for number in -8..8 {
                let of = |key: &&Key| key.0 == rank;
                let row = |key: &Key| (key.1, word(*key));
                let from = keys.iter().filter(of).filter(|key| key.1 >= number).map(row);
                assert!(rows.from((rank, number)).eq(from));
                let before = keys.iter().filter(of).filter(|key| key.1 < number).map(row).next_back();
                assert_eq!(rows.before((rank, number)), before);
            }
        }
        assert!(rows.all().map(|(key, _)| key).eq(keys));
        assert!(Ordered::<1>::open(vec![0; 25]).is_none());
    }
}
