//! Where a Kappa's answers are kept besides: in a store that says itself how far it has come.
//!
//! A sink is handed rows as they are, never differences, and with them the label of the version that they are of. Both
//! become durable together or not at all. After a crash the label says from where to go on: what it covers is not handed
//! over again, and what was handed over twice would change nothing.

use workloads::Rows;

use crate::error::KappaError;
use crate::follower::Kappa;

mod hold;
mod label;
pub(crate) mod supply;

/// A store that a Kappa feeds.
pub trait Sink {
    /// The label of what it holds; none while it holds nothing. One that is out of reach is reached for again.
    fn held(&mut self) -> Result<Option<String>, String>;
    /// Changes all of that or nothing, and holds it under this label from then on.
    fn put(&mut self, label: &str, changed: &Changed) -> Result<(), String>;
    /// What has gone wrong with it otherwise: nothing that it holds is believed until it has said again what that is.
    fn trouble(&self) -> Option<String> {
        None
    }
}

/// What one or several versions changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// Whether everything that was held before is forgotten.
    pub afresh: bool,
    /// Rows of views as they are now; an empty one has gone.
    pub views: Vec<(String, Rows)>,
}

impl Kappa {
    /// The label under which the sink holds a version of the question that is answered, and that version; an error while
    /// it holds none.
    pub fn supplied(&self) -> Result<(&str, &workloads::Version), KappaError> {
        let supply = self.supply.as_ref().ok_or_else(|| KappaError::Sink("it has none".to_owned()))?;
        supply.readable(self.course.job.number).map_err(KappaError::Sink)
    }
}

/// What turns the rows of one version into those of another.
fn difference(before: &Rows, mut after: Rows) -> Rows {
    let gone = before.keys().filter(|key| !after.contains_key(*key)).cloned().collect::<Vec<_>>();
    after.retain(|key, row| before.get(key) != Some(row));
    after.extend(gone.into_iter().map(|key| (key, Vec::new())));
    after
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_holds_what_is_new_what_is_other_and_what_has_gone() {
        let rows = |all: &[(&str, i128)]| -> Rows {
            all.iter().map(|(key, value)| ((*key).to_owned(), vec![*value])).collect()
        };
        let changed =
            difference(&rows(&[("a", 1), ("b", 2), ("c", 3)]), rows(&[("b", 2), ("c", 4), ("d", 5)]));
        let mut expected = rows(&[("c", 4), ("d", 5)]);
        expected.insert("a".to_owned(), Vec::new());
        assert_eq!(changed, expected);
    }
}
