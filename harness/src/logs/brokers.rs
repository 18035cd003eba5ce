//! What those who read of a run are told of the brokers that its logs were on.

use std::fmt;

use serde::Serialize;
#[cfg(feature = "kafka")]
use workloads::log::kafka::rdkafka::util::get_rdkafka_version;
#[cfg(feature = "kafka")]
use workloads::log::kafka::{Cluster, Credentials, KafkaAddress, KafkaSettings};

/// Brokers of a cluster, and how they were spoken to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Brokers {
    /// How many there are.
    pub count: usize,
    /// Of which releases they are, as far as they say it.
    pub kafka: String,
    /// Where the first of them were looked for.
    pub at: String,
    /// Release of librdkafka.
    pub librdkafka: String,
    /// Profile and settings of the clients; secrets by where they stand.
    pub settings: String,
}

impl Brokers {
    /// Asks them.
    #[cfg(feature = "kafka")]
    pub fn of(
        address: &KafkaAddress,
        settings: &KafkaSettings,
        credentials: &Credentials,
    ) -> anyhow::Result<Self> {
        let (count, kafka) = Cluster::new(address, credentials)?.brokers()?;
        Ok(Brokers {
            count,
            kafka,
            at: address.brokers(),
            librdkafka: get_rdkafka_version().1,
            settings: settings.to_string(),
        })
    }

    /// The same as a sentence.
    pub fn about(&self) -> String {
        let Brokers { at, librdkafka, settings, .. } = self;
        format!(
            "The logs are topics of Kafka at {at} ({self}), followed with librdkafka {librdkafka} and {settings}."
        )
    }
}

impl fmt::Display for Brokers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = if self.count == 1 { "broker" } else { "brokers" };
        write!(f, "{} {noun}, release {}", self.count, self.kafka)
    }
}
