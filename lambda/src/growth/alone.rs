//! Batches made from the speed layer's fold, one at a time, for whoever wants to know what each costs.

use std::path::Path;

use workloads::files::{SharedDisk, make_dir};
use workloads::intake::Duplicates;
use workloads::{Dedup, Terms, Version};

use super::{Grown, Onward, onward, whole};
use crate::archive::Archive;
use crate::error::LambdaError;
use crate::handover::Cut;
use crate::layers::{Layers, with_layers};
use crate::publication::{About, Shelf};

/// Computes everything below `cut` from an archive by the speed layer's fold; says how many bytes that is to publish.
pub fn shared(
    workload: &str,
    archive: &Archive,
    cut: &Version,
    (terms, dedup): (&Terms, Dedup),
) -> Result<u64, LambdaError> {
    let mut seen = Duplicates::new(dedup);
    let files = with_layers!(workload, L => whole::<L>(archive, cut, terms, &mut seen)?);
    Ok(files.iter().map(|(_, part)| part.len()).sum())
}

/// Publications in a folder, each made from the one before.
pub struct Chain {
    shelf: Shelf,
    workload: String,
    terms: Terms,
    dedup: Dedup,
    newest: Option<Cut>,
    next: Option<(Cut, Grown, Option<u64>)>,
}

impl Chain {
    /// None published yet.
    pub fn begin(
        disk: &SharedDisk,
        folder: &Path,
        workload: &str,
        (terms, dedup): (&Terms, Dedup),
    ) -> Result<Self, LambdaError> {
        make_dir(&**disk, folder).map_err(|e| LambdaError::io("making", folder, e))?;
        let (shelf, terms) = (Shelf::open(disk, folder)?, terms.clone());
        Ok(Chain { shelf, workload: workload.to_owned(), terms, dedup, newest: None, next: None })
    }

    /// Computes what is to be published at a cut: from the publication before, if that can be done. Whether it could.
    pub fn compute(&mut self, archive: &Archive, cut: &Version) -> Result<bool, LambdaError> {
        with_layers!(self.workload.as_str(), L => self.computed::<L>(archive, cut))
    }

    fn computed<L: Layers>(&mut self, archive: &Archive, cut: &Version) -> Result<bool, LambdaError> {
        let number = self.newest.as_ref().map_or(1, |newest| newest.number + 1);
        let to = Cut { number, version: cut.clone() };
        if let Some(from) = &self.newest {
            let terms = (&self.terms, self.dedup);
            if let Onward::Grown(grown, seen) =
                onward::<L>((&self.shelf, archive), (from, cut), terms, false)?
            {
                self.next = Some((to, with_seen(grown, &seen), Some(from.number)));
                return Ok(true);
            }
        }
        let mut seen = Duplicates::new(self.dedup);
        let files = L::batch(archive, cut, &self.terms, &mut seen)?;
        self.next = Some((to, with_seen(Grown { files, kept: Vec::new() }, &seen), None));
        Ok(false)
    }

    /// Publishes what was computed last.
    pub fn publish(&mut self) -> Result<(), LambdaError> {
        let Some((cut, Grown { files, kept }, from)) = self.next.take() else { return Ok(()) };
        let Cut { number, version } = &cut;
        let about =
            About { number: *number, workload: &self.workload, cut: version, terms: &self.terms, from };
        self.shelf.publish(&about, &kept, &files)?;
        self.newest = Some(cut);
        Ok(())
    }
}

fn with_seen(mut grown: Grown, seen: &Duplicates) -> Grown {
    grown.files.push(("seen", seen.snapshot().into()));
    grown
}
