//! What there is to be known at one version, written while later ones come, and taken up again.
//!
//! A snapshot is announced before its version is assigned. Each worker then notes for itself the moment at which all of
//! that version has been carried out and nothing later, first in its source, then in its rules, then in its sums; from
//! there on, what changes is put aside as it was until it is written. What is written goes in small blocks, between
//! turns of work, to whoever puts it into files: see `scribe`.
//!
//! Names have numbers of each worker's own. So a part holds the names of its worker, and whoever takes it up, in
//! whatever number, leaves out what is not at home with it.

mod files;
mod manifest;
mod nest;
mod ordered;
mod part;
mod saver;
mod saving;
mod scribe;
mod table;
mod taking;

pub(crate) use files::Snapshots;
pub(crate) use manifest::Question;
pub(crate) use nest::{Nest, Rooted};
pub(crate) use ordered::Ordered;
pub(crate) use part::{Block, Restored};
pub(crate) use saver::Saver;
pub(crate) use saving::Saving;
pub(crate) use scribe::{Letter, Note, desk};
pub(crate) use table::{Home, Met, Movable, Table, Taken, Written};
pub(crate) use taking::{Next, Taking};
