//! What is wrong, in one line that says what to do.

use workloads::log::kafka::rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::watch::Watch;

/// Something that Kafka did not do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(in crate::commands) struct Fault(pub(in crate::commands) String);

/// What to say of `error`, which `what` came to at these brokers. What the client has said of its connections explains
/// why nobody answers.
pub(in crate::commands) fn said(
    what: &str,
    error: &KafkaError,
    brokers: &str,
    watch: &Watch,
) -> anyhow::Error {
    let code = match error {
        KafkaError::AdminOp(code) => *code,
        error => error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown),
    };
    let advice = match watch.trouble().filter(|_| is_silence(code)) {
        Some((trouble, reason)) => connection(trouble, brokers, &reason),
        None => advice(code, brokers).unwrap_or_else(|| error.to_string()),
    };
    Fault(format!("{what}: {advice}")).into()
}

/// Whether nothing came back at all.
fn is_silence(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode::{
        AllBrokersDown, Authentication, BrokerTransportFailure, MessageTimedOut, OperationTimedOut,
        RequestTimedOut, Resolve, SSL, TimedOutQueue,
    };
    matches!(
        code,
        AllBrokersDown
            | Authentication
            | BrokerTransportFailure
            | MessageTimedOut
            | OperationTimedOut
            | RequestTimedOut
            | Resolve
            | SSL
            | TimedOutQueue
    )
}

/// Whether the client goes on by itself: a broker is away, and others or the same will answer.
pub(super) fn is_passing(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode::{AllBrokersDown, BrokerTransportFailure, OperationTimedOut, RequestTimedOut};
    matches!(code, AllBrokersDown | BrokerTransportFailure | OperationTimedOut | RequestTimedOut)
}

/// Why there is no connection.
fn connection(code: RDKafkaErrorCode, brokers: &str, reason: &str) -> String {
    match code {
        RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SaslAuthenticationFailed => format!(
            "the brokers at {brokers} refuse the name or the password: check -X sasl.username and -X sasl.password"
        ),
        RDKafkaErrorCode::SSL => format!(
            "the certificate of the brokers at {brokers} is not trusted: name the file of their authority with -X ssl.ca.location=FILE"
        ),
        _ => format!("{} ({reason})", silent(brokers)),
    }
}

fn silent(brokers: &str) -> String {
    format!("no broker answers at {brokers}: start one with `scripts/kafka up`, or name others")
}

/// What to do about an error that a broker gave; nothing if what it says must do.
fn advice(code: RDKafkaErrorCode, brokers: &str) -> Option<String> {
    use RDKafkaErrorCode::{
        InvalidPartitions, InvalidReplicationFactor, InvalidTopic, MessageSizeTooLarge, NotEnoughReplicas,
        NotEnoughReplicasAfterAppend, TopicAlreadyExists, UnknownPartition, UnknownTopic,
        UnknownTopicOrPartition,
    };
    Some(match code {
        _ if is_silence(code) => silent(brokers),
        UnknownTopic | UnknownTopicOrPartition => {
            "there is no such topic: see `wb topic list`, or make it with `wb topic create`".into()
        }
        UnknownPartition => "the topic has no such partition: see `wb topic describe`".into(),
        TopicAlreadyExists => "it exists already: choose another name, or `wb topic delete` it".into(),
        InvalidReplicationFactor => {
            "there are fewer brokers than copies were asked for: lower --replication, \
             or start more brokers"
                .into()
        }
        InvalidPartitions => "the number of partitions must be at least 1: give another --partitions".into(),
        InvalidTopic => "not a name for a topic: use letters, digits, `.`, `_` and `-`".into(),
        MessageSizeTooLarge => "a message is larger than is allowed: make it smaller, or raise both -X \
             message.max.bytes=N here and max.message.bytes of the topic"
            .into(),
        NotEnoughReplicas | NotEnoughReplicasAfterAppend => {
            "too few brokers are in step to hold it safely: start the others again, see `wb topic describe`"
                .into()
        }
        _ => return None,
    })
}
