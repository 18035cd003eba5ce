//! Where a log is, on this disk or on Kafka, and the one way to open, make and write it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

#[cfg(feature = "kafka")]
use anyhow::Context;
use workloads::files::{RealDisk, SharedDisk};
use workloads::log::file::{FileLog, FsyncPolicy};
#[cfg(feature = "kafka")]
use workloads::log::kafka::{
    Cluster, Credentials, KafkaAddress, KafkaLog, KafkaSettings, SCHEME, Transactions,
};
use workloads::{Appender, Log, Meta};

use crate::commands::Usage;

#[cfg(not(feature = "kafka"))]
const SCHEME: &str = "kafka://";

mod brokers;
mod clients;

pub use brokers::Brokers;
pub use clients::Clients;

/// Looks up a variable of the environment: where secrets may stand.
pub type Lookup = fn(&str) -> Option<String>;

/// A folder, or a topic as `kafka://HOST:PORT[,HOST:PORT]/TOPIC[?NAME=VALUE&..]` with settings by their librdkafka names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogAddress {
    /// A log of files.
    Folder(PathBuf),
    /// A topic, and how its clients are set up. Secrets are only named.
    #[cfg(feature = "kafka")]
    Kafka(KafkaAddress, KafkaSettings),
}

impl FromStr for LogAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if !text.starts_with(SCHEME) {
            return Ok(LogAddress::Folder(text.into()));
        }
        #[cfg(feature = "kafka")]
        {
            let (address, settings) = text.split_once('?').unwrap_or((text, ""));
            Ok(LogAddress::Kafka(address.parse()?, settings.parse()?))
        }
        #[cfg(not(feature = "kafka"))]
        Err(format!("{text}: this program was built without Kafka; build it with --features kafka"))
    }
}

impl fmt::Display for LogAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LogAddress::Folder(folder) => write!(f, "{}", folder.display()),
            #[cfg(feature = "kafka")]
            LogAddress::Kafka(address, settings) if *settings == KafkaSettings::default() => {
                write!(f, "{address}")
            }
            #[cfg(feature = "kafka")]
            LogAddress::Kafka(address, settings) => write!(f, "{address}?{settings}"),
        }
    }
}

impl From<PathBuf> for LogAddress {
    fn from(folder: PathBuf) -> Self {
        LogAddress::Folder(folder)
    }
}

impl LogAddress {
    /// Opens it to read.
    pub fn open(&self, _lookup: Lookup) -> anyhow::Result<Arc<dyn Log>> {
        match self {
            LogAddress::Folder(folder) => Ok(Arc::new(FileLog::open(&disk(), folder)?)),
            #[cfg(feature = "kafka")]
            LogAddress::Kafka(address, settings) => {
                Ok(Arc::new(KafkaLog::open(address, &unlock(address, settings, _lookup)?)?))
            }
        }
    }

    /// Changes settings, `name=value`, of the clients of one that is on Kafka; false if it is not.
    fn set_up(&mut self, _settings: &[String]) -> anyhow::Result<bool> {
        match self {
            LogAddress::Folder(_) => Ok(false),
            #[cfg(feature = "kafka")]
            LogAddress::Kafka(_, settings) => {
                let set = _settings.iter().try_fold(settings.clone(), |all, one| all.with(one));
                *settings = set.map_err(Usage::error)?;
                Ok(true)
            }
        }
    }

    /// Makes an empty log there.
    pub fn create(&self, meta: &Meta, lookup: Lookup) -> anyhow::Result<()> {
        self.copied(meta, None, lookup)
    }

    /// The same; on brokers with so many copies, or as many as they are set to keep.
    pub fn copied(&self, meta: &Meta, _copies: Option<u32>, _lookup: Lookup) -> anyhow::Result<()> {
        match self {
            LogAddress::Folder(folder) => Ok(FileLog::create(&disk(), folder, meta)?),
            #[cfg(feature = "kafka")]
            LogAddress::Kafka(address, settings) => {
                Ok(KafkaLog::create(address, &unlock(address, settings, _lookup)?, meta, _copies)?)
            }
        }
    }

    /// Its writer, which makes what it wrote durable when it is done.
    pub fn appender(&self, _lookup: Lookup) -> anyhow::Result<Box<dyn Appender>> {
        match self {
            LogAddress::Folder(folder) => {
                Ok(Box::new(FileLog::appender(&disk(), folder, FsyncPolicy::None)?))
            }
            #[cfg(feature = "kafka")]
            LogAddress::Kafka(address, settings) => {
                let log = KafkaLog::open(address, &unlock(address, settings, _lookup)?)?;
                Ok(Box::new(log.appender()?.saying(say)))
            }
        }
    }

