//! How records that are sealed fall into row groups, files and date folders.
//!
//! A file lies in the folder of the day, UTC, on which its records were appended to the log, and holds no other day.
//! Of the days of their events it would hold what came late too, and a stretch of offsets would be scattered over many
//! files; so the offsets in a file are a range without holes, and the event times of each row group are noted in the
//! manifest: who asks for one day of events reads only what overlaps it, and what takes back or corrects. A record
//! whose append time lies before that of an earlier one of its partition counts as of the later day.

use std::collections::BTreeMap;

use workloads::calendar::Unit;

use super::manifest::Range;
use super::pending::Pending;

/// Rows of a row group, but for further deliveries of its last record; so many that the keys of a dictionary are
/// repeated often.
const GROUP: usize = 1 << 19;

/// Rows after which a file is closed and the next begun.
pub(super) const FILE: usize = 1 << 20;

/// Some rows of one partition that become a row group.
pub(super) struct Piece<'a> {
    pub(super) rows: std::ops::Range<usize>,
    pub(super) pending: &'a Pending,
    pub(super) range: Range,
    day: i64,
}

/// On which day rows count as appended.
#[derive(Clone, Copy, Debug)]
pub(super) enum Days {
    /// Each on its own; this one if there are none.
    Own(i64),
    /// All on this one.
    Only(i64),
}

/// The offsets of one partition from `from` to `upto`, in row groups.
pub(super) fn pieces(
    partition: u32,
    pending: &Pending,
    (from, upto): (u64, u64),
    days: Days,
) -> Vec<Piece<'_>> {
    if from == upto {
        return Vec::new();
    }
    let end = pending.below(upto);
    let (mut first, mut from) = (0, from);
    let ends = ends(pending, end, days);
    let pieces = ends.into_iter().map(|(last, day)| {
        let next = if last == end { upto } else { pending.offset(last) };
        let rows = first..last;
        let (marks, times) = (pending.marks(rows.clone()), pending.times(rows.clone()));
        let range = Range { partition, from, upto: next, rows: rows.len() as u64, marks, times };
        (first, from) = (last, next);
        Piece { rows, pending, range, day }
    });
    pieces.collect()
}

/// After which row each row group ends, and its day: where a day ends, or when it is full. The deliveries of a record
/// stay together, as a group's offsets are a range.
fn ends(pending: &Pending, end: usize, days: Days) -> Vec<(usize, i64)> {
    let (Days::Own(otherwise) | Days::Only(otherwise)) = days;
    let of = |row: usize| match days {
        Days::Own(_) => Unit::Day.of(pending.appended(row)),
        Days::Only(day) => day,
    };
    let (mut ends, mut first) = (Vec::new(), 0);
    let mut day = if end > 0 { of(0) } else { otherwise };
    for row in 1..end {
        let today = of(row).max(day);
        if (today > day || row - first >= GROUP) && pending.offset(row) != pending.offset(row - 1) {
            ends.push((row, day));
            (first, day) = (row, today);
        }
    }
    ends.push((end, day));
    ends
}

/// Row groups in files, each of one day, in an order in which every partition's offsets grow.
pub(super) fn files(pieces: Vec<Piece<'_>>) -> Vec<(i64, Vec<Piece<'_>>)> {
    let mut days: BTreeMap<i64, Vec<(usize, Vec<Piece<'_>>)>> = BTreeMap::new();
    for piece in pieces {
        let files = days.entry(piece.day).or_default();
        let rows = piece.rows.len();
        match files.last_mut() {
            Some((held, file)) if *held + rows <= FILE => {
                *held += rows;
                file.push(piece);
            }
            _ => files.push((rows, vec![piece])),
        }
    }
    days.into_iter().flat_map(|(day, files)| files.into_iter().map(move |(_, file)| (day, file))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::pending::Keys;
    use crate::archive::schema::Layout;
    use workloads::{Event, Place, Record, WordEvent};

    #[test]
    fn the_deliveries_of_a_record_stay_in_one_row_group() {
        let layout = Layout::of("words").expect("a workload");
        let (mut pending, mut keys) = (Pending::new(layout), Keys::default());
        // The clock passes midnight between the two.
        for (offset, day) in [(4, 7), (5, 7), (5, 8), (6, 8), (9, 8)] {
            let event = Event::Word(WordEvent { word: "a".into(), time: day });
            let place = Place { partition: 0, offset };
            pending.push(
                &Record { place, origin: None, intended: 0, appended: day * 86_400_000, event },
                &mut keys,
            );
        }
        let found = pieces(0, &pending, (3, 12), Days::Own(0));
        let found: Vec<_> =
            found.iter().map(|it| (it.rows.clone(), it.range.from, it.range.upto, it.day)).collect();
        assert_eq!(found, [(0..3, 3, 6, 7), (3..5, 6, 12, 8)]);
        let found = pieces(0, &pending, (3, 12), Days::Only(7));
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn offsets_without_a_record_are_a_row_group_of_none() {
        let pending = Pending::new(Layout::of("words").expect("a workload"));
        let found = pieces(2, &pending, (3, 12), Days::Own(5));
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].rows.len(), found[0].day, found[0].range.times), (0, 5, None));
        assert!(pieces(2, &pending, (3, 3), Days::Own(5)).is_empty());
    }
}
