//! The trades lab over one broker: the small feed with its answers worked out by hand, over one topic and over two.

use std::process::Command;

use super::golden::{self, Golden, TOKEN};
use super::{broker, done, fresh, wb};

/// `wb lab trades` over the small feed and this log.
fn lab(golden: &Golden, log: &str, more: &[&str]) -> Command {
    let (url, symbols, frames) = (golden.url(), golden::SYMBOLS.join(","), golden::FRAMES.to_string());
    let feed = ["lab", "trades", "--url", &url, "--symbols", &symbols, "--frames", &frames];
    let mut command = wb(&[&feed[..], &["--log", log, "--store", "sqlite"], more].concat());
    command.env("WB_FEED_TOKEN", TOKEN).env("LC_ALL", "C");
    command
}

#[test]
#[ignore = "needs a Kafka broker: scripts/check --kafka"]
fn a_small_feed_over_kafka_is_answered_as_worked_out_by_hand() {
    for topics in ["one", "two"] {
        let (golden, folder) = (Golden::start(), tempfile::tempdir().unwrap());
        let log = format!("kafka://{}/{}", broker(), fresh("trades"));
        let out = folder.path().join("lab").display().to_string();
        let printed = done(lab(&golden, &log, &["--topics", topics, "--out", &out]), "");
        golden::check(&printed);
        if topics == "two" {
            assert!(printed.contains("speed_topic holds 12 trades, batch_topic 12"), "{printed}");
            let listed = done(wb(&["topic", "list", "--bootstrap", &broker()]), "");
            assert!(listed.contains(".speed_topic") && listed.contains(".batch_topic"), "{listed}");
        }
    }
}
