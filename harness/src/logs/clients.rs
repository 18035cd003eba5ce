//! `-X`: how the clients of Kafka are set up, wherever a command takes a log.

use clap::Args;

use super::LogAddress;
use crate::commands::Usage;

/// Settings of the clients of whichever logs are on Kafka.
#[derive(Clone, Debug, Default, Args)]
pub struct Clients {
    /// On Kafka: a setting of its clients by its librdkafka name, or profile=throughput; a secret as env:NAME or file:PATH
    #[arg(id = "clients", short = 'X', value_name = "NAME=VALUE")]
    pub settings: Vec<String>,
}

impl Clients {
    /// Sets up the clients of these logs so. What an address says itself is replaced by what is said here. An error if none
    /// of them is on Kafka.
    pub fn set_up<'a>(&self, logs: impl IntoIterator<Item = &'a mut LogAddress>) -> anyhow::Result<()> {
        let mut set = false;
        for log in logs {
            set |= log.set_up(&self.settings)?;
        }
        if !set && !self.settings.is_empty() {
            return Err(Usage::error("-X sets up clients of Kafka, and the log is a folder: leave it out"));
        }
        Ok(())
    }
}

#[cfg(all(test, feature = "kafka"))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn clients(settings: &[&str]) -> Clients {
        Clients { settings: settings.iter().map(ToString::to_string).collect() }
    }

    #[test]
    fn what_is_set_beside_an_address_is_as_what_stands_in_it() {
        let mut logs: Vec<LogAddress> =
            ["some/folder", "kafka://a:1/t?linger.ms=3"].map(|text| text.parse().unwrap()).into();
        let given = clients(&["profile=throughput", "linger.ms=7", "sasl.password=env:SECRET"]);
        given.set_up(&mut logs).unwrap();
        assert_eq!(logs[0].to_string(), "some/folder");
        assert_eq!(
            logs[1].to_string(),
            "kafka://a:1/t?profile=throughput&linger.ms=7&sasl.password=env:SECRET"
        );
    }

    #[test]
    fn settings_for_nobody_and_settings_that_cannot_be_are_refused() {
        let mut folder: LogAddress = "some/folder".parse().unwrap();
        clients(&[]).set_up([&mut folder]).unwrap();
        assert!(clients(&["linger.ms=7"]).set_up([&mut folder]).unwrap_err().to_string().contains("folder"));
        let mut topic: LogAddress = "kafka://a:1/t".parse().unwrap();
        let secret = clients(&["sasl.password=hunter2"]).set_up([&mut topic]).unwrap_err().to_string();
        assert!(secret.contains("env:NAME") && !secret.contains("hunter2"), "{secret}");
    }
}
