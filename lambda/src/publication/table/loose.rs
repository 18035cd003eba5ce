//! The rows of a large table on their way into it: taken in any order, from several threads, and held once.
//!
//! They are parted by the top bits of their keys' hashes while they come in, so that each part is in the order of the
//! groups once it is sorted by itself, in the memory in which it lies.

use std::thread;

use super::{GROUP, HEAD, WIDEST, hash, word64};
use crate::publication::Part;

/// Bits of the hash that part the rows.
const BITS: u32 = 8;

/// Loose that lie in one piece of memory.
const PIECE: usize = 512;

/// Loose of `W` words, each of which begins with its key.
#[derive(Debug)]
pub(crate) struct Loose<const W: usize> {
    parts: Vec<Pieces>,
}

/// Loose one after the other, all pieces but the last of them full.
type Pieces = Vec<Vec<u8>>;

impl<const W: usize> Default for Loose<W> {
    fn default() -> Self {
        const { assert!(W >= 2 && W <= WIDEST) }
        Loose { parts: vec![Vec::new(); 1 << BITS] }
    }
}

impl<const W: usize> Loose<W> {
    /// Bytes of a row.
    const ROW: usize = 8 * W;

    /// One more row.
    pub(crate) fn push(&mut self, row: [u64; W]) {
        let pieces = &mut self.parts[(hash([row[0], row[1]]) >> (64 - BITS)) as usize];
        let full = PIECE * Self::ROW;
        if pieces.last().is_none_or(|last| last.len() == full) {
            // A first piece grows: most tables are small.
            pieces.push(Vec::with_capacity(if pieces.is_empty() { 0 } else { full }));
        }
        if let Some(last) = pieces.last_mut() {
            row.iter().for_each(|word| last.extend_from_slice(&word.to_le_bytes()));
        }
    }

    /// The rows of others too.
    pub(crate) fn join(&mut self, other: Self) {
        for (pieces, mut more) in self.parts.iter_mut().zip(other.parts) {
            // Whatever is not full comes last.
            let (mine, others) = (pieces.pop().unwrap_or_default(), more.pop().unwrap_or_default());
            pieces.append(&mut more);
            let mut last = mine;
            let room = (PIECE * Self::ROW - last.len()).min(others.len());
            last.extend_from_slice(&others[..room]);
            pieces.push(last);
            if room < others.len() {
                pieces.push(others[room..].to_vec());
            }
        }
    }

    /// All of them as a table, by so many threads. The same rows are the same bytes, in whatever order they came.
    pub(crate) fn table(mut self, threads: usize) -> Part {
        let counts: Vec<usize> = self.parts.iter().map(Self::count).collect();
        let rows: usize = counts.iter().sum();
        let bits = (rows / GROUP).max(1).ilog2();
        if bits < BITS {
            return self.small(rows, bits);
        }
        let share = self.parts.len().div_ceil(threads.max(1));
        let starts = thread::scope(|scope| {
            let sort = |parts: &mut [Pieces]| {
                let mut scratch = Vec::new();
                parts.iter_mut().map(|pieces| Self::sort(pieces, bits, &mut scratch)).collect::<Vec<_>>()
            };
            let tasks: Vec<_> =
                self.parts.chunks_mut(share).map(|parts| scope.spawn(move || sort(parts))).collect();
            let done =
                tasks.into_iter().map(|task| task.join().unwrap_or_else(|p| std::panic::resume_unwind(p)));
            done.flatten().collect::<Vec<_>>()
        });
        let mut head = Vec::with_capacity(HEAD + 4 * ((1 << bits) + 1));
        super::head::<W>(&mut head, bits, rows);
        let mut before = 0;
        for (starts, count) in starts.iter().zip(&counts) {
            starts.iter().for_each(|start| head.extend_from_slice(&(before + start).to_le_bytes()));
            before += *count as u32;
        }
        head.extend_from_slice(&before.to_le_bytes());
        let more = self.parts.into_iter().flatten().collect();
        Part { bytes: head, more, rows: rows as u64 }
    }

