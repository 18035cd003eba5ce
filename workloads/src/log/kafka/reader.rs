//! Reading one partition of a topic from an offset on.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::{Offset, TopicPartitionList};

use super::line::number;
use super::message;
use super::refusal::{Listener, code, conclusive, passing, refuse};
use super::topic::Topic;
use crate::log::{EachRecord, LogError, LogReader, RawRecord};

/// How long one wait lasts at the most.
const WAIT: Duration = Duration::from_millis(50);
/// Waits in a row after which a silent partition is given up.
const SILENCE: u32 = 600;

/// A place in one partition. It has a client of its own, which fetches ahead within its bounds.
pub(super) struct KafkaReader {
    topic: Arc<Topic>,
    consumer: BaseConsumer<Listener>,
    partition: u32,
    next: u64,
    /// A record that lies beyond what was asked for.
    held: Option<RawRecord>,
    waits: u32,
}

impl KafkaReader {
    /// Begins at an offset that the partition holds, or at its head.
    pub(super) fn open(topic: Arc<Topic>, partition: u32, offset: u64) -> Result<Self, LogError> {
        let made = topic.credentials().consumer().create_with_context(Listener::default());
        let what = || format!("read partition {partition} of topic {}", topic.address().topic());
        let refused = |error: KafkaError| refuse(&what(), topic.address(), &error, None);
        let consumer: BaseConsumer<Listener> = made.map_err(refused)?;
        let mut list = TopicPartitionList::with_capacity(1);
        let begin = Offset::Offset(i64::try_from(offset).unwrap_or(i64::MAX));
        list.add_partition_offset(topic.address().topic(), number(partition), begin).map_err(refused)?;
        consumer.assign(&list).map_err(refused)?;
        Ok(KafkaReader { topic, consumer, partition, next: offset, held: None, waits: 0 })
    }

    /// Where nothing more is at hand: passes over what was aborted. librdkafka moves on over markers by itself.
    fn settle(&mut self, upto: u64) {
        if self.next >= upto {
            return;
        }
        let Ok(list) = self.consumer.position() else { return };
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
        Err(refuse(&what, self.topic.address(), &error, self.consumer.context().heard()))
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
        while lent < max && self.next < upto {
            match self.consumer.poll(Duration::ZERO) {
                None => {
                    self.settle(upto);
                    break;
                }
                Some(Err(error)) => self.note(error)?,
                Some(Ok(message)) => {
                    let record = message::record(&message);
                    // Fetched again after a connection was lost.
                    if record.offset < self.next {
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
        match self.consumer.poll(WAIT) {
            Some(Ok(message)) => {
                let record = message::record(&message);
                if record.offset >= self.next {
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
