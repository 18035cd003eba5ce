//! `wb consume`: a consumer of a group, which Kafka gives partitions to and whose offsets it keeps.

use std::io::{self, BufWriter, ErrorKind, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use workloads::log::kafka::KafkaAddress;
use workloads::log::kafka::rdkafka::ClientConfig;
use workloads::log::kafka::rdkafka::Message;
use workloads::log::kafka::rdkafka::consumer::{BaseConsumer, Consumer};
use workloads::log::kafka::rdkafka::error::KafkaError;
use workloads::log::kafka::rdkafka::message::BorrowedMessage;

use super::super::{Usage, World};
use super::cluster::Reached;
use super::{Cluster, Watch, said};

/// How long one look for records takes at most, as in the labs.
const TURN: Duration = Duration::from_millis(100);

/// Records after which it is asked whether somebody wants to end.
const OFTEN: u64 = 4096;

/// What to read, and as whom.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wb consume Hello-Kafka --group test --auto-commit-ms 1000 --session-timeout-ms 30000
  wb consume Hello-Kafka --group mine --from-beginning --count 10
  wb consume load --from-beginning --count 1000000 --quiet

Names of the settings in librdkafka, for -X: --auto-commit-ms is auto.commit.interval.ms (with \
enable.auto.commit=true), --session-timeout-ms is session.timeout.ms, --from-beginning is auto.offset.reset=earliest. \
A group goes on where it was; --from-beginning counts only where it has no offset yet.")]
pub struct Arguments {
    /// Name of the topic, or its whole address, kafka://HOST:PORT/TOPIC
    topic: String,
    /// Name of the group
    #[arg(long, value_name = "NAME", default_value = "test")]
    group: String,
    /// Milliseconds between two commits of offsets
    #[arg(long, value_name = "MS", default_value_t = 1000)]
    auto_commit_ms: u32,
    /// Milliseconds without a sign of life after which the partitions go to others
    #[arg(long, value_name = "MS", default_value_t = 30_000)]
    session_timeout_ms: u32,
    /// Where the group has no offset: begin with the first record rather than with what comes
    #[arg(long)]
    from_beginning: bool,
    /// End after so many records
    #[arg(long, value_name = "N")]
    count: Option<u64>,
    /// End when nothing came for so many seconds
    #[arg(long, value_name = "SECONDS")]
    idle: Option<f64>,
    /// Print no records, but at the end how many came and how fast
    #[arg(long)]
    quiet: bool,
    #[command(flatten)]
    cluster: Cluster,
}

impl Arguments {
    /// Does it.
    pub fn run(self, world: &World) -> anyhow::Result<ExitCode> {
        if self.idle.is_some_and(|seconds| !seconds.is_finite() || seconds < 0.0) {
            return Err(Usage::error("--idle must be a number of seconds"));
        }
        let reached = self.cluster.reach(&self.topic, world)?;
        reached.partitions()?;
        let config = self.config(&reached);
        let member = Member::join(&reached, &config, Watch::default())?;
        eprintln!("subscribed to topic {} as one of the group {}", reached.address.topic(), self.group);
        if self.quiet { self.count_only(&member, world) } else { self.print(&member, world) }
    }

    fn config(&self, reached: &Reached) -> ClientConfig {
        let commit = self.auto_commit_ms.to_string();
        let session = self.session_timeout_ms.to_string();
        let reset = if self.from_beginning { "earliest" } else { "latest" };
        let mut config = grouped(reached, &self.group);
        for (name, value) in [
            ("auto.commit.interval.ms", commit.as_str()),
            ("session.timeout.ms", &session),
            ("auto.offset.reset", reset),
        ] {
            if config.get(name).is_none() {
                config.set(name, value);
            }
        }
        config
    }

    /// A line a record, until it is enough. A reader that has seen enough (`| head`) is no error.
    fn print(&self, member: &Member, world: &World) -> anyhow::Result<ExitCode> {
        let mut out = BufWriter::new(io::stdout().lock());
        let done = self.follow(member, world, &mut |message| match message {
            Some(message) => line(&mut out, message),
            None => out.flush(),
        });
        match done.and_then(|_| Ok(out.flush()?)) {
            Err(error) if broken(&error) => Ok(ExitCode::SUCCESS),
            done => done.map(|()| ExitCode::SUCCESS),
        }
    }

    fn count_only(&self, member: &Member, world: &World) -> anyhow::Result<ExitCode> {
        let (mut bytes, mut began, mut last) = (0, None, Instant::now());
        let records = self.follow(member, world, &mut |message| {
            if let Some(message) = message {
                bytes += message.payload_len() as u64;
                began.get_or_insert_with(Instant::now);
            } else {
                last = Instant::now();
            }
            Ok(())
        })?;
        let end = if self.idle.is_some() { last } else { Instant::now() };
        let seconds = began.map_or(0.0, |began| end.saturating_duration_since(began).as_secs_f64());
        let (rate, bytes) = (records as f64 / seconds, bytes as f64 / seconds / 1e6);
        println!("{records} records read, {rate:.0} records/s, {bytes:.1} MB/s, {seconds:.3} s");
        Ok(ExitCode::SUCCESS)
    }

    /// Hands on every record, and nothing when there was none for a moment, until it is enough; says how many came.
    fn follow(
        &self,
        member: &Member,
        world: &World,
        each: &mut dyn FnMut(Option<&BorrowedMessage<'_>>) -> io::Result<()>,
    ) -> anyhow::Result<u64> {
        let (mut records, mut idle) = (0, Instant::now());
        while self.count.is_none_or(|count| records < count) {
            match member.next(TURN)? {
                Some(message) => {
                    each(Some(&message))?;
                    records += 1;
                    if records % OFTEN == 0 {
                        world.stop.check()?;
                    }
                    if self.idle.is_some() {
                        idle = Instant::now();
                    }
                }
                None => {
                    each(None)?;
                    world.stop.check()?;
                    if self.idle.is_some_and(|seconds| idle.elapsed().as_secs_f64() > seconds) {
                        break;
                    }
                }
            }
        }
        Ok(records)
    }
}

/// Settings of a consumer whose partitions and offsets are the group's, as in the labs.
pub(in crate::commands) fn grouped(reached: &Reached, group: &str) -> ClientConfig {
    let mut config = reached.credentials.admin();
    config.set("group.id", group).set("enable.auto.commit", "true").set("enable.auto.offset.store", "false");
    for (name, value) in [
        // A fetch that was put off is tried again at once, not after a second.
        ("fetch.queue.backoff.ms", "1"),
        ("queued.min.messages", "1000000"),
        ("queued.max.messages.kbytes", "65536"),
        ("fetch.wait.max.ms", "50"),
    ] {
        if config.get(name).is_none() {
            config.set(name, value);
        }
    }
    config
}

/// One consumer of a group.
pub(in crate::commands) struct Member {
    consumer: BaseConsumer<Watch>,
    topic: String,
    address: KafkaAddress,
}

impl Member {
    /// Joins the group that the settings name.
    pub(in crate::commands) fn join(
        reached: &Reached,
        config: &ClientConfig,
        watch: Watch,
    ) -> anyhow::Result<Member> {
        let (topic, address) = (reached.address.topic().to_owned(), reached.address.clone());
        let made = config.create_with_context(watch);
        let consumer: BaseConsumer<Watch> = made.map_err(|error| match error {
            KafkaError::ClientConfig(_, said, ..) => Usage::error(said),
            KafkaError::ClientCreation(said) => Usage::error(said),
            error => said("make a consumer", &error, &address, &Watch::default()),
        })?;
        let member = Member { consumer, topic, address };
        member.consumer.subscribe(&[&member.topic]).map_err(|error| member.said(&error))?;
        Ok(member)
    }

    /// The next record, if one comes in time.
    pub(in crate::commands) fn next(
        &self,
        patience: Duration,
    ) -> anyhow::Result<Option<BorrowedMessage<'_>>> {
        match self.consumer.poll(patience) {
            None => Ok(None),
            Some(Ok(message)) => {
                // Only what is handed on counts as read: a consumer that is closed is given the rest, which nobody sees.
                // It may have lost the partition meanwhile, and then has no say.
                _ = self.consumer.store_offset_from_message(&message);
                Ok(Some(message))
            }
            // What concerns a connection alone is mended by the client itself.
            Some(Err(KafkaError::MessageConsumption(code))) if super::fault::is_passing(code) => Ok(None),
            Some(Err(error)) => Err(self.said(&error)),
        }
    }

    fn said(&self, error: &KafkaError) -> anyhow::Error {
        let what = format!("read topic {}", self.topic);
        said(&what, error, &self.address, self.consumer.context())
    }
}

/// As the labs' consumer prints it.
pub(in crate::commands) fn line(out: &mut dyn Write, message: &BorrowedMessage<'_>) -> io::Result<()> {
    let text =
        |bytes: Option<&[u8]>| bytes.map_or("null".into(), |b| String::from_utf8_lossy(b).into_owned());
    writeln!(
        out,
        "offset = {}, key = {}, value = {}",
        message.offset(),
        text(message.key()),
        text(message.payload())
    )
}

fn broken(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}
