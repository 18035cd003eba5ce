//! A client that asks a cluster about one topic, and says within seconds why it gets no answer.

use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode as Code};
use rdkafka::metadata::{Metadata, MetadataTopic};
use rdkafka::{Offset, TopicPartitionList};

use super::address::KafkaAddress;
use super::refusal::{Listener, code, conclusive, passing, refuse};
use super::settings::Credentials;
use crate::event::Millis;
use crate::log::LogError;
use crate::version::Version;

/// How long a question is waited for before it is asked whether there is any hope.
const TURN: Duration = Duration::from_millis(500);
/// So many times.
const TURNS: usize = 16;
/// After so many of them, that nobody can be reached is believed.
const HOPE: usize = 4;

/// The line to a cluster.
pub(super) struct Line {
    address: KafkaAddress,
    consumer: BaseConsumer<Listener>,
}

impl Line {
    /// Nothing is asked yet.
    pub(super) fn new(address: &KafkaAddress, credentials: &Credentials) -> Result<Self, LogError> {
        let made = credentials.consumer().create_with_context(Listener::default());
        let consumer = made.map_err(|error| refuse("make a client", address, &error, None))?;
        Ok(Line { address: address.clone(), consumer })
    }

    pub(super) fn address(&self) -> &KafkaAddress {
        &self.address
    }

    /// Trouble that it was told of.
    pub(super) fn heard(&self) -> Option<(Code, String)> {
        self.consumer.context().heard()
    }

    /// Brokers, and the topic if it exists.
    pub(super) fn metadata(&self, what: &str) -> Result<Metadata, LogError> {
        let topic = Some(self.address.topic());
        self.ask(what, |patience| self.consumer.fetch_metadata(topic, patience))
    }

    /// The same; an error if there is no such topic.
    pub(super) fn describe(&self) -> Result<Metadata, LogError> {
        let what = format!("look at topic {}", self.address.topic());
        let metadata = self.metadata(&what)?;
        match metadata.topics().first().and_then(MetadataTopic::error) {
            None => Ok(metadata),
            Some(error) => Err(self.refuse(&what, &KafkaError::MetadataFetch(error.into()))),
        }
    }

    /// The first offsets still held, or those after the last that is committed.
    pub(super) fn bounds(&self, partitions: u32, end: Offset) -> Result<Version, LogError> {
        let what = format!("ask topic {} for its offsets", self.address.topic());
        self.ask(&what, |patience| self.offsets(partitions, end, patience))
    }

    /// The same of the committed ends, without patience: nothing if nobody answers at once.
    pub(super) fn glance(&self, partitions: u32, patience: Duration) -> Result<Option<Version>, LogError> {
        match self.offsets(partitions, Offset::End, patience) {
            Ok(version) => Ok(Some(version)),
            Err(error) if code(&error).is_some_and(passing) => {
                self.listen();
                Ok(None)
            }
            Err(error) => {
                let what = format!("ask topic {} for its offsets", self.address.topic());
                Err(self.refuse(&what, &error))
            }
        }
    }

    /// The first offset of a record with this time or a later one, per partition; nothing if there is none.
    pub(super) fn at(&self, partitions: u32, time: Millis) -> Result<Vec<Option<u64>>, LogError> {
        let what = format!("ask topic {} for a time", self.address.topic());
        // Negative numbers mean something else.
        let time = Offset::Offset(time.max(0));
        let list = self.ask(&what, |patience| self.look_up(partitions, time, patience))?;
        let mut found = vec![None; partitions as usize];
        for element in list.elements() {
            found[element.partition() as usize] = element.offset().to_raw().and_then(positive);
        }
        Ok(found)
    }

    /// Asks for the offset that a time or an end has in every partition.
    fn look_up(&self, partitions: u32, what: Offset, patience: Duration) -> KafkaResult<TopicPartitionList> {
        let mut list = TopicPartitionList::with_capacity(partitions as usize);
        for partition in 0..partitions {
            list.add_partition_offset(self.address.topic(), number(partition), what)?;
        }
        let found = self.consumer.offsets_for_times(list, patience)?;
        for element in found.elements() {
            element.error()?;
        }
        Ok(found)
    }

    fn offsets(&self, partitions: u32, end: Offset, patience: Duration) -> KafkaResult<Version> {
        let found = self.look_up(partitions, end, patience)?;
        let mut version = Version::zero(partitions);
        for element in found.elements() {
            let offset = element.offset().to_raw().and_then(positive);
            let offset = offset.ok_or(KafkaError::OffsetFetch(Code::OffsetNotAvailable))?;
            version.0[element.partition() as usize] = offset;
        }
        Ok(version)
    }

    /// Asks until there is an answer, or no hope of one.
    fn ask<T>(&self, what: &str, question: impl Fn(Duration) -> KafkaResult<T>) -> Result<T, LogError> {
        let mut last = KafkaError::MetadataFetch(Code::OperationTimedOut);
        for turn in 1..=TURNS {
            match question(TURN) {
                Ok(answer) => return Ok(answer),
                Err(error) if !code(&error).is_some_and(passing) => return Err(self.refuse(what, &error)),
                Err(error) => last = error,
            }
            self.listen();
            let heard = self.heard();
            if heard.is_some_and(|(code, _)| conclusive(code) || turn >= HOPE) {
                break;
            }
        }
        Err(self.refuse(what, &last))
    }

    /// Takes in what librdkafka has to tell.
    pub(super) fn listen(&self) {
        for _ in 0..16 {
            drop(self.consumer.poll(Duration::ZERO));
        }
    }

    fn refuse(&self, what: &str, error: &KafkaError) -> LogError {
        refuse(what, &self.address, error, self.heard())
    }
}

/// A partition's number as librdkafka has it.
pub(super) fn number(partition: u32) -> i32 {
    i32::try_from(partition).unwrap_or(i32::MAX)
}

fn positive(offset: i64) -> Option<u64> {
    u64::try_from(offset).ok()
}
