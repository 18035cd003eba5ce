//! Keeps a store level with what the speed layer holds.
//!
//! A table that the tuple speaks of is changed only together with the tuple; one that nobody asks yet is filled a
//! piece at a time. After any trouble nothing that the store holds is believed: readers get an error until it has
//! been emptied, filled again and given a tuple.

use std::sync::Arc;

use hashbrown::HashSet;
use workloads::{Micros, Query, Version};

use super::{Cell, Cells, Changes, Store, StoreError, Tuple};
use crate::error::LambdaError;
use crate::layers::Layers;
use crate::speed::{Following, Pinned};

/// Cells written at once to a table that nobody asks yet.
const PIECE: usize = 10_000;

/// Microseconds between two attempts to reach a store that is gone.
const RETRY: Micros = 50_000;

/// A store, and what it is known to hold.
pub(crate) struct Keeper<L: Layers> {
    store: Box<dyn Store>,
    /// What reads are answered under, with the publication that it speaks of.
    current: Option<(Tuple, Arc<L::Base>)>,
    /// The names of its tables.
    tables: Vec<String>,
    /// Why nothing can be read or written.
    trouble: Option<StoreError>,
    tried: Option<Micros>,
}

impl<L: Layers> Keeper<L> {
    /// Over an empty store.
    pub(crate) fn new(store: Box<dyn Store>) -> Self {
        Keeper { store, current: None, tables: Vec::new(), trouble: None, tried: None }
    }

    /// The newest version that can be read.
    pub(crate) fn version(&self) -> Option<Version> {
        self.current.as_ref().map(|(tuple, _)| tuple.version.clone())
    }

    /// Writes what is new, `held` being read up to `read`; false if there was nothing to write. A store in trouble is
    /// tried again now and then, and meanwhile nothing can be read.
    pub(crate) fn keep(&mut self, held: &mut [Following<L>], read: &Version, now: Micros) -> bool {
        let kept = self.recover(now).and_then(|well| if well { self.write(held, read) } else { Ok(false) });
        kept.unwrap_or_else(|error| {
            self.fail(error);
            false
        })
    }

    /// The halves of some answers, under one tuple.
    pub(crate) fn pin(&mut self, queries: &[Query], frozen: bool) -> Result<Pinned<L>, LambdaError> {
        if let Some(trouble) = &self.trouble {
            return Err(trouble.clone().into());
        }
        let (tuple, base) = self.current.as_ref().ok_or(LambdaError::NotYet)?;
        // Whoever asks nothing wants to hear of the version alone, which is known.
        let found = if queries.is_empty() {
            Ok(Vec::new())
        } else {
            read::<L>(&mut *self.store, tuple, queries, frozen)
        };
        let partials = match found {
            Ok(partials) => partials,
            Err(error) => {
                self.fail(error.clone());
                return Err(error.into());
            }
        };
        let version = tuple.kept.clone().filter(|_| frozen).unwrap_or_else(|| tuple.version.clone());
        Ok(Pinned { publication: tuple.table.publication, base: Arc::clone(base), version, partials })
    }

    fn fail(&mut self, error: StoreError) {
        (self.current, self.trouble) = (None, Some(error));
    }

    /// Whether the store is well. One in trouble is emptied if it can be reached.
    fn recover(&mut self, now: Micros) -> Result<bool, StoreError> {
        if self.trouble.is_none() {
            return Ok(true);
        }
        if self.tried.is_some_and(|then| then < now && now < then + RETRY) {
            return Ok(false);
        }
        self.tried = Some(now);
        self.store.clear()?;
        (self.trouble, self.current) = (None, None);
        self.tables.clear();
        Ok(true)
    }

