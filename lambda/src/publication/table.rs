//! Rows of machine words under a key of two, looked up in the bytes as they lie in the file.
//!
//! ```text
//! width u32, bits u32, rows u64, directory (2^bits + 1) x u32, rows x width x u64      all little endian
//! ```
//!
//! Rows are grouped by the top `bits` of their key's hash; the directory says where each group begins. Nothing
//! is parsed when a table is opened, and a look-up touches one group, in memory or in the file.

use std::io;

use super::Part;

pub(crate) mod loose;

/// Rows of one group, on average.
const GROUP: usize = 8;

/// Bytes before the directory.
const HEAD: usize = 16;

/// Widest row, in words.
pub(crate) const WIDEST: usize = 48;

/// A key of two words.
pub(crate) type Key = [u64; 2];

/// Where a table's bytes are.
pub(crate) trait Bytes: Send + Sync {
    /// Fills `out` with what lies at `position`.
    fn read_at(&self, position: u64, out: &mut [u8]) -> io::Result<()>;
}

/// A table that can be looked up.
pub(crate) struct Table {
    width: usize,
    bits: u32,
    directory: Vec<u8>,
    bytes: Box<dyn Bytes>,
}

/// The bytes of a table of that many rows, each of which begins with its key.
pub(crate) fn bytes<const W: usize>(rows: usize, row: impl Fn(usize) -> [u64; W]) -> Part {
    bytes_in(rows, (rows / GROUP).max(1).ilog2(), row)
}

/// The same in so many groups as so many bits number.
fn bytes_in<const W: usize>(rows: usize, bits: u32, row: impl Fn(usize) -> [u64; W]) -> Part {
    const { assert!(W >= 2 && W <= WIDEST) }
    let groups: Vec<u32> = (0..rows).map(&row).map(|row| group([row[0], row[1]], bits) as u32).collect();
    let (starts, order) = sorted(&groups, bits);
    let directory = HEAD + 4 * starts.len();
    let mut out = Vec::with_capacity(directory + 8 * W * rows);
    head::<W>(&mut out, bits, rows);
    starts.iter().for_each(|start| out.extend_from_slice(&start.to_le_bytes()));
    for i in &order {
        row(*i as usize).iter().for_each(|word| out.extend_from_slice(&word.to_le_bytes()));
    }
    Part { bytes: out, more: Vec::new(), rows: rows as u64 }
}

/// What comes before the directory.
fn head<const W: usize>(out: &mut Vec<u8>, bits: u32, rows: usize) {
    out.extend_from_slice(&(W as u32).to_le_bytes());
    out.extend_from_slice(&bits.to_le_bytes());
    out.extend_from_slice(&(rows as u64).to_le_bytes());
}

/// Where each group starts, with the number of rows at the end, and the rows in the order of their groups. Sorting
/// numbers and then writing the rows in their order is quicker than writing wide rows all over the file.
fn sorted(groups: &[u32], bits: u32) -> (Vec<u32>, Vec<u32>) {
    let mut starts = vec![0u32; (1 << bits) + 1];
    groups.iter().for_each(|group| starts[*group as usize + 1] += 1);
    for i in 1..starts.len() {
        starts[i] += starts[i - 1];
    }
    let (mut next, mut order) = (starts.clone(), vec![0; groups.len()]);
    for (i, group) in (0..).zip(groups) {
        let slot = &mut next[*group as usize];
        order[*slot as usize] = i;
        *slot += 1;
    }
    (starts, order)
}

impl Table {
    /// Opens the table that `bytes` hold.
    pub(crate) fn open(bytes: Box<dyn Bytes>) -> io::Result<Self> {
        let mut head = [0; HEAD];
        bytes.read_at(0, &mut head)?;
        let (width, bits) = (word32(&head, 0), word32(&head, 4));
        if !(2..=WIDEST as u32).contains(&width) || bits > 30 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "not a table"));
        }
        let mut directory = vec![0; 4 * ((1 << bits) + 1)];
        bytes.read_at(HEAD as u64, &mut directory)?;
        Ok(Table { width: width as usize, bits, directory, bytes })
    }

    /// Hands the words after the key of every row under `key` to `each`.
    pub(crate) fn find(&self, key: Key, mut each: impl FnMut(&[u64])) -> io::Result<()> {
        let group = group(key, self.bits);
        let (from, to) = (word32(&self.directory, 4 * group), word32(&self.directory, 4 * group + 4));
        self.rows(from, to, |found, row| {
            if found == key {
                each(row);
            }
        })
    }

    /// Hands every row's key, and the words after it, to `each`, in no particular order.
    pub(crate) fn all(&self, each: impl FnMut(Key, &[u64])) -> io::Result<()> {
        self.rows(0, word32(&self.directory, self.directory.len() - 4), each)
    }

    fn rows(&self, from: u32, to: u32, mut each: impl FnMut(Key, &[u64])) -> io::Result<()> {
        let size = 8 * self.width;
        let mut buffer = [0; 8 * WIDEST];
        let mut row = [0; WIDEST];
        let per_read = (buffer.len() / size) as u32;
        for first in (from..to).step_by(per_read as usize) {
            let read = &mut buffer[..size * (to - first).min(per_read) as usize];
            let position = HEAD + self.directory.len() + size * first as usize;
            self.bytes.read_at(position as u64, read)?;
            for bytes in read.chunks_exact(size) {
                for (i, word) in row[..self.width].iter_mut().enumerate() {
                    *word = word64(bytes, 8 * i);
                }
                each([row[0], row[1]], &row[2..self.width]);
            }
        }
        Ok(())
    }
}

/// A wide number as two words.
pub(crate) fn halves(number: i128) -> [u64; 2] {
    [number as u64, (number >> 64) as u64]
}

/// Two words as the wide number that they were.
pub(crate) fn whole(low: u64, high: u64) -> i128 {
    i128::from(high as i64) << 64 | i128::from(low)
}

/// In memory.
impl Bytes for Vec<u8> {
    fn read_at(&self, position: u64, out: &mut [u8]) -> io::Result<()> {
        let from = position as usize;
        let held = self.get(from..from + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(held);
        Ok(())
    }
}

/// The group of a key: the top bits of its hash.
fn group(key: Key, bits: u32) -> usize {
    // Shifting by all 64 bits would be an overflow; by two steps it is zero.
    (hash(key) >> 1 >> (63 - bits)) as usize
}

fn hash(key: Key) -> u64 {
    let mixed = (key[0].wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ key[1]).wrapping_mul(0xff51_afd7_ed55_8ccd);
    (mixed ^ (mixed >> 32)).wrapping_mul(0xc4ce_b9fe_1a85_ec53)
}

fn word32(bytes: &[u8], at: usize) -> u32 {
    let mut word = [0; 4];
    word.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(word)
}

fn word64(bytes: &[u8], at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_found_under_its_key_and_no_other() {
        let bytes = bytes(1000, |i| [i as u64 % 7, i as u64 / 3, i as u64]);
        let table = Table::open(Box::new(bytes.bytes)).unwrap();
        for a in 0..8 {
            for b in 0..340 {
                let mut found = Vec::new();
                table.find([a, b], |row| found.push(row[0])).unwrap();
                let expected: Vec<u64> = (0..1000).filter(|i| i % 7 == a && i / 3 == b).collect();
                assert_eq!(found, expected, "{a} {b}");
            }
        }
    }

    #[test]
    fn an_empty_table_finds_nothing() {
        let table = Table::open(Box::new(bytes(0, |_| [0, 0]).bytes)).unwrap();
        table.find([1, 2], |_| panic!("there is no row")).unwrap();
    }
}