    /// Whether a log is there.
    pub fn exists(&self, _lookup: Lookup) -> anyhow::Result<bool> {
        match self {
            LogAddress::Folder(folder) => Ok(FileLog::exists(&disk(), folder)),
            #[cfg(feature = "kafka")]
            LogAddress::Kafka(address, settings) => {
                Ok(Cluster::new(address, &unlock(address, settings, _lookup)?)?.exists()?)
            }
        }
    }

    /// Removes the log.
    pub fn delete(&self, _lookup: Lookup) -> anyhow::Result<()> {
        match self {
            LogAddress::Folder(folder) => Ok(std::fs::remove_dir_all(folder)?),
            #[cfg(feature = "kafka")]
            LogAddress::Kafka(address, settings) => {
                Ok(KafkaLog::delete(address, &unlock(address, settings, _lookup)?)?)
            }
        }
    }

    /// Another log near it, whose name is this one's with more after it.
    pub fn beside(&self, more: &str) -> anyhow::Result<Self> {
        match self {
            LogAddress::Folder(folder) => Ok(LogAddress::Folder(folder.join(more))),
            #[cfg(feature = "kafka")]
            LogAddress::Kafka(address, settings) => {
                let topic = format!("{}.{more}", address.topic());
                let address = address.beside(&topic).map_err(Usage::error)?;
                Ok(LogAddress::Kafka(address, settings.clone()))
            }
        }
    }

    /// The brokers that it is on, if it is on any.
    pub fn brokers(&self, _lookup: Lookup) -> anyhow::Result<Option<Brokers>> {
        match self {
            LogAddress::Folder(_) => Ok(None),
            #[cfg(feature = "kafka")]
            LogAddress::Kafka(address, settings) => {
                let credentials = unlock(address, settings, _lookup)?;
                Brokers::of(address, settings, &credentials).map(Some)
            }
        }
    }

    /// The broker that leads partition 0, and those with its other copies.
    pub fn led(&self, _lookup: Lookup) -> anyhow::Result<(String, String)> {
        match self {
            LogAddress::Folder(_) => Err(Usage::error(
                "a disturbance names {leader} or {others}, and the log is not on Kafka: compare with --log kafka://HOST:PORT/TOPIC",
            )),
            #[cfg(feature = "kafka")]
            LogAddress::Kafka(address, settings) => {
                let metadata = Cluster::new(address, &unlock(address, settings, _lookup)?)?.describe()?;
                let first = metadata.topics().first().and_then(|topic| topic.partitions().first());
                let first = first.context("the log's topic has no partition")?;
                let others = first.replicas().iter().filter(|broker| **broker != first.leader());
                let others: Vec<String> = others.map(ToString::to_string).collect();
                Ok((first.leader().to_string(), others.join(" ")))
            }
        }
    }

    /// Its folder on this disk.
    pub fn folder(&self) -> Option<&Path> {
        match self {
            LogAddress::Folder(folder) => Some(folder),
            #[cfg(feature = "kafka")]
            LogAddress::Kafka(..) => None,
        }
    }
}

#[cfg(feature = "kafka")]
impl LogAddress {
    /// The topic's writer in transactions.
    pub fn transactional(
        &self,
        transactions: Transactions,
        lookup: Lookup,
    ) -> anyhow::Result<Box<dyn Appender>> {
        let LogAddress::Kafka(address, settings) = self else {
            return Err(Usage::error("--transactional needs a log on Kafka: --log kafka://HOST:PORT/TOPIC"));
        };
        let log = KafkaLog::open(address, &unlock(address, settings, lookup)?)?;
        Ok(Box::new(log.transactional(transactions)?.saying(say)))
    }
}

/// Settings with their secrets.
#[cfg(feature = "kafka")]
pub fn unlock(
    address: &KafkaAddress,
    settings: &KafkaSettings,
    lookup: Lookup,
) -> anyhow::Result<Credentials> {
    settings.unlock(address, &lookup).map_err(Usage::error)
}

/// Whoever waits for brokers is told so beside what it prints.
#[cfg(feature = "kafka")]
fn say(line: &str) {
    eprintln!("wb: {line}");
}

fn disk() -> SharedDisk {
    Arc::new(RealDisk)
}
