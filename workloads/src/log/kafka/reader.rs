//! Reading one partition of a topic from an offset on.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};

use super::line::number;
use super::message;
use super::refusal::{Listener, code, conclusive, passing, refuse};
use super::topic::{Client, Topic};
use crate::log::{EachRecord, LogError, LogReader, RawRecord};

/// How long one wait lasts at the most.
const WAIT: Duration = Duration::from_millis(50);
/// Waits in a row after which a silent partition is given up.
const SILENCE: u32 = 600;

/// A place in one partition. It has a client of its own, which fetches ahead within its bounds.
pub(super) struct KafkaReader {
    topic: Arc<Topic>,
    client: Client,
    partition: u32,
    next: u64,
    /// A record that lies beyond what was asked for.
    held: Option<RawRecord>,
    waits: u32,
}

impl KafkaReader {
    /// Begins at an offset that the partition holds, or at its head.
    pub(super) fn open(topic: Arc<Topic>, partition: u32, offset: u64) -> Result<Self, LogError> {
        let what = || format!("read partition {partition} of topic {}", topic.address().topic());
        let refused = |error: KafkaError| refuse(&what(), topic.address(), &error, None);
        let client = topic.client(partition, offset).map_err(refused)?;
        let mut list = TopicPartitionList::with_capacity(1);
        let begin = Offset::Offset(i64::try_from(offset).unwrap_or(i64::MAX));
        list.add_partition_offset(topic.address().topic(), number(partition), begin).map_err(refused)?;
        client.consumer.assign(&list).map_err(refused)?;
        Ok(KafkaReader { topic, client, partition, next: offset, held: None, waits: 0 })
    }

    /// Where nothing more is at hand: passes over what was aborted. librdkafka moves on over markers by itself.
    fn settle(&mut self, upto: u64) {
        if self.next >= upto {
            return;
        }
        let Ok(list) = self.client.consumer.position() else { return };
        let position = list.elements().first().and_then(|element| element.offset().to_raw());
        let position = position.and_then(|offset| u64::try_from(offset).ok());
        self.next = position.unwrap_or_default().max(self.next);
    }

    /// What an error between two messages means: most go by.
    fn note(&self, error: KafkaError) -> Result<(), LogError> {
        if matches!(error, KafkaError::PartitionEOF(_)) {
            return Ok(());
        }
        let code = code(&error).unwrap_or(Code::Unknown);
        if matches!(code, Code::AutoOffsetReset | Code::OffsetOutOfRange) {
            return Err(self.topic.gone(self.partition, self.next));
        }
        if passing(code) && !conclusive(code) {
            return Ok(());
        }
        let what = format!("read partition {} of topic {}", self.partition, self.topic.address().topic());
        Err(refuse(&what, self.topic.address(), &error, self.client.consumer.context().heard()))
    }

    /// Lends what the client has at hand; `lent` records were lent before.
    fn poll(
        &mut self,
        consumer: &BaseConsumer<Listener>,
        (upto, max): (u64, usize),
        mut lent: usize,
        each: &mut EachRecord<'_>,
    ) -> Result<usize, LogError> {
        while lent < max && self.next < upto {
            match consumer.poll(Duration::ZERO) {
                None => {
                    self.settle(upto);
                    break;
                }
                Some(Err(error)) => self.note(error)?,
                Some(Ok(message)) => {
                    let record = message::record(&message);
                    // Fetched again after a connection was lost, or for whoever had the client before.
                    if record.offset < self.next || message.partition() != number(self.partition) {
                        continue;
                    }
                    if record.offset >= upto {
                        self.next = record.offset;
                        self.held = Some(record.keep());
                        break;
                    }
                    (lent, self.next) = (lent + 1, record.offset + 1);
                    each(record)?;
                }
            }
        }
        Ok(lent)
    }
}

/// The next reader of the topic need not make a client of its own.
impl Drop for KafkaReader {
    fn drop(&mut self) {
        // A record that is held back was read too.
        self.topic.give_back(self.client.clone(), self.partition, self.next + 1);
    }
}

impl LogReader for KafkaReader {
    fn read(&mut self, upto: u64, max: usize, out: &mut Vec<RawRecord>) -> Result<usize, LogError> {
        self.lend(upto, max, &mut |record| {
            out.push(record.keep());
            Ok(())
        })
    }

    fn lend(&mut self, upto: u64, max: usize, each: &mut EachRecord<'_>) -> Result<usize, LogError> {
        let mut lent = 0;
        if max > 0
            && let Some(record) = self.held.take_if(|record| record.offset < upto)
        {
            (lent, self.next) = (1, record.offset + 1);
            each(record.lend())?;
        }
        if self.held.is_some() {
            return Ok(lent);
        }
        let consumer = Arc::clone(&self.client.consumer);
        let lent = self.poll(&consumer, (upto, max), lent, each)?;
        if lent > 0 {
            self.waits = 0;
        }
        Ok(lent)
    }

    fn position(&self) -> u64 {
        self.next
    }

    fn wait(&mut self, upto: u64) -> Result<(), LogError> {
        if self.held.is_some() || self.next >= upto {
            return Ok(());
        }
        match self.client.consumer.poll(WAIT) {
            Some(Ok(message)) => {
                let record = message::record(&message);
                if record.offset >= self.next && message.partition() == number(self.partition) {
                    self.next = record.offset;
                    self.held = Some(record.keep());
                }
            }
            Some(Err(error)) => self.note(error)?,
            None => self.settle(upto),
        }
        self.waits += 1;
        if self.waits > SILENCE {
            return Err(self.topic.silent(self.partition, self.next, upto));
        }
        Ok(())
    }
}
