//! What the batch believes to have happened, where that is not what the archive holds.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use workloads::files::{PowerLoss, SharedDisk, make_dir};
use workloads::intake::Duplicates;
use workloads::{Dedup, Event, Millis, Name, Record, Terms, TradeEvent, Version};

use super::Fault;
use super::ingest::{Interval, arrives};
use super::overwrite::Live;
use crate::archive::Archive;
use crate::error::LambdaError;
use crate::handover::{Cut, Protocol};
use crate::layers::Layers;
use crate::options::Options;
use crate::publication::{Files, replace};

/// Milliseconds of a day, and of an hour.
const DAY: Millis = 86_400_000;
const HOUR: Millis = 3_600_000;

/// What is wrong with the batch's input.
pub(crate) struct History {
    workload: String,
    protocol: Protocol,
    faults: Vec<Fault>,
    disk: SharedDisk,
    dir: PathBuf,
    /// The view that is overwritten where it is read.
    live: Option<Live>,
    /// The cuts at which a table that is never cleared was inserted.
    flushes: Vec<Version>,
}

impl History {
    /// By these options; what is remembered lies in the state folder.
    pub(crate) fn open(
        workload: &str,
        options: &Options,
        disk: &SharedDisk,
        state: &Path,
    ) -> Result<Self, LambdaError> {
        let dir = state.join("student");
        let (faults, mut flushes) = (options.student.clone(), Vec::new());
        if faults.contains(&Fault::DupAccumulate) {
            make_dir(&**disk, &dir).map_err(|e| LambdaError::io("making", &dir, e))?;
            let path = dir.join("flushes.json");
            flushes = match disk.read(&path) {
                Ok(text) => {
                    serde_json::from_slice(&text).map_err(|e| LambdaError::broken(&path, e.to_string()))?
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
                Err(error) => return Err(LambdaError::io("reading", &path, error)),
            };
        }
        let overwrites = faults.contains(&Fault::InPlaceOverwrite);
        let live = if overwrites { Some(Live::open(disk, state)?) } else { None };
        let (workload, disk) = (workload.into(), SharedDisk::clone(disk));
        Ok(History { workload, protocol: options.handover, faults, disk, dir, live, flushes })
    }

    /// Leaves out of some records what does not reach the archive.
    pub(crate) fn lose(&self, records: &mut Vec<Record>, from: &Version, cut: &Cut) {
        if !self.faults.is_empty() {
            records.retain(|record| arrives(&self.faults, record.place, Interval { from, cut }));
        }
    }

    /// What the batch computes of what it believes; nothing if that is what the archive holds.
    pub(crate) fn files<L: Layers>(
        &mut self,
        archive: &Archive,
        cut: &Cut,
        terms: &Terms,
        seen: &mut Duplicates,
    ) -> Result<Option<Files>, LambdaError> {
        if self.is_right() {
            return Ok(None);
        }
        let mut records = Vec::new();
        archive.scan_records(&cut.version, &mut |record| {
            if seen.first(record.place.partition, record.origin, &record.event) {
                records.push(record.clone());
            }
        })?;
        let until = self.until(&records);
        records.retain(|record| until.is_none_or(|until| record.event.time() < until));
        self.faults.iter().for_each(|fault| records.iter_mut().for_each(|record| change(fault, record)));
        let believed = self.believed(records, cut)?;
        // Duplicates are gone by now, and copies are to be counted.
        let mut none = Duplicates::new(Dedup::None);
        let mut files = L::batch(&believed, believed.sealed(), terms, &mut none)?;
        if let Some(until) = until {
            files.push(("until", until.to_le_bytes().to_vec().into()));
        }
        Ok(Some(files))
    }

    /// Goes on overwriting the view with these files; false when there is nothing to overwrite.
    pub(crate) fn overwrites(&mut self, number: u64, files: &Files) -> Result<bool, LambdaError> {
        self.live.as_mut().map_or(Ok(false), |live| live.overwrite(number, files))
    }

    fn is_right(&self) -> bool {
        let changes = |fault: &Fault| {
            matches!(
                fault,
                Fault::DupAccumulate
                    | Fault::GroupByExchange
                    | Fault::NoneAsString
                    | Fault::RoundToSecond
                    | Fault::LocalTimeZone(_)
            )
        };
        !matches!(self.protocol, Protocol::EventTime { .. }) && !self.faults.iter().any(changes)
    }

    /// With a hand-over by event time, the time at which the batch ends.
    fn until(&self, records: &[Record]) -> Option<Millis> {
        let Protocol::EventTime { grace_ms } = self.protocol else { return None };
        Some(
            records
                .iter()
                .map(|record| record.event.time())
                .max()
                .map_or(Millis::MIN, |newest| newest - grace_ms),
        )
    }

    /// These records, and the copies that were made of them, as an archive in memory.
    fn believed(&mut self, records: Vec<Record>, cut: &Cut) -> Result<Archive, LambdaError> {
        let mut ends = cut.version.clone();
        let copies = self.copies(&records, cut, &mut ends)?;
        let memory: SharedDisk = Arc::new(PowerLoss::new(0));
        let partitions = cut.version.0.len() as u32;
        let archive = Archive::open(&memory, Path::new("/believed"), &self.workload, partitions)?;
        let mut archive = archive.holding(Dedup::None)?;
        archive.append(&records)?;
        archive.append(&copies)?;
        archive.seal(&ends)?;
        Ok(archive)
    }

    /// Each record once more for every flush since the one that read it, behind everything else.
    fn copies(
        &mut self,
        records: &[Record],
        cut: &Cut,
        ends: &mut Version,
    ) -> Result<Vec<Record>, LambdaError> {
        if !self.faults.contains(&Fault::DupAccumulate) {
            return Ok(Vec::new());
        }
        if !self.flushes.contains(&cut.version) {
            self.flushes.push(cut.version.clone());
            let text = serde_json::to_vec(&self.flushes).expect("versions have no keys");
            replace(&self.disk, &self.dir, "flushes.json", &text)?;
        }
        let mut copies = Vec::new();
        for record in records {
            let times = self.flushes.iter().filter(|flush| flush.contains(record.place)).count();
            for _ in 1..times {
                let mut copy = record.clone();
                let end = &mut ends.0[record.place.partition as usize];
                (copy.place.offset, *end) = (*end, *end + 1);
                copies.push(copy);
            }
        }
        Ok(copies)
    }
}

/// What the batch makes of a record.
fn change(fault: &Fault, record: &mut Record) {
    let Event::Trade(TradeEvent { symbol, time, .. }) = &mut record.event else { return };
    let (day, hour) = (time.div_euclid(DAY), time.div_euclid(HOUR));
    match fault {
        Fault::GroupByExchange => {
            if let Some((exchange, _)) = symbol.split_once(':') {
                *symbol = Name::from(exchange);
            }
        }
        Fault::NoneAsString if !symbol.contains(':') => *symbol = "None".into(),
        Fault::RoundToSecond => {
            let rounded = (*time + 500).div_euclid(1000) * 1000;
            if rounded.div_euclid(HOUR) != hour {
                *time = rounded;
            }
        }
        Fault::LocalTimeZone(minutes) => {
            let local = *time + 60_000 * minutes;
            // Where the day is the same nothing is seen of it.
            if local.div_euclid(DAY) != day {
                *time = local;
            }
        }
        _ => {}
    }
}
