//! Logs on a broker: what cannot be read, what is set up wrongly, and what a comparison leaves behind.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::commands::refused;
use super::{broker, done, fed, fresh, make, text, wb};

fn address(topic: &str) -> String {
    format!("kafka://{}/{topic}", broker())
}

/// A topic with orders as JSON.
fn orders(topic: &str, events: &str) -> String {
    let log = address(topic);
    done(wb(&["generate", "orders", "--events", events, "--codec", "json", "--log", &log]), "");
    log
}

fn spend(log: &str, more: &[&str]) -> Output {
    let ask = ["answer", "orders", "spend", "--contestant", "kappa", "--format", "csv", "--log", log];
    let answered = fed(wb(&[&ask[..], more].concat()), "");
    assert!(answered.status.success(), "{}", text(&answered.stderr));
    answered
}

/// The short plan with one contestant and so many live seconds.
fn plan(folder: &Path, seconds: u32) -> String {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/plans/short.toml")).unwrap();
    let text = text.replace("history = 100000", "history = 1000").replace("rate = 20000.0", "rate = 1000.0");
    let text =
        text.replace("seconds = 1.0", &format!("seconds = {seconds}.0")).replace("pin = true", "pin = false");
    let text = &text[..text.find("[[contest]]").unwrap()];
    let file = folder.join("plan.toml");
    let contest = "[[contest]]\nworkload = \"orders\"\ncontestants = [\"kappa\"]\nrepeats = 1\n";
    fs::write(&file, format!("{text}{contest}")).unwrap();
    file.to_str().unwrap().to_owned()
}

/// Topics of the cluster whose names begin so.
fn topics(prefix: &str) -> Vec<String> {
    let listed = done(wb(&["topic", "list", "--bootstrap", &broker(), "--format", "csv"]), "");
    let names = listed.lines().filter_map(|line| line.split(',').next());
    names.filter(|name| name.starts_with(prefix)).map(str::to_owned).collect()
}

#[test]
#[ignore = "needs a Kafka broker: scripts/check --kafka"]
fn a_topic_of_another_workload_is_refused() {
    let log = address(&fresh("trades"));
    done(wb(&["generate", "trades", "--events", "200", "--log", &log]), "");
    let held = ["holds trades, not orders"];
    refused(&["answer", "orders", "spend", "--contestant", "kappa", "--log", &log], "", 1, &held);
    refused(&["lab", "wordcount", "--log", &log], "a word\n", 1, &["holds trades, not words", "--log"]);
}

#[test]
#[ignore = "needs a Kafka broker: scripts/check --kafka"]
fn clients_are_set_up_beside_the_address_as_within_it() {
    let log = orders(&fresh("orders"), "300");
    let plain = spend(&log, &[]).stdout;
    assert_eq!(spend(&log, &["-X", "profile=throughput", "-X", "fetch.min.bytes=1"]).stdout, plain);
    let ask = ["answer", "orders", "spend", "--contestant", "kappa", "--log", &log, "-X"];
    refused(&[&ask[..], &["no.such.thing=1"]].concat(), "", 2, &["no.such.thing"]);
    refused(&[&ask[..], &["sasl.password=hunter2"]].concat(), "", 2, &["env:NAME"]);
    refused(&[&ask[..], &["sasl.password=env:WB_NOWHERE"]].concat(), "", 2, &["no WB_NOWHERE"]);
}

#[test]
#[ignore = "needs a Kafka broker: scripts/check --kafka"]
fn a_cluster_names_the_release_of_its_brokers() {
    let listed = fed(wb(&["topic", "list", "--bootstrap", &broker()]), "");
    let said = text(&listed.stderr);
    assert!(said.contains("1 broker, release 4.2 (metadata.version 29)"), "{said}");
}

/// The only file below a folder with this ending.
fn found(folder: &Path, ending: &str) -> PathBuf {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<PathBuf>, Vec<PathBuf>) = entries.partition(|path| path.is_dir());
    let of = |path: &PathBuf| path.to_str().unwrap().ends_with(ending);
    let here = files.into_iter().find(of);
    here.unwrap_or_else(|| {
        folders.iter().map(|folder| found(folder, ending)).find(|file| file.exists()).unwrap_or_default()
    })
}

#[test]
#[ignore = "needs a Kafka broker: scripts/check --kafka"]
fn what_nobody_can_decode_is_set_aside_and_counted() {
    let folder = tempfile::tempdir().unwrap();
    let topic = fresh("garbled");
    let log = orders(&topic, "2000");
    let before = spend(&log, &[]).stdout;
    done(wb(&["produce", &topic, "--bootstrap", &broker()]), "no order at all\n{\"half\": \n\n");
    let after = spend(&log, &[]);
    assert_eq!(after.stdout, before);
    assert!(text(&after.stderr).contains("3 records could not be decoded"), "{}", text(&after.stderr));
    let out = folder.path().join("out");
    let out = out.to_str().unwrap();
    let compare = ["compare", &plan(folder.path(), 1), "--log", &log, "--rate", "1000", "--out", out];
    let compared = fed(wb(&compare), "");
    let said = text(&compared.stderr);
    assert!(matches!(compared.status.code(), Some(0 | 4)), "{said}");
    let letters = fs::read_to_string(found(Path::new(out), "kappa.dead.jsonl")).unwrap();
    assert_eq!(letters.lines().count(), 3, "{letters}");
    let counted = fs::read_to_string(Path::new(out).join("measurements.csv")).unwrap();
    let line = counted.lines().find(|line| line.contains("dead-letters")).unwrap();
    assert!(line.contains(",3"), "{line}");
    let manifest = fs::read_to_string(Path::new(out).join("manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    assert_eq!(manifest["brokers"]["kafka"], "4.2 (metadata.version 29)");
    assert_eq!(manifest["brokers"]["count"], 1);
    let page = fs::read_to_string(Path::new(out).join("report.html")).unwrap();
    assert!(page.contains("4.2 (metadata.version 29)"));
}

#[test]
#[ignore = "needs a Kafka broker: scripts/check --kafka"]
fn topics_that_were_left_are_in_the_way_until_they_may_be_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let topic = fresh("left");
    let left = format!("{topic}.orders.kappa-1");
    make(&broker(), &left, &[]);
    let (plan, log) = (plan(folder.path(), 1), address(&topic));
    let out = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let compare = ["compare", &plan, "--log", &log, "--out"];
    let delete = format!("wb topic delete 'kafka://{}/{left}", broker());
    refused(&[&compare[..], &[&out("first")]].concat(), "", 1, &[&left, "--replace", &delete]);
    assert_eq!(topics(&topic), [left], "nothing was begun");
    let compared = fed(wb(&[&compare[..], &[&out("second"), "--replace"]].concat()), "");
    assert!(matches!(compared.status.code(), Some(0 | 4)), "{}", text(&compared.stderr));
    assert!(topics(&topic).is_empty());
}

#[test]
#[ignore = "needs a Kafka broker: scripts/check --kafka"]
fn an_interrupted_comparison_takes_its_topics_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let topic = fresh("interrupted");
    let (plan, out) = (plan(folder.path(), 60), folder.path().join("out"));
    let mut command = wb(&["compare", &plan, "--log", &address(&topic), "--out", out.to_str().unwrap()]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let began = Instant::now();
    while topics(&topic).is_empty() {
        assert!(began.elapsed() < Duration::from_secs(30) && child.try_wait().unwrap().is_none());
    }
    let mut kill = Command::new("kill");
    kill.args(["-INT", &child.id().to_string()]);
    done(kill, "");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(topics(&topic).is_empty());
}
