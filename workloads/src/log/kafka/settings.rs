//! How a client of Kafka is set up: a profile, and librdkafka's own settings on top of it.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use rdkafka::ClientConfig;
use serde::{Deserialize, Serialize};

use super::address::KafkaAddress;

/// Settings that are secrets. They are named by where they stand and never written out.
const SECRETS: &[&str] = &[
    "sasl.password",
    "sasl.oauthbearer.client.secret",
    "sasl.oauthbearer.config",
    "ssl.key.password",
    "ssl.key.pem",
    "ssl.keystore.password",
];
/// Settings that decide whether anything is lost or read twice: they are not open to choice.
const FIXED: &[&str] = &[
    "allow.auto.create.topics",
    "bootstrap.servers",
    "metadata.broker.list",
    "auto.offset.reset",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "enable.partition.eof",
    "enable.idempotence",
    "group.id",
    "transactional.id",
];
const PROFILE: &str = "profile";

/// What a client is tuned for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// Many records a second.
    Throughput,
    /// Each record soon.
    #[default]
    Latency,
}

/// A profile and settings by their librdkafka names, written `profile=latency&name=value&..`. A secret is written as
/// `env:NAME` or `file:PATH`, so that nothing here can give one away.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KafkaSettings {
    profile: Profile,
    given: Vec<(String, String)>,
}

/// Looks up a variable of the environment.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Settings with their secrets, for making clients. Shows nothing of them.
#[derive(Clone)]
pub struct Credentials {
    brokers: String,
    profile: Profile,
    given: Vec<(String, String)>,
    secrets: Vec<(String, String)>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({})", self.brokers)
    }
}

impl KafkaSettings {
    /// The profile alone.
    pub fn profile(profile: Profile) -> Self {
        KafkaSettings { profile, given: Vec::new() }
    }

    /// What was set beside the profile. Secrets are named by where they stand.
    pub fn given(&self) -> &[(String, String)] {
        &self.given
    }

    /// The same with one more setting, `name=value`; one of the same name is replaced.
    pub fn with(mut self, text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or_else(|| format!("`{text}` is not NAME=VALUE"))?;
        if name == PROFILE {
            self.profile = match value {
                "throughput" => Profile::Throughput,
                "latency" => Profile::Latency,
                _ => return Err(format!("no profile `{value}`: there are throughput and latency")),
            };
            return Ok(self);
        }
        if FIXED.contains(&name) {
            return Err(format!("{name} is decided by the workbench: leave it out"));
        }
        if SECRETS.contains(&name) && source(value).is_none() {
            return Err(format!("{name} is a secret: write {name}=env:NAME or {name}=file:PATH"));
        }
        self.given.retain(|(other, _)| other != name);
        self.given.push((name.into(), value.into()));
        Ok(self)
    }

    /// Fetches the secrets from where they stand. Refuses what librdkafka does not know.
    pub fn unlock(
        &self,
        address: &KafkaAddress,
        environment: Environment<'_>,
    ) -> Result<Credentials, String> {
        let (mut given, mut secrets) = (Vec::new(), Vec::new());
        for (name, value) in &self.given {
            match source(value).filter(|_| SECRETS.contains(&name.as_str())) {
                Some(source) => secrets.push((name.clone(), source.fetch(name, environment)?)),
                None => given.push((name.clone(), value.clone())),
            }
        }
        let credentials = Credentials { brokers: address.brokers(), profile: self.profile, given, secrets };
        let tried = credentials.admin().create_native_config();
        tried.map_err(|error| refused(&error, &credentials.secrets))?;
        Ok(credentials)
    }
}

impl FromStr for KafkaSettings {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split('&').filter(|part| !part.is_empty());
        parts.map(unescape).try_fold(KafkaSettings::default(), |settings, part| settings.with(&part))
    }
}

impl TryFrom<String> for KafkaSettings {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<KafkaSettings> for String {
    fn from(settings: KafkaSettings) -> String {
        settings.to_string()
    }
}

impl fmt::Display for KafkaSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let profile = match self.profile {
            Profile::Throughput => "throughput",
            Profile::Latency => "latency",
        };
        write!(f, "{PROFILE}={profile}")?;
        let escaped = |text: &str| text.replace('%', "%25").replace('&', "%26");
        self.given.iter().try_for_each(|(name, value)| write!(f, "&{}={}", escaped(name), escaped(value)))
    }
}

impl Credentials {
    /// Whether nobody can follow what is said to the brokers.
    pub(super) fn encrypted(&self) -> bool {
        let mut protocols = self.given.iter().filter(|(name, _)| name == "security.protocol");
        protocols.any(|(_, protocol)| protocol.to_ascii_lowercase().ends_with("ssl"))
    }

    /// For creating topics and asking about them.
    pub fn admin(&self) -> ClientConfig {
        self.over(ClientConfig::new())
    }

