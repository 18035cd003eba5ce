//! A log that seems to end at a version, and what a contestant answers over it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use workloads::files::{PowerLoss, SharedDisk};
use workloads::intake::Feed;
use workloads::log::{EachRecord, LogError, LogReader, RawRecord};
use workloads::{Answer, Log, Meta, Millis, Query, Terms, Version};

use crate::contestants::{Component, Contestant, Now, Role, Settings};
use crate::driver::Stop;

/// Rounds in which nobody has anything to do before what they wait for is given time: a broker, or a thread beside them.
const IDLE_ROUNDS: u32 = 2_000;

/// Rounds with a pause each before a contestant is taken to come no further.
const PAUSES: u32 = 3_000;

/// How long one lasts.
const PAUSE: Duration = Duration::from_millis(1);

/// Microseconds that each round takes by the clock that components are told.
const ROUND_US: i64 = 1_000;

/// Another log's records below a version.
pub struct Upto {
    log: Arc<dyn Log>,
    version: Version,
}

struct UptoReader {
    reader: Box<dyn LogReader>,
    end: u64,
}

impl Upto {
    /// `log` as it was at `version`, which it has reached.
    pub fn new(log: Arc<dyn Log>, version: Version) -> Self {
        Upto { log, version }
    }

    /// Where a partition ends that is read from an offset on.
    fn end(&self, partition: u32, asked: u64) -> Result<u64, LogError> {
        let number = self.log.meta().partitions;
        let head = self.version.0.get(partition as usize).copied();
        let head = head.ok_or(LogError::NoPartition { partition, number })?;
        let past = LogError::OutOfRange { partition, asked, start: 0, head };
        if asked > head { Err(past) } else { Ok(head) }
    }
}

impl Log for Upto {
    fn meta(&self) -> &Meta {
        self.log.meta()
    }

    fn starts(&self) -> Result<Version, LogError> {
        self.log.starts()
    }

    fn heads(&self) -> Result<Version, LogError> {
        Ok(self.version.clone())
    }

    fn reader(&self, partition: u32, offset: u64) -> Result<Box<dyn LogReader>, LogError> {
        let end = self.end(partition, offset)?;
        Ok(Box::new(UptoReader { reader: self.log.reader(partition, offset)?, end }))
    }

    fn readers(&self, from: &[(u32, u64)]) -> Result<Vec<Box<dyn LogReader>>, LogError> {
        let ends = from.iter().map(|(partition, offset)| self.end(*partition, *offset));
        let ends = ends.collect::<Result<Vec<u64>, LogError>>()?;
        let readers = self.log.readers(from)?.into_iter().zip(ends);
        Ok(readers.map(|(reader, end)| Box::new(UptoReader { reader, end }) as _).collect())
    }

    fn glance(&self, partition: u32, offset: u64) -> Result<Box<dyn LogReader>, LogError> {
        let end = self.end(partition, offset)?;
        Ok(Box::new(UptoReader { reader: self.log.glance(partition, offset)?, end }))
    }

    fn offset_at(&self, partition: u32, time: Millis) -> Result<u64, LogError> {
        let head = self.version.0.get(partition as usize).copied().unwrap_or(0);
        Ok(self.log.offset_at(partition, time)?.min(head))
    }
}

impl LogReader for UptoReader {
    fn read(&mut self, upto: u64, max: usize, out: &mut Vec<RawRecord>) -> Result<usize, LogError> {
        self.reader.read(upto.min(self.end), max, out)
    }

    fn lend(&mut self, upto: u64, max: usize, each: &mut EachRecord<'_>) -> Result<usize, LogError> {
        self.reader.lend(upto.min(self.end), max, each)
    }

    fn position(&self) -> u64 {
        self.reader.position().min(self.end)
    }

    fn wait(&mut self, upto: u64) -> Result<(), LogError> {
        self.reader.wait(upto.min(self.end))
    }
}

/// What a contestant answers when it has followed the log up to a version: all its components in this thread,
/// their folder in memory, and a real one of the same name for databases, which know nothing of that. Says too how many
/// records could not be decoded.
pub fn answer(
    contestant: &Contestant,
    log: Arc<dyn Log>,
    terms: &Terms,
    version: &Version,
    queries: &[Query],
    stop: &Stop,
) -> anyhow::Result<(Answer, u64)> {
    let log: Arc<dyn Log> = Arc::new(Upto::new(log, version.clone()));
    let disk: SharedDisk = Arc::new(PowerLoss::new(0));
    let folder = tempfile::tempdir().context("making a temporary folder")?;
    let settings = Settings { state: folder.path().to_path_buf(), ..settings(log.meta(), terms) };
    workloads::files::make_dir(disk.as_ref(), &settings.state).context("making a folder in memory")?;
    let mut components: Vec<(Role, Box<dyn Component>)> = Vec::new();
    for part in contestant.parts {
        let component = (part.start)(Arc::clone(&log), &disk, &settings);
        components.push((part.role, component.with_context(|| format!("starting {}", part.name))?));
    }
    let (mut now, mut idle) = (Now::default(), 0);
    loop {
        stop.check()?;
        let mut busy = false;
        for (_, component) in &mut components {
            busy |= component.step(now)?;
        }
        let serving = components.iter_mut().find(|(role, _)| *role == Role::Serve);
        let (_, serving) = serving.context("no component answers reads")?;
        if serving.version().is_some_and(|reached| reached.covers(version)) {
            let answer = serving.read(queries)?;
            let dead = components.iter().map(|(_, component)| component.dead()).max();
            return Ok((answer, dead.unwrap_or(0)));
        }
        idle = if busy { 0 } else { idle + 1 };
        if idle > IDLE_ROUNDS {
            std::thread::sleep(PAUSE);
        }
        ensure!(idle < IDLE_ROUNDS + PAUSES, "{} does not reach version {version}", contestant.name);
        now.micros += ROUND_US;
    }
}

pub(crate) fn settings(meta: &Meta, terms: &Terms) -> Settings {
    Settings {
        workload: meta.workload.clone(),
        terms: terms.clone(),
        state: PathBuf::from("/state"),
        feed: Feed { dedup: terms.dedup, ..Feed::default() },
        workers: 1,
        granularity: 100_000,
        version_ms: 0,
        cut_every: 0,
        cut_ms: 500,
        spin: false,
        seed: 0,
        speed_socket: None,
        lambda: lambda::Options::default(),
        kappa: kappa::Options::default(),
    }
}
