//! Another engine's answers in the place of the batch's own.
//!
//! The batch reads everything up to a cut and publishes two things: answers, and an index of what corrections of
//! batched events need. With an engine the sums, counts, extremes and latest trades are the engine's, which reads the
//! archive's Parquet files by itself; marks, what they can name, the duplicates seen, and what carries days, medians and
//! first customers remain the batch's own scan. Speed and serving layer cannot tell the difference.

use bytes::Bytes;
use workloads::{Dedup, Terms, Version};

use crate::archive::Archive;
use crate::batch::trades::{LATEST, NEAREST};
use crate::error::LambdaError;

pub(crate) mod orders;
pub(crate) mod trades;

/// Everything below a cut, for an engine to ask.
pub struct Held<'a> {
    /// Name of the workload.
    pub workload: &'a str,
    /// The archive's Parquet files, each as it was written.
    pub files: Vec<Bytes>,
    /// The cut, if some of the files go beyond it.
    pub below: Option<&'a Version>,
    /// What must be agreed on.
    pub terms: &'a Terms,
    /// By what duplicates are recognised.
    pub dedup: Dedup,
    /// How many of the lowest and highest prices of a day are asked for.
    pub nearest: usize,
    /// How many of the latest trades of a symbol at one price are asked for.
    pub latest: usize,
}

/// Answers the questions of a workload about any history.
pub trait Engine: Send + Sync {
    /// Gets ready to be asked about one history.
    fn begin(&self, held: &Held<'_>) -> Result<Box<dyn Session>, EngineError>;
}

/// One history, ready to be asked.
pub trait Session {
    /// Hands each row of the answer to a question to `each`: its text, empty if it has none, and its numbers.
    fn ask(&mut self, question: &str, each: Each<'_>) -> Result<(), EngineError>;
}

/// What is done with each row.
pub type Each<'e> = &'e mut dyn FnMut(&str, &[i128]) -> Result<(), EngineError>;

/// An engine that gave no answer, or none that the batch understands.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the batch's engine failed while {what}: {cause}")]
pub struct EngineError {
    /// What was being attempted.
    pub what: String,
    /// What it said.
    pub cause: String,
}

/// A session about everything that an archive holds below a cut.
pub(crate) fn begin(
    engine: &dyn Engine,
    workload: &str,
    archive: &Archive,
    cut: &Version,
    terms: &Terms,
    dedup: Dedup,
) -> Result<Box<dyn Session>, LambdaError> {
    let (files, whole) = archive.held(cut)?;
    let below = (!whole).then_some(cut);
    // One more than is published, so that it is known whether there are more.
    let (nearest, latest) = (NEAREST, LATEST);
    Ok(engine.begin(&Held { workload, files, below, terms, dedup, nearest, latest })?)
}

/// The row as so many numbers.
fn numbers<const N: usize>(question: &str, row: &[i128]) -> Result<[i128; N], EngineError> {
    row.try_into().map_err(|_| unusable(question, &format!("a row has {} numbers, not {N}", row.len())))
}

/// A number that has room in a smaller type, as all of these have that were counted or read from a log.
fn fit<T: TryFrom<i128>>(question: &str, number: i128) -> Result<T, EngineError> {
    T::try_from(number).map_err(|_| unusable(question, &format!("{number} is out of range")))
}

/// A row that cannot be.
fn unusable(question: &str, cause: &str) -> EngineError {
    EngineError { what: format!("answering {question}"), cause: cause.to_owned() }
}
