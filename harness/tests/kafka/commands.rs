//! What `wb topic`, `wb produce` and `wb consume` do, and what they say when something is wrong.

use std::time::{Duration, Instant};

use super::{broker, consumed, done, fed, fresh, make, text, wb};

/// Runs `wb`, which must fail within ten seconds with this code and one line that holds every one of `said`.
pub(super) fn refused(arguments: &[&str], input: &str, code: i32, said: &[&str]) {
    let began = Instant::now();
    let output = fed(wb(arguments), input);
    let complaint = text(&output.stderr);
    assert!(began.elapsed() < Duration::from_secs(10), "{arguments:?}: {:?}", began.elapsed());
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {complaint}");
    let lines: Vec<&str> = complaint.lines().filter(|line| line.starts_with("error: ")).collect();
    assert_eq!(lines.len(), 1, "{arguments:?}: {complaint}");
    for part in said {
        assert!(lines[0].contains(part), "{arguments:?}: expected `{part}` in {complaint}");
    }
}

#[test]
#[ignore = "needs a Kafka broker: scripts/check --kafka"]
fn a_topic_is_made_listed_described_and_removed() {
    let topic = fresh("topic");
    make(&broker(), &topic, &["--partitions", "3", "--replication", "1", "--config", "retention.ms=60000"]);
    let list = || done(wb(&["topic", "list", "--bootstrap", &broker(), "--format", "csv"]), "");
    assert!(list().lines().any(|line| line == format!("{topic},3,1")), "{}", list());
    let described = done(wb(&["topic", "describe", &topic, "--bootstrap", &broker(), "--format", "csv"]), "");
    assert_eq!(described, "partition,leader,replicas,in_sync\n0,1,1,1\n1,1,1,1\n2,1,1,1\n");
    done(wb(&["topic", "delete", &topic, "--bootstrap", &broker()]), "");
    assert!(!list().contains(&topic));
}

#[test]
#[ignore = "needs a Kafka broker: scripts/check --kafka"]
fn a_topic_that_others_write_to_is_declared_once() {
    let topic = fresh("real-time-orders");
    make(&broker(), &topic, &[]);
    let declare = ["topic", "declare", &topic, "--bootstrap", &broker(), "--workload"];
    done(wb(&[&declare[..], &["orders"]].concat()), "");
    refused(&[&declare[..], &["nothing"]].concat(), "", 2, &["no workload `nothing`"]);
}

#[test]
#[ignore = "needs a Kafka broker: scripts/check --kafka"]
fn a_group_goes_on_where_it_was() {
    let (topic, group) = (fresh("topic"), fresh("group"));
    make(&broker(), &topic, &[]);
    let consume = |count: &str| {
        let arguments = ["consume", &topic, "--bootstrap", &broker(), "--group", &group, "--from-beginning"];
        done(wb(&[&arguments[..], &["--count", count, "--idle", "30"]].concat()), "")
    };
    done(wb(&["produce", &topic, "--bootstrap", &broker(), "--numbers", "10"]), "");
    assert_eq!(consume("4").lines().count(), 4);
    assert!(consume("1").starts_with("offset = 4, key = 4, value = 4"));
    assert_eq!(consumed(&broker(), &topic, 10).len(), 10, "another group begins for itself");
}

#[test]
#[ignore = "needs a Kafka broker: scripts/check --kafka"]
fn what_a_topic_cannot_be_is_said() {
    let (topic, at) = (fresh("topic"), broker());
    make(&at, &topic, &[]);
    let create = |more: &[&'static str], said: &[&str]| {
        let name = fresh("never");
        refused(&[&["topic", "create", &name, "--bootstrap", &at], more].concat(), "", 1, said);
    };
    create(&["--replication", "3"], &["fewer brokers", "copies"]);
    create(&["--partitions", "0"], &["partitions"]);
    refused(&["topic", "create", &topic, "--bootstrap", &at], "", 1, &["already"]);
    refused(&["topic", "create", "two words", "--bootstrap", &at], "", 2, &["name"]);
    refused(&["topic", "delete", "nowhere", "--bootstrap", &at], "", 1, &["topic"]);
    for command in [["produce", "nowhere"], ["consume", "nowhere"]] {
        refused(&[&command[..], &["--bootstrap", &at]].concat(), "", 1, &["nowhere", "wb topic create"]);
    }
    refused(&["topic", "describe", "nowhere", "--bootstrap", &at], "", 1, &["nowhere"]);
}

#[test]
#[ignore = "needs a Kafka broker: scripts/check --kafka"]
fn a_message_that_is_too_large_is_said() {
    let (topic, at) = (fresh("topic"), broker());
    make(&at, &topic, &[]);
    let large = "x".repeat(2_000_000);
    for more in [&[][..], &["-X", "message.max.bytes=4000000"]] {
        let arguments = [&["produce", &topic, "--bootstrap", &at], more].concat();
        refused(&arguments, &large, 1, &["larger", "max.message.bytes"]);
    }
}

#[test]
#[ignore = "needs a Kafka broker: scripts/check --kafka"]
fn where_no_broker_is_that_is_said() {
    for command in [&["topic", "list"][..], &["produce", "t"], &["consume", "t"]] {
        let arguments = [command, &["--bootstrap", "127.0.0.1:1"]].concat();
        refused(&arguments, "", 1, &["no broker answers at 127.0.0.1:1"]);
    }
    refused(&["topic", "list", "--bootstrap", "nowhere.invalid:1"], "", 1, &["nowhere.invalid:1"]);
}

#[test]
#[ignore = "needs a Kafka broker: scripts/check --kafka"]
fn a_password_that_nobody_asks_for_and_settings_that_nobody_knows_are_said() {
    let at = broker();
    let sasl = ["-X", "security.protocol=SASL_PLAINTEXT", "-X", "sasl.mechanism=PLAIN"];
    let name = ["-X", "sasl.username=nobody", "-X", "sasl.password=env:WB_KAFKA"];
    let list = ["topic", "list", "--bootstrap", &at];
    refused(&[&list[..], &sasl, &name].concat(), "", 1, &["password"]);
    refused(&[&list[..], &["-X", "no.such.thing=1"]].concat(), "", 2, &["no.such.thing"]);
    refused(&[&list[..], &["-X", "sasl.password=hunter2"]].concat(), "", 2, &["env:NAME"]);
}
