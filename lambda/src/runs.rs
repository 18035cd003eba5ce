//! What the batch has done, run by run, as a scheduler shows it.
//!
//! `runs.jsonl` holds one line for every change of a run; the last line of a run is what became of it. Lines are
//! appended and synced. A line that a crash cut short counts as not written. Once there are many lines, the newest
//! runs are written again and the file is replaced.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use workloads::files::SharedDisk;
use workloads::{Micros, Version};

use crate::error::LambdaError;
use crate::publication::{Manifest, Shelf, replace};

/// The file, in the state folder.
const FILE: &str = "runs.jsonl";

/// Runs that are remembered.
const KEPT: usize = 1_000;

/// Lines after which the file is written again.
const LINES: usize = 4 * KEPT;

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// At work, or stopped before it could say how it ended.
    Running,
    /// An attempt failed and the next one is awaited.
    Waiting,
    /// Published.
    Published,
    /// Given up after its last attempt.
    Failed,
    /// Not a computation: an older publication was served again.
    RolledBack,
}

impl Status {
    /// Its name, as printed.
    pub fn name(self) -> &'static str {
        match self {
            Status::Running => "running",
            Status::Waiting => "waiting",
            Status::Published => "published",
            Status::Failed => "failed",
            Status::RolledBack => "rolled-back",
        }
    }
}

/// One run of the batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Number of the publication that it is to make.
    pub number: u64,
    /// When its cut was proposed.
    pub started: Micros,
    /// When it ended; absent if it has not, or was killed as it did.
    pub ended: Option<Micros>,
    /// The cut: what was proposed, and once published what was agreed.
    pub cut: Version,
    /// Rows of everything that was published.
    pub rows: u64,
    /// Bytes of the same.
    pub bytes: u64,
    /// Checksum over all of it.
    pub checksum: u32,
    /// How it stands.
    pub status: Status,
    /// How often it was begun.
    pub attempts: u32,
    /// Batches that fell due and were passed over before this one, because another was under way or nobody was there.
    pub skipped: u64,
    /// What the last failed attempt said.
    pub error: Option<String>,
    /// The publication on which it builds, or which it serves again.
    pub from: Option<u64>,
    /// Why it was computed from the beginning, where batches go on from the one before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub afresh: Option<String>,
}

impl Run {
    /// One that begins.
    pub(crate) fn begin(number: u64, cut: Version, now: Micros, skipped: u64) -> Self {
        Run {
            number,
            started: now,
            ended: None,
            cut,
            rows: 0,
            bytes: 0,
            checksum: 0,
            status: Status::Running,
            attempts: 1,
            skipped,
            error: None,
            from: None,
            afresh: None,
        }
    }

    /// Takes over what was published, if that is its own.
    pub(crate) fn published(&mut self, manifest: &Manifest) {
        self.cut = manifest.cut.clone();
        (self.rows, self.bytes, self.checksum) = (manifest.rows(), manifest.bytes(), manifest.checksum);
        self.from = manifest.from;
        self.status = if manifest.again { Status::RolledBack } else { Status::Published };
    }
}

/// The runs of a state folder, with the file that holds them.
pub(crate) struct Runs {
    disk: SharedDisk,
    dir: PathBuf,
    runs: VecDeque<Run>,
    /// Lines of the file; so many that it is written again if its end is not known.
    lines: usize,
}

impl Runs {
    /// Those of a state folder, as they stand.
    pub(crate) fn open(disk: &SharedDisk, state: &Path) -> Result<Self, LambdaError> {
        let path = state.join(FILE);
        let (text, there) = match disk.read(&path) {
            Ok(bytes) => (bytes, true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => (Vec::new(), false),
            Err(error) => return Err(LambdaError::io("reading", &path, error)),
        };
        let (disk, dir) = (SharedDisk::clone(disk), state.to_owned());
        let mut runs = Runs { disk, dir, runs: VecDeque::new(), lines: 0 };
        // What follows the last line's end is a line that was not written.
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        for line in text[..whole].split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let run = serde_json::from_slice(line);
            runs.keep(run.map_err(|e| LambdaError::broken(&path, e.to_string()))?);
        }
        if !there || whole < text.len() {
            runs.lines = LINES;
        }
        Ok(runs)
    }

