//! The code itself, taken along a path of the model.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use lambda::options::{Options, Protocol as Named};
use lambda::{Batch, LambdaConfig, Serving};
use workloads::files::{PowerLoss, SharedDisk};
use workloads::intake::Feed;
use workloads::log::memory::{MemoryAppender, MemoryLog};
use workloads::log::{Appender, Meta, RawRecord};
use workloads::partition::PartitionBy;
use workloads::{Codec, Dedup, Event, Log, OrderEvent, OrderKind, Query, Terms, Version};

use super::protocol::{Act, Protocol, Search, Who};
use super::state::{Answer, At, ROOM, State};

/// What a second of the model is in event time.
const SECOND: i64 = 1000;

/// A Lambda over a log of two partitions. Each event is an order of one minor unit by a customer of its own.
pub struct Real {
    log: MemoryLog,
    appender: MemoryAppender,
    disk: PowerLoss,
    options: Options,
    batch: Option<Batch>,
    serving: Option<Serving>,
}

/// A label, and how often each event counts.
pub type Counted = (At, BTreeMap<String, i128>);

impl Real {
    pub fn new(search: &Search) -> Self {
        let log = MemoryLog::create(Meta {
            workload: "orders".into(),
            codec: Codec::Bin,
            partitions: 2,
            partition_by: PartitionBy::Key,
            made_by: "the model".into(),
        });
        let handover = match search.protocol {
            Protocol::Offset => Named::Offset,
            Protocol::EventTime { grace } => Named::EventTime { grace_ms: i64::from(grace) * SECOND },
            Protocol::AtStart => Named::AtStart,
            Protocol::AtPublish => Named::AtPublish,
            Protocol::Never => Named::None,
        };
        Real {
            appender: log.appender(),
            log,
            disk: PowerLoss::new(1),
            options: Options { handover, keep: search.keep.into(), ..Options::default() },
            batch: None,
            serving: None,
        }
    }

    /// Does what the model has done to get to `state`.
    pub fn act(&mut self, act: Act, state: &State) {
        match act {
            Act::Append(partition) | Act::AppendLate(partition) => self.append(partition, state),
            Act::BatchSteps => drop(self.batch().step(0).unwrap()),
            Act::ServingSteps => while self.serving().step(0).unwrap() {},
            Act::Crash(Who::Batch) => self.batch = None,
            Act::Crash(_) => self.serving = None,
            _ => panic!("{act:?} is not a step of a component"),
        }
    }

    fn append(&mut self, partition: u8, state: &State) {
        let offset = state.heads[usize::from(partition)] - 1;
        let event = Event::Order(OrderEvent {
            kind: OrderKind::Placed,
            customer: place(partition, offset).into(),
            order: u64::from(partition * ROOM + offset),
            amount: 1,
            time: i64::from(state.times[usize::from(partition * ROOM + offset)]) * SECOND,
        });
        let mut value = Vec::new();
        Codec::Bin.encode(&event, &mut value);
        let key = event.key().as_bytes().to_vec().into();
        let raw = RawRecord { offset: 0, origin: None, intended: 0, appended: 0, key, value: value.into() };
        self.appender.append(partition.into(), &[raw]).unwrap();
    }

    fn config(&self) -> (Arc<dyn Log>, SharedDisk, LambdaConfig) {
        let config = LambdaConfig {
            workload: "orders".into(),
            terms: Terms { dedup: Dedup::Offset, ..Terms::default() },
            state: PathBuf::from("/state"),
            feed: Feed { dedup: Dedup::Offset, ..Feed::default() },
            granularity: 100,
            cut_every: 1,
            cut_ms: 0,
            socket: None,
            options: self.options.clone(),
        };
        (Arc::new(self.log.clone()), Arc::new(self.disk.clone()), config)
    }

    fn batch(&mut self) -> &mut Batch {
        let (log, disk, config) = self.config();
        self.batch.get_or_insert_with(|| Batch::start(log, &disk, &config).unwrap())
    }

    fn serving(&mut self) -> &mut Serving {
        let (log, disk, config) = self.config();
        self.serving.get_or_insert_with(|| Serving::start(log, &disk, &config).unwrap())
    }

    /// What a read gets; nothing if there is nothing to be read.
    pub fn read(&mut self) -> Option<Counted> {
        let serving = self.serving();
        serving.version()?;
        let answer = serving.read(&[Query { view: "spend".into(), key: None }]).unwrap();
        let Version(label) = answer.version.unwrap();
        let rows = answer.rows[0].iter().map(|(customer, row)| (customer.clone(), row[0]));
        Some(([label[0] as u8, label[1] as u8], rows.collect()))
    }
}

fn place(partition: u8, offset: u8) -> String {
    format!("{partition}:{offset}")
}

/// What the model says that a read gets.
pub fn counted(answer: &Answer) -> Counted {
    let times = |bit: u8| i128::from(answer.base >> bit & 1) + i128::from(answer.folded >> bit & 1);
    let rows = (0..2 * ROOM).map(|bit| (place(bit / ROOM, bit % ROOM), times(bit)));
    (answer.label, rows.filter(|(_, count)| *count > 0).collect())
}

/// Takes both along a path; after each step they say the same.
pub fn replay(search: &Search, path: impl IntoIterator<Item = Act>) -> State {
    use stateright::Model;
    let (mut state, mut real) = (search.init_states().remove(0), Real::new(search));
    let mut done = Vec::new();
    for act in path {
        search.act(&mut state, act);
        real.act(act, &state);
        done.push(act);
        let said = state.answer(search.apart).as_ref().map(counted);
        assert_eq!(real.read(), said, "{:?} after {done:?}", search.protocol);
    }
    state
}
