//! The next publication from the newest one and what came since.

use workloads::intake::Duplicates;
use workloads::{Dedup, Terms, Version};

use super::{Grown, fold};
use crate::archive::Archive;
use crate::error::LambdaError;
use crate::handover::Cut;
use crate::layers::Layers;
use crate::publication::{Loading, Shelf};

/// What came of it.
pub(crate) enum Onward {
    /// What is to be published, and what has been seen by its cut.
    Grown(Grown, Duplicates),
    /// In one line why everything must be computed from the beginning.
    FromTheBeginning(String),
}

/// Goes on from a publication to a cut. Everything is read from the shelf and the archive, and nothing else is gone by.
/// `check` is whether the files that stay on the disk are gone over too.
pub(crate) fn onward<L: Layers>(
    (shelf, archive): (&Shelf, &Archive),
    (from, upto): (&Cut, &Version),
    (terms, dedup): (&Terms, Dedup),
    check: bool,
) -> Result<Onward, LambdaError> {
    match grown::<L>((shelf, archive), (from, upto), (terms, dedup), check) {
        // What was published is not what lies there: the archive still holds everything.
        Err(error) if lost(&error) => Ok(Onward::FromTheBeginning(error.to_string())),
        done => done,
    }
}

/// Whether a file of a publication is gone, or another than was written.
fn lost(error: &LambdaError) -> bool {
    match error {
        LambdaError::Broken { .. } => true,
        LambdaError::Io { cause, .. } => cause.kind() == std::io::ErrorKind::NotFound,
        _ => false,
    }
}

fn grown<L: Layers>(
    (shelf, archive): (&Shelf, &Archive),
    (from, upto): (&Cut, &Version),
    (terms, dedup): (&Terms, Dedup),
    check: bool,
) -> Result<Onward, LambdaError> {
    let beginning = |why: &str| Ok(Onward::FromTheBeginning(why.to_owned()));
    let mut loading = Loading::begin(shelf, from.number, check)?;
    while !loading.step()? {}
    let mut loaded = loading.finish();
    if loaded.manifest.terms.as_ref() != Some(terms) {
        return beginning("the publication before was made under other terms");
    }
    let Ok(mut seen) = Duplicates::restore(&loaded.take("seen")?) else {
        return beginning("it cannot be told what the publication before has seen");
    };
    if seen.dedup() != dedup {
        return beginning("the publication before recognises duplicates by other means");
    }
    let base = L::base(loaded)?;
    match fold::<L>(archive, (&from.version, upto), terms, &base, &mut seen)? {
        Ok(grown) => Ok(Onward::Grown(grown, seen)),
        Err(low) => beginning(low),
    }
}
