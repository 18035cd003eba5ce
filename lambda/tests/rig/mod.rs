//! A random log that grows, a Lambda stepped beside it in random order, and the truth at every version.
// Each test file uses its own part of this, and unwraps as tests do.
#![allow(dead_code, unreachable_pub, unused_imports, clippy::unwrap_used)]
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use lambda::{Batch, LambdaConfig, LambdaError, Serving};
use workloads::files::{PowerLoss, SharedDisk};
use workloads::intake::Feed;
use workloads::log::memory::{MemoryAppender, MemoryLog};
use workloads::log::{Appender, Meta, RawRecord};
use workloads::{
    Codec, Event, Log, OrderEvent, OrderKind, Origin, Place, Query, Record, Rows, TradeEvent, TradeKind,
    Version, workload,
};

mod case;
mod crashes;
mod facts;
pub mod foreign;

pub use case::{Case, Dice, cases};
pub use crashes::{Counts, Crash, PLACES};

/// A log with its writer, a Lambda, and what was read.
pub struct Rig {
    pub case: Case,
    pub dice: Dice,
    pub log: MemoryLog,
    pub appender: MemoryAppender,
    pub disk: PowerLoss,
    pub records: Vec<Vec<Record>>,
    pub sent: Vec<(u32, Option<Origin>, Event)>,
    pub batch: Option<Batch>,
    pub serving: Option<Serving>,
    pub claimed: Option<Version>,
    pub published: Option<Version>,
    pub reads: u64,
    pub publications: u64,
}

impl Rig {
    pub fn new(case: Case) -> Self {
        let log = MemoryLog::create(Meta {
            workload: case.workload.into(),
            codec: Codec::Bin,
            partitions: case.partitions,
            partition_by: case.partition_by,
            made_by: "a random case".into(),
        });
        Rig {
            dice: Dice::new(case.seed),
            appender: log.appender(),
            log,
            disk: PowerLoss::new(case.seed),
            records: vec![Vec::new(); case.partitions as usize],
            sent: Vec::new(),
            batch: None,
            serving: None,
            claimed: None,
            published: None,
            reads: 0,
            publications: 0,
            case,
        }
    }

    pub fn config(&self) -> LambdaConfig {
        LambdaConfig {
            workload: self.case.workload.into(),
            terms: self.case.terms.clone(),
            state: PathBuf::from("/state"),
            feed: Feed { dedup: self.case.terms.dedup, ..Feed::default() },
            granularity: self.case.granularity,
            cut_every: self.case.cut_every,
            cut_ms: 0,
            socket: None,
            options: self.case.options.clone(),
        }
    }

    pub fn shared(&self) -> (Arc<dyn Log>, SharedDisk) {
        (Arc::new(self.log.clone()), Arc::new(self.disk.clone()))
    }

    /// Appends a random event, often one that takes back or repeats an earlier one.
    pub fn append(&mut self) {
        let number = self.sent.len() as u64;
        let (partition, origin, event) = if number > 0 && self.dice.percent(8) {
            self.sent[self.dice.below(number) as usize].clone()
        } else {
            let origin =
                (!self.dice.percent(5)).then_some(Origin { source: number as u32 % 2, sequence: number / 2 });
            let event = match (self.rival(), self.case.workload) {
                (Some(event), _) => event,
                (None, "orders") => Event::Order(self.order()),
                (None, "trades") => Event::Trade(self.trade()),
                (None, "words") => Event::Word(self.word()),
                (None, "sensors") => Event::Sensor(self.sensor()),
                (None, _) => Event::Transfer(self.transfer()),
            };
            let by = self.case.partition_by;
            (by.partition(event.key().as_bytes(), origin, number, self.case.partitions), origin, event)
        };
        self.send(partition, origin, event);
    }

    /// Appends an event.
    pub fn send(&mut self, partition: u32, origin: Option<Origin>, event: Event) {
        let mut value = Vec::new();
        Codec::Bin.encode(&event, &mut value);
        let key = event.key().as_bytes().to_vec().into();
        let raw = RawRecord { offset: 0, origin, intended: 0, appended: 0, key, value: value.into() };
        let range = self.appender.append(partition, &[raw]).unwrap();
        let place = Place { partition, offset: range.start };
        let record = Record { place, origin, intended: 0, appended: 0, event: event.clone() };
        self.records[partition as usize].push(record);
        self.sent.push((partition, origin, event));
    }

