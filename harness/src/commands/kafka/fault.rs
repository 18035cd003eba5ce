//! What is wrong, in one line that says what to do.

use workloads::log::kafka::rdkafka::error::{KafkaError, RDKafkaErrorCode};
use workloads::log::kafka::{KafkaAddress, refuse};

use super::watch::Watch;

/// Something that Kafka did not do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(in crate::commands) struct Fault(pub(in crate::commands) String);

/// What to say of `error`, which `what` came to. What the client has said of its connections explains a silence.
pub(in crate::commands) fn said(
    what: &str,
    error: &KafkaError,
    address: &KafkaAddress,
    watch: &Watch,
) -> anyhow::Error {
    refuse(what, address, error, watch.trouble()).into()
}

/// Whether the client goes on by itself: a broker is away, and others or the same will answer.
pub(super) fn is_passing(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode::{AllBrokersDown, BrokerTransportFailure, OperationTimedOut, RequestTimedOut};
    matches!(code, AllBrokersDown | BrokerTransportFailure | OperationTimedOut | RequestTimedOut)
}
