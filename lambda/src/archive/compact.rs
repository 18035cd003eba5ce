//! Small files made into larger ones.
//!
//! Each seal leaves a file, however few its records are. Files that follow on one another in a date folder and are
//! small are merged: the new file is put, then the manifest replaced, in which the old ones are named as retired. They
//! are removed when the manifest is replaced the next time, so that whoever reads by the manifest before this one still
//! finds them; what a crash keeps from being removed goes when the archive is next opened to be written.

use std::ops::Range;

use super::manifest::File;
use super::pending::{Keys, Pending};
use super::pieces::{Days, FILE, files, pieces};
use super::read::{Scan, Wanted};
use super::{Archive, ArchiveError, rows, write};

/// Files that wait to be merged, unless they hold enough already: each record is written again once in so many seals.
const ENOUGH: usize = 8;

impl Archive {
    /// Merges some neighbouring files of fewer than `least` records; false if there are not enough to be worth it.
    pub fn compact(&mut self, least: u64) -> Result<bool, ArchiveError> {
        let Some(some) = worthwhile(&self.manifest.files, least) else { return Ok(false) };
        let (held, keys) = self.read_again(some.clone())?;
        let ranges = self.manifest.files[some.clone()].iter().flat_map(|file| &file.ranges);
        let mut spans = vec![None; held.len()];
        for range in ranges {
            let span = spans[range.partition as usize].get_or_insert((range.from, range.upto));
            span.1 = range.upto;
        }
        let day = self.manifest.files[some.start].day();
        let spans = (0..).zip(&held).zip(spans);
        let merged = spans
            .filter_map(|((partition, held), span)| Some(pieces(partition, held, span?, Days::Only(day))));
        let mut manifest = self.manifest.clone();
        let mut put = Vec::new();
        for (day, pieces) in files(merged.flatten().collect()) {
            put.push(write::put(&*self.store, self.layout, &keys, (day, &pieces), &mut manifest)?);
        }
        let old = manifest.files.splice(some, put);
        let old = old.map(|file| file.name).collect();
        self.replace(manifest, old)?;
        Ok(true)
    }

    /// The records of some files, by partition.
    fn read_again(&self, some: Range<usize>) -> Result<(Vec<Pending>, Keys), ArchiveError> {
        let mut held: Vec<Pending> = self.pending.iter().map(|_| Pending::new(self.layout)).collect();
        let mut keys = Keys::default();
        let all = Wanted::all(self.layout);
        let mut scan = Scan::new(&*self.store, &self.manifest.sealed, self.layout, &all);
        for file in &self.manifest.files[some] {
            scan.file(file, &mut |block, met| {
                rows::records(self.layout, block, met, &mut |record| {
                    held[record.place.partition as usize].push(record, &mut keys);
                })
            })?;
        }
        Ok((held, keys))
    }
}

/// The first files that are worth merging: small, of one folder, and many or full enough together.
fn worthwhile(all: &[File], least: u64) -> Option<Range<usize>> {
    let mut first = 0;
    while first < all.len() {
        let (mut last, mut rows) = (first, 0);
        while let Some(file) = all.get(last) {
            let fits = file.rows() < least && rows + file.rows() <= FILE as u64;
            if !fits || file.folder() != all[first].folder() {
                break;
            }
            rows += file.rows();
            last += 1;
        }
        if last > first + 1 && (last - first >= ENOUGH || rows >= least) {
            return Some(first..last);
        }
        first = last.max(first + 1);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::manifest::Range as Held;

    fn held(rows: &[(&str, u64)]) -> Vec<File> {
        let file = |(folder, rows): &(&str, u64)| {
            let range = Held { partition: 0, from: 0, upto: *rows, rows: *rows, marks: 0, times: None };
            File { name: format!("{folder}/part"), bytes: 0, crc32: 0, ranges: vec![range] }
        };
        rows.iter().map(file).collect()
    }

    #[test]
    fn neighbours_are_merged_once_they_are_many_or_hold_enough() {
        let small = |number| vec![("a", 10); number];
        assert_eq!(worthwhile(&held(&small(7)), 100), None);
        assert_eq!(worthwhile(&held(&small(8)), 100), Some(0..8));
        assert_eq!(worthwhile(&held(&[("a", 60), ("a", 60)]), 100), Some(0..2));
        assert_eq!(worthwhile(&held(&[("a", 100), ("a", 60), ("b", 60)]), 100), None);
        assert_eq!(worthwhile(&held(&[("a", 500), ("a", 60), ("a", 60), ("a", 500)]), 100), Some(1..3));
        assert_eq!(worthwhile(&held(&[("a", 99)]), 100), None);
        assert_eq!(worthwhile(&held(&[("a", 600_000), ("a", 600_000)]), 1 << 20), None);
        assert_eq!(worthwhile(&held(&small(8)), 0), None);
    }
}
