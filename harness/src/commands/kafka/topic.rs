//! `wb topic`: topics of a Kafka cluster.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use workloads::log::kafka::rdkafka::admin::{NewTopic, TopicReplication};
use workloads::log::kafka::rdkafka::error::{KafkaError, RDKafkaErrorCode};
use workloads::log::kafka::rdkafka::metadata::MetadataPartition;
use workloads::log::kafka::{KafkaLog, options, wait};
use workloads::partition::PartitionBy;
use workloads::{Codec, Meta};

use super::super::generate::workload;
use super::super::log::import::partition_by;
use super::super::print::{self, Format, Value};
use super::super::{Usage, World};
use super::cluster::Reached;
use super::{Cluster, Watch, said};

/// What to do with topics.
#[derive(Debug, Subcommand)]
pub enum Topic {
    /// Make a topic.
    Create(Create),
    /// The topics that there are.
    List(List),
    /// Leaders, copies and which of them are in step, for each partition.
    Describe(Describe),
    /// Say what a topic holds that others write to, so that it can be read as a log.
    Declare(Declare),
    /// Remove a topic with everything in it.
    Delete(Delete),
}

/// What to make.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  wb topic create Hello-Kafka --replication 1 --partitions 1
  wb topic create readings --replication 3 --partitions 3 --config min.insync.replicas=2")]
pub struct Create {
    /// Name of the topic, or its whole address, kafka://HOST:PORT/TOPIC
    topic: String,
    /// Number of partitions
    #[arg(long, value_name = "N", default_value_t = 1)]
    partitions: i32,
    /// Number of brokers that hold each partition; as the brokers have it if absent
    #[arg(long, value_name = "N")]
    replication: Option<i32>,
    /// A setting of the topic, such as retention.ms=3600000
    #[arg(long, value_name = "NAME=VALUE")]
    config: Vec<String>,
    #[command(flatten)]
    cluster: Cluster,
}

