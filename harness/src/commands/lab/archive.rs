//! `wb lab archive`: one log, followed by a stream processor and written to a Parquet archive at once; then a batch.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use lambda::archive::Archive;
use workloads::files::{RealDisk, SharedDisk};
use workloads::intake::{Feed, Intake};
use workloads::{Codec, Dedup, Draft, Rows, Shape, Terms, Version};

use super::super::generate::workload;
use super::super::print::{self, Value};
use super::super::{Usage, World, code};
use super::stage::{Follower, Ground, Stage};
use crate::lang::{Lang, context};

/// Events appended at once.
const CHUNK: usize = 1000;

/// Which events, and where the archive goes.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  scripts/kafka up
  wb lab archive --log kafka://127.0.0.1:9092/orders --archive orders.archive

The files are ordinary Parquet, by day. Exit code 3 if the batch over them and the stream processor differ.")]
pub struct Arguments {
    #[command(flatten)]
    ground: Ground,
    /// Name of the workload
    #[arg(long, value_name = "NAME", default_value = "orders")]
    workload: String,
    /// Number of events
    #[arg(long, value_name = "N", default_value_t = 20_000)]
    events: u64,
    /// Seed of everything random
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Folder of the archive, which goes on where it was; a temporary one if absent
    #[arg(long, value_name = "DIR")]
    archive: Option<PathBuf>,
    /// Who follows the stream
    #[arg(long, value_name = "NAME", default_value = "kappa")]
    contestant: String,
}

impl Arguments {
    /// Does it.
    pub fn run(self, world: &World) -> anyhow::Result<ExitCode> {
        let workload = workload(&self.workload)?;
        if self.events == 0 {
            return Err(Usage::error("--events must be at least 1"));
        }
        let temporary = tempfile::tempdir().context("making a temporary folder")?;
        let folder = self.archive.clone().unwrap_or_else(|| temporary.path().join("archive"));
        let mut stage = self.ground.open(workload.name, Codec::Json, world)?;
        let mut follower = stage.follow(&self.contestant)?;
        let mut copyist = Copyist::open(&stage, &folder)?;
        let drafts: Vec<Draft> = (workload.generate)(&self.shape(&stage, world)?).collect();
        for chunk in drafts.chunks(CHUNK) {
            world.stop.check()?;
            stage.append(chunk, world.clock.millis())?;
            let heads = stage.log.heads()?;
            follower.reach(&heads, world)?;
            copyist.copy(&heads)?;
        }
        let heads = stage.log.heads()?;
        copyist.seal(&heads)?;
        let fields = context! { records => heads.total(), heads => heads.to_string() };
        print::text(&world.lang.say("labs.archive-records", fields))?;
        shown(&folder, world.lang)?;
        agree(workload, &mut follower, &copyist.archive, (&heads, world.lang))
    }

    /// Events that follow those in the log.
    fn shape(&self, stage: &Stage, world: &World) -> anyhow::Result<Shape> {
        let events = self.events;
        let first_sequence = stage.log.heads()?.total();
        let (cancellations, corrections) = (0.02, 0.01);
        let (rate, start) = (1000.0, world.clock.millis());
        Ok(Shape {
            seed: self.seed,
            events,
            rate,
            keys: 100,
            cancellations,
            corrections,
            start,
            first_sequence,
        })
    }
}

/// Reads the log for itself and writes the archive.
struct Copyist {
    archive: Archive,
    intake: Intake,
}

impl Copyist {
    fn open(stage: &Stage, folder: &Path) -> anyhow::Result<Copyist> {
        let disk: SharedDisk = Arc::new(RealDisk);
        let meta = stage.log.meta();
        let archive = Archive::open(&disk, folder, &meta.workload, meta.partitions)?
            .following(stage.log.as_ref(), Dedup::Origin)?;
        let partitions: Vec<u32> = (0..meta.partitions).collect();
        let feed = Feed { dedup: Dedup::Offset, ..Feed::default() };
        let intake = Intake::open(stage.log.as_ref(), &partitions, archive.sealed(), &feed)?;
        Ok(Copyist { archive, intake })
    }

    /// Takes in everything below these offsets.
    fn copy(&mut self, heads: &Version) -> anyhow::Result<()> {
        let mut records = Vec::new();
        for (partition, head) in (0..).zip(&heads.0) {
            while self.intake.version().0[partition as usize] < *head
                && self.intake.pull(partition, *head, CHUNK, &mut records)? > 0
            {}
        }
        Ok(self.archive.append(&records)?)
    }

    fn seal(&mut self, heads: &Version) -> anyhow::Result<()> {
        self.copy(heads)?;
        Ok(self.archive.seal(heads)?)
    }
}

/// The archive's files and their sizes.
fn shown(folder: &Path, lang: Lang) -> anyhow::Result<()> {
    let mut rows = Vec::new();
    for day in std::fs::read_dir(folder).with_context(|| format!("listing {}", folder.display()))? {
        let day = day?.path();
        if !day.is_dir() {
            continue;
        }
        for file in std::fs::read_dir(&day)? {
            let file = file?;
            let name = Path::new(day.file_name().unwrap_or_default()).join(file.file_name());
            rows.push((name.display().to_string(), file.metadata()?.len()));
        }
    }
    rows.sort();
    let rows: Vec<_> =
        rows.into_iter().map(|(name, bytes)| vec![name.into(), Value::Integer(bytes.into())]).collect();
    print::table(lang, &["labs.archive-file", "labs.archive-bytes"], &rows)
}

/// Whether the batch over the archive and the one who followed the log give the same rows, view by view.
fn agree(
    workload: &'static workloads::Workload,
    follower: &mut Follower,
    archive: &Archive,
    (heads, lang): (&Version, Lang),
) -> anyhow::Result<ExitCode> {
    let names: Vec<&str> = workload.views.iter().map(|view| view.name).collect();
    let terms = Terms::default();
    let batch = lambda::alone::answer(workload.name, &names, archive, heads, &terms, terms.dedup)?;
    let (mut rows, mut same) = (Vec::new(), true);
    for (name, batch) in names.into_iter().zip(batch) {
        let stream: Rows = follower.rows(name)?;
        same &= stream == batch;
        let verdict = if stream == batch { "labs.archive-same" } else { "labs.archive-different" };
        let lengths = [&stream, &batch].map(|rows| Value::Integer(rows.len() as i128));
        let [stream, batch] = lengths;
        rows.push(vec![name.into(), stream, batch, lang.text(verdict).into()]);
    }
    let header = ["labs.archive-view", "labs.archive-stream", "labs.archive-batch", "labs.archive-verdict"];
    print::table(lang, &header, &rows)?;
    Ok(if same { ExitCode::SUCCESS } else { code::wrong() })
}
