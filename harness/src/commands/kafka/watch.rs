//! What a client of Kafka says by the way: of its connections, of what was delivered, of its share of the partitions.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use workloads::log::kafka::rdkafka::client::ClientContext;
use workloads::log::kafka::rdkafka::consumer::{BaseConsumer, ConsumerContext, Rebalance};
use workloads::log::kafka::rdkafka::error::{KafkaError, RDKafkaErrorCode};
use workloads::log::kafka::rdkafka::message::DeliveryResult;
use workloads::log::kafka::rdkafka::producer::ProducerContext;
use workloads::log::kafka::rdkafka::topic_partition_list::TopicPartitionListElem;

/// What is done when partitions are given to a consumer (true) or taken from it.
pub(in crate::commands) type Shared = dyn Fn(bool, &[i32]) + Send + Sync;

/// Listens to one client.
#[derive(Default)]
pub(in crate::commands) struct Watch {
    trouble: Mutex<Option<(RDKafkaErrorCode, String)>>,
    delivered: AtomicU64,
    failed: AtomicU64,
    first: Mutex<Option<KafkaError>>,
    shared: Option<Box<Shared>>,
}

impl Watch {
    /// One that says which partitions a consumer gets and loses.
    pub(in crate::commands) fn of_partitions(shared: Box<Shared>) -> Self {
        Watch { shared: Some(shared), ..Watch::default() }
    }

    /// What was last wrong with the connections. What the brokers refuse outweighs what does not answer.
    pub(in crate::commands) fn trouble(&self) -> Option<(RDKafkaErrorCode, String)> {
        self.trouble.lock().ok().and_then(|trouble| trouble.clone())
    }

    /// Messages that the brokers have.
    pub(in crate::commands) fn delivered(&self) -> u64 {
        self.delivered.load(Ordering::Relaxed)
    }

    /// Messages that they do not have, and why the first of them was not taken.
    pub(in crate::commands) fn failed(&self) -> (u64, Option<KafkaError>) {
        (self.failed.load(Ordering::Relaxed), self.first.lock().ok().and_then(|first| first.clone()))
    }

    fn tell(&self, given: bool, rebalance: &Rebalance<'_>) {
        let (Rebalance::Assign(list) | Rebalance::Revoke(list)) = rebalance else { return };
        if let Some(shared) = &self.shared {
            shared(given, &list.elements().iter().map(TopicPartitionListElem::partition).collect::<Vec<_>>());
        }
    }
}

/// Whether the brokers answered, and refused.
pub(super) fn is_refusal(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode::{Authentication, SSL, SaslAuthenticationFailed};
    matches!(code, Authentication | SSL | SaslAuthenticationFailed)
}

impl ClientContext for Watch {
    fn error(&self, error: KafkaError, reason: &str) {
        let (Some(code), Ok(mut trouble)) = (error.rdkafka_error_code(), self.trouble.lock()) else { return };
        let outweighed = trouble.as_ref().is_some_and(|(held, _)| is_refusal(*held) && !is_refusal(code));
        // That all are down follows from what was said of each.
        let general = code == RDKafkaErrorCode::AllBrokersDown && trouble.is_some();
        if !outweighed && !general {
            *trouble = Some((code, reason.to_owned()));
        }
    }
}

impl ConsumerContext for Watch {
    fn pre_rebalance(&self, _consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if matches!(rebalance, Rebalance::Revoke(_)) {
            self.tell(false, rebalance);
        }
    }

    fn post_rebalance(&self, _consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if matches!(rebalance, Rebalance::Assign(_)) {
            self.tell(true, rebalance);
        }
    }
}

impl ProducerContext for Watch {
    type DeliveryOpaque = ();

    fn delivery(&self, delivery: &DeliveryResult<'_>, (): ()) {
        match delivery {
            Ok(_) => _ = self.delivered.fetch_add(1, Ordering::Relaxed),
            Err((error, _)) => {
                if self.failed.fetch_add(1, Ordering::Relaxed) == 0
                    && let Ok(mut first) = self.first.lock()
                {
                    *first = Some(error.clone());
                }
            }
        }
    }
}
