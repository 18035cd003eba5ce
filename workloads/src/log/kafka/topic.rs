//! One topic: where its partitions begin and end, for everybody who reads it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hashbrown::HashMap;
use rdkafka::Offset;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaResult;

use super::address::KafkaAddress;
use super::line::Line;
use super::queue::Queue;
use super::refusal::Listener;
use super::settings::Credentials;
use crate::event::Millis;
use crate::log::LogError;
use crate::version::Version;

/// How long a look at the heads may take before the last ones known have to do.
const GLANCE: Duration = Duration::from_millis(200);
/// So many looks are saved after one that got no answer.
const PAUSE: u32 = 50;
/// After so many looks it is asked whether the topic still has as many partitions.
const RECOUNT: u32 = 1_000;

/// So many idle clients are kept.
const IDLE: usize = 2;

/// A topic of a cluster.
pub(super) struct Topic {
    partitions: u32,
    credentials: Credentials,
    line: Line,
    seen: Mutex<Seen>,
    idle: Mutex<Vec<Client>>,
}

/// A client and what was read with it. To make one takes longer than to read a little.
struct Client {
    consumer: Arc<BaseConsumer<Listener>>,
    ahead: Ahead,
    /// By partition, how far it has been read with it. librdkafka may say so for a moment after it was told otherwise, and
    /// a reader would take that for a hole: whoever begins before it gets another client.
    passed: HashMap<u32, u64>,
}

/// How far a client fetches ahead of its readers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ahead {
    /// As far as its bounds allow.
    Far,
    /// Hardly.
    Hardly,
}

/// A client on loan to readers. The topic has it back when the last of them has gone.
pub(super) struct Loan {
    pub(super) topic: Arc<Topic>,
    pub(super) consumer: Arc<BaseConsumer<Listener>>,
    ahead: Ahead,
    passed: Mutex<HashMap<u32, u64>>,
}

impl Loan {
    /// A client that reads these partitions from these offsets on: an idle one, or a new one.
    pub(super) fn new(topic: &Arc<Topic>, from: &[(u32, u64)], ahead: Ahead) -> KafkaResult<Self> {
        let Client { consumer, passed, .. } = topic.client(from, ahead)?;
        Ok(Loan { topic: Arc::clone(topic), consumer, ahead, passed: Mutex::new(passed) })
    }

    /// A partition was read up to an offset.
    pub(super) fn pass(&self, partition: u32, offset: u64) {
        self.passed.lock().unwrap_or_else(PoisonError::into_inner).insert(partition, offset);
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        let passed = std::mem::take(self.passed.get_mut().unwrap_or_else(PoisonError::into_inner));
        self.topic.give_back(Client { consumer: Arc::clone(&self.consumer), ahead: self.ahead, passed });
    }
}

/// What the last looks at it showed.
struct Seen {
    heads: Version,
    pause: u32,
    looks: u32,
}

impl Topic {
    /// Finds the topic.
    pub(super) fn open(address: &KafkaAddress, credentials: &Credentials) -> Result<Self, LogError> {
        let line = Line::new(address, credentials)?;
        let partitions = count(&line)?;
        let seen = Mutex::new(Seen { heads: line.bounds(partitions, Offset::End)?, pause: 0, looks: 0 });
        Ok(Topic { partitions, credentials: credentials.clone(), line, seen, idle: Mutex::default() })
    }

    /// How many there were when it was opened.
    pub(super) fn partitions(&self) -> u32 {
        self.partitions
    }

    pub(super) fn address(&self) -> &KafkaAddress {
        self.line.address()
    }

