//! One table in several files, so that a batch which adds to it need not write all of it again.
//!
//! Each file holds at least twice the rows of the next newer one: when a batch adds more, the files after that are
//! written together with what is new. So there are few of them, and a row is written again only as often as what lies
//! beside it doubles.

use std::io;

use hashbrown::HashSet;

use super::table::{self, Key, Table};
use super::{Note, Part};

/// The files of one table, the oldest first, with what is noted of those that lie on a shelf.
pub(crate) struct Segments {
    parts: Vec<(Option<Note>, Table)>,
}

/// What becomes of a table that grows: the files that stay, and the rows of a new one, if there are any.
pub(crate) type Grown = (Vec<Note>, Option<Part>);

impl Segments {
    /// These files.
    pub(crate) fn new(parts: Vec<(Option<Note>, Table)>) -> Self {
        Segments { parts }
    }

    /// Hands the words after the key of every row under `key` to `each`.
    pub(crate) fn find(&self, key: Key, mut each: impl FnMut(&[u64])) -> io::Result<()> {
        self.parts.iter().try_for_each(|(_, table)| table.find(key, &mut each))
    }

    /// The same of the newest file that has the key: a table in which what is new replaces what was there.
    pub(crate) fn newest(&self, key: Key, mut each: impl FnMut(&[u64])) -> io::Result<()> {
        let mut found = false;
        for (_, table) in self.parts.iter().rev() {
            table.find(key, |row| {
                found = true;
                each(row);
            })?;
            if found {
                break;
            }
        }
        Ok(())
    }

    /// The table with more rows. If these replace what is there, it is left out under their keys wherever it is
    /// written again.
    pub(crate) fn grown<const W: usize>(
        &self,
        mut rows: Vec<[u64; W]>,
        replacing: bool,
    ) -> io::Result<Grown> {
        let mut parts = &self.parts[..];
        while let [before @ .., (note, table)] = parts {
            let stays = |note: &Note| rows.is_empty() || note.rows >= 2 * rows.len() as u64;
            if note.as_ref().is_some_and(stays) {
                break;
            }
            let keys = rows.iter().map(|row| [row[0], row[1]]);
            let new: HashSet<Key> = if replacing { keys.collect() } else { HashSet::new() };
            table.all(|key, words| {
                if !new.contains(&key) {
                    let mut row = [0; W];
                    row[..2].copy_from_slice(&key);
                    row[2..].copy_from_slice(words);
                    rows.push(row);
                }
            })?;
            parts = before;
        }
        let kept: Vec<Note> = parts.iter().filter_map(|(note, _)| note.clone()).collect();
        let nothing_new = rows.is_empty() && !kept.is_empty();
        Ok((kept, (!nothing_new).then(|| table::bytes(rows.len(), |row| rows[row]))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(rows: &[[u64; 3]], at: u64) -> (Option<Note>, Table) {
        let part = table::bytes(rows.len(), |row| rows[row]);
        let note = Note {
            name: "rows".into(),
            rows: part.rows,
            bytes: part.bytes.len() as u64,
            checksum: 0,
            at: Some(at),
        };
        (Some(note), Table::open(Box::new(part.bytes)).unwrap())
    }

    fn found(segments: &Segments, key: Key) -> (Vec<u64>, Vec<u64>) {
        let (mut all, mut newest) = (Vec::new(), Vec::new());
        segments.find(key, |row| all.push(row[0])).unwrap();
        segments.newest(key, |row| newest.push(row[0])).unwrap();
        (all, newest)
    }

    #[test]
    fn what_is_new_is_found_beside_what_was_there() {
        let old: Vec<[u64; 3]> = (0..9).map(|n| [n, 0, n]).collect();
        let segments = Segments::new(vec![segment(&old, 1), segment(&[[3, 0, 30], [20, 0, 20]], 2)]);
        assert_eq!(found(&segments, [3, 0]), (vec![3, 30], vec![30]));
        assert_eq!(found(&segments, [4, 0]), (vec![4], vec![4]));
        assert_eq!(found(&segments, [20, 0]), (vec![20], vec![20]));
    }

    #[test]
    fn small_files_are_written_again_and_large_ones_stay() {
        let old: Vec<[u64; 3]> = (0..9).map(|n| [n, 0, n]).collect();
        let segments = Segments::new(vec![segment(&old, 1), segment(&[[3, 0, 30], [20, 0, 20]], 2)]);
        let (kept, part) = segments.grown(vec![[3, 0, 31], [7, 0, 70]], true).unwrap();
        assert_eq!(kept.iter().map(|note| note.at).collect::<Vec<_>>(), [Some(1)]);
        let mut rows = Vec::new();
        let table = Table::open(Box::new(part.unwrap().bytes)).unwrap();
        table.all(|key, words| rows.push([key[0], words[0]])).unwrap();
        rows.sort_unstable();
        assert_eq!(rows, [[3, 31], [7, 70], [20, 20]]);
        let (kept, part) = segments.grown::<3>(Vec::new(), false).unwrap();
        assert!(kept.len() == 2 && part.is_none());
    }
}
