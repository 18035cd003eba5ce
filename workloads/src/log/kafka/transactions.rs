//! Writing to a topic in transactions, some of which are given up: what readers must pass over.

use std::ops::Range;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rdkafka::producer::Producer as _;

use super::append::{Producer, Say, Stamped};
use super::refusal::PATIENCE;
use super::topic::Topic;
use crate::dice::base;
use crate::log::{Appender, LogError, RawRecord};

/// Between two looks at whether a transaction can be read.
const LOOK: Duration = Duration::from_millis(1);

/// How a log is written in transactions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transactions {
    /// Records of one, at the most.
    pub every: usize,
    /// Share of them that are aborted, and sent again in another one.
    pub abort: f64,
    /// Decides which.
    pub seed: u64,
}

/// Appends to a topic, every stretch of records in a transaction of its own.
pub struct TransactionalAppender {
    producer: Producer,
    topic: Arc<Topic>,
    transactions: Transactions,
    dice: ChaCha8Rng,
    ends: Vec<u64>,
    aborted: u64,
}

impl TransactionalAppender {
    pub(super) fn open(
        producer: Producer,
        topic: Arc<Topic>,
        transactions: Transactions,
    ) -> Result<Self, LogError> {
        let ends = topic.heads()?.0;
        producer.client().init_transactions(PATIENCE).map_err(|error| producer.refuse(&error))?;
        let dice = base(transactions.seed);
        Ok(TransactionalAppender { producer, topic, transactions, dice, ends, aborted: 0 })
    }

    /// The same, saying when it waits for brokers and when it goes on.
    pub fn saying(mut self, say: Say) -> Self {
        self.producer.say(say);
        self
    }

    /// Transactions that were aborted.
    pub fn aborted(&self) -> u64 {
        self.aborted
    }

    /// Waits until the mark of the last transaction is there: Kafka answers before it has set it, and until then nothing
    /// from this transaction on can be read.
    fn readable(&self, partition: u32, mark: u64) -> Result<(), LogError> {
        let began = Instant::now();
        while self.topic.heads()?.0[partition as usize] <= mark {
            if began.elapsed() > PATIENCE {
                return Err(self.topic.silent(partition, mark, mark + 1));
            }
            thread::sleep(LOOK);
        }
        Ok(())
    }

    fn once(&mut self, partition: u32, records: &[RawRecord], commit: bool) -> Result<Range<u64>, LogError> {
        let producer = &self.producer;
        producer.client().begin_transaction().map_err(|error| producer.refuse(&error))?;
        let range = producer.send(partition, records, Stamped::Yes)?;
        let client = producer.client();
        let done =
            if commit { client.commit_transaction(PATIENCE) } else { client.abort_transaction(PATIENCE) };
        done.map_err(|error| producer.refuse(&error))?;
        Ok(range)
    }
}

impl Appender for TransactionalAppender {
    fn append(&mut self, partition: u32, records: &[RawRecord]) -> Result<Range<u64>, LogError> {
        let number = self.ends.len() as u32;
        let end = *self.ends.get(partition as usize).ok_or(LogError::NoPartition { partition, number })?;
        let (mut first, mut last) = (None, end);
        for chunk in records.chunks(self.transactions.every.max(1)) {
            while self.dice.random_bool(self.transactions.abort.clamp(0.0, 0.99)) {
                self.once(partition, chunk, false)?;
                self.aborted += 1;
            }
            let range = self.once(partition, chunk, true)?;
            (first, last) = (first.or(Some(range.start)), range.end);
        }
        self.ends[partition as usize] = last;
        if first.is_some() {
            self.readable(partition, last)?;
        }
        Ok(first.unwrap_or(end)..last)
    }

    fn sync(&mut self) -> Result<(), LogError> {
        Ok(())
    }
}
