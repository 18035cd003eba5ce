//! Writing to a topic: every record once, in its order, and acknowledged by all brokers that are in step.

use std::ops::Range;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::message::Message;
use rdkafka::producer::{
    BaseRecord, DeliveryResult, NoCustomPartitioner, Producer as _, ProducerContext, ThreadedProducer,
};

use super::address::KafkaAddress;
use super::line::number;
use super::message;
use super::refusal::{Listener, brief, code, conclusive, refuse};
use crate::log::{Appender, LogError, RawRecord};

/// How long a record is waited for before it is asked whether there is any hope.
const TURN: Duration = Duration::from_millis(100);
/// After so many of them without a word from the brokers, that is said.
const SILENT: u32 = 20;
/// How long may be asked who holds the topic.
const LOOK: Duration = Duration::from_secs(1);

/// Where it is told that nothing is taken, and that it goes on.
pub type Say = fn(&str);

/// What a broker said of one record, and of which partition it is.
type Report = (i32, Result<i64, KafkaError>);

/// Takes the brokers' reports as they come.
pub(super) struct Reports {
    listener: Listener,
    sender: Mutex<Sender<Report>>,
}

impl ClientContext for Reports {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.listener.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.listener.error(error, reason);
    }
}

impl ProducerContext<NoCustomPartitioner> for Reports {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        let report = match result {
            Ok(message) => (message.partition(), Ok(message.offset())),
            Err((error, message)) => (message.partition(), Err(error.clone())),
        };
        // Nobody waits for the reports of a writer that has given up.
        let _ = self.sender.lock().unwrap_or_else(PoisonError::into_inner).send(report);
    }
}

/// Whether records carry when they were appended and where they come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stamped {
    Yes,
    No,
}

/// A client that writes to one topic.
pub(super) struct Producer {
    address: KafkaAddress,
    client: ThreadedProducer<Reports>,
    reports: Receiver<Report>,
    say: Option<Say>,
    /// How long a record is tried for.
    patience: String,
}

impl Producer {
    pub(super) fn new(address: &KafkaAddress, config: ClientConfig) -> Result<Self, LogError> {
        let (sender, reports) = channel();
        let patience = config.get("message.timeout.ms").unwrap_or("300000").to_owned();
        let context = Reports { listener: Listener::default(), sender: Mutex::new(sender) };
        let client = config.create_with_context(context);
        let client = client.map_err(|error| refuse("make a client", address, &error, None))?;
        Ok(Producer { address: address.clone(), client, reports, say: None, patience })
    }

    /// Sends records to a partition and waits until all of them are acknowledged. Says which offsets they got.
    pub(super) fn send(
        &self,
        partition: u32,
        records: &[RawRecord],
        stamped: Stamped,
    ) -> Result<Range<u64>, LogError> {
        let mut range = 0..0;
        self.send_all(&[(partition, records)], stamped, &mut |_, got| range = got)?;
        Ok(range)
    }

    /// The same for several partitions, each named once: everything is under way before anything is waited for.
    pub(super) fn send_all(
        &self,
        lanes: &[(u32, &[RawRecord])],
        stamped: Stamped,
        done: &mut dyn FnMut(u32, Range<u64>),
    ) -> Result<(), LogError> {
        let mut got: Vec<Got> = lanes.iter().map(|(partition, _)| Got::of(*partition)).collect();
        for (partition, records) in lanes {
            for record in *records {
                while !self.put(*partition, record, stamped)? {
                    self.take(*partition, &mut got)?;
                }
                while let Ok(report) = self.reports.try_recv() {
                    self.note(report, &mut got)?;
                }
            }
        }
        for (lane, (partition, records)) in lanes.iter().enumerate() {
            let wanted = records.len() as u64;
            while got[lane].count < wanted {
                self.take(*partition, &mut got)?;
            }
            done(*partition, got[lane].range(wanted).ok_or_else(|| self.shared(*partition))?);
        }
        Ok(())
    }

    fn note(&self, (partition, report): Report, got: &mut [Got]) -> Result<(), LogError> {
        let offset = report.map_err(|error| self.refuse(&error))?;
        if let Some(got) = got.iter_mut().find(|got| got.partition == partition) {
            got.take(u64::try_from(offset).unwrap_or_default());
        }
        Ok(())
    }

    /// Hands one record to the client; false if it has no room.
    fn put(&self, partition: u32, record: &RawRecord, stamped: Stamped) -> Result<bool, LogError> {
        let mut message = BaseRecord::to(self.address.topic())
            .partition(number(partition))
            .key(record.key.as_ref())
            .payload(record.value.as_ref());
        if stamped == Stamped::Yes {
            message.timestamp = Some(message::time(record).ok_or_else(|| early(record))?);
            message.headers = message::headers(record);
        }
        match self.client.send(message) {
            Ok(()) => Ok(true),
            Err((KafkaError::MessageProduction(Code::QueueFull), _)) => Ok(false),
            Err((error, _)) => Err(self.refuse(&error)),
        }
    }

    /// Waits for one report.
    fn take(&self, partition: u32, got: &mut [Got]) -> Result<(), LogError> {
        for turn in 0_u32.. {
            if turn == SILENT {
                self.tell(&self.waits(partition));
            }
            if let Ok(report) = self.reports.recv_timeout(TURN) {
                self.note(report, got)?;
                if turn >= SILENT {
                    self.tell(&format!("topic {} takes records again", self.address.topic()));
                }
                return Ok(());
            }
            // librdkafka gives a record up by itself, after `message.timeout.ms`, unless there is no hope at all.
            let heard = self.client.context().listener.heard();
            if heard.is_some_and(|(code, _)| conclusive(code)) {
                break;
            }
        }
        Err(self.refuse(&KafkaError::MessageProduction(Code::BrokerTransportFailure)))
    }