    pub(super) fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    fn client(&self, from: &[(u32, u64)], ahead: Ahead) -> KafkaResult<Client> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let begins = |client: &Client, (partition, offset): &(u32, u64)| {
            client.passed.get(partition).is_none_or(|passed| passed <= offset)
        };
        let fits = |it: &Client| it.ahead == ahead && from.iter().all(|place| begins(it, place));
        if let Some(place) = idle.iter().position(fits) {
            return Ok(idle.swap_remove(place));
        }
        let config = match ahead {
            Ahead::Far => self.credentials.consumer(),
            Ahead::Hardly => self.credentials.glancer(),
        };
        let consumer = Arc::new(config.create_with_context(Listener::default())?);
        Ok(Client { consumer, ahead, passed: HashMap::new() })
    }

    fn give_back(&self, client: Client) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE && client.consumer.unassign().is_ok() {
            // What was fetched and not read would lie there until the partition is read with this client again.
            let queue = |partition: &u32| Queue::split(&client.consumer, self.address().topic(), *partition);
            client.passed.keys().filter_map(queue).for_each(Queue::purge);
            idle.push(client);
        }
    }

    /// The first offset still held, per partition.
    pub(super) fn starts(&self) -> Result<Version, LogError> {
        self.line.bounds(self.partitions, Offset::Beginning)
    }

    /// The offset after the last committed record, per partition. While a broker does not answer, what was known last.
    pub(super) fn heads(&self) -> Result<Version, LogError> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.pause > 0 {
            seen.pause -= 1;
            return Ok(seen.heads.clone());
        }
        seen.looks += 1;
        if seen.looks.is_multiple_of(RECOUNT)
            && let Ok(partitions) = count(&self.line)
        {
            self.recounted(partitions)?;
        }
        match self.line.glance(self.partitions, GLANCE)? {
            // What one broker knows may be a moment behind what another has said.
            Some(heads) => seen.heads = seen.heads.join(&heads),
            None => seen.pause = PAUSE,
        }
        Ok(seen.heads.clone())
    }

    /// The first offset whose record has this time or a later one, per partition; the head if there is none.
    pub(super) fn offsets_at(&self, time: Millis) -> Result<Version, LogError> {
        let heads = self.heads()?;
        let found = self.line.at(self.partitions, time)?;
        let offset = |(found, head): (Option<u64>, &u64)| found.unwrap_or(*head).min(*head);
        Ok(Version(found.into_iter().zip(&heads.0).map(offset).collect()))
    }

    /// Whether partitions can be read from these offsets on.
    pub(super) fn hold(&self, from: &[(u32, u64)]) -> Result<(), LogError> {
        let (number, starts, heads) = (self.partitions, self.starts()?, self.heads()?);
        for (partition, asked) in from.iter().copied() {
            let of = |version: &Version| {
                version.0.get(partition as usize).copied().ok_or(LogError::NoPartition { partition, number })
            };
            let (start, head) = (of(&starts)?, of(&heads)?);
            if asked < start {
                return Err(LogError::Gone { partition, asked, start });
            }
            if asked > head {
                return Err(LogError::OutOfRange { partition, asked, start, head });
            }
        }
        Ok(())
    }

    /// The error of a reader whose offset the broker does not have.
    pub(super) fn gone(&self, partition: u32, asked: u64) -> LogError {
        match self.hold(&[(partition, asked)]) {
            Err(error) => error,
            Ok(()) => self.broker(
                format!("read partition {partition} from offset {asked}"),
                "the broker has lost it and has it again".into(),
                "start again",
            ),
        }
    }

    /// The error of a reader that waits in vain.
    pub(super) fn silent(&self, partition: u32, at: u64, upto: u64) -> LogError {
        self.broker(
            format!("read partition {partition} from offset {at}"),
            format!("nothing comes, though it goes on to {upto}"),
            "see whether the partition's leader is up (`wb topic describe`)",
        )
    }

    fn recounted(&self, found: u32) -> Result<(), LogError> {
        if found == self.partitions {
            return Ok(());
        }
        Err(moved(self.address(), found, self.partitions))
    }

    fn broker(&self, what: String, said: String, then: &str) -> LogError {
        LogError::Broker { what, said, then: then.into() }
    }
}

/// The error of a topic with another number of partitions than it should have.
pub(super) fn moved(address: &KafkaAddress, found: u32, expected: u32) -> LogError {
    LogError::Broker {
        what: format!("read topic {}", address.topic()),
        said: format!("it has {found} partitions and no longer {expected}, so that keys may have moved"),
        then: "copy it (`wb log copy`), or declare it anew (`wb topic declare`)".into(),
    }
}

fn count(line: &Line) -> Result<u32, LogError> {
    Ok(line.describe()?.topics().first().map_or(0, |topic| topic.partitions().len()) as u32)
}
