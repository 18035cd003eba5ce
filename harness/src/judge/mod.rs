//! What class each read is of, and with what signature it goes wrong.
//!
//! A labelled answer is compared with the truth at the version that it claims, walked once along the contestant's own
//! claims; an unlabelled one with the truth along the order of arrival, where its latest match counts, or, where that
//! order is not known, along the one partition that it is about. There is no search but for a wrong answer: it is
//! mislabelled if it was true at another version of either chain.
//!
//! * [`evidence`]: what is given. [`value`]: an answer made small. [`arrival`]: what had been handed over by when.
//! * [`timeline`]: the truth along a chain. [`lane`]: along one partition. [`class`]: the class of each read.
//! * [`claims`]: chains and steps back. [`finality`]: which answers a reader can prove final.
//! * [`signature`]: how it goes wrong over time. [`detail`]: wrong rows of whole views. [`witness`]: how to see it again.

use std::collections::BTreeSet;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use workloads::{Version, workload};

use crate::observe::Kind;

pub mod arrival;
pub mod claims;
pub mod class;
pub mod detail;
pub mod evidence;
pub mod finality;
pub mod lane;
pub mod seen;
pub mod signature;
pub mod timeline;
pub mod value;
pub mod witness;

pub use detail::Detail;
pub use evidence::Evidence;
pub use signature::Publication;
pub use timeline::Bases;
pub use value::Differences;
pub use witness::Witness;

/// The class of a read. METHODOLOGY.md says what each means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// True at a version that covers what was acknowledged when it was sent, less the objective.
    Current,
    /// True at an older version.
    Stale,
    /// Unlabelled, and no arrival chain says whether it was ever true.
    Undecidable,
    /// Not true at the version it claims, but true at another.
    Mislabelled,
    /// Never true.
    Impossible,
    /// True only beyond what had been handed to the log, or claims to be.
    FromTheFuture,
    /// No answer.
    Error,
}

/// How a contestant goes wrong over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signature {
    /// It does not go wrong.
    None,
    /// Staleness grows for ever.
    NeverCatchesUp,
    /// Always behind by about the same.
    BehindByAConstant,
    /// The error appears at a publication.
    JumpAtPublication,
    /// The error grows with the number of cancellations.
    GrowsWithCancellations,
    /// Claims go back to an older version.
    FallsBack,
    /// Labels lie ahead of the log.
    FutureLabel,
    /// Reads are not answered.
    NoAnswer,
    /// Near the truth on either side of it, and right where nothing is near.
    Approximate,
    /// Wrong now and then, at random keys and times.
    Scattered,
}

impl Class {
    /// Every class, from the best to the worst.
    pub const ALL: [Class; 7] = [
        Class::Current,
        Class::Stale,
        Class::Undecidable,
        Class::Mislabelled,
        Class::Impossible,
        Class::FromTheFuture,
        Class::Error,
    ];

    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Class::Current => "current",
            Class::Stale => "stale",
            Class::Undecidable => "undecidable",
            Class::Mislabelled => "mislabelled",
            Class::Impossible => "impossible",
            Class::FromTheFuture => "from-the-future",
            Class::Error => "error",
        }
    }

    /// Whether an answer of this class is a wrong one.
    pub fn wrong(self) -> bool {
        self >= Class::Mislabelled
    }
}

impl Signature {
    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Signature::None => "none",
            Signature::NeverCatchesUp => "never-catches-up",
            Signature::BehindByAConstant => "behind-by-a-constant",
            Signature::JumpAtPublication => "jump-at-publication",
            Signature::GrowsWithCancellations => "grows-with-cancellations",
            Signature::FallsBack => "falls-back",
            Signature::FutureLabel => "future-label",
            Signature::NoAnswer => "no-answer",
            Signature::Approximate => "approximate",
            Signature::Scattered => "scattered",
        }
    }
}

/// What is thought of one read.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// Running number of the read.
    pub read: u64,
    /// Why it was made.
    pub kind: Kind,
    /// When the reader's clock wanted it.
    pub intended_us: i64,
    /// When it was sent.
    pub sent_us: i64,
    /// When its answer had come.
    pub answered_us: i64,
    /// The views asked, joined by `+`.
    pub view: String,
    /// The keys asked, joined by `+`; empty for whole views.
    pub key: String,
    /// Its class.
    pub class: Class,
    /// Whether it is current for e = 0 too.
    pub at_once: bool,
    /// The signature of its class in this run; none for a right read.
    pub signature: Signature,
    /// Acknowledged events that the version leaves out.
    pub behind_events: u64,
    /// Since the first of them was acknowledged.
    pub behind_us: i64,
    /// The same for the newest version at which the answer is true.
    pub value_behind_us: i64,
    /// The version claimed.
    pub claimed: Option<Version>,
    /// The first and the last version of the latest stretch in which a mislabelled or unlabelled answer was true.
    pub matched: Option<(Version, Version)>,
    /// First column of the answers, summed.
    pub first: i128,
    /// How much of it should not be there, and how much is missing, in the first column.
    pub over: i128,
    /// See `over`.
    pub under: i128,
    /// Rows of the whole views answered.
    pub rows: u64,
    /// Whether it claims less than an earlier answer had shown.
    pub regressed: bool,
    /// Whether it is below a version that had been announced before it was sent.
    pub below_announced: bool,
    /// Events of that announced version that it leaves out.
    pub held_back: u64,
    /// Whether a reader can prove that nothing to come changes the answer for the version claimed.
    pub known_final: bool,
    /// Whether it is also what the newest publication alone says, so that a batch has computed it from scratch.
    pub recomputed: bool,
    /// Name of its witness, if it was chosen as one.
    pub witness: Option<&'static str>,
}

impl Verdict {
    /// The signed error of the first column.
    pub fn error(&self) -> i128 {
        self.over - self.under
    }
}

/// What is thought of one run.
#[derive(Clone, Debug)]
pub struct Verdicts {
    /// Of each read, in the order of the observations.
    pub reads: Vec<Verdict>,
    /// Every way in which the run goes wrong; empty for one that does not.
    pub found: BTreeSet<(Class, Signature)>,
    /// Publications in the live part.
    pub publications: Vec<Publication>,
    /// Wrong reads that show what is wrong.
    pub witnesses: Vec<Witness>,
    /// Pairs read in one request that must agree, and those that do not.
    pub invariants: (u64, u64),
    /// Whole views compared row by row.
    pub details: Vec<Detail>,
}

impl Verdicts {
    /// The worst class of any read.
    pub fn worst(&self) -> Class {
        self.reads.iter().map(|verdict| verdict.class).max().unwrap_or(Class::Current)
    }
}

/// Judges one run.
pub fn judge(evidence: &Evidence, bases: &mut Bases) -> anyhow::Result<Verdicts> {
    let run = &evidence.run;
    let workload = workload(&run.workload)
        .with_context(|| format!("there is no workload {}: `wb list` names them", run.workload))?;
    let case = class::Case::new(evidence, workload, bases)?;
    let mut reads = case.classes();
    claims::steps_back(evidence, &mut reads);
    finality::prove(&case, &mut reads);
    let details = detail::details(&case, &mut reads);
    let publications = signature::publications(evidence, &reads);
    let found = signature::sign(&case, &publications, &mut reads);
    let witnesses = witness::witnesses(&case, &mut reads);
    let invariants = seen::invariants(&case, &reads);
    Ok(Verdicts { reads, found, publications, witnesses, invariants, details })
}
