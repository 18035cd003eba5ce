//! Reading partitions of a topic, each from an offset on.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::{Offset, TopicPartitionList};

use super::line::number;
use super::message;
use super::queue::{Queue, Trouble};
use super::refusal::{code, conclusive, passing, refuse};
use super::topic::{Ahead, Loan, Topic};
use crate::log::{EachRecord, LogError, LogReader, RawRecord};

/// How long one wait lasts at the most.
const WAIT: Duration = Duration::from_millis(50);
/// Waits in a row after which a silent partition is given up.
const SILENCE: u32 = 600;
/// After so many waits in a row it is asked whether the topic is there at all, which a queue does not tell.
const WAITS: u32 = 20;
/// The same of visits that find nothing at hand, and of twice as many again and again: some come every microsecond.
const VISITS: u32 = 256;

/// A place in one partition. Readers that were opened together share a client, which fetches ahead for all of them in one
/// request: a client for each has threads of its own and a connection of its own to every broker.
pub(super) struct KafkaReader {
    queue: Queue,
    /// Given back after the queue is gone.
    loan: Arc<Loan>,
    partition: u32,
    next: u64,
    /// The greatest offset at which an error came up, and one more: librdkafka takes an error for a message, and says that it
    /// has passed it.
    doubtful: u64,
    /// A record that lies beyond what was asked for.
    held: Option<RawRecord>,
    /// Since something was at hand: how often it was waited for, and how often it was looked for.
    waits: u32,
    visits: u32,
}

impl KafkaReader {
    /// Begin at offsets that the partitions hold, or at their heads.
    pub(super) fn all(topic: &Arc<Topic>, from: &[(u32, u64)], ahead: Ahead) -> Result<Vec<Self>, LogError> {
        let name = topic.address().topic();
        let refused =
            |error: KafkaError| refuse(&format!("read topic {name}"), topic.address(), &error, None);
        if let Some((partition, _)) = from.iter().find(|(partition, _)| *partition >= topic.partitions()) {
            return Err(LogError::NoPartition { partition: *partition, number: topic.partitions() });
        }
        let loan = Arc::new(Loan::new(topic, from, ahead).map_err(refused)?);
        let (mut list, mut readers) = (TopicPartitionList::with_capacity(from.len()), Vec::new());
        for (partition, next) in from.iter().copied() {
            let begin = Offset::Offset(i64::try_from(next).unwrap_or(i64::MAX));
            list.add_partition_offset(name, number(partition), begin).map_err(refused)?;
            // Before anything is fetched, so that all of it comes this way.
            let queue = Queue::split(&loan.consumer, name, partition);
            let queue = queue.ok_or(KafkaError::MetadataFetch(Code::UnknownPartition)).map_err(refused)?;
            let loan = Arc::clone(&loan);
            readers.push(KafkaReader {
                queue,
                loan,
                partition,
                next,
                doubtful: 0,
                held: None,
                waits: 0,
                visits: 0,
            });
        }
        loan.consumer.assign(&list).map_err(refused)?;
        Ok(readers)
    }

    /// One alone.
    pub(super) fn one(
        topic: &Arc<Topic>,
        partition: u32,
        offset: u64,
        ahead: Ahead,
    ) -> Result<Self, LogError> {
        Ok(KafkaReader::all(topic, &[(partition, offset)], ahead)?.swap_remove(0))
    }

    /// Where nothing more is at hand: takes in what librdkafka has to tell, and passes over what was aborted. It moves on
    /// over markers by itself.
    fn settle(&mut self, upto: u64) -> Result<(), LogError> {
        if let Some(Err(error)) = self.loan.consumer.poll(Duration::ZERO) {
            self.note(code(&error).unwrap_or(Code::Unknown))?;
        }
        self.visits = self.visits.saturating_add(1);
        if self.visits >= VISITS && self.visits.is_power_of_two() {
            self.loan.topic.heads()?;
        }
        if self.next < upto
            && let Ok(list) = self.loan.consumer.position()
        {
            let of = list.find_partition(self.loan.topic.address().topic(), number(self.partition));
            let position = of.and_then(|element| element.offset().to_raw());
            let position = position.and_then(|offset| u64::try_from(offset).ok());
            let position = position.filter(|position| *position > self.doubtful);
            self.next = position.unwrap_or_default().max(self.next);
        }
        Ok(())
    }

