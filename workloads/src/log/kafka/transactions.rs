//! Writing to a topic in transactions, some of which are given up: what readers must pass over.

use std::ops::Range;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rdkafka::producer::Producer as _;

use super::append::{Producer, Stamped};
use super::refusal::PATIENCE;
use crate::dice::base;
use crate::log::{Appender, LogError, RawRecord};

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
    transactions: Transactions,
    dice: ChaCha8Rng,
    ends: Vec<u64>,
    aborted: u64,
}

impl TransactionalAppender {
    pub(super) fn open(
        producer: Producer,
        transactions: Transactions,
        ends: Vec<u64>,
    ) -> Result<Self, LogError> {
        producer.client().init_transactions(PATIENCE).map_err(|error| producer.refuse(&error))?;
        let dice = base(transactions.seed);
        Ok(TransactionalAppender { producer, transactions, dice, ends, aborted: 0 })
    }

    /// Transactions that were aborted.
    pub fn aborted(&self) -> u64 {
        self.aborted
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
        Ok(first.unwrap_or(end)..last)
    }

    fn sync(&mut self) -> Result<(), LogError> {
        Ok(())
    }
}
