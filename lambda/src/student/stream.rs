//! What the speed layer hears of the log.

use std::collections::BTreeSet;
use std::path::Path;

use workloads::files::SharedDisk;
use workloads::{Query, Record, Terms};

use super::Fault;
use super::ingest::lost;
use super::overwrite::Live;
use crate::error::LambdaError;
use crate::layers::Layers;
use crate::options::Options;

/// What is wrong with the speed layer's input.
pub(crate) struct Stream {
    faults: Vec<Fault>,
    /// Whether the layer was here before: there was a publication when it started.
    again: bool,
    /// The keys that it found at its start.
    found: Option<BTreeSet<String>>,
    /// The batch view, if it is read where it is overwritten.
    live: Option<Live>,
}

impl Stream {
    /// By these options.
    pub(crate) fn new(
        options: &Options,
        again: bool,
        disk: &SharedDisk,
        state: &Path,
    ) -> Result<Self, LambdaError> {
        let faults = options.student.clone();
        let overwritten = faults.contains(&Fault::InPlaceOverwrite);
        let live = if overwritten { Some(Live::open(disk, state)?) } else { None };
        Ok(Stream { faults, again, found: None, live })
    }

    /// The batch view, where it is read while it is overwritten and has changed.
    pub(crate) fn overwritten<L: Layers>(
        &mut self,
        terms: &Terms,
        served: u64,
    ) -> Result<Option<L::Base>, LambdaError> {
        self.live.as_mut().map_or(Ok(None), |live| live.look::<L>(terms, served))
    }

    /// Whether it begins where the log ends, with nothing of what came since the cut.
    pub(crate) fn forgets(&self) -> bool {
        self.again && self.faults.contains(&Fault::LostState)
    }

    /// Leaves out of some records what does not reach it.
    pub(crate) fn lose(&self, records: &mut Vec<Record>) {
        if !self.faults.is_empty() {
            records.retain(|record| self.hears(record));
        }
    }

    fn hears(&self, record: &Record) -> bool {
        self.faults.iter().all(|fault| match fault {
            Fault::DualWriteLoss(share) => !lost(record.place, *share, 2),
            Fault::UpdateOnly => {
                self.found.as_ref().is_none_or(|found| found.contains(record.event.key().as_str()))
            }
            _ => true,
        })
    }

    /// Takes note of the keys of the first publication that is taken in.
    pub(crate) fn learn<L: Layers>(
        &mut self,
        workload: &str,
        terms: &Terms,
        base: &L::Base,
    ) -> Result<(), LambdaError> {
        if self.found.is_none() && self.faults.contains(&Fault::UpdateOnly) {
            let query = Query { view: by_record_key(workload).into(), key: None };
            let rows = L::serve(terms, base, &L::partial(&L::State::default(), &query), &query)?;
            self.found = Some(rows.unwrap_or_default().into_keys().collect());
        }
        Ok(())
    }
}

/// The view that has a row for every key of the workload's records.
fn by_record_key(workload: &str) -> &'static str {
    match workload {
        "orders" => "spend",
        "trades" => "mean",
        "words" => "totals",
        _ => "average",
    }
}
