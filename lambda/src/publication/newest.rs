//! The newest publication on its way in: taken in if it is what the batch wrote, and passed over in one line if not.

use super::{Loaded, Loading, Shelf};
use crate::error::LambdaError;

/// A shelf, and what is being taken from it.
pub(crate) struct Newest {
    shelf: Shelf,
    loading: Option<Loading>,
    /// The newest publication that was not what the batch wrote, and why.
    refused: Option<(u64, String)>,
    /// Whether it begins with an older one by itself if the newest cannot be had.
    falls_back: bool,
}

impl Newest {
    /// For who goes by what lies on the shelf.
    pub(crate) fn on(shelf: Shelf) -> Self {
        Newest { shelf, loading: None, refused: None, falls_back: true }
    }

    /// For who is told which one to take in.
    pub(crate) fn told(shelf: Shelf) -> Self {
        Newest { falls_back: false, ..Newest::on(shelf) }
    }

    /// Number of the newest publication on the shelf; none at first.
    pub(crate) fn current(&self) -> Result<Option<u64>, LambdaError> {
        self.shelf.current()
    }

    /// Number of the one that is being taken in.
    pub(crate) fn under_way(&self) -> Option<u64> {
        self.loading.as_ref().map(Loading::number)
    }

    /// Why a publication was passed over, until a newer one has been taken in.
    pub(crate) fn refused(&self) -> Option<&str> {
        self.refused.as_ref().map(|(_, why)| why.as_str())
    }

    /// Begins with a publication, unless it was passed over or another is under way: that one is ended first, or
    /// nothing would ever be taken in where batches publish faster. `first` says that there is none to go on with.
    pub(crate) fn begin(&mut self, number: u64, first: bool) -> Result<bool, LambdaError> {
        if self.loading.is_some() || self.passed() == number {
            return Ok(false);
        }
        match Loading::begin(&self.shelf, number, first) {
            Ok(loading) => self.loading = Some(loading),
            Err(_) if self.outdated(number)? => return Ok(false),
            Err(error) => self.refuse(number, error, first)?,
        }
        Ok(true)
    }

    /// Takes in a piece of what is under way; all of it once there is no more.
    pub(crate) fn step(&mut self, first: bool) -> Result<Option<Loaded>, LambdaError> {
        let Some(loading) = &mut self.loading else { return Ok(None) };
        let number = loading.number();
        match loading.step() {
            Ok(true) => {}
            Ok(false) => return Ok(None),
            Err(_) if self.outdated(number)? => {
                self.loading = None;
                return Ok(None);
            }
            Err(error) => return self.refuse(number, error, first).map(|()| None),
        }
        if number > self.passed() {
            self.refused = None;
        }
        Ok(self.loading.take().map(Loading::finish))
    }

    /// Whether one may be too old to be kept by now: there is a newer one, which was not passed over.
    fn outdated(&self, number: u64) -> Result<bool, LambdaError> {
        Ok(self.shelf.current()? > Some(number.max(self.passed())))
    }

    /// Passes over a publication that is not what the batch wrote: there is one to go on with, or at the start perhaps an
    /// older one to begin with.
    fn refuse(&mut self, number: u64, error: LambdaError, first: bool) -> Result<(), LambdaError> {
        self.loading = None;
        if number > self.passed() {
            self.refused = Some((number, error.to_string()));
        }
        if !first || !self.falls_back {
            return Ok(());
        }
        let Some(older) = self.shelf.before(number)? else { return Err(error) };
        match Loading::begin(&self.shelf, older, true) {
            Ok(loading) => self.loading = Some(loading),
            Err(error) => return self.refuse(older, error, first),
        }
        Ok(())
    }

    /// Number of the newest publication that was passed over; 0 if none was.
    fn passed(&self) -> u64 {
        self.refused.as_ref().map_or(0, |(number, _)| *number)
    }
}
