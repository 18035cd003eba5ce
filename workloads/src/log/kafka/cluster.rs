//! A cluster as those who make topics on it see it.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication, TopicResult};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::metadata::{Metadata, MetadataTopic};

use super::address::KafkaAddress;
use super::line::Line;
use super::refusal::{PATIENCE, refuse};
use super::release::{self, Release};
use super::settings::Credentials;
use crate::log::LogError;

/// Between two looks at whether a new topic is known everywhere.
const LOOK: Duration = Duration::from_millis(20);

/// A cluster and one topic of it, which need not exist.
pub struct Cluster {
    line: Line,
    credentials: Credentials,
}

impl Cluster {
    /// Nothing is asked yet.
    pub fn new(address: &KafkaAddress, credentials: &Credentials) -> Result<Self, LogError> {
        Ok(Cluster { line: Line::new(address, credentials)?, credentials: credentials.clone() })
    }

    /// Brokers, and the topic's partitions with their leaders and copies; an error if there is no such topic.
    pub fn describe(&self) -> Result<Metadata, LogError> {
        self.line.describe()
    }

    /// Whether the topic exists.
    pub fn exists(&self) -> Result<bool, LogError> {
        self.knows("look for a topic")
    }

    fn knows(&self, what: &str) -> Result<bool, LogError> {
        let metadata = self.line.metadata(what)?;
        let known = |topic: &MetadataTopic| topic.error().is_none() && !topic.partitions().is_empty();
        Ok(metadata.topics().first().is_some_and(known))
    }

    /// How many brokers it has, and of which releases of Kafka they are, as far as they say it.
    pub fn brokers(&self) -> Result<(usize, String), LogError> {
        let metadata = self.line.metadata("ask for brokers")?;
        let brokers = metadata.brokers();
        let mut found: Vec<Release> = match self.credentials.encrypted() {
            true => vec![Release::Encrypted],
            false => brokers.iter().map(|it| release::ask(it.host(), it.port() as u16)).collect(),
        };
        found.sort();
        found.dedup();
        let names: Vec<String> = found.iter().map(Release::to_string).collect();
        Ok((brokers.len(), names.join(" and ")))
    }

    /// Makes the topic and waits until every partition has a leader. Without a number of copies the cluster decides.
    pub fn create(
        &self,
        partitions: u32,
        copies: Option<u32>,
        config: &[(&str, &str)],
    ) -> Result<(), LogError> {
        let what = format!("make topic {}", self.line.address().topic());
        if self.exists()? {
            return Err(self.refuse(&what, &KafkaError::AdminOp(Code::TopicAlreadyExists)));
        }
        let copies = copies.and_then(|copies| i32::try_from(copies).ok()).unwrap_or(-1);
        let asked = i32::try_from(partitions).unwrap_or(i32::MAX);
        let topic = NewTopic::new(self.line.address().topic(), asked, TopicReplication::Fixed(copies));
        let topic = config.iter().fold(topic, |topic, (name, value)| topic.set(name, value));
        let admin = self.admin()?;
        self.done(&what, wait(admin.create_topics([&topic], &options())))?;
        self.settled(&what, partitions)
    }

    /// Deletes the topic and waits until nobody knows it any more, so that it can be made again.
    pub fn delete(&self) -> Result<(), LogError> {
        self.describe()?;
        let topic = self.line.address().topic();
        let what = format!("delete topic {topic}");
        self.done(&what, wait(self.admin()?.delete_topics(&[topic], &options())))?;
        for _ in 0..PATIENCE.as_millis() / LOOK.as_millis() {
            if !self.knows(&what)? {
                return Ok(());
            }
            thread::sleep(LOOK);
        }
        Err(self.refuse(&what, &KafkaError::AdminOp(Code::OperationTimedOut)))
    }

    /// A client for what is not asked here.
    pub fn admin(&self) -> Result<AdminClient<rdkafka::client::DefaultClientContext>, LogError> {
        let made = self.credentials.admin().create();
        made.map_err(|error| self.refuse("make a client", &error))
    }

    fn settled(&self, what: &str, partitions: u32) -> Result<(), LogError> {
        for _ in 0..PATIENCE.as_millis() / LOOK.as_millis() {
            let metadata = self.line.metadata(what)?;
            let led = |topic: &MetadataTopic| {
                topic.partitions().len() == partitions as usize
                    && topic.partitions().iter().all(|partition| partition.leader() >= 0)
            };
            if metadata.topics().first().is_some_and(led) {
                return Ok(());
            }
            thread::sleep(LOOK);
        }
        Err(self.refuse(what, &KafkaError::MetadataFetch(Code::LeaderNotAvailable)))
    }

    fn done(&self, what: &str, result: Result<Vec<TopicResult>, KafkaError>) -> Result<(), LogError> {
        match result.map(|results| results.into_iter().next()) {
            Ok(Some(Err((_, code)))) => Err(self.refuse(what, &KafkaError::AdminOp(code))),
            Ok(_) => Ok(()),
            Err(error) => Err(self.refuse(what, &error)),
        }
    }

    fn refuse(&self, what: &str, error: &KafkaError) -> LogError {
        refuse(what, self.line.address(), error, self.line.heard())
    }
}

/// How long the cluster may take for a request.
pub fn options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(PATIENCE)).operation_timeout(Some(PATIENCE))
}

struct Sleeper(Thread);

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// The outcome of what an admin client does in a thread of its own.
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Sleeper(thread::current())));
    let (mut future, mut context) = (pin!(future), Context::from_waker(&waker));
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(done) => return done,
            Poll::Pending => thread::park(),
        }
    }
}
