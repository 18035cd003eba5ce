//! Kafka's own console programs, kcat, and Kafka's own reader of segment files.

use std::process::Command;

use super::{broker, consumed, done, fresh, kafka, make, root, run_folder, wb};

const CONSOLE_PRODUCER: &str = "org.apache.kafka.tools.ConsoleProducer";
const CONSOLE_CONSUMER: &str = "org.apache.kafka.tools.consumer.ConsoleConsumer";
const DUMP: &str = "kafka.tools.DumpLogSegments";

fn kcat(arguments: &[&str]) -> Command {
    let mut command = Command::new("kcat");
    command.args(["-b", &broker(), "-q"]).args(arguments);
    command
}

fn numbers(topic: &str) {
    let labs = ["--acks", "all", "--retries", "0", "--batch-size", "16384", "--buffer-memory", "33554432"];
    done(wb(&[&["produce", topic, "--bootstrap", &broker(), "--numbers", "10"], &labs[..]].concat()), "");
}

#[test]
#[ignore = "needs a Kafka broker: scripts/check --kafka"]
fn ten_records_are_read_as_the_labs_print_them() {
    let topic = fresh("ten");
    make(&broker(), &topic, &[]);
    numbers(&topic);
    let wanted: Vec<String> = (0..10).map(|n| format!("offset = {n}, key = {n}, value = {n}")).collect();
    assert_eq!(consumed(&broker(), &topic, 10), wanted);
}

#[test]
#[ignore = "needs a Kafka broker: scripts/check --kafka"]
fn kafkas_console_consumer_reads_what_wb_sends() {
    let topic = fresh("ours");
    make(&broker(), &topic, &[]);
    numbers(&topic);
    let arguments = ["tool", CONSOLE_CONSUMER, "--bootstrap-server", &broker(), "--topic", &topic];
    let shown = ["--from-beginning", "--max-messages", "10", "--formatter-property", "print.key=true"];
    let printed = done(kafka(&[&arguments[..], &shown].concat()), "");
    assert_eq!(printed, (0..10).map(|n| format!("{n}\t{n}\n")).collect::<String>());
}

#[test]
#[ignore = "needs a Kafka broker: scripts/check --kafka"]
fn wb_reads_what_kafkas_console_producer_sends() {
    let topic = fresh("theirs");
    make(&broker(), &topic, &[]);
    let arguments = ["tool", CONSOLE_PRODUCER, "--bootstrap-server", &broker(), "--topic", &topic];
    let keyed = ["--reader-property", "parse.key=true", "--reader-property", "key.separator=:"];
    done(kafka(&[&arguments[..], &keyed].concat()), "a:one\nb:two words\n");
    let wanted = ["offset = 0, key = a, value = one", "offset = 1, key = b, value = two words"];
    assert_eq!(consumed(&broker(), &topic, 2), wanted);
}

#[test]
#[ignore = "needs a Kafka broker: scripts/check --kafka"]
fn kcat_and_wb_read_each_other_and_choose_the_same_partitions() {
    let (ours, theirs) = (fresh("ours"), fresh("theirs"));
    let lines: String = (0..200).map(|n| format!("key-{n}:value {n}\n")).collect();
    for topic in [&ours, &theirs] {
        make(&broker(), topic, &["--partitions", "5"]);
    }
    done(wb(&["produce", &ours, "--bootstrap", &broker(), "--key-separator", ":"]), &lines);
    // Java's clients spread keys so; kcat's own default differs.
    done(kcat(&["-P", "-t", &theirs, "-K:", "-X", "topic.partitioner=murmur2_random"]), &lines);
    let read = |topic: &str| {
        let printed = done(kcat(&["-C", "-e", "-t", topic, "-f", "%p %k:%s\n"]), "");
        let mut lines: Vec<String> = printed.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    let (ours, theirs) = (read(&ours), read(&theirs));
    assert_eq!(ours.len(), 200);
    assert_eq!(ours, theirs);
}

/// Batches that Kafka's own reader finds in a segment file: how many, how many of them with a valid checksum, of how
/// many records, packed how.
fn dumped(file: &str) -> (usize, usize, u64, Vec<String>) {
    let printed = done(kafka(&["tool", DUMP, "--deep-iteration", "--files", file]), "");
    let batches: Vec<&str> = printed.lines().filter(|line| line.starts_with("baseOffset:")).collect();
    let valid = batches.iter().filter(|line| line.contains("isvalid: true")).count();
    let records = printed.lines().filter(|line| line.starts_with("| offset:")).count() as u64;
    let word = |line: &&str| line.split("compresscodec: ").nth(1)?.split(' ').next().map(str::to_owned);
    (batches.len(), valid, records, batches.iter().filter_map(word).collect())
}

#[test]
#[ignore = "needs a Kafka broker: scripts/check --kafka"]
fn kafkas_own_reader_finds_every_checksum_of_the_embedded_log_valid() {
    let folder = tempfile::tempdir().unwrap();
    for (workload, codec) in [("orders", "bin"), ("trades", "json")] {
        let log = folder.path().join(workload);
        let made = ["generate", workload, "--events", "120000", "--codec", codec, "--log"];
        done(wb(&[&made[..], &[log.to_str().unwrap()]].concat()), "");
        let mut records = 0;
        for partition in ["0", "1"] {
            for entry in std::fs::read_dir(log.join(partition)).unwrap() {
                let path = entry.unwrap().path();
                if path.extension().is_some_and(|ending| ending == "log") {
                    let (batches, valid, held, _) = dumped(path.to_str().unwrap());
                    assert!(batches > 0 && valid == batches, "{}: {valid} of {batches}", path.display());
                    records += held;
                }
            }
        }
        assert_eq!(records, 120_000, "{workload}");
    }
}

#[test]
#[ignore = "needs a Kafka broker: scripts/check --kafka"]
fn each_compression_is_written_and_read_by_everybody() {
    let lines: String = (0..1000).map(|n| format!("a line that is very much like the next {n}\n")).collect();
    for codec in ["gzip", "snappy", "lz4"] {
        let topic = fresh(codec);
        make(&broker(), &topic, &[]);
        let sent = ["produce", &topic, "--bootstrap", &broker(), "--compression", codec, "--linger-ms", "20"];
        done(wb(&sent), &lines);
        let segment = run_folder().join(format!("k1/{topic}-0/00000000000000000000.log"));
        let (batches, valid, records, codecs) = dumped(segment.to_str().unwrap());
        assert_eq!((valid, records), (batches, 1000), "{codec}");
        assert!(codecs.iter().any(|used| used == codec), "{codec}: {codecs:?}");
        assert_eq!(done(kcat(&["-C", "-e", "-t", &topic]), ""), lines, "{codec}");
        assert_eq!(consumed(&broker(), &topic, 1000).len(), 1000, "{codec}");
    }
}

#[test]
#[ignore = "needs a Kafka broker: scripts/check --kafka"]
fn a_second_up_is_harmless_and_a_taken_port_is_said() {
    assert_eq!(done(kafka(&["up", "1"]), "").trim(), broker());
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("second");
    let refused = super::fed(kafka(&["up", "1", "--run", run.to_str().unwrap()]), "");
    let said = super::text(&refused.stderr);
    assert!(!refused.status.success() && said.contains("is taken") && said.contains("--port"), "{said}");
    assert!(root().join("scripts/kafka").exists());
}
