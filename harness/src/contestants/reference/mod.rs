//! One thread and hash maps: what a plain loop over the log does, and the measure of every ratio.

use std::sync::Arc;

use anyhow::Context;
use hashbrown::HashMap;
use workloads::intake::Intake;
use workloads::{Answer, Event, Log, Name, Query, Record, Row, Rows, Terms, Version};

use super::{Component, Contestant, Now, Part, Role, Settings};

mod orders;
mod sensors;
mod trades;
mod transfers;
mod words;

pub use orders::Orders;
pub use sensors::Sensors;
pub use trades::Trades;
pub use transfers::Transfers;
pub use words::Words;

/// The contestant.
pub static REFERENCE: Contestant = Contestant {
    name: "reference",
    about: "One thread and hash maps: neither architecture, but what either must be worth more than.",
    parts: &[Part { name: "reference", role: Role::Serve, start: |log, _, settings| start(log, settings) }],
    workloads: &[],
    broken: None,
};

fn start(log: Arc<dyn Log>, settings: &Settings) -> anyhow::Result<Box<dyn Component>> {
    Ok(Box::new(Reference::start(log, settings)?))
}

/// The plain loop: a fold of decoded records, without a log.
#[derive(Clone, Debug)]
pub enum Fold {
    /// Of orders.
    Orders(Orders),
    /// Of trades.
    Trades(Box<Trades>),
    /// Of words.
    Words(Words),
    /// Of readings.
    Sensors(Sensors),
    /// Of transfers.
    Transfers(Transfers),
}

impl Fold {
    /// Keeps what is needed to answer `views`, or every view of the workload when there are none; nothing for an
    /// unknown workload.
    pub fn new(workload: &str, terms: &Terms, views: &[&str]) -> Option<Fold> {
        match workload {
            "orders" => Some(Fold::Orders(Orders::new(terms, views))),
            "trades" => Some(Fold::Trades(Box::new(Trades::new(terms, views)))),
            "words" => Some(Fold::Words(Words::default())),
            "sensors" => Some(Fold::Sensors(Sensors::default())),
            "transfers" => Some(Fold::Transfers(Transfers::default())),
            _ => None,
        }
    }

    /// The next record. One of another workload is ignored.
    pub fn feed(&mut self, record: &Record) {
        match (self, &record.event) {
            (Fold::Orders(fold), Event::Order(event)) => fold.feed(record, event),
            (Fold::Trades(fold), Event::Trade(event)) => fold.feed(record, event),
            (Fold::Words(fold), Event::Word(event)) => fold.feed(event),
            (Fold::Sensors(fold), Event::Sensor(event)) => fold.feed(event),
            (Fold::Transfers(fold), Event::Transfer(event)) => fold.feed(event),
            _ => {}
        }
    }

    /// One row of a view.
    pub fn row(&self, view: &str, key: &str) -> Option<Row> {
        match self {
            Fold::Orders(fold) => fold.row(view, key),
            Fold::Trades(fold) => fold.row(view, key),
            Fold::Words(fold) => fold.row(view, key),
            Fold::Sensors(fold) => fold.row(view, key),
            Fold::Transfers(fold) => fold.row(view, key),
        }
    }

    /// Every row of a view.
    pub fn rows(&self, view: &str) -> Rows {
        match self {
            Fold::Orders(fold) => fold.rows(view),
            Fold::Trades(fold) => fold.rows(view),
            Fold::Words(fold) => fold.rows(view),
            Fold::Sensors(fold) => fold.rows(view),
            Fold::Transfers(fold) => fold.rows(view),
        }
    }

    /// The rows that a question asks for.
    pub fn read(&self, query: &Query) -> Rows {
        match &query.key {
            None => self.rows(&query.view),
            Some(key) => self.row(&query.view, key).map(|row| (key.clone(), row)).into_iter().collect(),
        }
    }
}

/// The sum and count of each customer's records where nothing is ever taken back: the least that any loop must do.
pub fn spend_plain<'a>(records: impl IntoIterator<Item = &'a Record>) -> HashMap<Name, (i128, u64)> {
    let mut spent: HashMap<Name, (i128, u64)> = HashMap::new();
    for record in records {
        let Event::Order(order) = &record.event else { continue };
        let (sum, count) = spent.entry(order.customer.clone()).or_default();
        *sum += i128::from(order.amount);
        *count += 1;
    }
    spent
}

/// A fold that follows a log.
pub struct Reference {
    log: Arc<dyn Log>,
    intake: Intake,
    fold: Fold,
    /// Records taken from a partition in one step.
    step: usize,
    taken: Vec<Record>,
}

impl Reference {
    /// Begins at the start of `log`.
    pub fn start(log: Arc<dyn Log>, settings: &Settings) -> anyhow::Result<Self> {
        let partitions: Vec<u32> = (0..log.meta().partitions).collect();
        let starts = log.starts().context("asking the log where it starts")?;
        let intake = Intake::open(&*log, &partitions, &starts, &settings.feed).context("opening the log")?;
        let fold = Fold::new(&settings.workload, &settings.terms, &[])
            .with_context(|| format!("the reference does not know the workload {}", settings.workload))?;
        let step = settings.granularity.clamp(1, 10_000) as usize;
        Ok(Reference { log, intake, fold, step, taken: Vec::new() })
    }

    /// Takes records below `upto`, showing each to `each` with the fold before it is fed; false when there were none.
    pub fn advance(
        &mut self,
        upto: &Version,
        mut each: impl FnMut(&mut Fold, &Record),
    ) -> anyhow::Result<bool> {
        let mut moved = false;
        for (partition, upto) in upto.0.iter().enumerate() {
            self.taken.clear();
            let pulled = self.intake.pull(partition as u32, *upto, self.step, &mut self.taken);
            moved |= pulled.with_context(|| format!("reading partition {partition}"))? > 0;
            self.taken.iter().for_each(|record| each(&mut self.fold, record));
        }
        Ok(moved)
    }

    /// The heads of the log that is followed.
    pub fn heads(&self) -> anyhow::Result<Version> {
        self.log.heads().context("asking the log for its heads")
    }

    /// The state.
    pub fn fold(&self) -> &Fold {
        &self.fold
    }

    /// How far it has come.
    pub fn applied(&self) -> &Version {
        self.intake.version()
    }

    /// What it knows, labelled with how far it has come.
    pub fn answer(&self, queries: &[Query]) -> Answer {
        let rows = queries.iter().map(|query| self.fold.read(query)).collect();
        Answer { version: Some(self.applied().clone()), rows }
    }
}

impl Component for Reference {
    fn step(&mut self, _now: Now) -> anyhow::Result<bool> {
        let heads = self.heads()?;
        self.advance(&heads, Fold::feed)
    }

    fn read(&mut self, queries: &[Query]) -> anyhow::Result<Answer> {
        Ok(self.answer(queries))
    }

    fn version(&self) -> Option<Version> {
        Some(self.applied().clone())
    }

    fn dead(&self) -> u64 {
        self.intake.dead()
    }
}
