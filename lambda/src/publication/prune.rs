//! Which files of earlier publications go, and which are still part of a later one.

use std::collections::BTreeSet;

use super::Shelf;
use crate::error::LambdaError;

impl Shelf {
    /// Removes what is older than the newest `keep` publications, but for what these are made of.
    pub(crate) fn prune(&self, newest: u64, keep: u64) -> Result<(), LambdaError> {
        let io = |e| LambdaError::io("clearing", &self.dir, e);
        let old = |number: u64| number + keep.max(2) <= newest;
        let mut needed = BTreeSet::new();
        for number in self.held()?.into_iter().filter(|number| !old(*number) && *number <= newest) {
            // What a manifest that cannot be read names, nobody will look for.
            let Ok(manifest) = self.manifest(number) else { continue };
            let notes = manifest.files.into_iter();
            needed.extend(notes.filter_map(|note| Some(format!("{:010}-{}", note.at?, note.name))));
        }
        for name in self.disk.list(&self.dir).map_err(io)? {
            let number = name.split_once('-').and_then(|(number, _)| number.parse::<u64>().ok());
            if number.is_some_and(old) && !needed.contains(&name) {
                self.disk.remove(&self.dir.join(name)).map_err(io)?;
            }
        }
        Ok(())
    }
}