    /// Now and then another correction of what was corrected last, with the same event time.
    fn rival(&mut self) -> Option<Event> {
        if !self.dice.percent(5) {
            return None;
        }
        self.sent.iter().rev().find_map(|(.., event)| match event.clone() {
            Event::Order(order) if order.kind == OrderKind::Corrected => {
                Some(Event::Order(OrderEvent { amount: order.amount + 5_000, ..order }))
            }
            Event::Trade(trade) if trade.kind == TradeKind::Corrected => {
                Some(Event::Trade(TradeEvent { price: trade.price + 1, ..trade }))
            }
            _ => None,
        })
    }

    fn order(&mut self) -> OrderEvent {
        let kind = match self.dice.below(100) {
            n if n < self.case.marks / 2 => OrderKind::Cancelled,
            n if n < self.case.marks => OrderKind::Corrected,
            _ => OrderKind::Placed,
        };
        // Round, so that sums hit zero and the limits of the terms.
        let amount = if kind == OrderKind::Cancelled { 0 } else { self.dice.below(6) as i64 * 5_000 - 5_000 };
        let recent = self.sent.len() as u64 / 3 + 3;
        OrderEvent {
            kind,
            customer: format!("c{}", self.dice.below(self.case.keys)).into(),
            order: self.dice.below(recent),
            amount,
            time: self.time(),
        }
    }

    fn trade(&mut self) -> TradeEvent {
        let purging = self.sent.len() as u64 >= self.case.purge_from;
        let kind = match self.dice.below(100) {
            n if purging => {
                if n < 80 {
                    TradeKind::Busted
                } else {
                    TradeKind::Corrected
                }
            }
            n if n < self.case.marks / 2 => TradeKind::Busted,
            n if n < self.case.marks => TradeKind::Corrected,
            _ => TradeKind::Traded,
        };
        let mut symbol = format!("S{}", self.dice.below(self.case.keys)).into();
        let mut target = Origin::default();
        if kind != TradeKind::Traded {
            let number = self.sent.len() as u64;
            let near = self.dice.below(if purging { self.case.purge_from } else { number + 4 });
            target = Origin { source: near as u32 % 2, sequence: near / 2 };
            if let Some((.., event)) = self.sent.get(near as usize)
                && self.dice.percent(90)
            {
                symbol = event.key().clone();
            }
        }
        let busted = kind == TradeKind::Busted;
        let price = if busted { 0 } else { 1 + self.dice.below(self.case.prices) as i64 };
        // Some are zero or below, which nothing forbids.
        let volume = if busted { 0 } else { self.dice.below(9) as i64 - 2 };
        let time = if self.dice.percent(10) { 86_400_000 + self.time() } else { self.time() };
        TradeEvent { kind, symbol, price, volume, time, target }
    }

    /// Some are before 1970.
    fn time(&mut self) -> i64 {
        self.sent.len() as i64 / 2 + self.dice.below(20) as i64 - 40
    }

    /// Grows the log and steps the Lambda at random until both have ended, reading all the while.
    pub fn run(mut self) {
        let mut idle = 0;
        while (self.sent.len() as u64) < self.case.events || idle < 60 {
            let ended = self.sent.len() as u64 >= self.case.events;
            let moved = match self.dice.below(10) {
                0..=3 if !ended => {
                    for _ in 0..=self.dice.below(6) {
                        self.append();
                    }
                    true
                }
                0..=5 => self.step_batch(),
                6 | 7 => self.step_serving(),
                8 => self.restart(),
                _ => {
                    self.read();
                    false
                }
            };
            idle = if moved { 0 } else { idle + 1 };
        }
        self.finish();
    }

    pub fn step_batch(&mut self) -> bool {
        self.try_batch().unwrap_or_else(|error| panic!("{error} in {:?}", self.case))
    }

    pub fn step_serving(&mut self) -> bool {
        self.try_serving().unwrap_or_else(|error| panic!("{error} in {:?}", self.case))
    }

    fn try_batch(&mut self) -> Result<bool, LambdaError> {
        let (log, disk) = self.shared();
        let config = self.config();
        if self.batch.is_none() {
            self.batch = Some(Batch::start(log, &disk, &config)?);
        }
        let batch = self.batch.as_mut().unwrap();
        let moved = batch.step(0)?;
        let published = batch.version();
        self.publications += u64::from(published != self.published);
        self.published = published;
        Ok(moved)
    }