    fn count(pieces: &Pieces) -> usize {
        pieces.iter().map(|piece| piece.len() / Self::ROW).sum()
    }

    fn small(self, rows: usize, bits: u32) -> Part {
        let bytes = self.parts.iter().flatten().flat_map(|piece| piece.chunks_exact(Self::ROW));
        let mut all: Vec<[u64; W]> =
            bytes.map(|row| std::array::from_fn(|word| word64(row, 8 * word))).collect();
        all.sort_unstable();
        super::bytes_in::<W>(rows, bits, |row| all[row])
    }

    /// Sorts a part by its groups, and a group by its rows. Gives where each group starts.
    fn sort(pieces: &mut Pieces, bits: u32, scratch: &mut Vec<u8>) -> Vec<u32> {
        let group = |row: &[u8]| {
            let of_all = hash([word64(row, 0), word64(row, 8)]) >> (64 - bits);
            (of_all & ((1 << (bits - BITS)) - 1)) as usize
        };
        let rows = || pieces.iter().flat_map(|piece| piece.chunks_exact(Self::ROW));
        let mut starts = vec![0u32; (1 << (bits - BITS)) + 1];
        rows().for_each(|row| starts[group(row) + 1] += 1);
        for i in 1..starts.len() {
            starts[i] += starts[i - 1];
        }
        let mut next = starts.clone();
        scratch.resize(Self::count(pieces) * Self::ROW, 0);
        for row in rows() {
            let slot = &mut next[group(row)];
            let at = *slot as usize * Self::ROW;
            scratch[at..at + Self::ROW].copy_from_slice(row);
            *slot += 1;
        }
        for pair in starts.windows(2) {
            sort_rows::<W>(&mut scratch[pair[0] as usize * Self::ROW..pair[1] as usize * Self::ROW]);
        }
        let mut from = 0;
        for piece in pieces.iter_mut() {
            let to = from + piece.len();
            piece.copy_from_slice(&scratch[from..to]);
            from = to;
        }
        starts.pop();
        starts
    }
}

/// Sorts the few rows of a group.
fn sort_rows<const W: usize>(bytes: &mut [u8]) {
    if bytes.len() <= 8 * W {
        return;
    }
    let row = |bytes: &[u8]| -> [u64; W] { std::array::from_fn(|word| word64(bytes, 8 * word)) };
    let mut rows: Vec<[u64; W]> = bytes.chunks_exact(8 * W).map(row).collect();
    rows.sort_unstable();
    for (bytes, word) in bytes.chunks_exact_mut(8).zip(rows.iter().flatten()) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::super::Table;
    use super::*;

    fn row(i: u64) -> [u64; 3] {
        [i % 1_709, i / 5_000, i.wrapping_mul(0x9e37_79b9_7f4a_7c15)]
    }

    #[test]
    fn every_row_is_found_and_the_order_does_not_matter() {
        for count in [0, 1, 1_000, 2_047, 2_048, 60_000] {
            let mut one: Loose<3> = Loose::default();
            (0..count).for_each(|i| one.push(row(i)));
            let [mut odd, mut even] = [Loose::<3>::default(), Loose::default()];
            (0..count).rev().for_each(|i| if i % 2 == 0 { even.push(row(i)) } else { odd.push(row(i)) });
            odd.join(even);
            let (one, two) = (one.table(1), odd.table(3));
            assert_eq!((one.rows, two.rows), (count, count));
            let (one, two) = (one.into_bytes(), two.into_bytes());
            assert!(one == two, "{count} rows");
            let table = Table::open(Box::new(one)).unwrap();
            for i in (0..count).step_by(7) {
                let mut found = false;
                table.find([row(i)[0], row(i)[1]], |words| found |= words[0] == row(i)[2]).unwrap();
                assert!(found, "row {i} of {count}");
            }
        }
    }
}
