//! The row groups of an archive, read by several threads at once.
//!
//! Keys are numbers. At first they are given in the order in which the threads come to them; once every group has been
//! read they can be given again by the order of the names, so that they are the same however many threads there were.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;

use bytes::Bytes;
use parquet::file::reader::FileReader;
use parquet::file::serialized_reader::SerializedFileReader;
use workloads::{Name, Version};

use super::read::{self, BLOCK, Block, Names, Wanted};
use super::rows::{Orders, Trades};
use super::schema::Layout;
use super::{Archive, ArchiveError, OrderColumns, TradeColumns};

/// What of an archive lies below a version, in row groups, those of a partition in the order of their offsets.
pub(crate) struct Groups<'a> {
    archive: &'a Archive,
    groups: Vec<Group>,
    /// Files that are being read.
    files: Vec<Mutex<Shared>>,
    keys: Mutex<Names>,
    /// By their order, once they have one.
    names: Vec<Name>,
    /// The number of each key of a group's own list.
    maps: Vec<OnceLock<Vec<u32>>>,
}

struct Group {
    file: usize,
    /// Which of the file's row groups.
    number: usize,
    partition: u32,
    rows: usize,
    /// Records that take back or correct others.
    marks: u64,
    /// The offset at which what is asked for ends, if that is within the group.
    limit: Option<u64>,
}

/// A file's bytes, while there are groups of it still to be read.
#[derive(Default)]
struct Shared {
    bytes: Option<Bytes>,
    left: usize,
}

/// What is read of a row group.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reads<'c> {
    /// Columns, by their names; kinds and keys are always read.
    pub(crate) columns: &'c [&'static str],
    /// Whether keys are to be numbers into the group's own list, with the names of that list.
    pub(crate) own: bool,
}

/// Where a stretch of records comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stretch {
    /// Number of the row group.
    pub(crate) group: usize,
    /// How many keys have numbers by now.
    pub(crate) keys: usize,
}

/// What is done with each stretch, and the names of its keys.
type Each<'e> = &'e mut dyn FnMut(Stretch, &Block, &[Name]) -> Result<(), String>;

impl Archive {
    /// The row groups that hold anything below `upto`.
    pub(crate) fn groups(&self, upto: &Version) -> Result<Groups<'_>, ArchiveError> {
        if !self.sealed().covers(upto) {
            return Err(self.beyond("is less than", upto));
        }
        let mut groups = Vec::new();
        for (file, held) in self.manifest.files.iter().enumerate() {
            let filled = held.ranges.iter().filter(|range| range.rows > 0).enumerate();
            groups.extend(filled.filter_map(|(number, range)| {
                let limit = upto.0[range.partition as usize];
                let group = Group {
                    file,
                    number,
                    partition: range.partition,
                    rows: range.rows as usize,
                    marks: range.marks,
                    limit: (limit < range.upto).then_some(limit),
                };
                (limit > range.from).then_some(group)
            }));
        }
        Ok(Groups {
            archive: self,
            files: self.manifest.files.iter().map(|_| Mutex::default()).collect(),
            keys: Mutex::default(),
            names: Vec::new(),
            maps: groups.iter().map(|_| OnceLock::new()).collect(),
            groups,
        })
    }
}

