//! The table at the end: each view by batch, speed layer, merge and Kappa beside the truth, and whether they agree.

use lambda::Export;
use lambda::alone::Stream;
use workloads::intake::{Feed, Intake};
use workloads::trades::VIEWS;
use workloads::{Dedup, Log, Query, Record, Row, Rows, Terms, Version, workload};

use super::super::super::World;
use super::super::super::print::{self, Value};
use super::figures::{fine, percentage};
use super::layers::Layers;
use super::topics::Written;

/// The views of the document, which are shown; the others are compared only.
const SHOWN: &[&str] = &["volume", "range", "last"];
/// The columns of the table.
const HEADER: &[&str] = &[
    "trades.column-view",
    "trades.column-key",
    "trades.column-batch",
    "trades.column-speed",
    "trades.column-merged",
    "trades.column-kappa",
    "trades.column-truth",
    "trades.column-verdict",
];
/// Records read in one step.
const SLICE: usize = 10_000;

/// All answers to one view.
struct Answers {
    view: &'static str,
    batch: Rows,
    speed: Rows,
    merged: Rows,
    kappa: Rows,
    truth: Rows,
}

/// What the comparison found.
pub(super) struct Verdict {
    /// Rows that were compared.
    pub(super) rows: u64,
    /// Of those, the Lambda's that are not true.
    pub(super) lambda: u64,
    /// And the Kappa's.
    pub(super) kappa: u64,
    /// The true rows of `last`.
    pub(super) last: Rows,
}

/// Shows the views of the document, and compares all of them with the truth about everything that was received.
pub(super) fn judge(layers: &mut Layers, written: &Written, world: &World) -> anyhow::Result<Verdict> {
    let published = layers.published().ok();
    let log = &*written.speed.log;
    let heads = log.heads()?;
    let trades = workload("trades").expect("there are trades");
    let terms = Terms::default();
    let (mut truth, mut speed) = ((trades.truth)(&terms), Stream::new("trades", &terms)?);
    each(log, &mut |record| truth.feed(record, None))?;
    let cut = published.as_ref().map_or_else(|| log.starts(), |published| Ok(published.version.clone()))?;
    records(log, &cut, &heads, terms.dedup, &mut |records| Ok(speed.feed(records)?))?;
    let (mut shown, mut verdict) =
        (Vec::new(), Verdict { rows: 0, lambda: 0, kappa: 0, last: truth.rows("last") });
    for view in VIEWS {
        let (merged, kappa) = layers.rows(view.name)?;
        let answers = Answers {
            view: view.name,
            batch: published.as_ref().map_or_else(Rows::new, |published| rows(published, view.name)),
            speed: speed.answer(&Query { view: view.name.to_owned(), key: None })?,
            merged,
            kappa,
            truth: truth.rows(view.name),
        };
        answers.compare(&mut verdict);
        if SHOWN.contains(&view.name) {
            shown.extend(answers.lines(world));
        }
    }
    print::table(world.lang, HEADER, &shown)?;
    Ok(verdict)
}

fn rows(published: &Export, view: &str) -> Rows {
    let found = published.views.iter().find(|(known, _)| known.name == view);
    found.map_or_else(Rows::new, |(_, rows)| rows.clone())
}

/// Hands on every record from one version to another.
fn records(
    log: &dyn Log,
    from: &Version,
    upto: &Version,
    dedup: Dedup,
    each: &mut dyn FnMut(&[Record]) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let all: Vec<u32> = (0..log.meta().partitions).collect();
    let mut intake = Intake::open(log, &all, from, &Feed { dedup, ..Feed::default() })?;
    let mut slice = Vec::new();
    for (partition, end) in (0..).zip(&upto.0) {
        while intake.version().0[partition as usize] < *end {
            intake.pull(partition, *end, SLICE, &mut slice)?;
            each(&slice)?;
            slice.clear();
        }
    }
    Ok(())
}

/// Rows of `volume` that are other ones over one log than over another.
pub(super) fn differing(one: &dyn Log, other: &dyn Log) -> anyhow::Result<usize> {
    let volume = |log: &dyn Log| {
        let mut truth = (workload("trades").expect("there are trades").truth)(&Terms::default());
        each(log, &mut |record| truth.feed(record, None))?;
        anyhow::Ok(truth.rows("volume"))
    };
    let (one, other) = (volume(one)?, volume(other)?);
    let more = other.keys().filter(|key| !one.contains_key(*key)).count();
    Ok(more + one.iter().filter(|(key, row)| other.get(*key) != Some(*row)).count())
}

/// Hands on every record of a log.
pub(super) fn each(log: &dyn Log, each: &mut dyn FnMut(&Record)) -> anyhow::Result<()> {
    records(log, &log.starts()?, &log.heads()?, Dedup::None, &mut |records| {
        records.iter().for_each(&mut *each);
        Ok(())
    })
}

impl Answers {
    /// Every key that somebody answers with.
    fn keys(&self) -> Vec<&String> {
        let mut keys: Vec<&String> =
            [&self.merged, &self.kappa, &self.truth].into_iter().flat_map(Rows::keys).collect();
        keys.sort();
        keys.dedup();
        keys
    }

    fn compare(&self, verdict: &mut Verdict) {
        for key in self.keys() {
            let right = self.truth.get(key);
            verdict.rows += 1;
            verdict.lambda += u64::from(self.merged.get(key) != right);
            verdict.kappa += u64::from(self.kappa.get(key) != right);
        }
    }

    fn lines(&self, world: &World) -> Vec<Vec<Value>> {
        let line = |key: &String| {
            let cell = |rows: &Rows| {
                Value::from(rows.get(key).map_or_else(String::new, |row| shown(self.view, row)))
            };
            let right = self.truth.get(key);
            let verdict = match (self.merged.get(key) == right, self.kappa.get(key) == right) {
                (true, true) => "trades.right",
                (false, true) => "trades.lambda-wrong",
                (true, false) => "trades.kappa-wrong",
                (false, false) => "trades.both-wrong",
            };
            let mut line = vec![Value::from(self.view), Value::from(key.as_str())];
            line.extend([&self.batch, &self.speed, &self.merged, &self.kappa, &self.truth].map(cell));
            line.push(world.lang.text(verdict).into());
            line
        };
        self.keys().into_iter().map(line).collect()
    }
}

/// A row for reading.
fn shown(view: &str, row: &Row) -> String {
    match (view, row.as_slice()) {
        ("volume", [volume, count]) => format!("{} ({count})", fine(*volume)),
        ("range", [low, high]) => format!("{} .. {}", fine(*low), fine(*high)),
        ("last", [price, change, over, under, _]) => {
            let sign = if *change > 0 { "+" } else { "" };
            let percent = percentage(*over, *under);
            format!("{} {sign}{} {sign}{percent} %", fine(*price), fine(*change))
        }
        _ => row.iter().map(i128::to_string).collect::<Vec<_>>().join(" "),
    }
}
