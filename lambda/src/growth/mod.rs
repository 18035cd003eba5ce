//! A publication that grows: what the speed layer's fold has made of everything since its cut, written down as the next
//! publication.
//!
//! Two kinds of batch are made of this. One folds the whole archive over nothing, so that each rule is carried out by
//! one fold in both layers. The other folds what came since the newest publication over that, and so need not read the
//! rest; where too little is left of what that publication lists, nobody can say what follows on it, and everything is
//! computed from the beginning.

use workloads::intake::Duplicates;
use workloads::{Name, Record, Terms, Version};

use crate::archive::Archive;
use crate::error::LambdaError;
use crate::layers::Layers;
use crate::publication::names::{self, Names};
use crate::publication::numbers::{self, Numbers, turned};
use crate::publication::{Files, Loaded, Note, Part};

mod alone;
mod kind;
mod onward;
mod orders;
mod sensors;
mod trades;
mod transfers;
mod words;

pub use alone::{Chain, shared};
pub use kind::Batching;
pub(crate) use onward::{Onward, onward};

/// How the layers of a workload grow a publication.
pub(crate) trait Grows<L: Layers> {
    /// What the correction index will hold of the records since.
    type Index: Default;

    /// Takes in a record that `state` has folded.
    fn index(index: &mut Self::Index, state: &L::State, record: &Record);

    /// What is to be published next; in one line why that cannot be said, if it cannot.
    fn grow(
        terms: &Terms,
        base: &L::Base,
        state: &L::State,
        index: Self::Index,
    ) -> Result<Result<Grown, &'static str>, LambdaError>;
}

/// What is to be published.
#[derive(Default)]
pub(crate) struct Grown {
    /// Files to write.
    pub(crate) files: Files,
    /// Files of earlier publications that are part of it.
    pub(crate) kept: Vec<Note>,
}

impl Grown {
    /// Takes over what became of a table that lies in several files.
    fn take(&mut self, name: &'static str, (kept, part): (Vec<Note>, Option<Part>)) {
        self.kept.extend(kept);
        self.files.extend(part.map(|part| (name, part)));
    }
}

/// Everything up to a cut by the speed layer's fold alone. `seen` has seen nothing, and sees every record.
pub(crate) fn whole<L: Layers>(
    archive: &Archive,
    cut: &Version,
    terms: &Terms,
    seen: &mut Duplicates,
) -> Result<Files, LambdaError> {
    let base = L::base(Loaded::in_memory(L::nothing(terms)))?;
    let nothing = Version::zero(cut.0.len() as u32);
    let grown = fold::<L>(archive, (&nothing, cut), terms, &base, seen)?;
    let grown = grown.expect("nothing is listed, so that nothing of it is used up");
    Ok(grown.files)
}

/// Folds what lies between two versions over a publication that ends at the first.
fn fold<L: Layers>(
    archive: &Archive,
    (from, upto): (&Version, &Version),
    terms: &Terms,
    base: &L::Base,
    seen: &mut Duplicates,
) -> Result<Result<Grown, &'static str>, LambdaError> {
    let (mut state, mut index, mut failed) = (L::State::default(), Default::default(), None);
    archive.scan_since(from, upto, &mut |record| {
        let new = failed.is_none() && seen.first(record.place.partition, record.origin, &record.event);
        if new {
            failed = L::speed(terms, base, &mut state, record).err();
            L::Growth::index(&mut index, &state, record);
        }
    })?;
    match failed {
        Some(error) => Err(error),
        None => L::Growth::grow(terms, base, &state, index),
    }
}

/// The names of a publication and those that are new, in their order, with a number for each; and by number the ranks.
fn named(names: &Names, numbers: &Numbers, new: Vec<Name>) -> (Part, Part, Vec<u32>) {
    let known = (0..names.len()).map(|rank| (names.name(rank), numbers.number(rank)));
    let mut all: Vec<(Name, u32)> = known.chain(new.into_iter().zip(names.len()..)).collect();
    all.sort();
    let of_rank: Vec<u32> = all.iter().map(|(_, number)| *number).collect();
    (names::bytes(all.iter().map(|(name, _)| name)), numbers::bytes(&of_rank), turned(&of_rank))
}

/// By the numbers of a state, those of the publication that follows; and the names that are new to it, in the order of
/// their numbers.
fn renumbered<'a>(
    names: impl Iterator<Item = (&'a Name, u32)>,
    ranks: impl Fn(u32) -> Option<u32>,
    base: (&Names, &Numbers),
) -> (Vec<u32>, Vec<Name>) {
    let mut all: Vec<(u32, &Name)> = names.map(|(name, own)| (own, name)).collect();
    all.sort_unstable();
    let mut new = Vec::new();
    let number = |(own, name): (u32, &Name)| match ranks(own) {
        Some(rank) => base.1.number(rank),
        None => {
            new.push(name.clone());
            base.0.len() + new.len() as u32 - 1
        }
    };
    let numbers = all.into_iter().map(number).collect();
    (numbers, new)
}

/// A sum of what was published and a change, which cannot come out below nothing.
fn changed(count: u64, change: i64) -> u64 {
    count.saturating_add_signed(change)
}
