//! Three brokers: copies, leaders, and one broker that is killed.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::{consumed, done, fresh, kafka, make, wb};

/// Where the three are.
fn brokers() -> String {
    std::env::var("WB_KAFKA3").expect("WB_KAFKA3 names no brokers: run scripts/check --kafka")
}

/// Leader and in-sync copies of each partition.
fn described(topic: &str) -> Vec<(String, BTreeSet<String>)> {
    let arguments = ["topic", "describe", topic, "--bootstrap", &brokers(), "--format", "json"];
    let rows: serde_json::Value = serde_json::from_str(&done(wb(&arguments), "")).unwrap();
    let row = |row: &serde_json::Value| {
        let copies = row["in_sync"].as_str().unwrap().split(',').map(str::to_owned).collect();
        (row["leader"].as_str().unwrap().to_owned(), copies)
    };
    rows.as_array().unwrap().iter().map(row).collect()
}

/// Asks again and again until it is so.
fn until(what: &str, topic: &str, enough: impl Fn(&[(String, BTreeSet<String>)]) -> bool) {
    let began = Instant::now();
    loop {
        let held = described(topic);
        if enough(&held) {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{what}: {held:?}");
    }
}

#[test]
#[ignore = "needs a Kafka broker: scripts/check --kafka"]
fn a_killed_leader_is_replaced_and_nothing_is_lost() {
    let topic = fresh("copies");
    make(&brokers(), &topic, &["--partitions", "3", "--replication", "3"]);
    until("all are in step", &topic, |held| held.iter().all(|(_, copies)| copies.len() == 3));
    let send = || {
        done(
            wb(&[
                "produce",
                &topic,
                "--bootstrap",
                &brokers(),
                "--numbers",
                "300",
                "-X",
                "message.timeout.ms=60000",
            ]),
            "",
        )
    };
    send();
    let leader = described(&topic)[0].0.clone();
    done(kafka(&["kill", &leader]), "");
    send();
    until("another leads", &topic, |held| {
        held.iter().all(|(now, copies)| *now != leader && !copies.contains(&leader) && copies.len() == 2)
    });
    done(kafka(&["start", &leader]), "");
    until("it is in step again", &topic, |held| held.iter().all(|(_, copies)| copies.len() == 3));
    send();
    let mut times = std::collections::BTreeMap::<String, u32>::new();
    for line in consumed(&brokers(), &topic, 900) {
        *times.entry(line.split("value = ").nth(1).unwrap().to_owned()).or_default() += 1;
    }
    assert_eq!(times.len(), 300);
    assert!(times.values().all(|times| *times == 3), "{times:?}");
}

#[test]
#[ignore = "needs a Kafka broker: scripts/check --kafka"]
fn a_paused_leader_loses_nothing_and_repeats_nothing() {
    let topic = fresh("paused");
    make(&brokers(), &topic, &["--partitions", "1", "--replication", "3"]);
    until("all are in step", &topic, |held| held[0].1.len() == 3);
    let leader = described(&topic)[0].0.clone();
    done(kafka(&["pause", &leader]), "");
    let lines: String = (0..500).map(|n| format!("{n}\n")).collect();
    let send = ["produce", &topic, "--bootstrap", &brokers(), "-X", "message.timeout.ms=60000"];
    done(wb(&send), &lines);
    done(kafka(&["resume", &leader]), "");
    until("it is in step again", &topic, |held| held[0].1.len() == 3);
    let wanted: Vec<String> = (0..500).map(|n| format!("offset = {n}, key = null, value = {n}")).collect();
    assert_eq!(consumed(&brokers(), &topic, 500), wanted);
}

#[test]
#[ignore = "needs a Kafka broker: scripts/check --kafka"]
fn below_the_least_copies_nothing_is_taken_and_that_is_said() {
    let topic = fresh("few");
    make(&brokers(), &topic, &["--partitions", "1", "--replication", "3"]);
    until("all are in step", &topic, |held| held[0].1.len() == 3);
    let leader = described(&topic)[0].0.clone();
    let others: Vec<&str> = ["1", "2", "3"].into_iter().filter(|broker| *broker != leader).collect();
    for other in &others {
        done(kafka(&["kill", other]), "");
    }
    let refused = super::fed(wb(&["produce", &topic, "--bootstrap", &brokers()]), "one\n");
    let said = super::text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("in step") && said.contains("wb topic describe"), "{said}");
    for other in &others {
        done(kafka(&["start", other]), "");
    }
    until("all are in step again", &topic, |held| held[0].1.len() == 3);
    done(wb(&["produce", &topic, "--bootstrap", &brokers()]), "two\n");
    assert!(consumed(&brokers(), &topic, 1)[0].contains("value = "));
}