impl Groups<'_> {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.groups.len()
    }

    /// How many of the records of a group take back or correct others, nearly: those beyond the version count too.
    pub(crate) fn marks(&self, group: usize) -> u64 {
        self.groups[group].marks
    }

    /// How many threads read them.
    pub(crate) fn threads(&self) -> usize {
        self.archive.threads
    }

    /// The keys by their numbers.
    pub(crate) fn names(self) -> Vec<Name> {
        if self.names.is_empty() { held(&self.keys).all.clone() } else { self.names }
    }

    /// Numbers the keys by their order, once every group has been read.
    pub(crate) fn sort(&mut self) {
        let keys = std::mem::take(&mut *held(&self.keys));
        let mut order: Vec<u32> = (0..keys.all.len() as u32).collect();
        order.sort_unstable_by(|a, b| keys.all[*a as usize].cmp(&keys.all[*b as usize]));
        let mut ranks = vec![0; order.len()];
        for (rank, number) in (0..).zip(&order) {
            ranks[*number as usize] = rank;
        }
        let maps = self.maps.iter_mut().filter_map(OnceLock::get_mut);
        maps.flatten().for_each(|number| *number = ranks[*number as usize]);
        self.names = order.iter().map(|number| keys.all[*number as usize].clone()).collect();
    }

    /// The numbers of a group's own keys, once it has been read.
    pub(crate) fn map(&self, group: usize) -> &[u32] {
        self.maps[group].get().map_or(&[], Vec::as_slice)
    }

    /// Has some groups of orders read, each by one of the threads, each of which has a state of its own.
    pub(crate) fn orders<'c, S: Send>(
        &self,
        reads: impl Fn(usize) -> Option<Reads<'c>> + Sync,
        begin: impl Fn() -> S + Sync,
        each: impl Fn(&mut S, Stretch, &OrderColumns<'_>) + Sync,
    ) -> Result<Vec<S>, ArchiveError> {
        let begin = || (Orders::default(), begin());
        let states = self.read(reads, begin, |(rows, state), from, block, names| {
            rows.hand(block, names, &mut |columns| each(state, from, columns))
        })?;
        Ok(states.into_iter().map(|(_, state)| state).collect())
    }

    /// The same for groups of trades.
    pub(crate) fn trades<'c, S: Send>(
        &self,
        reads: impl Fn(usize) -> Option<Reads<'c>> + Sync,
        begin: impl Fn() -> S + Sync,
        each: impl Fn(&mut S, Stretch, &TradeColumns<'_>) + Sync,
    ) -> Result<Vec<S>, ArchiveError> {
        let begin = || (Trades::default(), begin());
        let states = self.read(reads, begin, |(rows, state), from, block, names| {
            rows.hand(block, names, &mut |columns| each(state, from, columns))
        })?;
        Ok(states.into_iter().map(|(_, state)| state).collect())
    }

    fn read<'c, S: Send>(
        &self,
        reads: impl Fn(usize) -> Option<Reads<'c>> + Sync,
        begin: impl Fn() -> S + Sync,
        each: impl Fn(&mut S, Stretch, &Block, &[Name]) -> Result<(), String> + Sync,
    ) -> Result<Vec<S>, ArchiveError> {
        let chosen: Vec<_> = (0..self.len()).filter_map(|group| Some((group, reads(group)?))).collect();
        for (group, _) in &chosen {
            held(&self.files[self.groups[*group].file]).left += 1;
        }
        let next = AtomicUsize::new(0);
        let work = || -> Result<S, ArchiveError> {
            let mut state = begin();
            while let Some((group, reads)) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
                let read = self
                    .group(*group, *reads, &mut |from, block, names| each(&mut state, from, block, names));
                if read.is_err() {
                    // The others need not go on.
                    next.store(chosen.len(), Ordering::Relaxed);
                }
                read?;
            }
            Ok(state)
        };
        let threads = self.threads().min(chosen.len());
        thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            let mut states = vec![work()?];
            for other in others {
                states.push(other.join().unwrap_or_else(|panic| resume_unwind(panic))?);
            }
            Ok(states)
        })
    }

    fn group(&self, number: usize, reads: Reads<'_>, each: Each<'_>) -> Result<(), ArchiveError> {
        let file = &self.archive.manifest.files[self.groups[number].file];
        let bytes = self.bytes(self.groups[number].file)?;
        self.blocks(number, bytes, reads, each)
            .map_err(|reason| ArchiveError::broken(&self.archive.store.path(&file.name), &reason))
    }

    fn blocks(&self, number: usize, bytes: Bytes, reads: Reads<'_>, each: Each<'_>) -> Result<(), String> {
        let (group, layout) = (&self.groups[number], self.archive.layout);
        let wanted = wanted(layout, reads.columns, group.limit.is_some());
        let file = SerializedFileReader::new(bytes).map_err(|error| error.to_string())?;
        let rows = file.get_row_group(group.number).map_err(|error| error.to_string())?;
        if rows.metadata().num_rows() as usize != group.rows {
            return Err(format!("row group {} has {} rows", group.number, rows.metadata().num_rows()));
        }
        let mut columns = read::Group::open(&*rows, layout, &wanted)?;
        let mut own = Vec::new();
        if let Some(keys) = &mut columns.keys {
            let map = self.maps[number].get_or_init(|| self.numbers(keys.list()));
            if reads.own {
                own = keys.list().to_vec();
            } else {
                keys.numbered(map);
            }
        }
        let names = if reads.own { &own } else { &self.names };
        let from = Stretch { group: number, keys: self.names.len().max(held(&self.keys).all.len()) };
        let mut block = Block { partition: group.partition, ..Block::of(layout) };
        let mut left = group.rows;
        while left > 0 {
            let rows = left.min(BLOCK);
            columns.read(rows, &wanted, &mut block)?;
            left -= rows;
            if group.limit.is_some_and(|limit| block.cut(limit)) {
                left = 0;
            }
            each(from, &block, names)?;
        }
        Ok(())
    }

    /// Numbers for a list of keys; those that were met before have one.
    fn numbers(&self, list: &[Name]) -> Vec<u32> {
        let mut keys = held(&self.keys);
        list.iter().map(|key| keys.number(key)).collect()
    }

    /// A file's bytes, which the threads that read groups of it at the same time have in common.
    fn bytes(&self, file: usize) -> Result<Bytes, ArchiveError> {
        let mut shared = held(&self.files[file]);
        shared.left = shared.left.saturating_sub(1);
        let bytes = match &shared.bytes {
            Some(bytes) => bytes.clone(),
            None => read::read(&*self.archive.store, &self.archive.manifest.files[file])?,
        };
        shared.bytes = (shared.left > 0).then(|| bytes.clone());
        Ok(bytes)
    }
}

fn wanted(layout: &Layout, columns: &[&'static str], offsets: bool) -> Wanted {
    let mut longs: Vec<usize> = columns.iter().filter_map(|name| layout.any_long(name)).collect();
    if offsets && !longs.contains(&Layout::OFFSET) {
        longs.push(Layout::OFFSET);
    }
    Wanted { keys: true, longs, times: None }
}

/// What a thread that panicked leaves is as good as what it found: nothing is half done under these locks.
fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
