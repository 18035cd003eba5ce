//! Which brokers, how they are spoken to, and whether they are there at all.

use std::time::{Duration, Instant};

use clap::Args;
use workloads::log::kafka::rdkafka::admin::AdminClient;
use workloads::log::kafka::rdkafka::client::DefaultClientContext;
use workloads::log::kafka::rdkafka::error::{KafkaError, RDKafkaErrorCode};
use workloads::log::kafka::rdkafka::metadata::Metadata;
use workloads::log::kafka::rdkafka::producer::{BaseProducer, Producer};
use workloads::log::kafka::{Credentials, KafkaAddress, KafkaSettings};

use super::super::{Usage, World};
use super::watch::{Watch, is_refusal};
use super::{Fault, said};
use crate::logs::{Brokers, Clients};

/// How long brokers have to answer. Everything that is wrong with them is said within ten seconds.
const PATIENCE: Duration = Duration::from_secs(7);
/// How long one question for them waits before it is asked again.
const TURN: Duration = Duration::from_millis(500);
/// How long they can be unreachable, all of them, before that is believed.
const DOWN: Duration = Duration::from_secs(3);

/// Which brokers, and how to speak to them.
#[derive(Clone, Debug, Args)]
pub struct Cluster {
    /// Brokers to begin with; the others are learnt from them
    #[arg(long, value_name = "HOST:PORT,..", default_value = "127.0.0.1:9092")]
    pub bootstrap: String,
    /// How its clients are set up.
    #[command(flatten)]
    pub clients: Clients,
}

/// A cluster that has answered.
pub(in crate::commands) struct Reached {
    /// Its address, with a topic.
    pub(in crate::commands) address: KafkaAddress,
    /// For making clients.
    pub(in crate::commands) credentials: Credentials,
    settings: KafkaSettings,
    client: BaseProducer<Watch>,
}

impl Cluster {
    /// The cluster with a topic in mind. A topic may be written as a whole address, which then says the brokers too, and
    /// settings after a question mark.
    pub(in crate::commands) fn reach(&self, topic: &str, world: &World) -> anyhow::Result<Reached> {
        let (topic, set) = topic.split_once('?').unwrap_or((topic, ""));
        let address = match topic.contains("://") {
            true => topic.parse(),
            false => KafkaAddress::new(&self.bootstrap, topic),
        };
        let address: KafkaAddress = address.map_err(Usage::error)?;
        let settings = set.parse().and_then(|set: KafkaSettings| {
            self.clients.settings.iter().try_fold(set, |all, one| all.with(one))
        });
        let settings = settings.map_err(Usage::error)?;
        let credentials = settings.unlock(&address, &world.environment).map_err(Usage::error)?;
        let client = credentials.admin().create_with_context(Watch::default());
        let client = client.map_err(|error| said("make a client", &error, &address, &Watch::default()))?;
        let reached = Reached { address, credentials, settings, client };
        reached.metadata()?;
        Ok(reached)
    }
}

impl Reached {
    /// Brokers, topics and partitions as they are now; an error if no broker answers in time.
    pub(in crate::commands) fn metadata(&self) -> anyhow::Result<Metadata> {
        let began = Instant::now();
        loop {
            // Everything is asked for: to ask for one topic may make it.
            let error = match self.client.client().fetch_metadata(None, TURN) {
                Ok(metadata) if !metadata.brokers().is_empty() => return Ok(metadata),
                Ok(_) => None,
                Err(error) => Some(error),
            };
            self.client.poll(Duration::ZERO);
            let watch = self.client.client().context();
            let hopeless = watch.trouble().is_some_and(|(code, _)| is_refusal(code));
            let waited = began.elapsed();
            if hopeless || waited > PATIENCE || (waited > DOWN && watch.trouble().is_some()) {
                let silence = KafkaError::MetadataFetch(RDKafkaErrorCode::BrokerTransportFailure);
                return Err(said("ask the brokers", &error.unwrap_or(silence), &self.address, watch));
            }
        }
    }

    /// Number of partitions of the topic in mind; an error if there is no such topic.
    pub(in crate::commands) fn partitions(&self) -> anyhow::Result<i32> {
        let metadata = self.metadata()?;
        let found = metadata.topics().iter().find(|topic| topic.name() == self.address.topic());
        match found {
            Some(topic) => Ok(topic.partitions().len() as i32),
            None => Err(self.unknown()),
        }
    }

    /// How many there are, and what they are.
    pub(in crate::commands) fn brokers(&self) -> anyhow::Result<Brokers> {
        Brokers::of(&self.address, &self.settings, &self.credentials)
    }

    /// That there is no such topic.
    pub(in crate::commands) fn unknown(&self) -> anyhow::Error {
        let (topic, brokers) = (self.address.topic(), self.address.brokers());
        Fault(format!(
            "no topic `{topic}` at {brokers}: see `wb topic list`, or make it with `wb topic create {topic}`"
        ))
        .into()
    }

    /// A client for making and removing topics.
    pub(in crate::commands) fn admin(&self) -> anyhow::Result<AdminClient<DefaultClientContext>> {
        let made = self.credentials.admin().create();
        made.map_err(|error| said("make a client", &error, &self.address, &Watch::default()))
    }
}