/// The topic in which it is written what the others hold.
const LOGS: &str = "workbench.logs";

/// A log of orders with one partition that every broker holds.
fn made(name: &str) -> String {
    let topic = fresh(name);
    make(&brokers(), &topic, &["--partitions", "1", "--replication", "3"]);
    let declare = ["topic", "declare", &topic, "--bootstrap", &brokers(), "--workload", "orders"];
    done(wb(&[&declare[..], &["--codec", "bin"]].concat()), "");
    topic
}

#[test]
#[ignore = "needs a Kafka broker: scripts/check --kafka"]
fn with_two_brokers_down_a_writer_says_that_it_waits_and_gives_up_in_time() {
    // One that can still be opened: whoever leads it leads what tells of all logs, too.
    made("any");
    let leader = described(LOGS)[0].0.clone();
    let topic = &(0..30).map(|_| made("deadline")).find(|topic| described(topic)[0].0 == leader).unwrap();
    let log = format!("kafka://{}/{topic}", brokers());
    let generate = |more: &[&str]| {
        let arguments =
            ["generate", "orders", "--events", "5000", "--partitions", "1", "--resume", "--log", &log];
        super::fed(wb(&[&arguments[..], more].concat()), "")
    };
    until("all are in step", topic, |held| held[0].1.len() == 3);
    let others: Vec<&str> = ["1", "2", "3"].into_iter().filter(|broker| *broker != leader).collect();
    for other in &others {
        done(kafka(&["kill", other]), "");
    }
    let began = Instant::now();
    let refused = generate(&["-X", "message.timeout.ms=8000"]);
    let (took, said) = (began.elapsed(), super::text(&refused.stderr));
    for other in &others {
        done(kafka(&["start", other]), "");
    }
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(took < Duration::from_secs(25), "{took:?}: {said}");
    assert!(said.contains("waiting, for 8 s at the most"), "{said}");
    until("all are in step again", topic, |held| held[0].1.len() == 3);
    let whole = generate(&[]);
    assert!(whole.status.success(), "{}", super::text(&whole.stderr));
    let lines = done(wb(&["log", "export", &log]), "");
    assert_eq!(lines.lines().count(), 5001, "each event once, below a head");
}

#[test]
#[ignore = "needs a Kafka broker: scripts/check --kafka"]
fn a_broker_that_is_asked_to_end_hands_its_partitions_on() {
    let topic = fresh("restarted");
    make(&brokers(), &topic, &["--partitions", "2", "--replication", "3"]);
    until("all are in step", &topic, |held| held.iter().all(|(_, copies)| copies.len() == 3));
    let send = || done(wb(&["produce", &topic, "--bootstrap", &brokers(), "--numbers", "200"]), "");
    send();
    let leader = described(&topic)[0].0.clone();
    done(kafka(&["stop", &leader]), "");
    until("another leads", &topic, |held| held.iter().all(|(now, _)| *now != leader && now != "none"));
    send();
    done(kafka(&["start", &leader]), "");
    until("it is in step again", &topic, |held| held.iter().all(|(_, copies)| copies.len() == 3));
    send();
    assert_eq!(consumed(&brokers(), &topic, 600).len(), 600);
}

#[test]
#[ignore = "needs a Kafka broker: scripts/check --kafka"]
fn sensors_raise_exactly_their_alerts_while_a_leader_is_killed() {
    let log = format!("kafka://{}/{}", brokers(), fresh("readings"));
    let script = super::root().join("scripts/kafka");
    let fault = format!("{} kill {{leader}}", script.display());
    let sensors =
        ["lab", "sensors", "--log", &log, "--replication", "3", "--seconds", "300", "--speed", "15"];
    let printed =
        done(wb(&[&sensors[..], &["--seed", "7", "--fault-at", "100", "--fault", &fault]].concat()), "");
    assert!(printed.contains("1200 readings sent, 1200 counted"), "{printed}");
    assert!(printed.contains("exactly those") && printed.contains("ALERT"), "{printed}");
    let led = printed.lines().filter(|line| line.contains("led by")).count();
    assert!(printed.contains("FAULT") && led >= 2, "who leads is shown before and after: {printed}");
    for broker in ["1", "2", "3"] {
        done(kafka(&["start", broker]), "");
    }
}
