//! A log that is a topic of Apache Kafka.
//!
//! # What stands where
//!
//! * A record is a message: its key and value are the record's, its timestamp is when it was appended, and a header
//!   says where it first entered and when it was meant to be sent, as in a log of files.
//! * What a topic holds (its [`Meta`]) stands in the topic `workbench.logs` of the same cluster.
//! * Offsets are Kafka's own. Those of aborted records and of the marks of transactions have no record; readers pass
//!   over them.
//!
//! # What a reader may believe
//!
//! Partitions are assigned by hand and offsets are kept by whoever reads: no group is joined, nothing is committed.
//! Only what is committed is read, so that the head of a partition is its last stable offset.

use std::sync::Arc;

use crate::event::Millis;
use crate::log::{Log, LogError, LogReader, Meta};
use crate::version::Version;

mod address;
mod append;
mod catalog;
mod cluster;
mod line;
mod message;
mod queue;
mod reader;
mod refusal;
mod release;
mod settings;
mod topic;
mod transactions;

pub use address::{KafkaAddress, SCHEME};
pub use append::{KafkaAppender, Say};
pub use catalog::CATALOG;
pub use cluster::{Cluster, options, wait};
pub use rdkafka;
pub use refusal::{Listener, PATIENCE, refuse};
pub use settings::{Credentials, Environment, KafkaSettings, Profile};
pub use transactions::{TransactionalAppender, Transactions};

use append::Producer;
use reader::KafkaReader;
use topic::{Ahead, Topic, moved};

/// Kept for ever, with the times that the records bring along, whatever the clock says.
const KEPT: &[(&str, &str)] = &[
    ("retention.ms", "-1"),
    ("retention.bytes", "-1"),
    ("message.timestamp.type", "CreateTime"),
    ("message.timestamp.before.max.ms", "9223372036854775807"),
    ("message.timestamp.after.max.ms", "9223372036854775807"),
];

/// A topic, opened for reading. Clones share their line to the cluster.
#[derive(Clone)]
pub struct KafkaLog {
    meta: Meta,
    topic: Arc<Topic>,
}

impl KafkaLog {
    /// Makes an empty topic for a log; without a number of copies the cluster decides.
    pub fn create(
        address: &KafkaAddress,
        credentials: &Credentials,
        meta: &Meta,
        copies: Option<u32>,
    ) -> Result<(), LogError> {
        Cluster::new(address, credentials)?.create(meta.partitions, copies, KEPT)?;
        KafkaLog::declare(address, credentials, meta)
    }

    /// Says what a topic holds that others have made.
    pub fn declare(address: &KafkaAddress, credentials: &Credentials, meta: &Meta) -> Result<(), LogError> {
        let found = Topic::open(address, credentials)?.partitions();
        if found != meta.partitions {
            return Err(moved(address, found, meta.partitions));
        }
        let made_by = format!("{} (topic {}, {})", meta.made_by, address.topic(), catalog::identity());
        catalog::declare(address, credentials, &Meta { made_by, ..meta.clone() })
    }

    /// Opens a topic that was declared.
    pub fn open(address: &KafkaAddress, credentials: &Credentials) -> Result<KafkaLog, LogError> {
        let topic = Topic::open(address, credentials)?;
        let meta = catalog::find(address, credentials)?.meta;
        if topic.partitions() != meta.partitions {
            return Err(moved(address, topic.partitions(), meta.partitions));
        }
        Ok(KafkaLog { meta, topic: Arc::new(topic) })
    }

    /// Deletes a topic. What it was declared to hold is overwritten when it is made again.
    pub fn delete(address: &KafkaAddress, credentials: &Credentials) -> Result<(), LogError> {
        Cluster::new(address, credentials)?.delete()
    }

    /// Its one writer.
    pub fn appender(&self) -> Result<KafkaAppender, LogError> {
        let producer = Producer::new(self.topic.address(), self.topic.credentials().producer())?;
        Ok(KafkaAppender::open(producer, self.topic.heads()?.0))
    }

    /// Its one writer, in transactions.
    pub fn transactional(&self, transactions: Transactions) -> Result<TransactionalAppender, LogError> {
        let id = format!("workbench-{}", self.topic.address().topic());
        let producer = Producer::new(self.topic.address(), self.topic.credentials().transactional(&id))?;
        TransactionalAppender::open(producer, Arc::clone(&self.topic), transactions)
    }
}

impl Log for KafkaLog {
    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn starts(&self) -> Result<Version, LogError> {
        self.topic.starts()
    }

    fn heads(&self) -> Result<Version, LogError> {
        self.topic.heads()
    }

    fn reader(&self, partition: u32, offset: u64) -> Result<Box<dyn LogReader>, LogError> {
        self.topic.hold(&[(partition, offset)])?;
        Ok(Box::new(KafkaReader::one(&self.topic, partition, offset, Ahead::Far)?))
    }

    fn glance(&self, partition: u32, offset: u64) -> Result<Box<dyn LogReader>, LogError> {
        // Whether it holds that offset shows when it is read.
        Ok(Box::new(KafkaReader::one(&self.topic, partition, offset, Ahead::Hardly)?))
    }

    fn readers(&self, from: &[(u32, u64)]) -> Result<Vec<Box<dyn LogReader>>, LogError> {
        if from.is_empty() {
            return Ok(Vec::new());
        }
        self.topic.hold(from)?;
        let readers = KafkaReader::all(&self.topic, from, Ahead::Far)?.into_iter();
        Ok(readers.map(|reader| Box::new(reader) as _).collect())
    }

    fn offset_at(&self, partition: u32, time: Millis) -> Result<u64, LogError> {
        let number = self.meta.partitions;
        let offset = self.topic.offsets_at(time)?.0.get(partition as usize).copied();
        offset.ok_or(LogError::NoPartition { partition, number })
    }

    fn offsets_at(&self, time: Millis) -> Result<Version, LogError> {
        self.topic.offsets_at(time)
    }
}