    /// Where it is told that nothing is taken.
    pub(super) fn say(&mut self, say: Say) {
        self.say = Some(say);
    }

    fn tell(&self, line: &str) {
        if let Some(say) = self.say {
            say(line);
        }
    }

    /// Why nothing is taken, as far as the cluster says it.
    fn waits(&self, partition: u32) -> String {
        let topic = self.address.topic();
        let found = self.client.client().fetch_metadata(Some(topic), LOOK).ok();
        let held = found.as_ref().and_then(|found| found.topics().first());
        let held = held.and_then(|topic| topic.partitions().iter().find(|it| it.id() == number(partition)));
        let state = held.map_or("no broker says who holds it".into(), |held| match held.leader() {
            ..0 => "no broker leads it".to_owned(),
            leader => {
                format!("broker {leader} leads it, {} of {} in step", held.isr().len(), held.replicas().len())
            }
        });
        let heard = self.client.context().listener.heard();
        let heard = heard.map_or(String::new(), |(_, reason)| format!("; {}", brief(&reason)));
        let patience = self.patience.parse().map_or(0.0, |ms: f64| ms / 1000.0);
        format!(
            "partition {partition} of topic {topic} acknowledges nothing: {state}{heard}; waiting, for {patience} s at the most"
        )
    }

    /// The client, for transactions.
    pub(super) fn client(&self) -> &ThreadedProducer<Reports> {
        &self.client
    }

    pub(super) fn refuse(&self, error: &KafkaError) -> LogError {
        let what = format!("append to topic {}", self.address.topic());
        let said = code(error).unwrap_or(Code::Unknown);
        if matches!(said, Code::MessageTimedOut | Code::Fatal | Code::Unknown)
            && let Some((code, reason)) = self.client.client().fatal_error()
        {
            return refuse(&what, &self.address, &KafkaError::Global(code), Some((code, reason)));
        }
        refuse(&what, &self.address, error, self.client.context().listener.heard())
    }

    fn shared(&self, partition: u32) -> LogError {
        LogError::Broker {
            what: format!("append to topic {}", self.address.topic()),
            said: format!("somebody else appends to partition {partition} at the same time"),
            then: "a log has one writer: stop the other".into(),
        }
    }
}

/// The offsets of a partition that were reported.
#[derive(Clone, Copy, Debug, Default)]
struct Got {
    partition: i32,
    first: Option<u64>,
    end: u64,
    count: u64,
}

impl Got {
    fn of(partition: u32) -> Got {
        Got { partition: number(partition), ..Got::default() }
    }

    fn take(&mut self, offset: u64) {
        self.first = Some(self.first.map_or(offset, |first| first.min(offset)));
        self.end = self.end.max(offset + 1);
        self.count += 1;
    }

    /// The offsets of so many records, if nobody else's lie between them.
    fn range(self, records: u64) -> Option<Range<u64>> {
        let first = self.first.unwrap_or(self.end);
        (self.count == records && self.end - first == records).then_some(first..self.end)
    }
}

fn early(record: &RawRecord) -> LogError {
    LogError::Broker {
        what: "append to a topic".into(),
        said: format!(
            "a record says that it was appended at {} ms, which Kafka takes for no time",
            record.appended
        ),
        then: "append times must lie after 1970".into(),
    }
}

/// Appends to a topic. Nobody else may.
pub struct KafkaAppender {
    producer: Producer,
    partitions: u32,
    /// Where each partition ends.
    ends: Vec<u64>,
}

impl KafkaAppender {
    pub(super) fn open(producer: Producer, ends: Vec<u64>) -> Self {
        KafkaAppender { producer, partitions: ends.len() as u32, ends }
    }

    /// The same, saying when it waits for brokers and when it goes on.
    pub fn saying(mut self, say: Say) -> Self {
        self.producer.say(say);
        self
    }
}

impl Appender for KafkaAppender {
    fn append(&mut self, partition: u32, records: &[RawRecord]) -> Result<Range<u64>, LogError> {
        let mut range = 0..0;
        self.append_all(&[(partition, records)], &mut |_, got| range = got)?;
        Ok(range)
    }

    fn append_all(
        &mut self,
        lanes: &[(u32, &[RawRecord])],
        done: &mut dyn FnMut(u32, Range<u64>),
    ) -> Result<(), LogError> {
        let number = self.partitions;
        if let Some((partition, _)) = lanes.iter().find(|(partition, _)| *partition >= number) {
            return Err(LogError::NoPartition { partition: *partition, number });
        }
        let KafkaAppender { producer, ends, .. } = self;
        producer.send_all(lanes, Stamped::Yes, &mut |partition, range| {
            let end = &mut ends[partition as usize];
            // Where nothing was sent nothing was reported.
            let range = if range.is_empty() { *end..*end } else { range };
            *end = range.end;
            done(partition, range);
        })
    }

    /// What was acknowledged is held by every broker that is in step: more is not to be had of Kafka.
    fn sync(&mut self) -> Result<(), LogError> {
        Ok(())
    }
}
