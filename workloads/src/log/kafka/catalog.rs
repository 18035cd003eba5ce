//! What the topics of a cluster hold: a topic of its own says it, so that every client of the cluster finds it.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::address::KafkaAddress;
use super::append::{Producer, Stamped};
use super::cluster::Cluster;
use super::reader::KafkaReader;
use super::settings::Credentials;
use super::topic::{Ahead, Topic};
use crate::log::{LogError, LogReader, Meta, RawRecord};

/// The topic that describes the others: compacted, a message for each of them, its key their name.
pub const CATALOG: &str = "workbench.logs";

/// What it says of a topic.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// What the topic holds.
    #[serde(flatten)]
    pub(super) meta: Meta,
}

/// A number that no other log has, to know a topic from another one of the same name.
pub(super) fn identity() -> String {
    format!("{:016x}", RandomState::new().hash_one("log"))
}

/// Declares what a topic holds.
pub(super) fn declare(
    address: &KafkaAddress,
    credentials: &Credentials,
    meta: &Meta,
) -> Result<(), LogError> {
    let catalog = beside(address);
    let cluster = Cluster::new(&catalog, credentials)?;
    if !cluster.exists()? {
        let config = [("cleanup.policy", "compact"), ("min.compaction.lag.ms", "0")];
        match cluster.create(1, None, &config) {
            Ok(()) => {}
            // Somebody else was first.
            Err(_) if cluster.exists()? => {}
            Err(error) => return Err(error),
        }
    }
    let text = serde_json::to_vec(&Entry { meta: meta.clone() }).expect("texts and numbers are JSON");
    let key = address.topic().as_bytes().to_vec();
    let record =
        RawRecord { offset: 0, origin: None, intended: 0, appended: 0, key: key.into(), value: text.into() };
    Producer::new(&catalog, credentials.producer())?.send(0, &[record], Stamped::No).map(drop)
}

/// What a topic was declared to hold.
pub(super) fn find(address: &KafkaAddress, credentials: &Credentials) -> Result<Entry, LogError> {
    let undeclared = || LogError::Broker {
        what: format!("open topic {}", address.topic()),
        said: "nobody has said what it holds".into(),
        then: format!("say it: `wb topic declare {address} --workload NAME --codec json`"),
    };
    let catalog = beside(address);
    if !Cluster::new(&catalog, credentials)?.exists()? {
        return Err(undeclared());
    }
    let (topic, mut newest) = (Arc::new(Topic::open(&catalog, credentials)?), None);
    let (start, head) = (topic.starts()?.0[0], topic.heads()?.0[0]);
    let mut reader = KafkaReader::one(&topic, 0, start, Ahead::Far)?;
    while reader.position() < head {
        let read = reader.lend(head, usize::MAX, &mut |record| {
            if record.key == address.topic().as_bytes() {
                newest = Some(serde_json::from_slice::<Entry>(record.value));
            }
            Ok(())
        })?;
        if read == 0 {
            reader.wait(head)?;
        }
    }
    match newest {
        None => Err(undeclared()),
        Some(Ok(entry)) => Ok(entry),
        Some(Err(error)) => Err(LogError::Broker {
            what: format!("read what topic {} holds", address.topic()),
            said: error.to_string(),
            then: format!("declare it anew: `wb topic declare {address} --workload NAME --codec json`"),
        }),
    }
}

fn beside(address: &KafkaAddress) -> KafkaAddress {
    address.beside(CATALOG).expect("the catalog's name is one that Kafka takes")
}
