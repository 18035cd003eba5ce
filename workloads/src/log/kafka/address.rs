//! Where a log on Kafka is: some brokers of the cluster, and the topic.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How every address of a log on Kafka begins.
pub const SCHEME: &str = "kafka://";
const PORT: u16 = 9092;
const LONGEST_TOPIC: usize = 249;

/// Some brokers of a cluster and a topic on it, written `kafka://host:port[,host:port]/topic`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KafkaAddress {
    hosts: Vec<String>,
    topic: String,
}

impl KafkaAddress {
    /// A topic of the cluster that these brokers, `host:port[,host:port]`, belong to.
    pub fn new(brokers: &str, topic: &str) -> Result<Self, String> {
        let hosts = brokers.split(',').map(host).collect::<Result<_, _>>()?;
        named(topic)?;
        Ok(KafkaAddress { hosts, topic: topic.into() })
    }

    /// The brokers as a client is told them.
    pub fn brokers(&self) -> String {
        self.hosts.join(",")
    }

    /// Name of the topic.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// Another topic of the same cluster.
    pub fn beside(&self, topic: &str) -> Result<Self, String> {
        named(topic)?;
        Ok(KafkaAddress { topic: topic.into(), ..self.clone() })
    }
}

impl FromStr for KafkaAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let said = |reason| format!("{text}: {reason}; write {SCHEME}HOST:PORT[,HOST:PORT]/TOPIC");
        let rest = text.strip_prefix(SCHEME).ok_or_else(|| said("not the address of a topic".into()))?;
        let (brokers, topic) = rest.split_once('/').ok_or_else(|| said("it names no topic".into()))?;
        KafkaAddress::new(brokers, topic).map_err(said)
    }
}

impl TryFrom<String> for KafkaAddress {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<KafkaAddress> for String {
    fn from(address: KafkaAddress) -> String {
        address.to_string()
    }
}

impl fmt::Display for KafkaAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}/{}", self.brokers(), self.topic)
    }
}

/// A broker's host and port; Kafka's usual port if it names none.
fn host(text: &str) -> Result<String, String> {
    let bare = text.ends_with(']') || !text.contains(':');
    let (name, port) = match text.rsplit_once(':') {
        Some(parts) if !bare => parts,
        _ => (text, ""),
    };
    let plain = |c: char| c.is_ascii_graphic() && !"/?&@#".contains(c);
    if name.is_empty() || !name.chars().all(plain) {
        return Err(format!("`{text}` is no broker"));
    }
    match port.parse::<u16>() {
        _ if bare => Ok(format!("{name}:{PORT}")),
        Ok(port) if port > 0 => Ok(format!("{name}:{port}")),
        _ => Err(format!("`{port}` is no port")),
    }
}

/// Whether Kafka takes a topic of that name.
fn named(topic: &str) -> Result<(), String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if topic.is_empty() || topic.len() > LONGEST_TOPIC || topic == "." || topic == ".." {
        return Err(format!("`{topic}` is no name of a topic"));
    }
    match topic.chars().find(|c| !allowed(*c)) {
        Some(c) => Err(format!("`{c}` cannot stand in a topic's name")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_it_is_written() {
        for text in ["kafka://127.0.0.1:9092/orders", "kafka://a:1,b:2,[::1]:9093/a.b_c-d"] {
            assert_eq!(text.parse::<KafkaAddress>().unwrap().to_string(), text);
        }
        let bare: KafkaAddress = "kafka://broker/orders".parse().unwrap();
        assert_eq!((bare.brokers().as_str(), bare.topic()), ("broker:9092", "orders"));
    }

    #[test]
    fn what_is_no_address_is_refused_with_its_form() {
        for text in ["orders", "kafka://", "kafka://a:1", "kafka://a:1/", "kafka://a:x/t", "kafka://a:1/t/u"]
        {
            let said = text.parse::<KafkaAddress>().unwrap_err();
            assert!(said.contains("kafka://HOST:PORT"), "{said}");
        }
    }
}