    fn try_serving(&mut self) -> Result<bool, LambdaError> {
        let (log, disk) = self.shared();
        let config = self.config();
        if self.serving.is_none() {
            self.serving = Some(Serving::start(log, &disk, &config)?);
        }
        self.serving.as_mut().unwrap().step(0)
    }

    fn restart(&mut self) -> bool {
        if self.dice.below(1000) < self.case.restarts * 10 {
            self.batch = None;
        }
        if self.dice.below(1000) < self.case.restarts * 10 {
            self.serving = None;
            self.claimed = None;
        }
        false
    }

    /// The end: whoever was restarted has caught up, and everything is answered at the head.
    fn finish(&mut self) {
        for _ in 0..1000 {
            self.step_batch();
            self.step_serving();
        }
        let heads = self.log.heads().unwrap();
        assert_eq!(self.serving.as_ref().unwrap().version(), Some(heads.clone()), "{:?}", self.case);
        self.read_all();
        assert!(self.reads > 0 && self.publications > 0, "{:?}", self.case);
    }

    /// Reads a few things at once.
    pub fn read(&mut self) {
        let views = workload(self.case.workload).unwrap().views;
        let queries = (0..1 + self.dice.below(2)).map(|_| {
            let view = views[self.dice.below(views.len() as u64) as usize];
            let key = match (view.key, self.dice.below(3)) {
                (_, 0) => None,
                ("all", _) => Some("all".to_owned()),
                ("customer", _) => Some(format!("c{}", self.dice.below(self.case.keys))),
                ("symbol", _) => Some(format!("S{}", self.dice.below(self.case.keys))),
                ("symbol and day", _) => Some(format!("S{} 1970-01-01", self.dice.below(self.case.keys))),
                ("day", _) => Some(["1969-12-31", "1970-01-01"][self.dice.below(2) as usize].to_owned()),
                ("symbol and hour", _) => {
                    let hour = ["1969-12-31T23", "1970-01-01T00"][self.dice.below(2) as usize];
                    Some(format!("S{} {hour}", self.dice.below(self.case.keys)))
                }
                (key, _) => Some(self.fact_key(key)),
            };
            Query { view: view.name.into(), key }
        });
        let queries: Vec<Query> = queries.collect();
        self.check(&queries);
    }

    /// Reads something, if anything can be read.
    pub fn try_read(&mut self) {
        if self.serving.as_ref().is_some_and(|serving| serving.version().is_some()) {
            self.read();
        }
    }

    fn read_all(&mut self) {
        let views = workload(self.case.workload).unwrap().views;
        for view in views {
            self.check(&[Query { view: view.name.into(), key: None }]);
        }
    }

    pub fn check(&mut self, queries: &[Query]) {
        let Some(serving) = &mut self.serving else { return };
        if serving.version().is_none() {
            assert!(serving.read(queries).is_err());
            return;
        }
        let answer = serving.read(queries).unwrap();
        let version = answer.version.clone().expect("a Lambda claims a version");
        let readable = serving.version().unwrap();
        assert!(readable.covers(&version));
        if let Some(claimed) = self.claimed.replace(readable.clone()) {
            assert!(readable.covers(&claimed), "{:?} fell back", self.case);
        }
        let expected = truth(&self.case, &self.records, &version, queries);
        assert_eq!(answer.rows, expected, "{queries:?} at {version} of {:?}", self.case);
        self.reads += 1;
    }
}

/// What is true at a version.
pub fn truth(case: &Case, records: &[Vec<Record>], version: &Version, queries: &[Query]) -> Vec<Rows> {
    let mut truth = (workload(case.workload).unwrap().truth)(&case.terms);
    for (records, next) in records.iter().zip(&version.0) {
        records[..*next as usize].iter().for_each(|record| truth.feed(record, None));
    }
    let answer = |query: &Query| match &query.key {
        None => truth.rows(&query.view),
        Some(key) => {
            truth.row(&query.view, key).map(|row| (key.clone(), row)).into_iter().collect::<BTreeMap<_, _>>()
        }
    };
    queries.iter().map(answer).collect()
}