    fn write(&mut self, held: &mut [Following<L>], read: &Version) -> Result<bool, StoreError> {
        let Some((first, rest)) = held.split_first_mut() else { return Ok(false) };
        let (mut changes, mut next) = (Changes::default(), None);
        rest.iter_mut().for_each(|following| self.take(following, PIECE, &mut changes));
        let stands = self.current.as_ref().is_some_and(|(tuple, _)| tuple.table == first.table());
        self.take(first, if stands { usize::MAX } else { PIECE }, &mut changes);
        if first.touched.as_ref().is_some_and(HashSet::is_empty) {
            let tuple = tuple(first, read);
            self.freeze(first, &tuple, &mut changes);
            if self.current.as_ref().is_none_or(|(current, _)| *current != tuple) {
                changes.tuple = Some(tuple.text());
                next = Some(tuple);
            }
            let held = std::iter::once(&*first).chain(&*rest);
            let alive: Vec<String> = held.flat_map(|following| following.table().both()).collect();
            changes.gone = self.tables.iter().filter(|table| !alive.contains(table)).cloned().collect();
        }
        if changes.nothing() {
            return Ok(false);
        }
        self.store.write(&changes)?;
        self.tables.extend(changes.made);
        self.tables.retain(|table| !changes.gone.contains(table));
        if let Some(tuple) = next {
            self.current = Some((tuple, Arc::clone(&first.base)));
        }
        Ok(true)
    }

    /// Takes up to `most` of the cells that are not written.
    fn take(&self, following: &mut Following<L>, most: usize, changes: &mut Changes) {
        let table = following.table().name();
        if !self.tables.contains(&table) {
            changes.made.push(table.clone());
            following.touched = None;
        }
        let state = &following.state;
        let touched = following.touched.take().unwrap_or_else(|| every::<L>(state));
        let (now, later) = split(touched, most);
        following.touched = Some(later);
        if !now.is_empty() {
            changes.cells.push((table, halves::<L>(state, now)));
        }
    }

    /// Takes all cells of the state that is kept, if one is and the store does not have it.
    fn freeze(&self, following: &Following<L>, tuple: &Tuple, changes: &mut Changes) {
        let Some((_, state)) = &following.frozen else { return };
        let table = tuple.asked(true).name();
        if !self.tables.contains(&table) {
            changes.made.push(table.clone());
            changes.cells.push((table, halves::<L>(state, every::<L>(state).into_iter().collect())));
        }
    }
}

impl Changes {
    fn nothing(&self) -> bool {
        self.made.is_empty() && self.cells.is_empty() && self.tuple.is_none() && self.gone.is_empty()
    }
}

/// What reads over a publication are answered under.
fn tuple<L: Layers>(following: &Following<L>, read: &Version) -> Tuple {
    Tuple {
        table: following.table(),
        cut: following.cut.version.clone(),
        epoch: following.share.from,
        version: following.version(read),
        kept: following.frozen.as_ref().map(|(version, _)| version.clone()),
    }
}

fn every<L: Layers>(state: &L::State) -> HashSet<Cell> {
    let mut cells = HashSet::new();
    L::Cells::all(state, &mut |cell| {
        cells.insert(cell);
    });
    cells
}

/// The first `most` cells, and the others.
fn split(mut cells: HashSet<Cell>, most: usize) -> (Vec<Cell>, HashSet<Cell>) {
    if cells.len() <= most {
        return (cells.into_iter().collect(), HashSet::new());
    }
    let now = cells.extract_if(|_| true).take(most).collect();
    (now, cells)
}

/// What is in each cell, in the order of the cells: neighbours are written together.
fn halves<L: Layers>(state: &L::State, mut cells: Vec<Cell>) -> Vec<(String, Option<String>)> {
    cells.sort_unstable();
    let half = |cell: Cell| {
        let half = serde_json::to_string(&L::Cells::half(state, &cell));
        (cell.name(), Some(half.expect("a half has no keys but strings and numbers")))
    };
    cells.into_iter().map(half).collect()
}

/// The halves of some answers, if the store still holds what was written under that tuple.
fn read<L: Layers>(
    store: &mut dyn Store,
    tuple: &Tuple,
    queries: &[Query],
    frozen: bool,
) -> Result<Vec<L::Partial>, StoreError> {
    let spans: Vec<_> = queries.iter().map(|query| L::Cells::place(query).span()).collect();
    match store.read(&tuple.asked(frozen).name(), &spans)? {
        Some((found, halves)) if found == tuple.text() => halves
            .iter()
            .map(|halves| joined::<L>(halves))
            .collect::<Result<_, _>>()
            .map_err(|cause| store.failed("reading", cause)),
        _ => Err(store.failed("reading", "it does not hold what was written".to_owned())),
    }
}

fn joined<L: Layers>(halves: &[String]) -> Result<L::Partial, String> {
    let mut all = L::Partial::default();
    for half in halves {
        L::Cells::join(&mut all, serde_json::from_str(half).map_err(|error| error.to_string())?);
    }
    Ok(all)
}