/// What to list.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  wb topic list --bootstrap 127.0.0.1:9092")]
pub struct List {
    #[command(flatten)]
    cluster: Cluster,
    /// Kafka's own topics too, whose names begin with two underscores
    #[arg(long)]
    internal: bool,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What to describe.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  wb topic describe readings --bootstrap 127.0.0.1:9092")]
pub struct Describe {
    /// Name of the topic, or its whole address
    topic: String,
    #[command(flatten)]
    cluster: Cluster,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What to say of which topic.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  wb topic declare real-time-orders --workload orders --codec json && \\
  wb answer orders spend --log kafka://127.0.0.1:9092/real-time-orders --contestant kappa")]
pub struct Declare {
    /// Name of the topic, or its whole address
    topic: String,
    /// Name of the workload whose events it holds
    #[arg(long, value_name = "NAME")]
    workload: String,
    /// How they are written: json or bin
    #[arg(long, default_value = "json")]
    codec: Codec,
    /// How they are spread over the partitions: key or round-robin
    #[arg(long, default_value = "key", value_parser = partition_by)]
    partition_by: PartitionBy,
    #[command(flatten)]
    cluster: Cluster,
}

/// What to remove.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  wb topic delete Hello-Kafka")]
pub struct Delete {
    /// Name of the topic, or its whole address
    topic: String,
    #[command(flatten)]
    cluster: Cluster,
}

/// A topic that is needed to say whose cluster is meant where no topic is.
const ANY: &str = "any";

impl Topic {
    /// Does it.
    pub fn run(self, world: &World) -> anyhow::Result<ExitCode> {
        match self {
            Topic::Create(arguments) => arguments.run(world),
            Topic::List(arguments) => arguments.run(world),
            Topic::Describe(arguments) => arguments.run(world),
            Topic::Declare(arguments) => arguments.run(world),
            Topic::Delete(arguments) => arguments.run(world),
        }
    }
}

impl Create {
    fn run(self, world: &World) -> anyhow::Result<ExitCode> {
        let config = self.config.iter().map(|text| {
            text.split_once('=').ok_or_else(|| Usage::error(format!("--config {text}: write NAME=VALUE")))
        });
        let config: Vec<(&str, &str)> = config.collect::<anyhow::Result<_>>()?;
        let reached = self.cluster.reach(&self.topic, world)?;
        create(&reached, self.partitions, self.replication, &config)?;
        eprintln!("topic {} made", reached.address.topic());
        Ok(ExitCode::SUCCESS)
    }
}

/// Makes the topic in mind.
pub(in crate::commands) fn create(
    reached: &Reached,
    partitions: i32,
    replication: Option<i32>,
    config: &[(&str, &str)],
) -> anyhow::Result<()> {
    let topic = reached.address.topic();
    let mut new = NewTopic::new(topic, partitions, TopicReplication::Fixed(replication.unwrap_or(-1)));
    new.config.extend(config);
    let done = wait(reached.admin()?.create_topics([&new], &options()));
    let done = done.and_then(|all| all.into_iter().try_for_each(|one| one.map(drop).map_err(refused)));
    done.map_err(|error| said(&format!("make topic {topic}"), &error, &reached.address, &Watch::default()))
}

/// Removes the topic in mind.
pub(in crate::commands) fn delete(reached: &Reached) -> anyhow::Result<()> {
    let topic = reached.address.topic();
    let done = wait(reached.admin()?.delete_topics(&[topic], &options()));
    let done = done.and_then(|all| all.into_iter().try_for_each(|one| one.map(drop).map_err(refused)));
    done.map_err(|error| said(&format!("delete topic {topic}"), &error, &reached.address, &Watch::default()))
}

fn refused((_, code): (String, RDKafkaErrorCode)) -> KafkaError {
    KafkaError::AdminOp(code)
}

impl List {
    fn run(self, world: &World) -> anyhow::Result<ExitCode> {
        let reached = self.cluster.reach(ANY, world)?;
        let metadata = reached.metadata()?;
        let mut topics: Vec<_> = metadata.topics().iter().collect();
        topics.retain(|topic| self.internal || !topic.name().starts_with("__"));
        topics.sort_by_key(|topic| topic.name());
        let rows = topics.into_iter().map(|topic| {
            let (partitions, copies) =
                (topic.partitions(), topic.partitions().first().map_or(0, |p| p.replicas().len()));
            vec![
                Value::from(topic.name()),
                Value::Integer(partitions.len() as i128),
                Value::Integer(copies as i128),
            ]
        });
        print::rows(self.format, &["topic", "partitions", "replicas"], &rows.collect::<Vec<_>>())?;
        eprintln!("{}", reached.brokers()?);
        Ok(ExitCode::SUCCESS)
    }
}

impl Describe {
    fn run(self, world: &World) -> anyhow::Result<ExitCode> {
        let reached = self.cluster.reach(&self.topic, world)?;
        let rows = described(&reached)?;
        print::rows(self.format, &DESCRIBED, &rows)?;
        eprintln!("{}", reached.brokers()?);
        Ok(ExitCode::SUCCESS)
    }
}

/// The columns of a description.
pub(in crate::commands) const DESCRIBED: [&str; 4] = ["partition", "leader", "replicas", "in_sync"];

/// A row for each partition of the topic in mind.
pub(in crate::commands) fn described(reached: &Reached) -> anyhow::Result<Vec<Vec<Value>>> {
    let metadata = reached.metadata()?;
    let found = metadata.topics().iter().find(|topic| topic.name() == reached.address.topic());
    let topic = found.ok_or_else(|| reached.unknown())?;
    let mut partitions: Vec<&MetadataPartition> = topic.partitions().iter().collect();
    partitions.sort_by_key(|partition| partition.id());
    Ok(partitions.into_iter().map(row).collect())
}

fn row(partition: &MetadataPartition) -> Vec<Value> {
    let leader = match partition.leader() {
        none if none < 0 => "none".into(),
        id => id.to_string(),
    };
    let list = |ids: &[i32]| ids.iter().map(i32::to_string).collect::<Vec<_>>().join(",");
    vec![
        Value::Integer(partition.id().into()),
        leader.into(),
        list(partition.replicas()).into(),
        list(partition.isr()).into(),
    ]
}

impl Declare {
    fn run(self, world: &World) -> anyhow::Result<ExitCode> {
        let workload = workload(&self.workload)?;
        let reached = self.cluster.reach(&self.topic, world)?;
        let meta = Meta {
            workload: workload.name.to_owned(),
            codec: self.codec,
            partitions: u32::try_from(reached.partitions()?)?,
            partition_by: self.partition_by,
            made_by: "wb topic declare".into(),
        };
        KafkaLog::declare(&reached.address, &reached.credentials, &meta)?;
        eprintln!("{} holds {}, written as {}", reached.address, meta.workload, meta.codec);
        Ok(ExitCode::SUCCESS)
    }
}

impl Delete {
    fn run(self, world: &World) -> anyhow::Result<ExitCode> {
        let reached = self.cluster.reach(&self.topic, world)?;
        delete(&reached)?;
        eprintln!("topic {} removed", reached.address.topic());
        Ok(ExitCode::SUCCESS)
    }
}
