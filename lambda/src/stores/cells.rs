//! How the speed layer's half of each workload falls into cells.

use workloads::{Name, Query, Record};

use super::Cell;
use crate::layers::Layers;

mod orders;
mod sensors;
mod trades;
mod transfers;
mod words;

/// Where the half of an answer lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Sort of its cells.
    pub(crate) kind: &'static str,
    /// Which of them.
    pub(crate) keys: Keys,
}

/// Some cells of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Keys {
    /// One.
    One(Name),
    /// Those whose keys begin with this and a space.
    Under(Name),
    /// All.
    All,
}

/// Names of cells as a store sorts them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Span {
    /// One.
    One(String),
    /// From the first on, below the second.
    Between(String, String),
}

/// The cells of a workload. Two halves of one cell never differ but by what happened in between.
pub(crate) trait Cells<L: Layers> {
    /// Hands on every cell that this record has changed, and perhaps others, when it was folded.
    fn touched(state: &L::State, record: &Record, tell: &mut dyn FnMut(Cell));
    /// Hands on every cell there is.
    fn all(state: &L::State, tell: &mut dyn FnMut(Cell));
    /// What is in one.
    fn half(state: &L::State, cell: &Cell) -> L::Partial;
    /// Where the half of an answer lies.
    fn place(query: &Query) -> Place;
    /// Adds what is in another cell.
    fn join(all: &mut L::Partial, one: L::Partial);
}

impl Cell {
    /// A cell.
    pub(crate) fn new(kind: &'static str, key: impl Into<Name>) -> Self {
        Cell { kind, key: key.into() }
    }

    /// Its name in a store, where all cells of a kind lie together. A kind has no space in it.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.kind, self.key)
    }
}

impl Place {
    /// One cell, or all of its kind.
    fn of(kind: &'static str, key: Option<&str>) -> Self {
        Place { kind, keys: key.map_or(Keys::All, |key| Keys::One(key.into())) }
    }

    /// The names of its cells, in the order of bytes: an exclamation mark comes after a space.
    pub(crate) fn span(&self) -> Span {
        let kind = self.kind;
        match &self.keys {
            Keys::One(key) => Span::One(format!("{kind} {key}")),
            Keys::Under(first) => Span::Between(format!("{kind} {first} "), format!("{kind} {first}!")),
            Keys::All => Span::Between(format!("{kind} "), format!("{kind}!")),
        }
    }
}