    /// Notes how a run stands now, durably.
    pub(crate) fn note(&mut self, run: &Run) -> Result<(), LambdaError> {
        self.keep(run.clone());
        if self.lines > LINES {
            return self.write_again();
        }
        let path = self.dir.join(FILE);
        let append = || {
            let mut file = self.disk.open(&path)?;
            file.append(&line(run))?;
            file.sync()
        };
        let appended = append();
        if appended.is_err() {
            // Some of the line may be there.
            self.lines = LINES;
        }
        appended.map_err(|e| LambdaError::io("writing", &path, e))
    }

    /// The newest.
    pub(crate) fn last(&self) -> Option<&Run> {
        self.runs.back()
    }

    fn keep(&mut self, run: Run) {
        self.lines += 1;
        match self.runs.back_mut() {
            Some(last) if (last.number, last.started) == (run.number, run.started) => *last = run,
            _ => self.runs.push_back(run),
        }
        while self.runs.len() > KEPT {
            self.runs.pop_front();
        }
    }

    fn write_again(&mut self) -> Result<(), LambdaError> {
        let text: Vec<u8> = self.runs.iter().flat_map(line).collect();
        replace(&self.disk, &self.dir, FILE, &text)?;
        self.lines = self.runs.len();
        Ok(())
    }
}

fn line(run: &Run) -> Vec<u8> {
    let mut text = serde_json::to_vec(run).expect("a run has no keys but strings");
    text.push(b'\n');
    text
}

/// The runs of a state folder, oldest first. Whoever works there is not disturbed.
pub fn runs(disk: &SharedDisk, state: &Path) -> Result<Vec<Run>, LambdaError> {
    let shelf = Shelf::find(disk, state)?;
    let mut runs = Vec::from(Runs::open(disk, state)?.runs);
    let current = shelf.current()?.unwrap_or(0);
    for run in runs.iter_mut().filter(|run| run.status == Status::Running && run.number <= current) {
        // It was killed between publishing and saying so.
        match shelf.manifest(run.number) {
            Ok(manifest) => run.published(&manifest),
            Err(_) => run.status = Status::Published,
        }
    }
    Ok(runs)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use workloads::files::PowerLoss;

    use super::*;

    fn disk() -> SharedDisk {
        let disk: SharedDisk = Arc::new(PowerLoss::new(1));
        disk.create_dir(Path::new("/state")).unwrap();
        disk
    }

    fn run(number: u64) -> Run {
        Run::begin(number, Version(vec![number, 0]), number as Micros, 0)
    }

    #[test]
    fn the_last_line_of_a_run_is_what_became_of_it() {
        let (disk, state) = (disk(), Path::new("/state"));
        let mut runs = Runs::open(&disk, state).unwrap();
        runs.note(&run(1)).unwrap();
        runs.note(&Run { status: Status::Failed, ..run(1) }).unwrap();
        runs.note(&run(2)).unwrap();
        let mut file = disk.open(&state.join(FILE)).unwrap();
        file.append(b"{\"number\":3,\"sta").unwrap();
        let mut again = Runs::open(&disk, state).unwrap();
        let held = |runs: &Runs| runs.runs.iter().map(|run| (run.number, run.status)).collect::<Vec<_>>();
        assert_eq!(held(&again), [(1, Status::Failed), (2, Status::Running)]);
        again.note(&run(3)).unwrap();
        assert_eq!(Runs::open(&disk, state).unwrap().last(), Some(&run(3)));
    }

    #[test]
    fn the_file_does_not_grow_for_ever() {
        let (disk, state) = (disk(), Path::new("/state"));
        let mut runs = Runs::open(&disk, state).unwrap();
        (1..=2 * LINES as u64).for_each(|number| runs.note(&run(number)).unwrap());
        let lines = disk.read(&state.join(FILE)).unwrap().iter().filter(|byte| **byte == b'\n').count();
        assert!(lines <= LINES && runs.runs.len() == KEPT, "{lines}");
        assert_eq!(Runs::open(&disk, state).unwrap().runs, runs.runs);
    }
}