    /// What an error between two messages means: most go by.
    fn note(&self, code: Code) -> Result<(), LogError> {
        if matches!(code, Code::AutoOffsetReset | Code::OffsetOutOfRange) {
            return Err(self.loan.topic.gone(self.partition, self.next));
        }
        if passing(code) && !conclusive(code) {
            return Ok(());
        }
        let what =
            format!("read partition {} of topic {}", self.partition, self.loan.topic.address().topic());
        let (error, heard) = (KafkaError::MessageConsumption(code), self.loan.consumer.context().heard());
        Err(refuse(&what, self.loan.topic.address(), &error, heard))
    }

    /// The same of an error in a message's place.
    fn stumble(&mut self, trouble: &Trouble) -> Result<(), LogError> {
        self.doubtful = self.doubtful.max(trouble.offset + 1);
        self.note(trouble.code)?;
        // What lies before it came before it.
        self.next = self.next.max(trouble.offset);
        Ok(())
    }

    /// Lends what the client has at hand; `lent` records were lent before.
    fn poll(
        &mut self,
        (upto, max): (u64, usize),
        mut lent: usize,
        each: &mut EachRecord<'_>,
    ) -> Result<usize, LogError> {
        while lent < max && self.next < upto {
            let message = match self.queue.next(Duration::ZERO) {
                Some(Ok(message)) => message,
                Some(Err(trouble)) => {
                    self.stumble(&trouble)?;
                    continue;
                }
                None => {
                    self.settle(upto)?;
                    break;
                }
            };
            // Fetched again after a connection was lost, or for whoever had the client before.
            if message.offset() < self.next {
                continue;
            }
            let record = message::record(message);
            if record.offset >= upto {
                self.next = record.offset;
                self.held = Some(record.keep());
                break;
            }
            (lent, self.next) = (lent + 1, record.offset + 1);
            each(record)?;
        }
        Ok(lent)
    }
}

/// The next reader of the topic need not make a client of its own.
impl Drop for KafkaReader {
    fn drop(&mut self) {
        // A record that is held back was read too, and so were messages that were not handed out.
        self.loan.pass(self.partition, self.queue.end().max(self.next + 1));
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
        let lent = self.poll((upto, max), lent, each)?;
        if lent > 0 {
            (self.waits, self.visits) = (0, 0);
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
        match self.queue.next(WAIT) {
            Some(Ok(message)) if message.offset() >= self.next => {
                self.next = message.offset();
                self.held = Some(message::record(message).keep());
            }
            Some(Ok(_)) => {}
            Some(Err(trouble)) => self.stumble(&trouble)?,
            None => self.settle(upto)?,
        }
        self.waits += 1;
        if self.waits.is_multiple_of(WAITS) {
            self.loan.topic.heads()?;
        }
        if self.waits > SILENCE {
            return Err(self.loan.topic.silent(self.partition, self.next, upto));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rdkafka::mocking::MockCluster;
    use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

    use super::super::address::KafkaAddress;
    use super::super::append::{Producer, Stamped};
    use super::super::settings::KafkaSettings;
    use super::*;

    /// librdkafka counts an error as a message that was taken: without doubts the record behind it would be passed over.
    #[test]
    fn an_error_in_front_of_a_record_does_not_stand_for_it() {
        let cluster = MockCluster::new(1).unwrap();
        cluster.create_topic("orders", 1, 1).unwrap();
        let address = KafkaAddress::new(&cluster.bootstrap_servers(), "orders").unwrap();
        let credentials = KafkaSettings::default().unlock(&address, &|_| None).unwrap();
        let record = |offset: u64| RawRecord {
            offset,
            origin: None,
            intended: 1_000,
            appended: 1,
            key: "k".into(),
            value: offset.to_string().into(),
        };
        let records: Vec<RawRecord> = (0..10).map(record).collect();
        let producer = Producer::new(&address, credentials.producer()).unwrap();
        producer.send(0, &records, Stamped::Yes).unwrap();
        let topic = Arc::new(Topic::open(&address, &credentials).unwrap());
        let failed = RDKafkaRespErr::RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION;
        cluster.request_errors(RDKafkaApiKey::Fetch, &[failed; 3]);
        let mut reader = KafkaReader::one(&topic, 0, 0, Ahead::Far).unwrap();
        let mut read = Vec::new();
        while reader.position() < 10 {
            if reader.read(10, 3, &mut read).unwrap() == 0 {
                reader.wait(10).unwrap();
            }
        }
        assert!(reader.doubtful > 0, "the error never came");
        assert_eq!(read, records);
    }
}
