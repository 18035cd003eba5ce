//! `wb produce`: records into a topic, from standard input, numbered, or as many as possible.

use std::io::BufRead;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{ArgGroup, Args};
use workloads::log::kafka::KafkaAddress;
use workloads::log::kafka::rdkafka::ClientConfig;
use workloads::log::kafka::rdkafka::error::{KafkaError, RDKafkaErrorCode};
use workloads::log::kafka::rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use super::super::{Usage, World};
use super::cluster::Reached;
use super::{Cluster, Fault, Watch, said};

/// How long a full queue is waited for before it is tried again.
const TURN: Duration = Duration::from_millis(20);

/// How long brokers may take to say that they are there.
const PATIENCE: Duration = Duration::from_secs(1);

/// What to send, and how.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("what").multiple(false)), after_help = "\
Examples:
  wb produce Hello-Kafka < lines.txt
  wb produce Hello-Kafka --numbers 10 --acks all --retries 0 \\
      --batch-size 16384 --linger-ms 0 --buffer-memory 33554432
  wb produce load --records 1000000 --size 100

Names of the settings in librdkafka, for -X: --acks is acks, --retries is retries, --batch-size is batch.size, \
--linger-ms is linger.ms, --buffer-memory (in bytes) is queue.buffering.max.kbytes. With --acks all and retries \
enable.idempotence is true: a record that is sent again is held once. A record that is not taken within \
message.timeout.ms (8000) is given up, and said to be.")]
pub struct Arguments {
    /// Name of the topic, or its whole address, kafka://HOST:PORT/TOPIC
    topic: String,
    /// Send the numbers from 0 to below this, as keys and as values, rather than lines from standard input
    #[arg(long, value_name = "N", group = "what")]
    numbers: Option<u64>,
    /// Send so many records without a key, as fast as they are taken, and say how fast that was
    #[arg(long, value_name = "N", group = "what", requires = "size")]
    records: Option<u64>,
    /// Bytes of each of these
    #[arg(long, value_name = "BYTES", requires = "records")]
    size: Option<usize>,
    /// What ends the key in a line; without it lines are values and have no key
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["numbers", "records"])]
    key_separator: Option<String>,
    /// Whose word it takes that a record is held: 0 nobody's, 1 the leader's, all those in step
    #[arg(long, value_name = "0|1|all", default_value = "all")]
    acks: String,
    /// How often a send is tried again
    #[arg(long, value_name = "N")]
    retries: Option<u32>,
    /// Bytes of a batch at most
    #[arg(long, value_name = "BYTES")]
    batch_size: Option<u32>,
    /// How long a batch waits to be filled
    #[arg(long, value_name = "MS")]
    linger_ms: Option<u32>,
    /// Bytes that may wait to be sent, at least 1024
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u64).range(1024..))]
    buffer_memory: Option<u64>,
    /// How the client packs batches: none, gzip, snappy, lz4, zstd (zstd in a build with kafka-tls)
    #[arg(long, value_name = "NAME")]
    compression: Option<String>,
    #[command(flatten)]
    cluster: Cluster,
}

impl Arguments {
    /// Does it.
    pub fn run(self, world: &World) -> anyhow::Result<ExitCode> {
        let reached = self.cluster.reach(&self.topic, world)?;
        reached.partitions()?;
        let sender = Sender::new(&reached, &self.config(&reached)?)?;
        match (self.numbers, self.records) {
            (Some(numbers), _) => sender.numbers(numbers)?,
            (_, Some(records)) => return sender.fast(records, self.size.unwrap_or_default(), world),
            _ => sender.lines(self.key_separator.as_deref(), world)?,
        }
        eprintln!("{} records sent and acknowledged", sender.finish()?);
        Ok(ExitCode::SUCCESS)
    }

    /// Whether a record that is sent again is recognised.
    fn idempotent(&self) -> bool {
        matches!(self.acks.as_str(), "all" | "-1") && self.retries.is_none_or(|retries| retries > 0)
    }

    /// What the flags come to in librdkafka's names; what was given with -X stands.
    fn config(&self, reached: &Reached) -> anyhow::Result<ClientConfig> {
        let mut config = reached.credentials.admin();
        let flags = [
            ("acks", Some(self.acks.clone())),
            ("retries", self.retries.map(|n| n.to_string())),
            ("batch.size", self.batch_size.map(|n| n.to_string())),
            ("linger.ms", self.linger_ms.map(|n| n.to_string())),
            ("queue.buffering.max.kbytes", self.buffer_memory.map(|n| (n / 1024).to_string())),
            ("compression.codec", self.compression.clone()),
            ("queue.buffering.max.messages", Some("1000000".into())),
            ("message.timeout.ms", Some("8000".into())),
            ("enable.idempotence", Some(self.idempotent().to_string())),
            ("partitioner", Some("murmur2_random".into())),
        ];
        for (name, value) in flags {
            if let (Some(value), None) = (value, config.get(name)) {
                config.set(name, value);
            }
        }
        config.create_native_config().map_err(|error| match error {
            KafkaError::ClientConfig(_, said, ..) => Usage::error(said),
            other => Usage::error(other),
        })?;
        Ok(config)
    }
}

