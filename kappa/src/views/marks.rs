//! Marks of one thing, kept in little room: when it was taken back, and what it was corrected to.

use serde::{Deserialize, Serialize};
use workloads::{Millis, Place};

/// The marks of one thing. Most things have none, and most others were taken back, once.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) enum Marks<C> {
    #[default]
    None,
    /// Event time of the earliest mark that takes it back: the one that reaches furthest back.
    Withdrawn(Millis),
    Several(Box<Several<C>>),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Several<C> {
    /// As above, if there is one.
    withdrawn: Option<Millis>,
    /// In ascending order of their moments.
    corrections: Vec<C>,
}

/// What a thing is corrected to.
pub(super) trait Correction {
    /// When it was said, and where: the later of two moments counts.
    fn moment(&self) -> (Millis, Place);
}

impl<C: Correction> Marks<C> {
    /// Whatever comes is taken back.
    pub(super) const EVER: Self = Marks::Withdrawn(Millis::MIN);

    /// Since when it is taken back, if it is.
    pub(super) fn withdrawn(&self) -> Option<Millis> {
        match self {
            Marks::None => None,
            Marks::Withdrawn(time) => Some(*time),
            Marks::Several(several) => several.withdrawn,
        }
    }

    /// Whether it was taken back at this time or before.
    pub(super) fn is_withdrawn_by(&self, time: Millis) -> bool {
        self.withdrawn().is_some_and(|withdrawn| withdrawn <= time)
    }

    /// In ascending order of their moments.
    pub(super) fn corrections(&self) -> &[C] {
        match self {
            Marks::Several(several) => &several.corrections,
            _ => &[],
        }
    }

    pub(super) fn withdraw(&mut self, time: Millis) {
        let earliest = self.withdrawn().map_or(time, |earliest| earliest.min(time));
        match self {
            Marks::Several(several) => several.withdrawn = Some(earliest),
            _ => *self = Marks::Withdrawn(earliest),
        }
    }

    pub(super) fn correct(&mut self, correction: C) {
        let moment = correction.moment();
        let corrections = &mut self.several().corrections;
        let at = corrections.partition_point(|held| held.moment() < moment);
        corrections.insert(at, correction);
    }

    fn several(&mut self) -> &mut Several<C> {
        if !matches!(self, Marks::Several(_)) {
            let several = Several { withdrawn: self.withdrawn(), corrections: Vec::new() };
            *self = Marks::Several(Box::new(several));
        }
        match self {
            Marks::Several(several) => several,
            _ => unreachable!("it was made several"),
        }
    }
}
