//! What a broker or its client refuses, as one line that says what to do.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};

use super::address::KafkaAddress;
use crate::log::LogError;

/// How long one question to a cluster may take.
pub const PATIENCE: Duration = Duration::from_secs(8);

/// Keeps the last trouble that librdkafka tells of: a request that was not answered does not say why.
#[derive(Debug, Default)]
pub struct Listener {
    heard: Mutex<Option<(Code, String)>>,
}

impl Listener {
    /// The trouble that says most.
    pub fn heard(&self) -> Option<(Code, String)> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Something that went wrong.
    pub(super) fn note(&self, code: Code, reason: &str) {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        // That all brokers are down is the consequence of what was said before.
        if heard.as_ref().is_none_or(|(before, _)| weight(code) >= weight(*before)) {
            *heard = Some((code, reason.into()));
        }
    }
}

/// How much an error says about its cause.
fn weight(code: Code) -> u8 {
    match code {
        Code::Authentication | Code::SaslAuthenticationFailed | Code::SSL => 3,
        Code::Resolve => 2,
        Code::AllBrokersDown => 0,
        _ => 1,
    }
}

impl ClientContext for Listener {
    /// What it logs is not for the reader of a command's output.
    fn log(&self, _level: RDKafkaLogLevel, _facility: &str, _message: &str) {}

    fn error(&self, error: KafkaError, reason: &str) {
        if let Some(code) = code(&error) {
            self.note(code, reason);
        }
    }
}

impl ConsumerContext for Listener {}

/// The code of any error that has one.
pub(super) fn code(error: &KafkaError) -> Option<Code> {
    match error {
        KafkaError::AdminOp(code) => Some(*code),
        KafkaError::Transaction(error) => Some(error.code()),
        error => error.rdkafka_error_code(),
    }
}

/// Whether it may be better in a moment without anybody doing anything.
pub(super) fn passing(code: Code) -> bool {
    matches!(
        code,
        Code::BrokerTransportFailure
            | Code::AllBrokersDown
            | Code::OperationTimedOut
            | Code::RequestTimedOut
            | Code::MessageTimedOut
            | Code::TimedOutQueue
            | Code::Resolve
            | Code::LeaderNotAvailable
            | Code::NotLeaderForPartition
            | Code::ReplicaNotAvailable
            | Code::BrokerNotAvailable
            | Code::NetworkException
            | Code::DestroyBroker
            | Code::CoordinatorLoadInProgress
            | Code::CoordinatorNotAvailable
            | Code::NotCoordinator
            | Code::FencedLeaderEpoch
            | Code::UnknownLeaderEpoch
            | Code::OffsetNotAvailable
            | Code::WaitingForCoordinator
            | Code::Retry
    )
}

/// Whether waiting will not mend it.
pub(super) fn conclusive(code: Code) -> bool {
    weight(code) >= 2
}

/// The line for an error while doing `what` at an address; what was heard beside it explains a silence.
pub fn refuse(
    what: &str,
    address: &KafkaAddress,
    error: &KafkaError,
    heard: Option<(Code, String)>,
) -> LogError {
    let own = code(error).unwrap_or(Code::Unknown);
    let (code, reason) = match heard {
        Some((code, reason)) if passing(own) || own == Code::Unknown => (code, reason),
        _ => (own, error.to_string()),
    };
    let (said, then) = advice(code, &reason, address);
    LogError::Broker { what: what.into(), said, then }
}

/// What is wrong, and what to do.
fn advice(code: Code, reason: &str, address: &KafkaAddress) -> (String, String) {
    let (brokers, topic) = (address.brokers(), address.topic());
    let pair = |said: String, then: &str| (said, then.to_owned());
    match code {
        Code::Authentication | Code::SaslAuthenticationFailed => pair(
            format!("{brokers} refuses the name or the password"),
            "correct sasl.username and sasl.password",
        ),
        Code::SSL => pair(
            format!("no trusted encrypted connection to {brokers} ({})", brief(reason)),
            "set ssl.ca.location to the file with the certificate that signed the broker's",
        ),
        Code::Resolve => pair(format!("nobody knows the host of {brokers}"), "correct the address"),
        Code::UnknownTopicOrPartition | Code::UnknownTopic | Code::UnknownPartition => pair(
            format!("{brokers} has no topic {topic}, or no longer all of its partitions"),
            "make it with `wb generate --log`, `wb log copy` or `wb topic create`",
        ),
        Code::TopicAlreadyExists => {
            pair(format!("{brokers} has a topic {topic} already"), "choose another name or delete it")
        }
        Code::InvalidReplicationFactor => pair(
            format!("{brokers} has fewer brokers than copies were asked for"),
            "ask for fewer copies, or start more brokers",
        ),
        Code::MessageSizeTooLarge | Code::InvalidMessageSize => pair(
            "a record is larger than the broker takes".into(),
            "raise message.max.bytes here and max.message.bytes of the topic",
        ),
        Code::TopicAuthorizationFailed | Code::ClusterAuthorizationFailed => {
            pair(format!("{brokers} does not allow it"), "ask whoever runs it for the right to")
        }
        Code::NotEnoughReplicas | Code::NotEnoughReplicasAfterAppend => pair(
            "too few brokers hold the topic for acks=all".into(),
            "start the brokers that are down, or lower min.insync.replicas",
        ),
        code if passing(code) => pair(
            format!("no broker answers at {brokers} ({})", brief(reason)),
            "start it, or correct the address",
        ),
        _ => pair(format!("{brokers} refuses: {}", brief(reason)), "see the broker's log"),
    }
}

/// The end of librdkafka's lines is about itself.
pub(super) fn brief(reason: &str) -> &str {
    let line = reason.lines().next().unwrap_or_default();
    let line = line.split(" (after ").next().unwrap_or(line);
    line.split_once("]: ").map_or(line, |(_, rest)| rest).trim_end_matches(':').trim()
}