/// Sends to one topic.
pub(in crate::commands) struct Sender {
    producer: BaseProducer<Watch>,
    topic: String,
    address: KafkaAddress,
}

impl Sender {
    /// A producer with these settings.
    pub(in crate::commands) fn new(reached: &Reached, config: &ClientConfig) -> anyhow::Result<Sender> {
        let address = reached.address.clone();
        let made = config.create_with_context(Watch::default());
        let producer = made.map_err(|error| said("make a producer", &error, &address, &Watch::default()))?;
        Ok(Sender { producer, topic: address.topic().to_owned(), address })
    }

    /// Hands over one record; waits while too many wait to be sent.
    pub(in crate::commands) fn send(&self, key: Option<&str>, value: &str) -> anyhow::Result<()> {
        loop {
            let mut record = BaseRecord::<str, str>::to(&self.topic).payload(value);
            record.key = key;
            match self.producer.send(record) {
                Ok(()) => break,
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) => {
                    self.producer.poll(TURN);
                    self.check()?;
                }
                Err((error, _)) => return Err(self.said(&error)),
            }
        }
        self.producer.poll(Duration::ZERO);
        Ok(())
    }

    fn numbers(&self, numbers: u64) -> anyhow::Result<()> {
        for number in 0..numbers {
            let text = number.to_string();
            self.send(Some(&text), &text)?;
        }
        Ok(())
    }

    fn lines(&self, separator: Option<&str>, world: &World) -> anyhow::Result<()> {
        for (number, line) in (1..).zip(std::io::stdin().lock().lines()) {
            world.stop.check()?;
            let line = line?;
            match separator.map(|separator| line.split_once(separator)) {
                None => self.send(None, &line)?,
                Some(Some((key, value))) => self.send(Some(key), value)?,
                Some(None) => {
                    let wanted = separator.unwrap_or_default();
                    anyhow::bail!(
                        "line {number} has no `{wanted}`: put the key before it, or leave out --key-separator"
                    );
                }
            }
        }
        Ok(())
    }

    /// As Kafka's own ProducerPerformance does: the same bytes again and again, and the rate at which they were taken.
    fn fast(&self, records: u64, size: usize, world: &World) -> anyhow::Result<ExitCode> {
        let value = "x".repeat(size);
        let began = Instant::now();
        for number in 0..records {
            let mut record = BaseRecord::<str, str>::to(&self.topic).payload(&value);
            while let Err((error, back)) = self.producer.send(record) {
                if error.rdkafka_error_code() != Some(RDKafkaErrorCode::QueueFull) {
                    return Err(self.said(&error));
                }
                // Of the last millisecond of any wait rdkafka makes a loop that looks at the clock.
                self.producer.poll(TURN);
                self.check()?;
                record = back;
            }
            if number % 4096 == 0 {
                world.stop.check()?;
                self.producer.poll(Duration::ZERO);
            }
        }
        let sent = self.finish()?;
        let seconds = began.elapsed().as_secs_f64();
        let (rate, bytes) = (sent as f64 / seconds, (sent * size as u64) as f64 / seconds / 1e6);
        println!("{sent} records sent, {rate:.0} records/s, {bytes:.1} MB/s, {seconds:.3} s");
        Ok(ExitCode::SUCCESS)
    }

    /// Waits for what is under way, and says how many records the brokers have.
    pub(in crate::commands) fn finish(&self) -> anyhow::Result<u64> {
        while self.producer.in_flight_count() > 0 {
            self.producer.poll(TURN);
            self.check()?;
        }
        self.check()?;
        Ok(self.producer.client().context().delivered())
    }

    /// An error if a record was not taken.
    fn check(&self) -> anyhow::Result<()> {
        match self.producer.client().context().failed() {
            (number, Some(error)) if number > 0 => Err(self.said(&error)),
            _ => Ok(()),
        }
    }

    fn said(&self, error: &KafkaError) -> anyhow::Error {
        let what = format!("send to topic {}", self.topic);
        let late = error.rdkafka_error_code() == Some(RDKafkaErrorCode::MessageTimedOut);
        // That brokers answer and take nothing is not that there are none.
        if late && self.producer.client().fetch_metadata(Some(&self.topic), PATIENCE).is_ok() {
            return Fault(format!(
                "{what}: its brokers answer and have not taken it: too few of them may be in step, see `wb topic \
                 describe {}`; start the others again, or wait longer with -X message.timeout.ms=N",
                self.topic
            ))
            .into();
        }
        said(&what, error, &self.address, self.producer.client().context())
    }
}
