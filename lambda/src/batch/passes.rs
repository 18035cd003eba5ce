//! The two passes that a batch goes over the archive with, several row groups at once.
//!
//! The first finds what acts on other records, wherever it stands, and which records were seen before; the second
//! counts the records. So nothing has to be held of a record but what is published.
//!
//! Whether a record was seen before is told in two steps, as groups are read in any order: within its group by the group
//! itself, and by what groups before it have seen once all of them are known.

use workloads::intake::Duplicates;
use workloads::{Dedup, Name};

use crate::archive::{ArchiveError, Groups, Reads, Stretch};
use crate::publication::Part;
use crate::publication::table::loose::Loose;

/// What the first pass has found in one row group.
pub(crate) struct Found<M> {
    group: usize,
    /// What acts on others, by the group's own numbers.
    pub(crate) marks: Vec<M>,
    /// What it has seen.
    pub(crate) seen: Duplicates,
    /// Whether it holds repetitions.
    pub(crate) repeats: bool,
}

/// What the first pass has found of all.
pub(crate) struct Passed<M> {
    /// What acts on others, by numbers that hold everywhere.
    pub(crate) marks: Vec<M>,
    filters: Filters,
}

/// What each row group must tell repetitions by in the second pass; most have none.
pub(crate) struct Filters(Vec<Option<Duplicates>>);

/// What a thread has at hand in the second pass.
pub(crate) struct Counting<A> {
    /// What it has counted.
    pub(crate) answers: A,
    /// What it tells repetitions by.
    pub(crate) seen: Duplicates,
    group: Option<usize>,
}

/// What groups have seen before they are read; those that are not to be read are told by having none.
pub(crate) type Seen<'s> = &'s (dyn Fn(usize) -> Option<Duplicates> + Sync);

/// What all threads have found.
pub(crate) type All<M> = Result<Vec<Vec<Found<M>>>, ArchiveError>;

impl<M> Found<M> {
    /// What is found in the group of a stretch, at the end of what a thread has found.
    pub(crate) fn of(
        all: &mut Vec<Found<M>>,
        stretch: Stretch,
        seen: impl FnOnce() -> Duplicates,
    ) -> &mut Found<M> {
        if all.last().is_none_or(|last| last.group != stretch.group) {
            all.push(Found { group: stretch.group, marks: Vec::new(), seen: seen(), repeats: false });
        }
        all.last_mut().expect("there is one, by now")
    }
}

/// Goes over all groups once. `seen` has seen nothing, and sees everything. Keys are numbers by their order afterwards;
/// `renumber` gives a mark the number that its key has everywhere.
pub(crate) fn first<M>(
    groups: &mut Groups<'_>,
    seen: &mut Duplicates,
    read: &dyn Fn(&Groups<'_>, Seen<'_>) -> All<M>,
    renumber: impl Fn(&mut M, &[u32]),
) -> Result<Passed<M>, ArchiveError> {
    let dedup = seen.dedup();
    let mut found = flat(read(groups, &|_| Some(Duplicates::new(dedup)))?);
    let mut filters = Vec::with_capacity(found.len());
    for found in &mut found {
        let later = std::mem::replace(&mut found.seen, Duplicates::new(dedup));
        let both = seen.absorb(later);
        filters.push((found.repeats || !both.is_empty()).then_some(both));
    }
    // Marks among the repetitions are told apart by going over their groups once more.
    let doubtful = |group: usize| filters[group].clone().filter(|_| groups.marks(group) > 0);
    for again in flat(read(groups, &doubtful)?) {
        let group = again.group;
        found[group].marks = again.marks;
    }
    groups.sort();
    let mut marks = Vec::new();
    for (group, found) in found.into_iter().enumerate() {
        let from = marks.len();
        marks.extend(found.marks);
        marks[from..].iter_mut().for_each(|mark| renumber(mark, groups.map(group)));
    }
    Ok(Passed { marks, filters: Filters(filters) })
}

fn flat<M>(found: Vec<Vec<Found<M>>>) -> Vec<Found<M>> {
    let mut all: Vec<_> = found.into_iter().flatten().collect();
    all.sort_unstable_by_key(|found| found.group);
    all
}

impl<M> Passed<M> {
    /// What is known of groups that need no first pass: nothing acts on others, and nobody tells repetitions.
    pub(crate) fn without() -> Self {
        Passed { marks: Vec::new(), filters: Filters(Vec::new()) }
    }

    /// The marks, and what is left.
    pub(crate) fn split(self) -> (Vec<M>, Filters) {
        (self.marks, self.filters)
    }
}

impl Filters {
    /// Whether a group may hold repetitions.
    pub(crate) fn needed(&self, group: usize) -> bool {
        self.0.get(group).is_some_and(Option::is_some)
    }
}

impl<A: Default> Counting<A> {
    /// Nothing counted.
    pub(crate) fn new() -> Self {
        Counting { answers: A::default(), seen: Duplicates::new(Dedup::None), group: None }
    }

    /// Ready for a stretch.
    pub(crate) fn at(&mut self, stretch: Stretch, filters: &Filters) -> &mut Self {
        if self.group != Some(stretch.group) {
            self.group = Some(stretch.group);
            let filter = filters.0.get(stretch.group).cloned().flatten();
            self.seen = filter.unwrap_or_else(|| Duplicates::new(Dedup::None));
        }
        self
    }
}

/// Columns of a group's own numbering, for a first pass that tells repetitions by `dedup`: only what that takes where
/// there are no marks.
pub(crate) fn noted<'c>(dedup: Dedup, marks: bool, all: &'c [&'static str]) -> Reads<'c> {
    let columns: &[&str] = match (marks, dedup) {
        (true, _) | (false, Dedup::Content) => all,
        (false, Dedup::Origin) => &["source", "sequence"],
        (false, _) => &[],
    };
    Reads { columns, own: true }
}

/// The rows of all threads as a table.
pub(crate) fn table<const W: usize>(rows: Vec<Loose<W>>, threads: usize) -> Part {
    let mut rows = rows.into_iter();
    let mut all = rows.next().unwrap_or_default();
    rows.for_each(|more| all.join(more));
    all.table(threads)
}

/// The answers of all threads, and the names of their keys.
pub(crate) fn joined<A: Default>(
    groups: Groups<'_>,
    counted: Vec<Counting<A>>,
    join: impl Fn(&mut A, A),
) -> (A, Vec<Name>) {
    let mut parts = counted.into_iter().map(|counting| counting.answers);
    let mut all = parts.next().unwrap_or_default();
    parts.for_each(|part| join(&mut all, part));
    (all, groups.names())
}
