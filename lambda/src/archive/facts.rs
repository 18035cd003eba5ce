//! A stretch of archived records that stand for good: their columns are named, not typed one by one.

use workloads::intake::Duplicates;
use workloads::{Dedup, Event, Name, Origin};

use super::read::{Block, Met, Wanted};
use super::rows;
use super::schema::Layout;

/// Some records of one partition, in the order of their offsets, of a workload in which nothing is taken back. A
/// column is asked for once a stretch, by the name that it has in the archive's files.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    layout: &'static Layout,
    block: &'a Block,
    met: &'a Met,
    origins: &'a [Option<Origin>],
}

/// What a scan must read to tell duplicates, and everything that the workload has of its own. Who has texts of his
/// own is asked by them, and not by his key.
pub(super) fn wanted(layout: &Layout, dedup: Dedup) -> Wanted {
    let mut longs = vec![Layout::OFFSET];
    if dedup == Dedup::Origin {
        longs.extend([Layout::SOURCE, Layout::SEQUENCE]);
    }
    longs.extend(Layout::OWN..layout.longs());
    Wanted { keys: layout.texts() == 0 || dedup == Dedup::Content, longs, times: None }
}

impl<'a> Facts<'a> {
    pub(super) fn new(
        layout: &'static Layout,
        block: &'a Block,
        met: &'a Met,
        origins: &'a [Option<Origin>],
    ) -> Self {
        Facts { layout, block, met, origins }
    }

    /// Number of records.
    pub fn len(&self) -> usize {
        self.block.kinds.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.block.kinds.is_empty()
    }

    /// Their keys, as numbers into [`Facts::names`]; empty where they are not needed.
    pub fn keys(&self) -> &'a [u32] {
        &self.block.keys
    }

    /// Every key that the scan has met so far. It keeps its number for the whole scan: what one stretch adds is added
    /// at the end.
    pub fn names(&self) -> &'a [Name] {
        &self.met.keys.all
    }

    /// A column of whole numbers; empty if the workload has none of that name.
    pub fn numbers(&self, name: &str) -> &'a [i64] {
        self.layout.long(name).map_or(&[], |place| &self.block.longs[place])
    }

    /// A column of texts besides the key, as numbers into [`Facts::texts`]; empty if the workload has none of that
    /// name.
    pub fn text(&self, name: &str) -> &'a [u32] {
        self.layout.text(name).map_or(&[], |place| &self.block.texts[place])
    }

    /// Every text besides the keys that the scan has met so far, of whichever column, numbered as the keys are.
    pub fn texts(&self) -> &'a [Name] {
        &self.met.texts.all
    }

    /// Whether a record is the first of its kind; from now on it was seen.
    pub fn first(&self, row: usize, seen: &mut Duplicates) -> bool {
        let (partition, origin) = (self.block.partition, self.origins.get(row).copied().flatten());
        // Only the content needs the whole event.
        let event = if seen.dedup() == Dedup::Content { self.event(row) } else { None };
        match event {
            Some(event) => seen.first(partition, origin, &event),
            None => seen.first_origin(partition, origin),
        }
    }

    /// One event, put together again; absent where the keys were not read.
    fn event(&self, row: usize) -> Option<Event> {
        if self.block.keys.is_empty() {
            return None;
        }
        rows::event(self.layout, self.block, self.met, row).ok()
    }
}