    /// For reading partitions from offsets that are its own business.
    pub fn consumer(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        // The greatest of all effects: a fetch that was put off is tried again at once, not after a second.
        config.set("fetch.queue.backoff.ms", "1").set("fetch.min.bytes", "1");
        // How far it reads ahead is bounded by bytes.
        match self.profile {
            Profile::Throughput => config
                .set("queued.min.messages", "1000000")
                .set("queued.max.messages.kbytes", "32768")
                .set("fetch.wait.max.ms", "50"),
            Profile::Latency => config
                .set("queued.min.messages", "100000")
                .set("queued.max.messages.kbytes", "16384")
                .set("fetch.wait.max.ms", "10"),
        };
        let mut config = self.over(config);
        config.set("isolation.level", "read_committed");
        // Required of every consumer that assigns; no group of this name is ever joined.
        config.set("group.id", "workbench").set("enable.auto.commit", "false");
        config.set("enable.auto.offset.store", "false").set("enable.partition.eof", "false");
        // What is gone is said, and never passed over.
        config.set("auto.offset.reset", "error");
        config
    }

    /// For reading a record or two: a batch is fetched, and hardly anything ahead.
    pub(super) fn glancer(&self) -> ClientConfig {
        let mut config = self.consumer();
        config.set("fetch.message.max.bytes", "1024").set("queued.min.messages", "1");
        config.set("queued.max.messages.kbytes", "1");
        config
    }

    /// For writing: every record once, in its order, and held by all brokers that are in step.
    pub fn producer(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("queue.buffering.max.messages", "1000000").set("batch.num.messages", "100000");
        match self.profile {
            Profile::Throughput => config.set("linger.ms", "5").set("batch.size", "1000000"),
            Profile::Latency => config.set("linger.ms", "0"),
        };
        // A leader that is gone is replaced in about ten seconds, and a record waits for that; then it is said.
        config.set("message.timeout.ms", "60000").set("request.timeout.ms", "10000");
        let mut config = self.over(config);
        config.set("enable.idempotence", "true").set("acks", "all");
        config
    }

    /// For writing in transactions.
    pub fn transactional(&self, id: &str) -> ClientConfig {
        let mut config = self.producer();
        config.set("transactional.id", id);
        config
    }

    /// What was given stands above what the profile says.
    fn over(&self, mut config: ClientConfig) -> ClientConfig {
        config.set("client.id", "workbench").set("bootstrap.servers", &self.brokers);
        // What is not there is not made by asking for it.
        config.set("allow.auto.create.topics", "false");
        // A broker that comes back is found soon.
        config.set("reconnect.backoff.ms", "50").set("reconnect.backoff.max.ms", "1000");
        config.set("socket.keepalive.enable", "true");
        // A broker that is stopped answers nothing and closes nothing: by then another leads.
        config.set("socket.timeout.ms", "10000");
        for (name, value) in self.given.iter().chain(&self.secrets) {
            config.set(name, value);
        }
        config
    }
}

/// Where a secret stands.
enum Source<'a> {
    Variable(&'a str),
    File(PathBuf),
}

fn source(value: &str) -> Option<Source<'_>> {
    let file = || value.strip_prefix("file:").map(|path| Source::File(path.into()));
    value.strip_prefix("env:").map(Source::Variable).or_else(file)
}

impl Source<'_> {
    fn fetch(&self, name: &str, environment: Environment<'_>) -> Result<String, String> {
        match self {
            Source::Variable(variable) => environment(variable)
                .ok_or_else(|| format!("{name}: the environment has no {variable}; export it and try again")),
            Source::File(path) => match std::fs::read_to_string(path) {
                Ok(text) => Ok(text.trim_end_matches(['\r', '\n']).into()),
                Err(error) => Err(format!("{name}: read {}: {error}", path.display())),
            },
        }
    }
}

/// What librdkafka said of a setting, without any secret.
fn refused(error: &rdkafka::error::KafkaError, secrets: &[(String, String)]) -> String {
    match error {
        rdkafka::error::KafkaError::ClientConfig(_, said, name, _) => {
            let secret = secrets.iter().any(|(other, _)| other == name);
            if secret { format!("{name}: librdkafka refuses its value") } else { format!("{name}: {said}") }
        }
        _ => "librdkafka refuses these settings".into(),
    }
}

/// `%25` and `%26` are what they stand for.
fn unescape(text: &str) -> String {
    text.replace("%26", "&").replace("%25", "%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_as_they_are_written() {
        for text in ["profile=latency", "profile=throughput&linger.ms=7&client.rack=a%26b%25c"] {
            assert_eq!(text.parse::<KafkaSettings>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_secret_is_named_by_where_it_stands_and_shown_nowhere() {
        let said = "sasl.password=hunter2".parse::<KafkaSettings>().unwrap_err();
        assert!(said.contains("env:NAME") && !said.contains("hunter2"), "{said}");
        let settings: KafkaSettings = "sasl.password=env:SECRET".parse().unwrap();
        let address = KafkaAddress::new("127.0.0.1:9092", "orders").unwrap();
        assert!(settings.unlock(&address, &|_| None).unwrap_err().contains("no SECRET"));
        let unlocked = settings.unlock(&address, &|_| Some("hunter2".into())).unwrap();
        assert_eq!(unlocked.consumer().get("sasl.password"), Some("hunter2"));
        let shown = format!("{settings} {settings:?} {unlocked:?} {:?}", unlocked.consumer());
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn what_librdkafka_does_not_know_and_what_is_fixed_are_refused() {
        let address = KafkaAddress::new("127.0.0.1:9092", "orders").unwrap();
        let settings: KafkaSettings = "no.such.thing=1".parse().unwrap();
        assert!(settings.unlock(&address, &|_| None).unwrap_err().contains("no.such.thing"));
        assert!("auto.offset.reset=latest".parse::<KafkaSettings>().unwrap_err().contains("leave it out"));
    }
}
