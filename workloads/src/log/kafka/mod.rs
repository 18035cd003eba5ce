//! A log that is a topic of Apache Kafka.

mod address;
mod settings;

pub use address::{KafkaAddress, SCHEME};
pub use rdkafka;
pub use settings::{Credentials, Environment, KafkaSettings, Profile};
