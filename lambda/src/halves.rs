//! A small log in two halves, without a schedule: the batch has recomputed one from scratch, and the speed layer has
//! folded the other over it. For whoever wants to see what a merge makes of them, and what it needs for that.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use workloads::files::{PowerLoss, SharedDisk};
use workloads::intake::Duplicates;
use workloads::{Dedup, Query, Record, Rows, Terms, Version};

use crate::archive::Archive;
use crate::error::LambdaError;
use crate::layers::{Layers, with_layers};
use crate::publication::{Files, Loaded};
use crate::speed::sketch::Sketches;
use crate::student::WrongMerge;

/// Two halves.
pub struct Halves(Box<dyn Merges>);

/// A read of both halves, and what it took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// The rows; absent if too much of the batch's half was taken back for them to be told.
    pub rows: Option<Rows>,
    /// Bytes of the speed layer's half of the answer, as it is handed to a serving layer elsewhere.
    pub handed: u64,
    /// Times that a table of the publication was read.
    pub looked_up: u64,
    /// Whether a bounded list of candidates was not enough.
    pub fell_back: bool,
    /// About how many bytes the speed layer holds for this view alone; 0 where it holds sums that several views need.
    pub held: u64,
}

impl Halves {
    /// The batch has `batched`, each record once, and of each partition in its order; the speed layer has nothing yet,
    /// and is an approximate one if it is told what to keep.
    pub fn new(
        workload: &str,
        terms: &Terms,
        batched: &[Record],
        sketches: Option<Sketches>,
    ) -> Result<Self, LambdaError> {
        with_layers!(workload, L => Ok(Halves(Box::new(Both::<L>::new(workload, terms, batched, sketches)?))))
    }

    /// More records for the speed layer.
    pub fn feed(&mut self, since: &[Record]) -> Result<(), LambdaError> {
        self.0.feed(since)
    }

    /// The answer to a question, merged rightly.
    pub fn answer(&self, query: &Query) -> Result<Option<Rows>, LambdaError> {
        self.0.answer(query)
    }

    /// The same, with what it took.
    pub fn merged(&self, query: &Query) -> Result<Merged, LambdaError> {
        self.0.merged(query)
    }

    /// The answer by a merge that is wrong; absent if the question's view has no such merge.
    pub fn mistaken(&self, query: &Query, wrong: WrongMerge) -> Result<Option<Rows>, LambdaError> {
        self.0.mistaken(query, wrong)
    }

    /// By how much an approximate speed layer can be wrong about the rank of an amount on a day.
    pub fn rank_error(&self, day: i64) -> u64 {
        self.0.rank_error(day)
    }

    /// Bytes that the batch publishes for a view: of every file that its merge reads, of which other views may read
    /// the same.
    pub fn published(&self, view: &str) -> u64 {
        self.0.published(view)
    }
}

/// The halves of one workload.
struct Both<L: Layers> {
    workload: String,
    terms: Terms,
    sizes: Vec<(&'static str, u64)>,
    looked_up: Arc<AtomicU64>,
    base: L::Base,
    state: L::State,
}

/// The halves of any workload.
trait Merges: Send {
    fn feed(&mut self, since: &[Record]) -> Result<(), LambdaError>;
    fn answer(&self, query: &Query) -> Result<Option<Rows>, LambdaError>;
    fn merged(&self, query: &Query) -> Result<Merged, LambdaError>;
    fn mistaken(&self, query: &Query, wrong: WrongMerge) -> Result<Option<Rows>, LambdaError>;
    fn rank_error(&self, day: i64) -> u64;
    fn published(&self, view: &str) -> u64;
}

impl<L: Layers> Both<L> {
    fn new(
        workload: &str,
        terms: &Terms,
        batched: &[Record],
        sketches: Option<Sketches>,
    ) -> Result<Self, LambdaError> {
        let files = published::<L>(workload, terms, batched)?;
        let sizes = files.iter().map(|(name, part)| (*name, part.len())).collect();
        let looked_up = Arc::new(AtomicU64::new(0));
        let base = L::base(Loaded::in_memory(files).watched(&looked_up))?;
        let (workload, terms) = (workload.into(), terms.clone());
        Ok(Both { workload, terms, sizes, looked_up, base, state: L::begin(sketches) })
    }
}

/// What the batch publishes of its half.
fn published<L: Layers>(workload: &str, terms: &Terms, batched: &[Record]) -> Result<Files, LambdaError> {
    let partitions = batched.iter().map(|record| record.place.partition + 1).max().unwrap_or(1);
    let mut cut = Version::zero(partitions);
    for record in batched {
        let end = &mut cut.0[record.place.partition as usize];
        *end = (*end).max(record.place.offset + 1);
    }
    let memory: SharedDisk = Arc::new(PowerLoss::new(0));
    let mut archive = Archive::open(&memory, Path::new("/half"), workload, partitions)?;
    archive.append(batched)?;
    archive.seal(&cut)?;
    L::batch(&archive, &cut, terms, &mut Duplicates::new(Dedup::None))
}

impl<L: Layers> Merges for Both<L> {
    fn feed(&mut self, since: &[Record]) -> Result<(), LambdaError> {
        since.iter().try_for_each(|record| L::speed(&self.terms, &self.base, &mut self.state, record))
    }

    fn answer(&self, query: &Query) -> Result<Option<Rows>, LambdaError> {
        L::serve(&self.terms, &self.base, &L::partial(&self.state, query), query)
    }

    fn merged(&self, query: &Query) -> Result<Merged, LambdaError> {
        let partial = L::partial(&self.state, query);
        let handed = serde_json::to_vec(&partial).expect("a half has no keys but strings and numbers");
        let before = self.looked_up.load(Ordering::Relaxed);
        let rows = L::serve(&self.terms, &self.base, &partial, query)?;
        let looked_up = self.looked_up.load(Ordering::Relaxed) - before;
        let fell_back = L::falls_back(&self.base, &partial, query)?;
        let held = L::held(&self.state, &query.view);
        Ok(Merged { rows, handed: handed.len() as u64, looked_up, fell_back, held })
    }

    fn mistaken(&self, query: &Query, wrong: WrongMerge) -> Result<Option<Rows>, LambdaError> {
        if wrong.view() != (self.workload.as_str(), query.view.as_str()) {
            return Ok(None);
        }
        L::mistaken(&self.terms, &self.base, &L::partial(&self.state, query), query, wrong)
    }

    fn rank_error(&self, day: i64) -> u64 {
        L::rank_error(&self.state, day)
    }

    fn published(&self, view: &str) -> u64 {
        let read = files(&self.workload, view);
        self.sizes.iter().filter(|(name, _)| read.contains(name)).map(|(_, bytes)| bytes).sum()
    }
}

/// The files of a publication that the merge of a view reads.
fn files(workload: &str, view: &str) -> &'static [&'static str] {
    match (workload, view) {
        ("orders", "revenue") => &["revenue"],
        ("orders", "customers_per_day") => &["names", "days", "members"],
        ("orders", "median_order") => &["days", "amounts"],
        ("orders", "top_customers") => &["names", "spent", "leaders"],
        ("orders", _) => &["names", "spent"],
        ("trades", "mean") => &["names", "symbols"],
        ("trades", "last") => &["names", "symbols", "latest"],
        ("trades", "volume_hour") => &["names", "hours"],
        ("trades", _) => &["names", "days"],
        ("words", "windows") => &["names", "windows"],
        ("words", _) => &["names", "totals"],
        ("sensors", "average") => &["names", "regions"],
        ("sensors", "alerts") => &["names", "seconds", "alerts"],
        ("sensors", _) => &["names", "seconds"],
        (_, "total") => &["total"],
        _ => &["names", "accounts"],
    }
}
